"""The library's nouns as they go over the wire."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import msgspec
from msgspec import structs

from holdfast.keeper.contexts import Context
from holdfast.keeper.erasing import Receipt
from holdfast.keeper.memory_facts import MemoryFacts
from holdfast.keeper.recalling import Hit
from holdfast.keeper.recalling_sessions import SessionHit
from holdfast.model import Json, Memory, Message, Session, Thought, ToolPart, Turn
from holdfast.recall.asking import Reason
from holdfast.server.schemas import (
    ContextOut,
    FileOut,
    HitOut,
    LeftOutOut,
    MemoryOut,
    MessageOut,
    PieceOut,
    ReasonOut,
    ReceiptOut,
    SearchHitOut,
    SessionHitOut,
    SessionOut,
    SessionWithTurns,
    SnippetOut,
    SourceMessageOut,
    SourceOut,
    SpeechOut,
    ThoughtOut,
    ToolCallOut,
    ToolOut,
    TurnMemoryOut,
    TurnOut,
)

__all__ = [
    "context_out",
    "hit_out",
    "memory_out",
    "message_out",
    "receipt_out",
    "search_hit_out",
    "session_hit_out",
    "session_out",
    "session_with_turns",
    "source_message_out",
    "thought_out",
    "turn_out",
]


def session_out(session: Session, marks: Mapping[str, Any] = MappingProxyType({})) -> SessionOut:
    """A session in a list; `marks` as `marks_of` gives them."""
    return SessionOut(**_session_fields(session), **marks)


def session_with_turns(
    session: Session,
    turns: Sequence[Turn],
    messages: Iterable[Message],
    *,
    memories: Mapping[str, Sequence[Memory]] = MappingProxyType({}),
    next_cursor: str | None = None,
    max_text: int | None = None,
    marks: Mapping[str, Any] = MappingProxyType({}),
) -> SessionWithTurns:
    """A session with its turns, each with its messages in order.

    `memories` are those that rest on each message, by its id. Of texts longer than `max_text` only
    the beginning is shown.
    """
    said: dict[str, list[Message]] = {turn.id: [] for turn in turns}
    for message in messages:
        # A turn that began after the turns were read is left for the next time.
        if message.turn_id in said:
            said[message.turn_id].append(message)
    shown = [turn_out(turn, said[turn.id], memories=memories, max_text=max_text) for turn in turns]
    fields = _session_fields(session)
    return SessionWithTurns(**fields, **marks, turns=shown, next_cursor=next_cursor)


def turn_out(
    turn: Turn,
    messages: Sequence[Message],
    *,
    memories: Mapping[str, Sequence[Memory]] = MappingProxyType({}),
    max_text: int | None = None,
) -> TurnOut:
    """A turn with its messages in order, and what came of them."""
    made = {m.id: m for message in messages for m in memories.get(message.id, ())}
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
        messages=[message_out(message, max_text=max_text) for message in messages],
        tool_calls=_tool_calls(messages, max_text),
        memories=[TurnMemoryOut(id=m.id, kind=m.kind, text=m.text) for m in made.values()],
        used_count=len(turn.used),
    )


def _tool_calls(messages: Sequence[Message], max_text: int | None) -> list[ToolCallOut]:
    """Each call with its result, in the order they were called."""
    results = {
        message.tool.call_id: message
        for message in messages
        if message.kind == "tool_result" and message.tool is not None
    }
    return [
        _tool_call(message, message.tool, results.get(message.tool.call_id), max_text)
        for message in messages
        if message.kind == "tool_call" and message.tool is not None
    ]


def _tool_call(
    message: Message, call: ToolPart, ended: Message | None, max_text: int | None
) -> ToolCallOut:
    result = None if ended is None else ended.tool
    given, given_cut = _beginning(call.arguments, max_text)
    came, came_cut = _beginning(None if result is None else result.result, max_text)
    return ToolCallOut(
        call_id=call.call_id,
        name=call.name,
        arguments=given,
        result=came,
        failed=call.failed if result is None else result.failed,
        cut=given_cut or came_cut,
        called_at=message.at,
        ended_at=None if ended is None else ended.at,
    )


def message_out(message: Message, *, max_text: int | None = None) -> MessageOut:
    """A message; the provider's own item and the importer's id stay here."""
    return MessageOut(**_message_fields(message, max_text))


def _message_fields(
    message: Message, max_text: int | None = None
) -> dict[str, Any]:  # keyword arguments of MessageOut
    tool, file, speech = message.tool, message.file, message.speech
    return {
        "id": message.id,
        "seq": message.seq,
        "turn_id": message.turn_id,
        "parent_id": message.parent_id,
        "role": message.role,
        "kind": message.kind,
        "text": message.text[:max_text],
        "size": len(message.text),
        "cut": max_text is not None and len(message.text) > max_text,
        "at": message.at,
        "author": message.author,
        "tool": None if tool is None else _tool_out(tool, max_text),
        "file": None
        if file is None
        else FileOut(id=file.id, name=file.name, media_type=file.media_type, size=file.size),
        "speech": None if speech is None else SpeechOut(**structs.asdict(speech)),
        "error_code": message.error_code,
    }


def _tool_out(tool: ToolPart, max_text: int | None) -> ToolOut:
    given, given_cut = _beginning(tool.arguments, max_text)
    came, came_cut = _beginning(tool.result, max_text)
    fields = structs.asdict(tool) | {"arguments": given, "result": came}
    return ToolOut(**fields, cut=given_cut or came_cut)


def _beginning(value: Json, max_text: int | None) -> tuple[Json, bool]:
    """A tool's value, or the beginning of it; and whether it is only that."""
    if value is None or max_text is None:
        return value, False
    text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    return (text[:max_text], True) if len(text) > max_text else (value, False)


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


