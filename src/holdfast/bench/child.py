"""Work measured in a process of its own: what is cold there is cold, its memory is only its.

python -m holdfast.bench.child answer FOLDER QUESTION
python -m holdfast.bench.child import FOLDER FILE
"""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from typing import TypeVar

import msgspec
from msgspec import Struct

__all__ = ["USER", "Answered", "Imported", "answer_in_child", "import_in_child"]

USER = "ada"
"""Whose vault the programs fill and ask."""
_SEARCHED = "what did we say about it?"
_R = TypeVar("_R", bound=Struct)


class Answered(Struct, frozen=True):
    """A first answer in a new process."""

    open_s: float
    """Until the store was open, the library's imports included."""
    answer_s: float
    """Until the first answer was there, all before it included."""
    hits: int
    resident_bytes: int
    """After the answer."""
    peak_bytes: int
    process_s: float = 0.0
    """As the parent saw it: interpreter's start, answer, close."""


class Imported(Struct, frozen=True):
    """An import into a new store in a new process."""

    messages: int
    conversations: int
    broken: int
    import_s: float
    searchable_s: float
    """Until a question was answered, the import included."""
    resident_bytes: int
    peak_bytes: int


def answer_in_child(folder: Path, question: str) -> Answered:
    """Open the store in `folder` in a new process and ask.

    Raises:
        subprocess.CalledProcessError: the child failed.
    """
    begin = time.perf_counter()
    answered = _run("answer", folder, question, Answered)
    return msgspec.structs.replace(answered, process_s=time.perf_counter() - begin)


def import_in_child(folder: Path, file: Path) -> Imported:
    """Make a store in `folder` in a new process, import the file and ask.

    Raises:
        subprocess.CalledProcessError: the child failed.
    """
    return _run("import", folder, str(file), Imported)


def _run(task: str, folder: Path, argument: str, kind: type[_R]) -> _R:
    command = [sys.executable, "-m", "holdfast.bench.child", task, str(folder), argument]
    ran = subprocess.run(command, stdout=subprocess.PIPE, check=True)  # noqa: S603  # ourselves
    return msgspec.json.decode(ran.stdout, type=kind)


async def _answer(folder: Path, question: str, begin: float) -> Answered:
    from holdfast.bench.contenders import opened_keeper
    from holdfast.bench.machine import memory_bytes

    async with opened_keeper(folder) as keeper:
        user = await keeper.user(USER, create=False)
        opened = time.perf_counter()
        hits = await user.recall(question)
        answered = time.perf_counter()
        resident, peak = memory_bytes()
    return Answered(opened - begin, answered - begin, len(hits), resident, peak)


async def _import(folder: Path, file: Path, begin: float) -> Imported:
    from holdfast.bench.contenders import opened_keeper
    from holdfast.bench.machine import memory_bytes

    async with opened_keeper(folder) as keeper:
        user = await keeper.user(USER)
        report = await user.imports.file(file)
        imported = time.perf_counter()
        await user.recall(_SEARCHED)
        searchable = time.perf_counter()
        resident, peak = memory_bytes()
    return Imported(
        messages=report.messages,
        conversations=report.conversations,
        broken=len(report.broken),
        import_s=imported - begin,
        searchable_s=searchable - begin,
        resident_bytes=resident,
        peak_bytes=peak,
    )


def _main(task: str, folder: str, argument: str) -> None:
    import asyncio

    begin = time.perf_counter()
    found: Answered | Imported
    if task == "answer":
        found = asyncio.run(_answer(Path(folder), argument, begin))
    else:
        found = asyncio.run(_import(Path(folder), Path(argument), begin))
    sys.stdout.buffer.write(msgspec.json.encode(found))


if __name__ == "__main__":
    _main(*sys.argv[1:4])
