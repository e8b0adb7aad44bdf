"""kill -9 at random instants: every acknowledged write is there, and none by half."""

from __future__ import annotations

import random
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from crash.storage.checks import assert_whole
from holdfast.storage.sqlite import SqliteStorage
from holdfast.testing import new_vault

_CHILD = Path(__file__).with_name("writer_child.py")
_PAGE_KEY = bytes(range(32))


def _write_and_kill(path: Path, vault_id: bytes, lines: int) -> frozenset[bytes]:
    """Let a child write until it has acknowledged some, kill it, and return what it had said."""
    command = [sys.executable, str(_CHILD), str(path), _PAGE_KEY.hex(), vault_id.hex()]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"ready\n"
        # Killed by count and not by the clock: at any speed it is somewhere inside its work.
        heard = [child.stdout.readline() for _ in range(lines)]
        killer = threading.Thread(target=child.kill)
        killer.start()
        heard += child.stdout.readlines()
        killer.join()
    words = (line.split() for line in heard if line.endswith(b"\n"))
    return frozenset(bytes.fromhex(word.decode()) for line in words for word in line)


async def _cycles(path: Path, cycles: int) -> None:
    storage = SqliteStorage.open(path, page_key=_PAGE_KEY)
    vault_id = await new_vault(storage)
    await storage.close()
    acknowledged: frozenset[bytes] = frozenset()
    for cycle in range(cycles):
        lines = random.Random(cycle).randrange(1, 60)
        acknowledged |= _write_and_kill(path, vault_id, lines)
        assert acknowledged <= assert_whole(path, _PAGE_KEY)


async def test_promise_01_heard_first_survives_kill_9(tmp_path: Path) -> None:
    """30 kills of a process with 8 writers, on one file: nothing acknowledged is lost."""
    await _cycles(tmp_path / "data.db", 30)


@pytest.mark.long
async def test_promise_01_heard_first_survives_many_kills(tmp_path: Path) -> None:
    """The same with 500 kills."""
    await _cycles(tmp_path / "data.db", 500)


async def test_promise_03_ended_the_dead_let_go_of_their_turns(tmp_path: Path) -> None:
    """A killed process's number is departed at once; a living one's is not."""
    path = tmp_path / "data.db"
    code = (
        "import asyncio, os, sys\n"
        "from holdfast.storage.protocol import Write\n"
        "from holdfast.storage.sqlite import SqliteStorage\n"
        "from holdfast.testing import new_id, new_vault, turn_row\n"
        "async def main():\n"
        "    storage = SqliteStorage.open(sys.argv[1], page_key=None)\n"
        "    mine = (await storage.writers()).mine\n"
        "    vault = await new_vault(storage)\n"
        "    row = turn_row(new_id(), owner=mine)\n"
        "    await storage.commit(Write(vault_id=vault, put=(row,)))\n"
        "    os.write(1, f'{mine} {vault.hex()}\\n'.encode())\n"
        "    sys.stdin.read()\n"
        "asyncio.run(main())\n"
    )
    storage = SqliteStorage.open(path, page_key=None)
    with subprocess.Popen(
        [sys.executable, "-c", code, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as child:
        assert child.stdout is not None
        number, vault = child.stdout.readline().split()
        alive = await storage.writers()
        child.kill()
        child.wait()
    dead = await storage.writers()
    await storage.close()

    assert (alive.departed, alive.abandoned) == ((), ())
    assert (dead.departed, dead.abandoned) == ((int(number),), (bytes.fromhex(vault.decode()),))