def search_hit_out(hit: Hit) -> SearchHitOut:
    """A hit with all that is known of it."""
    return SearchHitOut(
        session_id=hit.session_id,
        message=None if hit.message is None else message_out(hit.message),
        memory=None if hit.memory is None else memory_out(hit.memory),
        at=hit.at,
        score=hit.score,
        reasons=_reasons_out(hit.reasons),
        snippet=SnippetOut(text=hit.snippet.text, marks=list(hit.snippet.marks)),
        before=[message_out(message) for message in hit.before],
        after=[message_out(message) for message in hit.after],
        repeats=hit.repeats,
    )


def session_hit_out(hit: SessionHit, session: SessionOut) -> SessionHitOut:
    """A session that was found, as lists show it, with the messages that speak for it."""
    return SessionHitOut(
        session=session,
        score=hit.score,
        reasons=_reasons_out(hit.reasons),
        messages=[message_out(message) for message in hit.messages],
    )


def _reasons_out(reasons: Iterable[Reason]) -> list[ReasonOut]:
    return [ReasonOut(name=one.name, value=one.value, words=list(one.words)) for one in reasons]


def context_out(context: Context) -> ContextOut:
    """A context with its account."""
    return ContextOut(
        text=context.text,
        tokens=context.tokens,
        budget_tokens=context.budget_tokens,
        pieces=[PieceOut(**structs.asdict(piece)) for piece in context.pieces],
        left_out=list(context.left_out),
        report=[LeftOutOut(**structs.asdict(left)) for left in context.report],
    )


def memory_out(memory: Memory, facts: MemoryFacts | None = None) -> MemoryOut:
    """A memory with where it comes from, and with what its vault tells about it."""
    fields = structs.asdict(memory)
    fields["tags"] = list(memory.tags)
    fields["sources"] = [SourceOut(**structs.asdict(source)) for source in memory.sources]
    if facts is not None:
        fields |= structs.asdict(facts) | {"conflicts": list(facts.conflicts)}
    return MemoryOut(**fields)


def source_message_out(message: Message) -> SourceMessageOut:
    """A message that something rests on."""
    return SourceMessageOut(**_message_fields(message), session_id=message.session_id)


def thought_out(thought: Thought) -> ThoughtOut:
    """An entry of a thought log."""
    return ThoughtOut(
        id=thought.id,
        assistant=thought.assistant,
        text=thought.text,
        at=thought.at,
        session_id=thought.session_id,
        turn_id=thought.turn_id,
        memory_id=thought.linked_memory,
        kind=thought.kind,
    )


def receipt_out(receipt: Receipt) -> ReceiptOut:
    """A receipt; where the key backups lie is the operator's business."""
    fields = structs.asdict(receipt)
    fields["keys_destroyed"] = list(receipt.keys_destroyed)
    fields["key_backups_left"] = len(receipt.key_backups_left)
    return ReceiptOut(**fields)


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
        "learning": not any(pause.until is None for pause in session.pauses),
        "message_count": session.message_count,
        "turn_count": session.turn_count,
        "started_at": session.started_at,
        "last_message_at": session.last_at,
        "trashed_at": session.trashed_at,
    }
