"""A process that talks through the recorder and tells a pipe what was acknowledged.

Started once, it imports everything and then forks a child for each line it reads, so that a child
is at work within milliseconds. Each child opens the store, says "pid", talks until it is killed,
and writes one JSON line for each thing it was told is durable. When it is gone, the parent process
of the children writes "gone".
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import sys
import time
from pathlib import Path
from typing import Any

import holdfast
from holdfast.keeper.sessions import OpenSession

_WORDS = [
    "blue",
    "green",
    "river",
    "stone",
    "answer",
    "window",
    "letter",
    "morning",
    "copper",
    "violin",
]


def tell(**what: Any) -> None:
    """One line, written in one go: a kill leaves whole lines."""
    os.write(1, json.dumps(what).encode() + b"\n")


async def _turn(session: OpenSession, random_: random.Random, number: int) -> None:
    where = {"session": session.id}

    def word() -> str:
        return " ".join(random_.choices(_WORDS, k=4))

    if random_.random() < 0.2:
        logged = await session.log_full_chat_interaction(f"{word()} {number}", word(), memory="m")
        for message in logged.messages:
            tell(**where, turn=logged.turn.id, id=message.id, text=message.text)
        tell(**where, turn=logged.turn.id, status="complete")
        return
    async with session.turn(f"{word()} {number}", client_key=str(number)) as turn:
        where["turn"] = turn.id

        def told(message: Any) -> None:
            tell(**where, id=message.id, text=message.text, kind=message.kind)

        told(turn.messages[0])
        if random_.random() < 0.5:
            async with turn.tool("look", {"for": word()}) as call:
                told(turn.messages[-1])
                call.result([word()])
            told(turn.messages[-1])
        if random_.random() < 0.2:
            told(await turn.file("a.bin", os.urandom(3000), media_type="application/x"))
        if random_.random() < 0.5:
            async with turn.stream() as answer:
                for _ in range(random_.randrange(5)):
                    await answer.write(word() + " ")
                    await answer.flush()
                    tell(**where, streamed=answer.text)
        else:
            told(await turn.reply(word()))
    tell(**where, status=turn.record.status)


async def _talk(keeper: holdfast.Keeper, seed: int) -> None:
    ada = await keeper.user("ada")
    sessions = [await ada.sessions.start() for _ in range(3)]

    async def on(session: OpenSession, random_: random.Random) -> None:
        number = 0
        while True:
            await _turn(session, random_, number)
            number += 1

    await asyncio.gather(*(on(s, random.Random(f"{seed} {n}")) for n, s in enumerate(sessions)))


async def _stream(keeper: holdfast.Keeper) -> None:
    """One long answer, a word each few milliseconds, as a model gives it: nobody flushes it."""
    session = await (await keeper.user("ada")).sessions.start()
    async with session.turn("tell me everything") as turn, turn.stream() as answer:
        tell(session=session.id, turn=turn.id)
        number = 0
        while True:
            await answer.write(f"{number} ")
            tell(written=number, at=time.monotonic())
            number += 1
            await asyncio.sleep(0.005)


async def _child(what: str, seed: int, url: str, key: str) -> None:
    root = holdfast.KeyFile(Path(key))
    async with holdfast.open(url, root_key=root, embedder=_no_embedder) as keeper:
        tell(pid=os.getpid())
        await (_stream(keeper) if what == "stream" else _talk(keeper, seed))


def _no_embedder() -> Any:
    raise AssertionError("nothing is looked for here")


def main() -> None:
    """Fork a child for each line "what seed url key"."""
    import holdfast.capture.turn
    import holdfast.storage.sqlite
    import holdfast.vault.vault  # noqa: F401  # warm before the first fork

    for line in sys.stdin:
        what, seed, url, key = line.split()
        child = os.fork()
        if child == 0:
            try:
                asyncio.run(_child(what, int(seed), url, key))
            finally:
                os._exit(1)
        _, status = os.waitpid(child, 0)
        tell(gone=os.waitstatus_to_exitcode(status))


if __name__ == "__main__":
    main()
