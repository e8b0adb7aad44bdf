"""A process beside the server that begins a turn, says in which session, and never ends it."""

from __future__ import annotations

import asyncio
import sys

from holdfast.keeper.configured import open_configured
from holdfast.settings import load_settings


async def begin() -> None:
    """Leave a turn open until somebody kills this process."""
    async with open_configured(load_settings()) as keeper:
        ada = await keeper.user("ada")
        session = await ada.sessions.start(assistant="helper")
        async with session.turn("I was cut off"):
            sys.stdout.write(f"{session.id}\n")
            sys.stdout.flush()
            await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(begin())
