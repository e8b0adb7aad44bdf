"""A finished exchange in one durable write: question, answer, and what was learned from it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct

from holdfast.capture.checks import Limits, checked_json, checked_label, checked_text, checked_time
from holdfast.capture.entries import Appended, Entry, TurnChange
from holdfast.capture.log import SessionLog
from holdfast.capture.parts import annotated
from holdfast.clock import id_bytes
from holdfast.errors import BadInput
from holdfast.model import Json, Message, MessageId, MessageKind, Role, ToolPart, Turn, TurnId
from holdfast.storage.protocol import Link, OnceTag, SealedRow

__all__ = ["Exchange", "ToolRun", "exchange_entries", "new_turn", "record_exchange"]


class ToolRun(Struct, frozen=True, kw_only=True):
    """A tool that was called in a finished exchange."""

    name: str
    arguments: object = None
    result: object = None
    failed: bool = False
    call_id: str | None = None


class Exchange(Struct, frozen=True, kw_only=True):
    """What was said, in the order it was said: input, reasoning, tools, answer."""

    user_text: str
    assistant_text: str
    reasoning: str | None = None
    tools: Sequence[ToolRun] = ()
    author: str | None = None
    intent: str | None = None
    intent_confidence: float | None = None
    entities: dict[str, Json] | None = None
    tags: Sequence[str] = ()
    model: str | None = None
    at: datetime | None = None
    client_key: str | None = None


def new_turn(log: SessionLog, exchange: Exchange, limits: Limits) -> Turn:
    """The finished turn of an exchange.

    Raises:
        BadInput, TooLarge: something of it cannot be kept.
    """
    now = log.clock()
    turn = Turn(
        id=TurnId(log.ids()),
        session_id=log.session_id,
        index=0,
        status="complete",
        started_at=checked_time("at", exchange.at) or now,
        ended_at=checked_time("at", exchange.at) or now,
        client_key=checked_label("client key", exchange.client_key, limits),
    )
    about = (exchange.intent, exchange.intent_confidence, exchange.entities, exchange.model)
    if all(part is None for part in about) and not exchange.tags:
        return turn
    return annotated(
        turn,
        intent=exchange.intent,
        intent_confidence=exchange.intent_confidence,
        entities=exchange.entities,
        tags=tuple(exchange.tags),
        model=exchange.model,
        limits=limits,
    )


def exchange_entries(
    log: SessionLog, exchange: Exchange, turn: Turn, limits: Limits
) -> list[Entry]:
    """The messages of an exchange, each following the one before.

    Raises:
        BadInput, TooLarge: something of it cannot be kept.
    """
    entries: list[Entry] = []
    last: MessageId | None = None

    def add(role: Role, kind: MessageKind, text: str, **parts: object) -> None:
        nonlocal last
        message = Message(
            id=MessageId(log.ids()),
            session_id=turn.session_id,
            turn_id=turn.id,
            seq=0,
            parent_id=last,
            role=role,
            kind=kind,
            text=text,
            at=turn.started_at,
            **parts,  # type: ignore[arg-type]  # the few parts below, each of its field's type
        )
        last = message.id
        entries.append(Entry(message=message))

    author = checked_label("author", exchange.author, limits)
    text = checked_text("user message", exchange.user_text, limits, required=True)
    add("user", "text", text, author=author)
    if exchange.reasoning:
        add("assistant", "reasoning", checked_text("reasoning", exchange.reasoning, limits))
    for run in exchange.tools:
        call_id = checked_label("call id", run.call_id, limits) or log.ids()
        name = checked_label("tool name", run.name, limits) or ""
        arguments = checked_json("arguments", run.arguments, limits)
        result = checked_json("result", run.result, limits)
        call = ToolPart(name=name, call_id=call_id, arguments=arguments)
        done = ToolPart(name=name, call_id=call_id, result=result, failed=run.failed)
        add("assistant", "tool_call", "", tool=call)
        add("tool", "tool_result", "", tool=done)
    add("assistant", "text", checked_text("assistant message", exchange.assistant_text, limits))
    return entries


async def record_exchange(
    log: SessionLog,
    entries: list[Entry],
    turn: Turn,
    *,
    extra: tuple[SealedRow, ...] = (),
    links: tuple[Link, ...] = (),
) -> Appended:
    """Make the exchange and what was learned from it durable, all or nothing.

    Raises:
        Conflict: the client key was used before; read it with `recorded_turn`.
        StorageFailed: or one of its kinds.
    """
    if not entries:
        raise BadInput("exchange", "it holds no message")
    once = None
    if turn.client_key is not None:
        once = OnceTag(tag=log.client_key_tag(turn.client_key), id=id_bytes(turn.id))
    change = TurnChange(turn=turn, begins=True)
    return await log.append(entries, (change,), once=once, extra=extra, links=links)
