"""Sessions, turns and messages for the writers, made in code."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

from holdfast.model import (
    Assistant,
    FilePart,
    Memory,
    Message,
    Project,
    Session,
    Source,
    Thought,
    Turn,
)
from holdfast.portability.bundle import BundledSession
from holdfast.portability.exported import Exported

AT = datetime(2026, 1, 9, 10, 0, tzinfo=UTC)


def session(name: str = "s", **more: Any) -> Session:
    """A session; `more` overrides its members."""
    fields = {"id": name, "vault_id": "v", "title": "Oslo", "started_at": AT, "last_at": AT}
    return Session(**{**fields, **more})


def turn(name: str = "t", **more: Any) -> Turn:
    """A complete turn of session "s"."""
    fields = {"id": name, "session_id": "s", "index": 0, "status": "complete", "started_at": AT}
    return Turn(**{**fields, **more})


def message(seq: int, text: str = "", **more: Any) -> Message:
    """A message of session "s", by turns of the user and the assistant."""
    fields = {
        "id": f"m{seq}",
        "session_id": "s",
        "turn_id": "t",
        "seq": seq,
        "parent_id": f"m{seq - 1}" if seq else None,
        "role": "assistant" if seq % 2 else "user",
        "text": text,
        "at": AT + timedelta(minutes=seq),
    }
    return Message(**{**fields, **more})


def file_part(data: bytes, name: str = "boat.png") -> FilePart:
    """The part for a file of this content."""
    digest = sha256(data).hexdigest()
    return FilePart(id="f", name=name, media_type="image/png", size=len(data), sha256=digest)


def exported(*texts: str | Message, **more: Any) -> Exported:
    """One session of these messages, ready for an exporter."""
    messages = tuple(
        message(n, one) if isinstance(one, str) else one for n, one in enumerate(texts)
    )
    bundled = BundledSession(session=session(assistant="Helper"), messages=messages)
    return Exported(**{"exported_at": AT, "sessions": [bundled], **more})


MEMORY = Memory(
    id="me",
    kind="preference",
    text="Likes blue",
    tags=("colour",),
    created_at=AT,
    sources=(Source(session_id="s", message_id="m0", start=0, end=4),),
)
THOUGHT = Thought(id="th", assistant="helper", text="Blue it is", at=AT, linked_memory="me")
ASSISTANT = Assistant(id="as", slug="helper", name="Helper")
PROJECT = Project(id="pr", slug="trip", name="Trip")
