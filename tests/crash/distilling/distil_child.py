"""Distils a store until it is killed, and says before each page that it comes: FOLDER."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

from crash.distilling.long_talk import noting_pages, opened


async def _distil(folder: Path) -> None:
    noting_pages(lambda _: (os.write(1, b"page\n"), None)[1])
    async with opened(folder) as keeper:
        user = await keeper.user("ada")
        os.write(1, b"ready\n")
        await user.distill()
        os.write(1, b"done\n")


if __name__ == "__main__":
    asyncio.run(_distil(Path(sys.argv[1])))
