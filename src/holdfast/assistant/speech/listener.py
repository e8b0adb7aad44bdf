"""The process that decodes and hears: the model is loaded once, then it waits for files.

    python -m holdfast.assistant.speech.listener

Frames on stdin and stdout are a length (4 bytes, big-endian) and as much JSON; an `Ask` is followed
by the file itself. Whatever a file does to the decoder, it happens here: without the server's
memory and environment, unable to open a file or a socket, and within limits of memory and time.
"""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import struct
import sys
from typing import IO, Any

import msgspec
from msgspec import Struct

from holdfast.assistant.speech.decoding import RATE_HZ, TooLong, Undecodable, samples_of
from holdfast.assistant.speech.models import ModelFiles, folder_files, opened

__all__ = ["Ask", "Begin", "Heard", "main", "read_frame", "write_frame"]

_PR_SET_PDEATHSIG, _PR_SET_NO_NEW_PRIVS = 1, 38
_THREADS = 2
_SILENCE = struct.pack(
    "<4sI4s4sIHHIIHH", b"RIFF", 364, b"WAVE", b"fmt ", 16, 1, 1, 8000, 16000, 2, 16
) + struct.pack("<4sI320x", b"data", 320)
"""A WAV file of 20 ms."""
_PAGE_BYTES = resource.getpagesize()


class Begin(Struct, frozen=True, kw_only=True):
    """The first frame: what to load and how much may be used."""

    model: ModelFiles
    memory_bytes: int
    """On top of the loaded model."""
    max_speech_s: float
    decode_cpu_s: int
    """Processor time to read a file; hearing it may take twice as long as it lasts, and this."""


class Ask(Struct, frozen=True, kw_only=True):
    """A file to transcribe; `size` bytes of it follow."""

    media_type: str
    size: int


class Heard(Struct, frozen=True, kw_only=True):
    """An answer. To `Begin` it has nothing, or says why it failed."""

    text: str = ""
    language: str | None = None
    duration_s: float = 0.0
    failed: str | None = None
    """model, undecodable, too_long or engine."""


def main() -> None:
    """Answer until stdin ends."""
    asked, answers = _pipes()
    begin = msgspec.json.decode(read_frame(asked), type=Begin)
    _die_with_the_parent()
    model = _loaded(begin.model)
    if model is None:
        write_frame(answers, Heard(failed="model"))
        return
    _limit(begin.memory_bytes)
    write_frame(answers, Heard())
    while frame := read_frame(asked):
        ask = msgspec.json.decode(frame, type=Ask)
        audio = asked.read(ask.size)
        write_frame(answers, _answer(model, audio, ask.media_type, begin))


def read_frame(source: IO[bytes]) -> bytes:
    """The next frame; empty at the end."""
    head = source.read(4)
    return source.read(int.from_bytes(head, "big")) if len(head) == 4 else b""


def write_frame(target: IO[bytes], said: Struct) -> None:
    """Write a frame out."""
    frame = msgspec.json.encode(said)
    target.write(len(frame).to_bytes(4, "big") + frame)
    target.flush()


def _pipes() -> tuple[IO[bytes], IO[bytes]]:
    """Where files come from and answers go; a library that prints must not write into them."""
    asked, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_RDWR)
    os.dup2(nowhere, 0)
    os.dup2(nowhere, 1)
    os.close(nowhere)
    return asked, answers


def _die_with_the_parent() -> None:
    """A parent that was killed leaves no process behind that goes on decoding."""
    if sys.platform != "linux":
        return
    libc = ctypes.CDLL(None)
    libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)


def _loaded(wanted: ModelFiles) -> Any:  # faster_whisper.WhisperModel, an untyped package
    """The model, ready; None when it is not there or cannot be loaded."""
    from faster_whisper import WhisperModel
    from faster_whisper.utils import download_model
    from faster_whisper.vad import get_vad_model

    try:
        if not wanted.parts:
            folder = download_model(wanted.name, local_files_only=True)
            wanted = folder_files(folder, wanted.name) or wanted
        model = WhisperModel(
            wanted.name,
            device="cpu",
            compute_type="int8",
            cpu_threads=_THREADS,
            files=dict(opened(wanted)),
            local_files_only=True,
        )
        # All that is read or imported at first use, before nothing can be opened any more.
        get_vad_model()
        samples_of(_SILENCE, "audio/wav", max_s=1)
    except Exception:  # noqa: BLE001  # whatever the packages raise; the parent says what to do
        return None
    return model


def _limit(memory_bytes: int) -> None:
    """From here on: so much more memory, no file written, no file or socket opened, no core."""
    if sys.platform == "linux":
        with open("/proc/self/statm", "rb") as statm:  # noqa: PTH123  # one read, no Path needed
            in_use = int(statm.read().split()[0]) * _PAGE_BYTES
        resource.setrlimit(resource.RLIMIT_AS, (in_use + memory_bytes,) * 2)
    for limit in (resource.RLIMIT_FSIZE, resource.RLIMIT_CORE, resource.RLIMIT_NOFILE):
        resource.setrlimit(limit, (0, 0))


def _allow_cpu(seconds: float) -> None:
    """Let this process use so much more processor time; past it the system ends it."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    soft = int(used.ru_utime + used.ru_stime + seconds) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (soft, resource.RLIM_INFINITY))


def _answer(model: Any, audio: bytes, media_type: str, begin: Begin) -> Heard:
    _allow_cpu(begin.decode_cpu_s)
    try:
        samples = samples_of(audio, media_type, max_s=begin.max_speech_s)
    except Undecodable:
        return Heard(failed="undecodable")
    except TooLong:
        return Heard(failed="too_long")
    except Exception:  # noqa: BLE001  # MemoryError among them; the process goes on
        return Heard(failed="engine")
    duration_s = len(samples) / RATE_HZ
    _allow_cpu(begin.decode_cpu_s + 2 * duration_s)
    try:
        return _heard(model, samples, duration_s)
    except Exception:  # noqa: BLE001  # as above
        return Heard(failed="engine")


def _heard(model: Any, samples: Any, duration_s: float) -> Heard:
    if not len(samples):
        return Heard()
    # Silence is left out, for Whisper makes up words for it. What was heard before is no prompt:
    # it makes a repetition repeat itself for ever.
    segments, info = model.transcribe(
        samples, vad_filter=True, condition_on_previous_text=False, log_progress=False
    )
    text = "".join(segment.text for segment in segments).strip()
    return Heard(text=text, language=info.language if text else None, duration_s=duration_s)


if __name__ == "__main__":
    main()
