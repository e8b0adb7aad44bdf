"""One sentence among a thousand conversations: found first, however it is asked for."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import holdfast
from integration.server.conftest import Served

from .conftest import UNLIMITED, Api

NEEDLE = "The spare key for the boat shed hangs behind the third oar, wrapped in blue tape"
_TOPICS = (
    ("Tomatoes on the balcony", "The tomatoes want more sun", "Turn the pots every second day."),
    ("Night train to Oslo", "Which night train to Oslo has beds?", "The one at 22:40 has."),
    ("A letter to the landlord", "Write about the damp wall", "Dear Mr Moen, ..."),
    ("Bread that rises", "My bread does not rise in winter", "Give it an hour more."),
    ("Where is the key to the boat shed", "Where do we put the old sails?", "On the rack."),
    ("Boat shed", "Is it dry this week?", "It was dry on Monday."),
    ("Boat shed clear-out", "And the paint?", "On the shelf above the door."),
    ("The key of the shed", "Did I copy it?", "You had it copied."),
)


async def _fill(folder: Path) -> dict[str, str]:
    for part in ("data", "config"):
        (folder / part).mkdir(mode=0o700)
    async with holdfast.open(
        f"sqlite:///{folder / 'data' / 'holdfast.db'}",
        root_key=holdfast.KeyFile(folder / "config" / "root.key"),
        account="local",
    ) as keeper:
        ada = await keeper.user("ada")

        async def talk(title: str, at: datetime, *said: tuple[str, str]) -> Any:
            session = await ada.sessions.start(assistant="helper", title=title, started_at=at)
            for nth, (user, assistant) in enumerate(said):
                moment = at + timedelta(minutes=nth)
                await session.log_full_chat_interaction(user, assistant, at=moment)
            return session

        now = datetime.now(UTC)

        async def small_talk(number: int) -> None:
            title, user, assistant = _TOPICS[number % len(_TOPICS)]
            said = (f"{user} Number {number}", assistant)
            await talk(f"{title} {number // 8 + 1}", now - timedelta(hours=17 * number), said)

        for first in range(0, 998, 100):  # many at once, so that they share a commit
            await asyncio.gather(*map(small_talk, range(first, min(first + 100, 998))))
        noted = (NEEDLE, "Noted.")
        needle = await talk("Clearing out", now - timedelta(days=61), ("And now?", "Go on"), noted)
        music = await talk("Music", now - timedelta(days=90), ("Tune the piano", "On Friday."))
        await music.change(archived=True)
    return {"needle": needle.id, "music": music.id}


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """A server over a thousand conversations."""
    folder = tmp_path_factory.mktemp("stack")
    known = asyncio.run(_fill(folder))
    served = Served(folder, **UNLIMITED).start()
    yield Api(served, known)
    served.kill()


def _first(found: dict[str, Any]) -> str:
    first: str = found["groups"][0]["session"]["id"]
    return first


async def test_the_needle_comes_first_however_it_is_asked_for(stack: Api) -> None:
    """Number, slip, case and accents, phrase, question among titles that say it, compound, date."""
    later = (datetime.now(UTC) - timedelta(days=30)).date().isoformat()
    for question in (
        "oars",
        "spare keys",
        "thrid oar",
        "THÍRD OAR",
        '"third oar"',
        "where is the boat shed key",
        "Where is the boat shed key?",
        "boatshed key",
        "third oar -piano",
        f"third oar before:{later}",
        "third oar this year",
    ):
        found = await stack.json("/api/find", q=question)
        assert _first(found) == stack.known["needle"], question
        texts = {hit["snippet"]["text"] for hit in found["groups"][0]["hits"]}
        assert NEEDLE in texts, question


async def test_the_needle_comes_first_while_it_is_typed(stack: Api) -> None:
    """The last word is not whole, and is marked as far as it stands for one."""
    for typed in ("oar tap", "third oa", "spare ke", "wrapped in bl"):
        found = await stack.json("/api/find", q=typed, as_you_type="true")
        assert _first(found) == stack.known["needle"], typed
    (hit,) = (await stack.json("/api/find", q="oar tap", as_you_type="true"))["groups"][0]["hits"]
    marks = [hit["snippet"]["text"][start:end] for start, end in hit["snippet"]["marks"]]

    assert marks == ["oar", "tape"]


async def test_what_excludes_or_comes_before_the_needle_does_not_find_it(stack: Api) -> None:
    """A phrase in another order, an excluded word, an earlier time."""
    for question in ('"oar third"', "oars -tape", "third oar before:2020-01-01"):
        found = await stack.json("/api/find", q=question)
        assert stack.known["needle"] not in {g["session"]["id"] for g in found["groups"]}, question


async def test_what_was_put_away_stands_apart_with_its_count(stack: Api) -> None:
    """Never left out in silence, and never among the others."""
    found = await stack.json("/api/find", q="piano")

    (group,) = found["archived"]
    assert (group["session"]["id"], group["count"]) == (stack.known["music"], 1)
    assert found["groups"] == []


async def test_what_nobody_said_is_not_found(stack: Api) -> None:
    """Among a thousand conversations something always comes closest; it is not shown."""
    for question in ("zzyzx qwrtz", "quantum chromodynamics", "where is my passport"):
        found = await stack.json("/api/find", q=question)
        assert (found["groups"], found["archived"]) == ([], []), question
