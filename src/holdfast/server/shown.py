"""The library's nouns as they go over the wire."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from msgspec import structs

from holdfast.keeper.recalling import Hit
from holdfast.model import Message, Session, Turn
from holdfast.server.schemas import (
    FileOut,
    HitOut,
    MessageOut,
    SessionOut,
    SessionWithTurns,
    ToolOut,
    TurnOut,
)

__all__ = ["hit_out", "message_out", "session_out", "session_with_turns", "turn_out"]


def session_out(session: Session) -> SessionOut:
    """A session in a list."""
    return SessionOut(**_session_fields(session))


def session_with_turns(
    session: Session, turns: Sequence[Turn], messages: Iterable[Message]
) -> SessionWithTurns:
    """A session with its turns, each with its messages in order."""
    said: dict[str, list[MessageOut]] = {turn.id: [] for turn in turns}
    for message in messages:
        # A turn that began after the turns were read is left for the next time.
        if message.turn_id in said:
            said[message.turn_id].append(message_out(message))
    shown = [turn_out(turn, said[turn.id]) for turn in turns]
    return SessionWithTurns(**_session_fields(session), turns=shown)


def message_out(message: Message) -> MessageOut:
    """A message; the provider's own item and the importer's id stay here."""
    tool, file = message.tool, message.file
    return MessageOut(
        id=message.id,
        seq=message.seq,
        parent_id=message.parent_id,
        role=message.role,
        kind=message.kind,
        text=message.text,
        at=message.at,
        author=message.author,
        tool=None if tool is None else ToolOut(**structs.asdict(tool)),
        file=None
        if file is None
        else FileOut(id=file.id, name=file.name, media_type=file.media_type, size=file.size),
        error_code=message.error_code,
    )


def hit_out(hit: Hit) -> HitOut:
    """A hit by its snippet; the whole text is read from its conversation."""
    message, memory = hit.message, hit.memory
    return HitOut(
        session_id=hit.session_id,
        message_id=None if message is None else message.id,
        memory_id=None if memory is None else memory.id,
        role=None if message is None else message.role,
        at=hit.at,
        snippet=hit.snippet.text,
        score=hit.score,
    )


def _session_fields(session: Session) -> dict[str, Any]:  # keyword arguments of SessionOut
    return {
        "id": session.id,
        "title": session.title,
        "kind": session.kind,
        "assistant": session.assistant,
        "project": session.project,
        "platform": session.platform,
        "preview": session.preview,
        "tags": list(session.tags),
        "pinned": session.pinned,
        "archived": session.archived,
        "message_count": session.message_count,
        "turn_count": session.turn_count,
        "started_at": session.started_at,
        "last_message_at": session.last_at,
    }


def turn_out(turn: Turn, messages: list[MessageOut]) -> TurnOut:
    """A turn with its messages in order."""
    return TurnOut(
        id=turn.id,
        index=turn.index,
        status=turn.status,
        started_at=turn.started_at,
        ended_at=turn.ended_at,
        intent=turn.intent,
        intent_confidence=turn.intent_confidence,
        entities=dict(turn.entities),
        tags=list(turn.tags),
        model=turn.model,
        messages=messages,
    )
