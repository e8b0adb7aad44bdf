"""What starts a turn, and what becomes of it: a message, and for speech a transcript after it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from holdfast.capture.checks import (
    Limits,
    checked_item,
    checked_label,
    checked_speech,
    checked_text,
)
from holdfast.capture.entries import Entry, TurnChange
from holdfast.capture.log import SessionLog
from holdfast.capture.parts import check_same_input, file_part
from holdfast.errors import BadInput
from holdfast.model import Message, MessageId, Role, Speech, Turn

__all__ = [
    "Input",
    "check_repeated",
    "given_entries",
    "input_entry",
    "same_speech",
    "speech_of",
    "transcript_of",
]


class Input(Struct, frozen=True, kw_only=True):
    """What starts a turn.

    With `audio` the text is its transcript and may be empty: `TurnRecorder.transcript` records
    what is heard later. `edits` names the message this one stands beside as another version;
    `answers` starts the turn without an input, as another answer to that message.

    `entries` instead are messages as they are to be kept, in one write with the turn: for whoever
    is told several things at once, or what was said elsewhere before. Those without a `turn_id`
    are this turn's, the others of the finished `turns`. The caller has checked them.
    """

    text: str = ""
    author: str | None = None
    at: datetime | None = None
    audio: bytes | None = None
    media_type: str | None = None
    file_name: str | None = None
    speech: Speech | None = None
    edits: MessageId | None = None
    answers: MessageId | None = None
    item: str | None = None
    role: Role = "user"
    entries: tuple[Entry, ...] = ()
    turns: tuple[TurnChange, ...] = ()


def given_entries(what: Input, turn: Turn) -> tuple[Entry, ...]:
    """The `entries` of an input, with the turn in those that have none."""
    return tuple(
        e if e.message.turn_id else replace(e, message=replace(e.message, turn_id=turn.id))
        for e in what.entries
    )


def input_entry(
    log: SessionLog, what: Input, turn: Turn, answered: Message | None, limits: Limits
) -> Entry:
    """The input as the first message of its turn.

    Args:
        answered: the message it stands beside as another version.

    Raises:
        BadInput, TooLarge: it cannot be kept.
    """
    file = None
    if what.audio is not None:
        media_type = what.media_type or "application/octet-stream"
        file = file_part(log, what.file_name or "speech", what.audio, media_type, limits)
    message = Message(
        id=MessageId(log.ids()),
        session_id=turn.session_id,
        turn_id=turn.id,
        seq=0,
        parent_id=None if answered is None else answered.parent_id,
        role=what.role,
        kind="text" if file is None else "audio",
        text=checked_text("input", what.text, limits, required=file is None),
        at=turn.started_at,
        author=checked_label("author", what.author, limits),
        file=file,
        speech=checked_speech(what.speech, limits),
        item=checked_item(what.item, limits),
    )
    return Entry(message=message, content=what.audio, follows_leaf=answered is None)


def check_repeated(recorded: Sequence[Message], what: Input) -> None:
    """A client key stands for one input, and speech is more than its text.

    Raises:
        BadInput: another text or another audio was recorded under it.
    """
    check_same_input(recorded, what.role, what.text)
    file = recorded[0].file if recorded else None
    if what.audio is None or file is None:
        return
    if file.sha256 != hashlib.sha256(what.audio).hexdigest():
        raise BadInput("client key", "it was used for another input: take a new one")


def speech_of(messages: Sequence[Message], answered: Message | None) -> Message:
    """The speech that a turn is about: of its own input, or of the message it answers again.

    Raises:
        BadInput: there is none, or it has its text already.
    """
    heard = next((m for m in messages if m.kind == "audio"), answered)
    if heard is None or heard.kind != "audio":
        raise BadInput("transcript", "this turn was not begun by speech")
    if heard.text or transcript_of(messages, heard) is not None:
        raise BadInput("transcript", "this speech has one already")
    return heard


def transcript_of(messages: Sequence[Message], heard: Message) -> Message | None:
    """The message among `messages` that says in text what `heard` is the audio of, if any."""
    return next((m for m in messages if _is_transcript(m, heard)), None)


def same_speech(messages: Sequence[Message], ids: set[MessageId]) -> set[MessageId]:
    """The ids with those added that are the same thing said: the transcript of a speech, and the
    speech of a transcript."""
    speech = {m.id for m in messages if m.kind == "audio"}
    halves = [
        {m.id, m.parent_id}
        for m in messages
        if m.kind == "text" and m.speech is not None and m.parent_id in speech
    ]
    found: set[MessageId] = set(ids)
    for half in halves:
        if half & ids:
            found |= {one for one in half if one is not None}
    return found | _echoes([m for m in messages if m.id in found], messages)


def _echoes(said: Sequence[Message], messages: Sequence[Message]) -> set[MessageId]:
    """Answers that do nothing but quote one of `said` ('Kept: "..."'): a copy is no answer."""
    quoted = {(m.turn_id, f'Kept: "{" ".join(m.text.split())}"') for m in said if m.role == "user"}
    return {
        m.id
        for m in messages
        if m.role == "assistant" and (m.turn_id, " ".join(m.text.split())) in quoted
    }


def _is_transcript(message: Message, heard: Message) -> bool:
    theirs = message.turn_id == heard.turn_id or message.parent_id == heard.id
    return theirs and message.kind == "text" and message.speech is not None
