"""What belongs to one project is offered in no context of another."""

from __future__ import annotations

from contextlib import aclosing
from typing import Any

import pytest

from fix_keeper import talk
from holdfast.assistant.answering import NO_TOOLS, Asked
from holdfast.assistant.chat import chat
from holdfast.assistant.tools.finding import RECALL_CONTEXT, SEARCH_CONVERSATION_HISTORY
from holdfast.assistant.tools.registry import ToolContext
from holdfast.keeper.access import ALL_SCOPES
from holdfast.keeper.keeper import Keeper
from holdfast.keeper.learning import NewMemory
from holdfast.keeper.sessions import OpenSession
from holdfast.keeper.users import User

CANARY = "zanzibar"


class Listening:
    """An answerer that keeps what it is given."""

    name = "listening"

    def __init__(self) -> None:
        self.asked: list[Asked] = []

    async def answer(self, asked: Asked, tools: Any = NO_TOOLS) -> Any:
        """One word."""
        self.asked.append(asked)
        yield "Heard."


async def prepared(ada: User) -> None:
    """A session of project A with a message and memories that bear the canary."""
    session = await ada.sessions.start(project="alpha", title="Alpha")
    await talk(session, (f"The {CANARY} launch is on Friday", "Noted."))
    for kind in ("fact", "note"):
        new = NewMemory(text=f"The {CANARY} {kind} is on Friday", kind=kind, importance=10)  # type: ignore[arg-type]  # both are kinds
        await session.log_full_chat_interaction(f"{CANARY} {kind}", "Noted", memory=new)


async def given(ada: User, session: OpenSession) -> str:
    """Everything that the library, an answerer and the tools are given in a session."""
    question = f"When is the {CANARY} launch?"
    seen = [(await session.context(question)).text.replace(question, "")]
    listening = Listening()
    async with aclosing(chat(ada, session, question, answerer=listening)) as events:
        async for _ in events:
            pass
    (asked,) = listening.asked
    seen += [asked.context, *(hit.text for hit in asked.hits)]
    context = ToolContext(
        user=ada, now=ada.store.clock(), scopes=ALL_SCOPES, session=session, room=None
    )
    told = {message.text for message in await session.messages()}
    for tool in (RECALL_CONTEXT, SEARCH_CONVERSATION_HISTORY):
        shown = str(await tool.run(context, {"query": CANARY}))
        seen.append(shown)
    text = "\n".join(seen)
    for own in told:
        text = text.replace(own, "")
    return text


@pytest.mark.parametrize("moved", [False, True])
async def test_nothing_of_one_project_is_offered_in_another(keeper: Keeper, moved: bool) -> None:
    """Not in a context, not to an answerer, not by its tools; also after a session was moved."""
    ada = await keeper.user("ada")
    await prepared(ada)
    session = await ada.sessions.start(project=None if moved else "beta")
    if moved:
        await ada.recall("launch")
        await session.change(project="beta")

    assert CANARY not in await given(ada, session)


@pytest.mark.parametrize("project", ["alpha", "ALPHA", None])
async def test_the_same_project_and_none_are_offered_it(
    keeper: Keeper, project: str | None
) -> None:
    """A project keeps things together; without one nothing is kept apart."""
    ada = await keeper.user("ada")
    await prepared(ada)
    session = await ada.sessions.start(project=project)

    assert CANARY in await given(ada, session)


async def test_a_person_finds_everything(keeper: Keeper) -> None:
    """Unless they narrow it themselves."""
    ada = await keeper.user("ada")
    await prepared(ada)

    assert len(await ada.recall(f"{CANARY} launch")) > 0
    assert len(await ada.recall(f"{CANARY} launch", within_project="alpha")) > 0
    assert await ada.recall(f"{CANARY} launch", within_project="beta") == []
    assert (await ada.find(CANARY)).count > 0
