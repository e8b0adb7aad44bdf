"""A process that writes until it is killed; says on stdout what was acknowledged.

    python writer_child.py PATH KEYHEX VAULTHEX

One line for each acknowledged write, written with one system call: "<session> <seq> <id> <id>".
"""

from __future__ import annotations

import asyncio
import os
import sys

from holdfast.storage.sqlite import SqliteStorage
from holdfast.testing import exchange_write, new_id, start_write

WRITERS = 8


async def _talk(storage: SqliteStorage, vault_id: bytes) -> None:
    start = start_write(vault_id, new_id())
    await storage.commit(start)
    assert start.head is not None
    head = start.head.head
    while True:
        write = exchange_write(vault_id, head, sealed=os.urandom(200))
        await storage.commit(write)
        ids = " ".join(row.id.hex() for row in write.put)
        os.write(1, f"{ids}\n".encode())
        assert write.head is not None
        head = write.head.head


async def _main(path: str, page_key: str, vault: str) -> None:
    storage = SqliteStorage.open(path, page_key=bytes.fromhex(page_key) or None)
    os.write(1, b"ready\n")
    await asyncio.gather(*(_talk(storage, bytes.fromhex(vault)) for _ in range(WRITERS)))


if __name__ == "__main__":
    asyncio.run(_main(*sys.argv[1:4]))
