"""What the page is measured over: a thousand conversations of two years, two of them very long."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from itertools import islice

from holdfast.bench.server.serving import Asker
from holdfast.bench.texts import Exchange, Talk
from holdfast.keeper.keeper import Keeper
from holdfast.keeper.learning import NewMemory
from holdfast.keeper.sessions import OpenSession
from holdfast.keeper.users import User

__all__ = ["LONG", "LONGEST", "LONG_NEEDLE", "NEEDLE", "USER", "Size", "fill", "full", "quick"]

USER = "ada"
LONG = "The long talk"
LONGEST = "The longest talk"
NEEDLE = "The spare key for the boat shed hangs behind the third oar, wrapped in blue tape"
LONG_NEEDLE = "The anchor winch wants a green lanyard before the regatta"
_CODE = (
    '```python\ndef winch(turns: int) -> float:\n    """Metres."""\n    return turns * 0.31\n```'
)
_AT_ONCE = 64
_TURNS = 6
_DAYS = 730


class Size(tuple[int, int, int, int]):
    """How many conversations, messages of the long and the longest one, and memories."""

    __slots__ = ()


full = Size((1_000, 2_000, 5_000, 300))
quick = Size((60, 200, 300, 40))


async def fill(keeper: Keeper, size: Size) -> list[Asker]:
    """Fill a new store; the one asker is who logs in."""
    sessions, long, longest, memories = size
    user = await keeper.user(USER)
    talk = Talk().exchanges()
    now = datetime.now(UTC)
    for first in range(0, sessions - 2, _AT_ONCE):
        numbers = range(first, min(first + _AT_ONCE, sessions - 2))
        await asyncio.gather(
            *(
                _short(user, number, list(islice(talk, _TURNS)), _when(now, number, sessions))
                for number in numbers
            )
        )
    await _needle(user, now - timedelta(days=61))
    await _long(user, LONGEST, list(islice(talk, longest // 2)), now - timedelta(days=2))
    await _long(user, LONG, list(islice(talk, long // 2)), now - timedelta(days=1))
    for number, one in enumerate(islice(talk, memories)):
        await user.memories.add(NewMemory(text=one.question[:110], tags=(f"tag{number % 12}",)))
    _, key = await keeper.tokens.create(user.id)
    return [Asker(user=USER, key=key, session_id="")]


def _when(now: datetime, number: int, sessions: int) -> datetime:
    return now - timedelta(days=3 + _DAYS * (1 - number / sessions))


async def _begin(user: User, number: int, title: str, at: datetime) -> OpenSession:
    # Most of them with one assistant, so that its view is a long list, too.
    return await user.sessions.start(
        assistant="helper" if number % 10 < 6 else f"helper-{number % 4}",
        project=f"project-{number % 4}" if number % 3 == 0 else None,
        title=title,
        started_at=at,
    )


async def _short(user: User, number: int, exchanges: list[Exchange], at: datetime) -> None:
    title = " ".join(exchanges[0].answer.split()[:5]).capitalize()
    session = await _begin(user, number, title, at)
    for place, one in enumerate(exchanges):
        when = at + timedelta(minutes=place)
        await session.log_full_chat_interaction(one.question, one.answer, at=when)


async def _needle(user: User, at: datetime) -> None:
    session = await _begin(user, 0, "Boat shed clear-out", at)
    await session.log_full_chat_interaction(NEEDLE, "Noted.", at=at)


async def _long(user: User, title: str, exchanges: list[Exchange], last: datetime) -> None:
    """Every tenth answer holds code; a third of the way down lies what is looked for."""
    session = await _begin(user, 0, title, last - timedelta(minutes=len(exchanges)))
    for place, one in enumerate(exchanges):
        at = last - timedelta(minutes=len(exchanges) - place)
        said = LONG_NEEDLE if title == LONG and place == len(exchanges) // 3 else one.question
        answer = f"{one.answer}\n\n{_CODE}" if place % 10 == 0 else one.answer
        await session.log_full_chat_interaction(said, answer, at=at)
