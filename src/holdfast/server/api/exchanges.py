"""Recording what was said elsewhere: a finished exchange, in one durable write."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import APIRouter, Request
from msgspec import structs
from starlette.responses import Response

from holdfast.capture.checks import checked_text
from holdfast.capture.exchange import Exchange, ToolRun, exchange_entries, new_turn
from holdfast.capture.log import SessionLog
from holdfast.keeper.learning import NewMemory, new_memory
from holdfast.model import SessionId
from holdfast.server.api.turns import NEW
from holdfast.server.identity.asking import Writer
from holdfast.server.once import ClientKey
from holdfast.server.openapi import RESPONSES
from holdfast.server.routing import Route
from holdfast.server.schemas.exchanges import ExchangedOut, ExchangeIn, ExchangeMemoryIn

if TYPE_CHECKING:
    from holdfast.keeper.keeper import Keeper
    from holdfast.keeper.sessions import LoggedExchange, OpenSession
    from holdfast.keeper.store import Store
    from holdfast.keeper.users import User

__all__ = ["record_exchange", "router"]

router = APIRouter(
    prefix="/api/conversations/{user_id}/{session_id}",
    tags=["turns"],
    route_class=Route,
    responses=RESPONSES,
)


@router.post("/exchanges", status_code=201, response_model=ExchangedOut)
async def record_exchange(
    request: Request, owner: Writer, session_id: str, body: ExchangeIn, key: ClientKey
) -> Response:
    """Record an exchange that has taken place: nobody is asked for an answer.

    In place of a session's id `new` begins one with the configured assistant. With an
    Idempotency-Key it is recorded once, however often it is sent.
    """
    exchange, memory = _exchange(body, key), _memory(body)
    if session_id == NEW:
        keeper: Keeper = request.app.state.keeper
        _check(exchange, memory, body.thought, owner, keeper.store)
        assistant: str = request.app.state.assistant
        session = await owner.sessions.start(assistant=assistant, client_key=key)
    else:
        session = await owner.sessions.open(session_id)
    done = await _recorded(session, exchange, memory, body.thought)
    # Built here, and so not looked at once more by the framework: many come a second.
    shown = _shown(session, done).model_dump_json()
    return Response(shown, 201, media_type="application/json")


def _exchange(body: ExchangeIn, key: str | None) -> Exchange:
    return Exchange(
        user_text=body.user_message,
        assistant_text=body.assistant_message,
        reasoning=body.reasoning,
        tools=tuple(
            ToolRun(
                name=run.name,
                arguments=run.arguments,
                result=run.result,
                failed=run.failed,
                call_id=run.call_id,
            )
            for run in body.tools
        ),
        author=body.author,
        intent=body.intent,
        intent_confidence=body.intent_confidence,
        entities=body.entities,
        tags=tuple(body.tags),
        model=body.model,
        at=body.at,
        client_key=key,
    )


def _memory(body: ExchangeIn) -> NewMemory | None:
    given = body.memory
    if isinstance(given, ExchangeMemoryIn):
        return NewMemory(
            text=given.text,
            kind=given.kind,
            tags=tuple(given.tags),
            importance=given.importance,
            valid_from=given.valid_from,
            valid_to=given.valid_to,
        )
    return None if given is None else NewMemory(text=given)


def _check(
    exchange: Exchange, memory: NewMemory | None, thought: str | None, owner: User, store: Store
) -> None:
    """What is refused begins no session: have the recorder look at it before there is one.

    Raises:
        BadInput, TooLarge: something of it cannot be kept.
    """
    limits = store.limits
    nowhere = SessionLog(
        owner.vault, SessionId(store.ids()), clock=store.clock, ids=store.ids, writer=store.writer
    )
    turn = new_turn(nowhere, exchange, limits)
    exchange_entries(nowhere, exchange, turn, limits)
    if memory is not None:
        new_memory(store, memory, sources=(), assistant=None, session=None)
    if thought is not None:
        checked_text("thought", thought, limits, required=True)


async def _recorded(
    session: OpenSession, exchange: Exchange, memory: NewMemory | None, thought: str | None
) -> LoggedExchange:
    given = structs.asdict(exchange)
    user, assistant = given.pop("user_text"), given.pop("assistant_text")
    return await session.log_full_chat_interaction(
        user, assistant, memory=memory, thought=thought, **given
    )


def _shown(session: OpenSession, done: LoggedExchange) -> ExchangedOut:
    memory, thought = done.learned.memory, done.learned.thought
    return ExchangedOut(
        session_id=session.id,
        turn_id=done.turn.id,
        index=done.turn.index,
        message_ids=[message.id for message in done.messages],
        memory_id=None if memory is None else memory.id,
        thought_id=None if thought is None else thought.id,
        replayed=done.replayed,
    )
