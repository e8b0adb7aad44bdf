"""Record to sealed row and back: what of a noun is sealed, and what lies in plain columns.

A body holds everything that is not an id, a time of writing, a count or a state. Bodies are
MessagePack maps with short keys, defaults left out: a field added later is simply absent in old
records. Keys of a map are never reused for another meaning.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cache
from typing import TypeVar

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from holdfast.clock import from_ms, id_bytes, id_text, to_ms
from holdfast.errors import BadInput, TamperedRecord
from holdfast.model import (
    FilePart,
    Json,
    MemoryKind,
    MemoryOrigin,
    MemoryVersion,
    Message,
    MessageId,
    MessageKind,
    Pause,
    Role,
    Session,
    SessionId,
    Source,
    Speech,
    ToolPart,
    Turn,
    TurnId,
    TurnStatus,
    Used,
    UsedAs,
    VaultId,
)
from holdfast.storage.protocol import Kind, SealedRow, SessionHead, State
from holdfast.vault.envelope import Place, SealKey, link_of, open_sealed

__all__ = [
    "MemoryBody",
    "SessionBody",
    "ThoughtBody",
    "open_body",
    "open_message",
    "open_session",
    "open_turn",
    "reseal",
    "seal_body",
    "seal_forgotten",
    "seal_message",
    "seal_session",
    "seal_turn",
]

_encode = msgspec.msgpack.Encoder().encode
_Body = TypeVar("_Body", bound=Struct)
_SECTIONS: tuple[UsedAs, ...] = ("profile", "summary", "recalled", "recent")
"""By number, as they are sealed: only ever add to the end."""


def _packed(body: Struct, decode: Callable[[bytes], object]) -> bytes:
    """The bytes to seal. What could not be read back is refused: types are hints, no promise.

    Raises:
        BadInput: a field holds what it cannot; nothing of it is named, it may be content.
    """
    try:
        packed = _encode(body)
        decode(packed)
    except (msgspec.MsgspecError, TypeError, OverflowError):
        raise BadInput("record", "a value has not the type that is asked for") from None
    return packed


def _unpacked(row: SealedRow, body: bytes, decode: Callable[[bytes], _Body]) -> _Body:
    try:
        return decode(body)
    except msgspec.DecodeError:
        raise TamperedRecord(row.kind.name.lower(), id_text(row.id)) from None


class _MessageBody(Struct, omit_defaults=True):
    r: Role
    a: datetime
    k: MessageKind = "text"
    t: str = ""
    p: bytes | None = None
    n: str | None = None
    to: ToolPart | None = None
    f: FilePart | None = None
    s: Speech | None = None
    e: str | None = None
    i: str | None = None
    so: str | None = None
    u: bytes = b""
    """Its turn, compared with the plain column: a message cannot be moved to another turn."""


class _ForgottenBody(Struct, omit_defaults=True):
    l: bytes  # noqa: E741
    p: bytes | None = None
    s: str | None = None
    u: bytes = b""


class _TurnBody(Struct, omit_defaults=True):
    s: TurnStatus
    a: datetime
    z: datetime | None = None
    i: str | None = None
    c: float | None = None
    e: dict[str, Json] = {}
    g: tuple[str, ...] = ()
    m: str | None = None
    k: str | None = None
    w: tuple[bytes, ...] = ()
    """What its answer was given: a byte for the section, and the raw id."""


class SessionBody(Struct, omit_defaults=True):
    """The sealed part of a session."""

    title: str = ""
    preview: str = ""
    assistant: str | None = None
    project: str | None = None
    platform: str | None = None
    tags: tuple[str, ...] = ()
    pinned: bool = False
    source: str | None = None
    head: str | None = None
    pauses: tuple[Pause, ...] = ()
    trashed_at: datetime | None = None
    seen: int | None = None
    """The seq up to which its owner has seen it; None where nothing of it counts as unseen."""


class MemoryBody(Struct, omit_defaults=True):
    """The sealed part of a memory."""

    kind: MemoryKind
    text: str
    created_at: datetime
    tags: tuple[str, ...] = ()
    importance: int = 5
    assistant: str | None = None
    session_id: str | None = None
    valid_from: datetime | None = None
    valid_to: datetime | None = None
    supersedes: str | None = None
    sources: tuple[Source, ...] = ()
    covers: int = 0
    """A session's running summary: how many of its messages it takes in."""
    pinned: bool = False
    subject: str = ""
    attribute: str = ""
    value: str = ""
    origin: MemoryOrigin = "said"
    made_by: str = ""
    corrected: bool = False
    closed_by: Source | None = None
    former: tuple[MemoryVersion, ...] = ()
    trashed_at: datetime | None = None
    source_gone: bool = False


class ThoughtBody(Struct, omit_defaults=True):
    """The sealed part of a thought."""

    assistant: str
    text: str
    at: datetime
    session_id: str | None = None
    turn_id: str | None = None
    linked_memory: str | None = None
    kind: str = "note"
    message_id: str | None = None


