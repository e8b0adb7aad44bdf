"""The measured server, in a process of its own; its settings come as those of `holdfast serve`.

    python -m holdfast.bench.server.child PIECES SECONDS

Its answerer says PIECES words in SECONDS: with 0 seconds at once.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import AsyncIterator

from holdfast.assistant.answering import NO_TOOLS, Asked, Piece, Toolbox

__all__ = ["Paced"]


class Paced:
    """A model that takes a fixed time, whatever it is asked.

    Its pieces come by a timetable, as from a model that runs elsewhere: one that the server takes
    late does not delay the next.
    """

    name = "paced"

    def __init__(self, pieces: int, seconds: float) -> None:
        self._pieces = pieces
        self._seconds = seconds

    async def answer(self, asked: Asked, tools: Toolbox = NO_TOOLS) -> AsyncIterator[Piece]:
        """The pieces, the last one when the time is over."""
        began = time.perf_counter()
        for number in range(1, self._pieces + 1):
            left = began + self._seconds * number / self._pieces - time.perf_counter()
            if self._seconds and left > 0:
                await asyncio.sleep(left)
            yield f"word{number} "


def _main(pieces: str, seconds: str) -> None:
    from holdfast.server import serve
    from holdfast.settings import load_settings

    serve(load_settings(), answerer=Paced(int(pieces), float(seconds)))


if __name__ == "__main__":
    _main(*sys.argv[1:3])
