"""A server whose answers take as long as the test wants.

    python server_child.py RELEASE_FILE UPKEEP_INTERVAL_S

An input that begins with "slow" is answered with "one ", and with "two" once the file exists;
"flood" with more events than a client's queue holds; "break" with an error of the answerer.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path

from holdfast.assistant.answering import NO_TOOLS, Asked, Piece, Toolbox
from holdfast.assistant.quoting import QuotingAnswerer
from holdfast.server import serve
from holdfast.settings import load_settings


def flood(number: int, size: int = 6_000) -> str:
    """A piece of an answer that never says the same again, in letters of four bytes."""
    first = number * size
    return "".join(chr(0x20000 + place * 7_919 % 42_000) for place in range(first, first + size))


class Slow:
    """Waits where it is told to; quotes otherwise."""

    name = "slow"

    def __init__(self, release: Path) -> None:
        self._release = release
        self._quoting = QuotingAnswerer()

    async def answer(self, asked: Asked, tools: Toolbox = NO_TOOLS) -> AsyncIterator[Piece]:
        """The pieces of the answer."""
        if asked.text.startswith("break"):
            raise ValueError(asked.text)
        if asked.text.startswith("flood"):
            for number in range(400):
                yield flood(number)
        elif asked.text.startswith("slow"):
            yield "one "
            while not self._release.exists():
                await asyncio.sleep(0.01)
            yield "two"
        else:
            async for piece in self._quoting.answer(asked):
                yield piece


if __name__ == "__main__":
    serve(load_settings(), answerer=Slow(Path(sys.argv[1])), upkeep_interval_s=float(sys.argv[2]))
