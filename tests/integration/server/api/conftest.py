"""A server over a prepared history, which tests read from and add to."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2
import pytest

import holdfast
from holdfast.keeper.learning import NewMemory
from integration.server.conftest import Served

UNLIMITED = {
    f"rate_{what}": "0"
    for what in ("reads_per_minute", "writes_per_minute", "searches_per_minute", "exports_per_day")
}
ME = "/api/conversations/current_user"
ABSENT = "00000000-0000-7000-8000-000000000000"
TURNS = 6
MESSAGES = 15


class Api:
    """A client of a running server, and the ids of what was prepared in it."""

    def __init__(self, served: Served, known: dict[str, str]) -> None:
        self.served = served
        self.known = known

    async def ask(self, verb: str, path: str, **given: Any) -> httpx2.Response:
        """The answer to one request of the user."""
        async with self.served.client() as client:
            return await client.request(verb, path, **given)

    async def json(self, path: str, **query: Any) -> Any:
        """The JSON of a path that must be there."""
        answer = await self.ask("GET", path, params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def begin(self, **fields: Any) -> str:
        """The id of a new conversation."""
        answer = await self.ask("POST", ME, json=fields)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["session"]["id"])


def error_of(answer: httpx2.Response) -> tuple[int, str]:
    """Status and code of an error in its one shape."""
    body = answer.json()
    assert set(body) == {"error"}
    assert set(body["error"]) == {"code", "message", "request_id"}
    assert answer.headers["x-request-id"] == body["error"]["request_id"]
    return answer.status_code, body["error"]["code"]


async def prepare(folder: Path) -> dict[str, str]:
    """A long talk with tools, files and memories, and short ones of several kinds."""
    for part in ("data", "config"):
        (folder / part).mkdir(mode=0o700)
    async with holdfast.open(
        f"sqlite:///{folder / 'data' / 'holdfast.db'}",
        root_key=holdfast.KeyFile(folder / "config" / "root.key"),
        account="local",
    ) as keeper:
        ada = await keeper.user("ada")
        for number in range(5):
            at = datetime(2020, 1, 1 + number, tzinfo=UTC)
            short = await ada.sessions.start(
                assistant="other",
                kind="video_chat",
                title=f"Short {number}",
                platform="TIKTOK",
                started_at=at,
            )
            await short.log_full_chat_interaction("a video", "seen", at=at)
        talk = await ada.sessions.start(
            assistant="helper", project="trip", title="A trip", tags=["travel"]
        )
        async with talk.turn(
            "What is the weather in Oslo?", intent="tool_execution", entities={"city": "Oslo"}
        ) as turn:
            async with turn.tool("weather", {"city": "Oslo"}) as call:
                call.result({"celsius": 4})
            await turn.reply("It is 4 degrees in Oslo.")
        logged = await talk.log_full_chat_interaction(
            "My favourite colour is blue",
            "Noted",
            memory=NewMemory(text="Ada likes blue", kind="preference", tags=("colour",)),
            thought="They may like the sea",
        )
        async with talk.turn("Look at this") as turn:
            held = await turn.file(
                "na\u00efve <b>.html", b"<script>alert(1)</script>", media_type="text/html"
            )
            await turn.reply("A page")
        for number in range(TURNS - 3):
            await talk.log_full_chat_interaction(f"more {number}", f"yes {number}")
        assert logged.learned.memory is not None
        return {
            "talk": talk.id,
            "memory": logged.learned.memory.id,
            "said": logged.messages[0].id,
            "turn": logged.turn.id,
            "file": held.id,
        }


@pytest.fixture(scope="session")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """A server over the prepared history. Tests may add to it, and take away what they added."""
    folder = tmp_path_factory.mktemp("api")
    known = asyncio.run(prepare(folder))
    served = Served(folder, max_body_mb="1", max_import_mb="2", **UNLIMITED).start()
    yield Api(served, known)
    served.kill()


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Api]:
    """A server of the test's own over an empty folder, to be emptied, killed and started again."""
    served = Served(tmp_path, **UNLIMITED).start()
    yield Api(served, {})
    if served.process is not None:
        served.kill()
