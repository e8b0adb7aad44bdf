"""Rooms from messengers: people as authors, one after the other."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from msgspec import Struct

from holdfast.portability.conversations import Conversation, ImportedFile, ImportedMessage
from holdfast.portability.json_values import digest_of

__all__ = ["Said", "room"]


class Said(Struct, frozen=True, kw_only=True):
    """What one person said; `author` None for what the messenger itself says."""

    text: str
    at: datetime | None
    author: str | None
    id: str | None = None
    files: tuple[ImportedFile, ...] = ()
    item: str | None = None


def room(
    platform: str, said: Sequence[Said], *, identity: str | None = None, title: str = ""
) -> Conversation:
    """A room in which each message follows the one before it.

    Messengers give no ids: then a message is known by its time, author and text, and a room by its
    first message, so that a later, longer export of the same room is still the same room.
    """
    sources = _sources(said)
    messages: list[ImportedMessage] = []
    for one, source in zip(said, sources, strict=True):
        before = messages[-1].source if messages else None
        messages.extend(_messages(one, source, before))
    started = [one.at for one in said if one.at is not None]
    names = list(dict.fromkeys(one.author for one in said if one.author))
    return Conversation(
        source=f"{platform}:{identity or (sources[0] if sources else 'empty')}",
        title=title or ", ".join(names[:4]),
        started_at=min(started, default=None),
        last_at=max(started, default=None),
        platform=platform,
        kind="room",
        messages=tuple(messages),
    )


def _messages(one: Said, source: str, before: str | None) -> Iterable[ImportedMessage]:
    role = "user" if one.author else "system"
    parent = before
    if one.text or not one.files:
        yield ImportedMessage(
            source=source,
            parent=parent,
            role=role,  # type: ignore[arg-type]  # one of two roles
            text=one.text,
            at=one.at,
            author=one.author,
            item=one.item,
        )
        parent = source
    for number, file in enumerate(one.files):
        file_source = source if parent == before else f"{source}#{number + 1}"
        yield ImportedMessage(
            source=file_source,
            parent=parent,
            role=role,  # type: ignore[arg-type]  # one of two roles
            kind="file",
            at=one.at,
            author=one.author,
            item=one.item,
            file=file,
        )
        parent = file_source


def _sources(said: Iterable[Said]) -> list[str]:
    """An id for each message: its own, or a digest, numbered when the same was said again."""
    seen: dict[str, int] = {}
    sources: list[str] = []
    for one in said:
        source = one.id or _digest(one)
        count = seen[source] = seen.get(source, 0) + 1
        sources.append(source if count == 1 else f"{source}~{count}")
    return sources


def _digest(one: Said) -> str:
    names = ",".join(file.name for file in one.files)
    what = f"{one.at}\0{one.author}\0{one.text}\0{names}"
    return digest_of(what.encode("utf-8", "replace"))
