"""Summaries: one made on request, and the running one of each session.

A running summary quotes what was said; its record names how many messages it takes in. Here it is
only made ready: it is written together with everything else that a session was distilled into.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from holdfast.clock import id_bytes, id_text
from holdfast.distill.extract import Condensed, condense
from holdfast.errors import BadInput, NotFound
from holdfast.keeper.learning import NewMemory, new_memory
from holdfast.keeper.pausing import learnable
from holdfast.keeper.remembered import memory_links, seal_memory
from holdfast.keeper.store import Store
from holdfast.model import Memory, MemoryOrigin, Message, Session, SessionId, Source, TurnId
from holdfast.storage.protocol import (
    NO_SCOPE,
    ByIds,
    Kind,
    Link,
    LinksQuery,
    OnceTag,
    RowSpan,
    SealedRow,
    SessionHead,
    State,
)
from holdfast.vault.codec import MemoryBody
from holdfast.vault.reader import Reader
from holdfast.vault.vault import Vault

__all__ = ["Summed", "create_memory_from_chat", "running_summary_tag", "sum_up"]

_MAX_MESSAGES = 2000
"""The latest so many messages of a session are condensed."""
_MIN_MESSAGES = 2
_ALL = 1_000_000


async def create_memory_from_chat(
    store: Store,
    vault: Vault,
    session_id: str,
    assistant_name: str,
    transcript: str,
    *,
    importance: int = 5,
    messages: Sequence[Message] | None = None,
) -> Memory:
    """Distil one memory of a conversation: extractive summary, keyphrase tags, sources.

    Raises:
        BadInput: nothing was said that could be remembered.
        NotFound: the session is not there, or one of the messages is not in it.
    """
    reader = Reader(vault)
    session = await reader.session(SessionId(session_id))
    given = list(messages) if messages is not None else await _latest(vault, session.id)
    if messages is not None:
        known = await reader.messages_by_id(message.id for message in given)
        if len(known) < len(given) or any(m.session_id != session.id for m in known):
            raise NotFound("message")
    condensed = condense(given) if not transcript.strip() else _quoted(transcript, given, session)
    if not condensed.text:
        raise BadInput("transcript", "it holds nothing to remember: pass what was said")
    new = NewMemory(
        text=condensed.text,
        kind="summary",
        tags=condensed.tags,
        importance=importance,
        origin="said",
    )
    memory = new_memory(
        store, new, sources=condensed.sources, assistant=assistant_name, session=session
    )
    await vault.commit(put=(await seal_memory(vault, memory),), links=tuple(memory_links(memory)))
    return memory


def _quoted(transcript: str, messages: Sequence[Message], session: Session) -> Condensed:
    """Condense a transcript, and find where in the session's messages each sentence stands."""
    whole = Message(
        id=session.id,  # type: ignore[arg-type]  # stands for the transcript, never stored
        session_id=session.id,
        turn_id=TurnId(session.id),
        seq=0,
        role="user",
        text=transcript,
        at=session.started_at,
    )
    condensed = condense([whole])
    sources = []
    for span in condensed.sources:
        sentence = transcript[span.start or 0 : span.end]
        sources.extend(_places(sentence, messages))
    if not sources:
        sources = [Source(session_id=m.session_id, message_id=m.id) for m in messages if m.text]
    return replace(condensed, sources=tuple(sources))


def _places(sentence: str, messages: Sequence[Message]) -> list[Source]:
    for message in messages:
        # A transcript puts the speaker in front ("User: ..."): look for the longest tail.
        for start in (0, sentence.find(": ") + 2):
            at = message.text.find(sentence[start:])
            if at >= 0 and sentence[start:]:
                return [
                    Source(
                        session_id=message.session_id,
                        message_id=message.id,
                        start=at,
                        end=at + len(sentence) - start,
                    )
                ]
    return []


async def _latest(vault: Vault, session_id: SessionId) -> list[Message]:
    return await Reader(vault).messages(session_id, newest=True, limit=_MAX_MESSAGES)


class Summed(Struct, frozen=True, kw_only=True):
    """What must be written for a running summary, and the tags that go with it."""

    tags: tuple[str, ...] = ()
    put: tuple[SealedRow, ...] = ()
    links: tuple[Link, ...] = ()
    unlinks: tuple[Link, ...] = ()
    once: OnceTag | None = None


