"""What the exporters are given, and what they show of it alike."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from holdfast.model import Assistant, Memory, Message, Project, Thought, ToolPart
from holdfast.portability.bundle import BundledSession

__all__ = ["Exported", "Shown", "moment", "shown_messages", "speaker_of", "tool_text"]


class Exported(Struct, frozen=True, kw_only=True):
    """Everything that one export holds. Iterables are read once, sessions one at a time."""

    exported_at: datetime
    sessions: Iterable[BundledSession] = ()
    memories: Iterable[Memory] = ()
    thoughts: Iterable[Thought] = ()
    assistants: Iterable[Assistant] = ()
    projects: Iterable[Project] = ()
    title: str = "Conversations"


class Shown(Struct, frozen=True):
    """A message as people see it, and whether it begins another branch than the one before."""

    message: Message
    branches_off: bool


def shown_messages(session: BundledSession) -> Iterator[Shown]:
    """All messages by seq. Edits and regenerations stay where they were written. Speech and the
    transcript that follows it are one thing said, so they are shown as one."""
    transcripts = _transcripts(session)
    folded = {transcript.id for transcript in transcripts.values()}
    before: str | None = None
    for message in session.messages:
        follows = message.parent_id is None or before is None or message.parent_id == before
        before = message.id
        if message.id in folded:
            continue
        if (transcript := transcripts.get(message.id)) is not None:
            message = replace(message, text=transcript.text, speech=transcript.speech)
        yield Shown(message, not follows)


def _transcripts(session: BundledSession) -> dict[str, Message]:
    """The transcript of each speech that has none of its own, by the id of the speech."""
    silent = {
        m.id for m in session.messages if m.kind == "audio" and not m.text and not m.forgotten
    }
    found: dict[str, Message] = {}
    for message in session.messages:
        said = message.kind == "text" and message.speech is not None and message.text
        if said and message.parent_id in silent:
            found.setdefault(str(message.parent_id), message)
    return found


def speaker_of(message: Message, assistant: str | None) -> str:
    """Who said it, as a label: the author's name when there is one."""
    if message.author:
        return message.author
    if message.role == "user":
        return "You"
    if message.role == "assistant":
        return assistant or "Assistant"
    if message.role == "tool":
        return message.tool.name if message.tool else "Tool"
    return "System"


def moment(at: datetime) -> str:
    """A time for people, in UTC: 9 January 2026, 10:00."""
    return f"{at.day} {at:%B} {at.year:04d}, {at:%H:%M}"


def tool_text(part: ToolPart, text: str) -> str:
    """What a call was given or returned, for people: text as it is, anything else as JSON."""
    value = part.result if part.result is not None else part.arguments
    if text or value is None:
        return text
    if isinstance(value, str):
        return value
    return msgspec.json.format(msgspec.json.encode(value), indent=2).decode()
