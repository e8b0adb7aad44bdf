"""Promise 12: all of it works with no model, no network, no server and no environment."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from fix_keeper import World, talk, texts
from holdfast.errors import ModelUnreachable
from holdfast.keeper.keeper import Keeper

_EVERYTHING = """
import asyncio, socket, sys
from pathlib import Path

import holdfast

async def everything(folder):
    url, key = f"sqlite:///{folder}/data/h.db", holdfast.KeyFile(folder / "config" / "root.key")
    async with holdfast.open(url, root_key=key) as keeper:
        ada = await keeper.user("ada")
        session = await ada.sessions.start(assistant="helper", project="trip")
        async with session.turn("Remember, my favourite colour is blue") as turn:
            async with turn.tool("weather", {"city": "Oslo"}) as call:
                call.result({"celsius": 4})
            async with turn.stream() as answer:
                await answer.write("Noted. It is 4 degrees in Oslo.")
        await session.log_full_chat_interaction("I play", "Nice", memory="plays", thought="t")
        hits = await ada.recall("what colour do I like?", limit=3)
        assert hits[0].text == "Remember, my favourite colour is blue", hits
        assert (await session.context("colour?", budget_tokens=300)).text
        assert await keeper.distill() == 1
        await ada.create_memory_from_chat(session.id, "helper")
        room = await ada.rooms.create("team", members=["ben"])
        await room.post("hello")
        await ada.exports.file(folder / "out.zip")
        await ada.exports.file(folder / "out.md", format="markdown")
        cy = await keeper.user("cy")
        report = await cy.imports.file(folder / "out.zip")
        assert report.conversations == 1, report
        await keeper.backup(folder / "b" / "data", folder / "b" / "keys")
        assert (await keeper.verify()).ok
        await ada.forget(hits[0].message.id)
        await keeper.erase("cy")
    async with holdfast.open(url, root_key=key) as keeper:
        assert (await keeper.verify()).ok
        assert [user.id for user in await keeper.users()] == ["ada", "ben"]

try:
    socket.create_connection(("192.0.2.1", 80), timeout=0.2)
except OSError:
    pass
else:
    raise SystemExit("there is a network")
asyncio.run(everything(Path(sys.argv[1])))
print("all of it")
"""


_REFUSE = """
import socket
def refuse(*given, **named):
    raise OSError("no network")
socket.socket.connect = socket.socket.connect_ex = socket.getaddrinfo = refuse
"""


def _without_network(program: str) -> list[str]:
    """How a program is run with no network: root gives it a namespace with nothing in it."""
    if os.geteuid() == 0:
        return ["unshare", "--net", sys.executable, "-W", "error", "-c", program]
    return [sys.executable, "-W", "error", "-c", _REFUSE + program]


def test_promise_12_no_model_needed_all_of_it_without_network_and_environment(
    tmp_path: Path,
) -> None:
    """Talk, recall, distil, import, export, backup, erase: in an empty network namespace, with an
    empty environment and no home."""
    ran = subprocess.run(
        [*_without_network(_EVERYTHING), str(tmp_path)],
        env={},
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "all of it\n", "")


async def test_promise_12_no_model_needed_no_socket_is_opened(
    keeper: Keeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing in a conversation, a search or a distillation even asks for a socket."""

    def refuse(*_given: Any, **_named: Any) -> None:
        raise AssertionError("a socket was asked for")

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    ada = await keeper.user("ada")
    session = await ada.sessions.start(assistant="helper")
    await talk(session, ("my favourite colour is blue", "noted"))
    await keeper.distill()

    assert texts(await ada.recall("favourite colour", limit=1, include="messages")) == [
        "my favourite colour is blue"
    ]


async def test_promise_12_no_model_needed_a_failing_model_loses_nothing(world: World) -> None:
    """The embedder breaks: recall says so, what is said is kept, and it is found once it works."""

    class Broken:
        name = "broken"
        dims = 8

        def embed(self, texts: list[str]) -> Any:
            raise RuntimeError("no model today")

    keeper = await world.open(embedder=Broken)
    ada = await keeper.user("ada")
    session = await ada.sessions.start()
    await talk(session, ("my favourite colour is blue", "noted"))
    with pytest.raises(RuntimeError, match="no model today"):
        await ada.recall("colour")
    await talk(session, ("and green", "noted too"))
    await keeper.close()

    again = await world.open()
    ada = await again.user("ada")

    assert len(await (await ada.sessions.open(session.id)).messages()) == 4
    assert texts(await ada.recall("green", limit=1)) == ["and green"]


async def test_promise_12_no_model_needed_a_failing_distiller_loses_nothing(
    keeper: Keeper,
) -> None:
    """The configured model is down: what the rules find is learned, told and summed up as ever."""

    class Down:
        name = "model down prompt/1"

        async def propose(self, messages: Any) -> Any:
            raise ModelUnreachable

    ada = await keeper.user("ada")
    session = await ada.sessions.start(assistant="helper")
    await talk(session, ("My favourite colour is blue.", "Noted."))

    assert await keeper.distill(distiller=Down()) == 1

    found = {memory.kind: memory.text for memory in await ada.memories.list()}
    (receipt,) = await ada.memories.receipts(session.id)
    assert found.keys() == {"summary", "preference"}
    assert receipt.model is not None
    assert receipt.model.failed == "model_unreachable"