_decode_message = msgspec.msgpack.Decoder(_MessageBody).decode
_decode_turn = msgspec.msgpack.Decoder(_TurnBody).decode
_decode_session = msgspec.msgpack.Decoder(SessionBody).decode
_decode_forgotten = msgspec.msgpack.Decoder(_ForgottenBody).decode


def _open(row: SealedRow, place: Place, keys: Mapping[bytes, SealKey], field: bytes) -> bytes:
    try:
        return open_sealed(row.sealed, place.of(row.id, row.ord, row.version, field), keys)
    except TamperedRecord as exc:
        # The same class with the record named: which one it is matters to whoever repairs it.
        raise type(exc)(row.kind.name.lower(), id_text(row.id)) from None


@cache
def _decoder_of(body: type[Struct]) -> Callable[[bytes], Struct]:
    return msgspec.msgpack.Decoder(body).decode


def seal_body(
    body: Struct,
    key: SealKey,
    place: Place,
    *,
    kind: Kind,
    scope: bytes,
    record_id: bytes,
    at_ms: int,
    ord: int = 0,  # noqa: A002
    version: int = 0,
    parent: bytes | None = None,
    state: State = State.LIVE,
    owner: int | None = None,
) -> SealedRow:
    """Seal any body as a row; `place` is the kind's and scope's."""
    return SealedRow(
        kind=kind,
        scope=scope,
        ord=ord,
        id=record_id,
        state=state,
        owner=owner,
        parent=parent,
        at_ms=at_ms,
        version=version,
        sealed=key.seal(_packed(body, _decoder_of(type(body))), place.of(record_id, ord, version)),
    )


def open_body(
    row: SealedRow, place: Place, keys: Mapping[bytes, SealKey], body: type[_Body]
) -> _Body:
    """Open a row that `seal_body` made.

    Raises:
        TamperedRecord, UnknownEnvelope: it does not open where it stands.
    """
    try:
        return msgspec.msgpack.decode(_open(row, place, keys, b"body"), type=body)
    except msgspec.DecodeError:
        raise TamperedRecord(row.kind.name.lower(), id_text(row.id)) from None


def reseal(
    row: SealedRow,
    place: Place,
    keys: Mapping[bytes, SealKey],
    key: SealKey,
    *,
    version: int | None = None,
) -> SealedRow:
    """The same record under another key, as row version `version` (the same when left out).

    Any kind of row, whatever its body. A message gets the new seal's link; a forgotten one keeps
    the link that its body proves.

    Raises:
        TamperedRecord, UnknownEnvelope: it does not open where it stands.
    """
    forgotten = row.state is State.FORGOTTEN
    field = b"gone" if forgotten else b"body"
    body = _open(row, place, keys, field)
    if row.kind is Kind.MESSAGE:
        proved = _decode_forgotten(body).l if forgotten else link_of(row.sealed)
        if proved != row.link:
            raise TamperedRecord("message", id_text(row.id))
    version = row.version if version is None else version
    sealed = key.seal(body, place.of(row.id, row.ord, version, field))
    link = link_of(sealed) if row.kind is Kind.MESSAGE and not forgotten else row.link
    return replace(row, version=version, sealed=sealed, link=link)


def seal_message(message: Message, key: SealKey, place: Place, *, version: int = 0) -> SealedRow:
    """Seal a message as the row of its seq; its link is the seal's tag."""
    record_id = id_bytes(message.id)
    body = _MessageBody(
        message.role,
        message.at,
        message.kind,
        message.text,
        None if message.parent_id is None else id_bytes(message.parent_id),
        message.author,
        message.tool,
        message.file,
        message.speech,
        message.error_code,
        message.item,
        message.source,
        id_bytes(message.turn_id),
    )
    sealed = key.seal(_packed(body, _decode_message), place.of(record_id, message.seq, version))
    return SealedRow(
        kind=Kind.MESSAGE,
        scope=id_bytes(message.session_id),
        ord=message.seq,
        id=record_id,
        parent=id_bytes(message.turn_id),
        at_ms=to_ms(message.at),
        version=version,
        link=link_of(sealed),
        sealed=sealed,
    )


def open_message(row: SealedRow, place: Place, keys: Mapping[bytes, SealKey]) -> Message:
    """Open a message; a forgotten one comes back without content.

    Raises:
        TamperedRecord, UnknownEnvelope: it does not open where it stands.
    """
    parent = b"" if row.parent is None else row.parent
    if row.kind is not Kind.MESSAGE:
        raise TamperedRecord("message", id_text(row.id))
    if row.state is State.FORGOTTEN:
        return _open_forgotten(row, parent, place, keys)
    body = _unpacked(row, _open(row, place, keys, b"body"), _decode_message)
    if row.link != link_of(row.sealed) or body.u != parent:
        raise TamperedRecord("message", id_text(row.id))
    return Message(
        id=MessageId(id_text(row.id)),
        session_id=SessionId(id_text(row.scope)),
        turn_id=TurnId(id_text(parent)),
        seq=row.ord,
        parent_id=None if body.p is None else MessageId(id_text(body.p)),
        role=body.r,
        kind=body.k,
        text=body.t,
        at=body.a,
        author=body.n,
        tool=body.to,
        file=body.f,
        speech=body.s,
        error_code=body.e,
        item=body.i,
        source=body.so,
    )


