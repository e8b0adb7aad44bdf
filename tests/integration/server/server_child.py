"""A server whose answers take as long as the test wants.

    python server_child.py RELEASE_FILE UPKEEP_INTERVAL_S

An input that begins with "slow" is answered with "one ", and with "two" once the file exists;
"every" with a thought, two tool calls, one of which fails, "one " and then, in the same way, "two";
"flood" with more events than a client's queue holds; "break" with an error of the answerer. The
file RELEASE_FILE-WORD releases those inputs alone that end with that word.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path

from holdfast.assistant.answering import NO_TOOLS, Asked, Piece, Thinking, Toolbox
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
            await self._released(asked.text)
            yield "two"
        elif asked.text.startswith("every"):
            yield Thinking(text="hm")
            await tools.run("list_conversations", {})
            await tools.run("no_such_tool", {})
            yield "one "
            await self._released(asked.text)
            yield "two"
        else:
            async for piece in self._quoting.answer(asked):
                yield piece

    async def _released(self, text: str) -> None:
        """Wait until the test wants the rest."""
        own = self._release.with_name(f"{self._release.name}-{text.split()[-1]}")
        while not (self._release.exists() or own.exists()):
            await asyncio.sleep(0.01)


if __name__ == "__main__":
    serve(load_settings(), answerer=Slow(Path(sys.argv[1])), upkeep_interval_s=float(sys.argv[2]))