def running_summary_tag(vault: Vault, session: bytes) -> bytes:
    """The once-tag by which a session's running summary is found."""
    return vault.keyring.tag(vault.raw, "summary", session.hex())


async def sum_up(store: Store, vault: Vault, session: Session, head: SessionHead) -> Summed:
    """Bring a session's running summary up to date; nothing is put when it is, or need not be."""
    if head.messages < _MIN_MESSAGES:
        return Summed()
    tag = running_summary_tag(vault, head.session_id)
    known = await _known_summary(vault, tag)
    if known is not None and not _is_due(known, head):
        return Summed()
    if known is not None and known[1] is not None and known[1].corrected:
        return Summed()  # its owner has the last word
    heard = await learnable(vault, session, await _latest(vault, session.id))
    condensed = await asyncio.to_thread(condense, heard)
    if not condensed.text:
        return Summed()
    if not condensed.states and known is None:
        return Summed(tags=condensed.tags)  # a title says as much
    origin = _origin(condensed, heard)
    return await _summary(store, vault, session, head, condensed, tag, known, origin)


def _origin(condensed: Condensed, messages: Sequence[Message]) -> MemoryOrigin:
    """Whose words a summary quotes: the person's own only when all of them are."""
    quoted = {source.message_id for source in condensed.sources}
    shown = [message for message in messages if message.id in quoted]
    if any(message.source is not None for message in shown):
        return "import"
    if any(message.kind == "file" for message in shown):
        return "file"
    return "said" if all(message.role == "user" for message in shown) else "assistant"


_Known: TypeAlias = tuple[SealedRow, MemoryBody | None]
"""A session's summary; without a body when it was removed."""


def _is_due(known: _Known, head: SessionHead) -> bool:
    """Whether there is more to sum up than the summary that is there, or was.

    One that went with a forgotten message is made anew from what is left; one that its owner
    removed stays away until the session goes on.
    """
    row, body = known
    return head.rev >= row.rev if body is None else body.covers < head.next_seq


async def _known_summary(vault: Vault, tag: bytes) -> _Known | None:
    raw = await vault.storage.once(vault.raw, tag)
    if raw is None:
        return None
    rows = await vault.storage.rows_by_id(ByIds(vault_id=vault.raw, ids=(raw,)))
    if rows:
        return rows[0], (await vault.open_records(rows, MemoryBody))[0]
    span = RowSpan(
        vault_id=vault.raw, kind=Kind.MEMORY, scope=NO_SCOPE, state=State.GONE, limit=_ALL
    )
    gone = [row for row in await vault.storage.rows(span) if row.id == raw]
    return (gone[0], None) if gone else None


async def _summary(
    store: Store,
    vault: Vault,
    session: Session,
    head: SessionHead,
    condensed: Condensed,
    tag: bytes,
    known: _Known | None,
    origin: MemoryOrigin,
) -> Summed:
    new = NewMemory(
        text=condensed.text,
        kind="summary",
        tags=condensed.tags,
        valid_from=session.started_at,
        origin=origin,
    )
    memory = new_memory(
        store, new, sources=condensed.sources, assistant=session.assistant, session=session
    )
    version = 0
    once: OnceTag | None = OnceTag(tag=tag, id=id_bytes(memory.id))
    unlinks: tuple[Link, ...] = ()
    if known is not None:
        row, former = known
        created_at = memory.created_at if former is None else former.created_at
        pinned = former is not None and former.pinned
        memory = replace(memory, id=id_text(row.id), created_at=created_at, pinned=pinned)
        version, once = row.version + 1, None
        unlinks = tuple(
            await vault.storage.links(LinksQuery(vault_id=vault.raw, from_ids=(row.id,)))
        )
    links = tuple(memory_links(memory))
    kept = set(links)
    return Summed(
        tags=condensed.tags,
        put=(await seal_memory(vault, memory, version=version, covers=head.next_seq),),
        links=tuple(link for link in links if link not in set(unlinks)),
        unlinks=tuple(link for link in unlinks if link not in kept),
        once=once,
    )
