"""The shared data format for recall: histories with questions whose evidence is known.

One JSON object a line, plain or gzipped; a line is one person's history with its questions.
"""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from holdfast.clock import to_ms
from holdfast.errors import BadInput
from holdfast.index.entries import Entry

__all__ = ["History", "Question", "entries_of", "now_of", "read_histories", "scored_questions"]

_UNDATED = datetime(2000, 1, 1, tzinfo=UTC)


class _Message(msgspec.Struct):
    id: str
    speaker: str
    role: str
    text: str
    image_caption: str | None = None
    at: str | None = None


class _Session(msgspec.Struct):
    id: str
    messages: list[_Message]
    at: str | None = None


class Question(msgspec.Struct):
    """A question and what has to be found for it."""

    id: str
    question: str
    category: str
    evidence_messages: list[str]
    evidence_sessions: list[str]
    abstention: bool = False
    asked_at: str | None = None


class History(msgspec.Struct):
    """One person's sessions and the questions about them."""

    id: str
    sessions: list[_Session]
    questions: list[Question]


def read_histories(path: Path) -> Iterator[History]:
    """Histories in the order of the file, one in memory at a time.

    Raises:
        BadInput: a line is not of the format; the message names the line.
        OSError: the file cannot be read.
    """
    decoder = msgspec.json.Decoder(History)
    with gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            try:
                yield decoder.decode(line)
            except msgspec.MsgspecError:
                raise BadInput("data", f"line {number} is not of the recall format") from None


def entries_of(history: History) -> list[Entry]:
    """Every message as an entry. People keep their names; an assistant's user has none."""
    return [
        _entry(session, seq, message)
        for session in history.sessions
        for seq, message in enumerate(session.messages)
    ]


def now_of(history: History, question: Question) -> datetime:
    """When the question is asked; after the last session when the data does not say."""
    if question.asked_at:
        return _time(question.asked_at)
    return max((_time(s.at) for s in history.sessions if s.at), default=_UNDATED)


def scored_questions(history: History) -> list[Question]:
    """Questions that have an answer in the history, as published results count them."""
    return [
        question
        for question in history.questions
        if not question.abstention
        and question.category != "adversarial"
        and question.evidence_messages
    ]


def _entry(session: _Session, seq: int, message: _Message) -> Entry:
    between_people = message.role not in ("user", "assistant", "tool", "system")
    at = message.at or session.at
    return Entry(
        id=message.id,
        session_id=session.id,
        seq=seq,
        role="user" if between_people else message.role,
        session_kind="room" if between_people else "chat",
        speaker=message.speaker if between_people else None,
        at_ms=to_ms(_time(at) if at else _UNDATED),
        text=_with_caption(message),
    )


def _with_caption(message: _Message) -> str:
    caption = message.image_caption
    return message.text if not caption or caption in message.text else f"{message.text} {caption}"


def _time(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    return at if at.tzinfo else at.replace(tzinfo=UTC)