def seal_forgotten(
    row: SealedRow,
    parent_id: MessageId | None,
    key: SealKey,
    place: Place,
    *,
    source: str | None = None,
) -> SealedRow:
    """What stands in a message's place once it is forgotten: its link, proved by the key.

    `source` is a keyed digest by which an importer knows not to bring the message back.
    """
    follows = None if parent_id is None else id_bytes(parent_id)
    body = _ForgottenBody(row.link, follows, source, row.parent or b"")
    version = row.version + 1
    return SealedRow(
        kind=Kind.MESSAGE,
        scope=row.scope,
        ord=row.ord,
        id=row.id,
        state=State.FORGOTTEN,
        parent=row.parent,
        at_ms=row.at_ms,
        version=version,
        link=row.link,
        sealed=key.seal(_encode(body), place.of(row.id, row.ord, version, b"gone")),
    )


def _open_forgotten(
    row: SealedRow, turn_id: bytes, place: Place, keys: Mapping[bytes, SealKey]
) -> Message:
    body = _unpacked(row, _open(row, place, keys, b"gone"), _decode_forgotten)
    if body.l != row.link or body.u != turn_id:
        raise TamperedRecord("message", id_text(row.id))
    return Message(
        id=MessageId(id_text(row.id)),
        session_id=SessionId(id_text(row.scope)),
        turn_id=TurnId(id_text(turn_id)),
        seq=row.ord,
        parent_id=None if body.p is None else MessageId(id_text(body.p)),
        role="system",
        at=from_ms(row.at_ms),
        source=body.s,
        forgotten=True,
    )


def seal_turn(
    turn: Turn, key: SealKey, place: Place, *, version: int, owner: int | None
) -> SealedRow:
    """Seal a turn; `owner` is this process's writer number while the turn is open."""
    body = _TurnBody(
        turn.status,
        turn.started_at,
        turn.ended_at,
        turn.intent,
        turn.intent_confidence,
        turn.entities,
        turn.tags,
        turn.model,
        turn.client_key,
        tuple(bytes([_SECTIONS.index(one.section)]) + id_bytes(one.id) for one in turn.used),
    )
    record_id = id_bytes(turn.id)
    is_open = turn.status == "open"
    return SealedRow(
        kind=Kind.TURN,
        scope=id_bytes(turn.session_id),
        ord=turn.index,
        id=record_id,
        state=State.OPEN if is_open else State.LIVE,
        owner=owner if is_open else None,
        at_ms=to_ms(turn.started_at),
        version=version,
        sealed=key.seal(_packed(body, _decode_turn), place.of(record_id, turn.index, version)),
    )


def open_turn(row: SealedRow, place: Place, keys: Mapping[bytes, SealKey]) -> Turn:
    """Open a turn; its plain state must agree with its sealed status.

    Raises:
        TamperedRecord, UnknownEnvelope: it does not open where it stands.
    """
    body = _unpacked(row, _open(row, place, keys, b"body"), _decode_turn)
    if row.kind is not Kind.TURN or (body.s == "open") is not (row.state is State.OPEN):
        raise TamperedRecord("turn", id_text(row.id))
    return Turn(
        id=TurnId(id_text(row.id)),
        session_id=SessionId(id_text(row.scope)),
        index=row.ord,
        status=body.s,
        started_at=body.a,
        ended_at=body.z,
        intent=body.i,
        intent_confidence=body.c,
        entities=body.e,
        tags=body.g,
        model=body.m,
        client_key=body.k,
        used=tuple(Used(id=id_text(one[1:]), section=_SECTIONS[one[0]]) for one in body.w),
    )


def seal_session(
    body: SessionBody, session_id: bytes, key: SealKey, place: Place, *, version: int, at_ms: int
) -> SealedRow:
    """Seal a session's own record: title, preview, names, tags."""
    return seal_body(
        body,
        key,
        place,
        kind=Kind.SESSION,
        scope=session_id,
        record_id=session_id,
        at_ms=at_ms,
        version=version,
    )


def open_session(
    row: SealedRow,
    head: SessionHead,
    vault_id: VaultId,
    place: Place,
    keys: Mapping[bytes, SealKey],
) -> Session:
    """Join a session's sealed record with its plain head.

    Raises:
        TamperedRecord, UnknownEnvelope: it does not open where it stands.
    """
    body = _unpacked(row, _open(row, place, keys, b"body"), _decode_session)
    return Session(
        id=SessionId(id_text(head.session_id)),
        vault_id=vault_id,
        kind=head.kind,
        title=body.title,
        preview=body.preview,
        assistant=body.assistant,
        project=body.project,
        platform=body.platform,
        tags=body.tags,
        pinned=body.pinned,
        archived=head.archived,
        source=body.source,
        head=None if body.head is None else MessageId(body.head),
        started_at=from_ms(head.started_ms),
        last_at=from_ms(head.last_ms),
        message_count=head.messages,
        turn_count=head.turns,
        pauses=body.pauses,
        trashed_at=body.trashed_at,
        seen=body.seen,
    )
