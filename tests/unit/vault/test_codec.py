"""A record becomes a sealed row and comes back the same, wherever its words come from."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from holdfast.clock import from_ms, id_bytes, id_text, to_ms
from holdfast.errors import TamperedRecord, UnknownEnvelope
from holdfast.model import FilePart, Message, Session, Speech, ToolPart, Turn, VaultId
from holdfast.storage.protocol import Kind, SealedRow, SessionHead, State
from holdfast.vault.codec import (
    MemoryBody,
    SessionBody,
    open_body,
    open_message,
    open_session,
    open_turn,
    reseal,
    seal_body,
    seal_forgotten,
    seal_message,
    seal_session,
    seal_turn,
)
from holdfast.vault.envelope import Place, SealKey, link_of

KEY = SealKey(bytes(range(32)))
KEYS = {KEY.commitment: KEY}
ACCOUNT, VAULT = bytes([1]) * 16, bytes([2]) * 16

ids = st.binary(min_size=16, max_size=16).map(id_text)
texts = st.text(st.characters(codec="utf-8"), max_size=60)
some_text = st.none() | texts
times = st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.floats(allow_nan=False) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)
tags = st.lists(texts, max_size=3).map(tuple)
tools = st.builds(
    ToolPart,
    name=texts,
    call_id=texts,
    parent_call_id=some_text,
    arguments=values,
    result=values,
    failed=st.booleans(),
)
files = st.builds(
    FilePart, id=ids, name=texts, media_type=texts, size=st.integers(0, 2**40), sha256=texts
)
speeches = st.builds(
    Speech,
    engine=some_text,
    language=some_text,
    duration_s=st.none() | st.floats(0, 1e6),
)
messages = st.builds(
    Message,
    id=ids,
    session_id=ids,
    turn_id=ids,
    seq=st.integers(0, 2**40),
    parent_id=st.none() | ids,
    role=st.sampled_from(["user", "assistant", "tool", "system"]),
    kind=st.sampled_from(
        ["text", "tool_call", "tool_result", "audio", "file", "reasoning", "error"]
    ),
    text=texts,
    at=times,
    author=some_text,
    tool=st.none() | tools,
    file=st.none() | files,
    speech=st.none() | speeches,
    error_code=some_text,
    item=some_text,
    source=some_text,
)
turns = st.builds(
    Turn,
    id=ids,
    session_id=ids,
    index=st.integers(0, 2**40),
    status=st.sampled_from(["open", "complete", "failed", "cancelled", "interrupted"]),
    started_at=times,
    ended_at=st.none() | times,
    intent=some_text,
    intent_confidence=st.none() | st.floats(0, 1),
    entities=st.dictionaries(texts, values, max_size=3),
    tags=tags,
    model=some_text,
    client_key=some_text,
)
session_bodies = st.builds(
    SessionBody,
    title=texts,
    preview=texts,
    assistant=some_text,
    project=some_text,
    platform=some_text,
    tags=tags,
    pinned=st.booleans(),
    source=some_text,
    head=st.none() | ids,
)


def _place(kind: Kind, scope: str) -> Place:
    return Place(ACCOUNT, VAULT, id_bytes(scope), kind)


def _sealed(message: Message) -> SealedRow:
    return seal_message(message, KEY, _place(Kind.MESSAGE, message.session_id))


def _opened(row: SealedRow) -> Message:
    return open_message(row, _place(Kind.MESSAGE, id_text(row.scope)), KEYS)


@given(messages)
def test_a_message_comes_back_the_same(message: Message) -> None:
    """Sealing and opening is the identity, for any text and any part."""
    assert _opened(_sealed(message)) == message


@given(messages.filter(lambda m: len(m.text) > 8))
def test_promise_06_sealed_no_text_of_a_message_is_in_its_row(message: Message) -> None:
    """The row holds ids, times, numbers and sealed bytes; the text is in none of them."""
    row = _sealed(message)

    assert message.text.encode() not in msgspec.msgpack.encode(row)


@given(messages, st.none() | ids)
def test_a_forgotten_message_keeps_its_place_and_nothing_else(
    message: Message, parent: Any
) -> None:
    """Its link, its turn and what it followed stay; who said what is gone."""
    row = _sealed(message)
    place = _place(Kind.MESSAGE, message.session_id)

    gone = seal_forgotten(row, parent, KEY, place)

    assert (gone.state, gone.link, gone.version) == (State.FORGOTTEN, row.link, row.version + 1)
    assert _opened(gone) == Message(
        id=message.id,
        session_id=message.session_id,
        turn_id=message.turn_id,
        seq=message.seq,
        parent_id=parent,
        role="system",
        at=from_ms(to_ms(message.at)),
        forgotten=True,
    )


@given(turns, st.integers(0, 2**31), st.integers(0, 2**40))
def test_a_turn_comes_back_the_same(turn: Turn, owner: int, version: int) -> None:
    """Open turns show their owner and state in plain columns, ended ones none."""
    place = _place(Kind.TURN, turn.session_id)
    row = seal_turn(turn, KEY, place, version=version, owner=owner)

    is_open = turn.status == "open"
    assert open_turn(row, place, KEYS) == turn
    assert (row.state, row.owner) == ((State.OPEN, owner) if is_open else (State.LIVE, None))


@given(session_bodies, ids, st.integers(0, 10**6))
def test_a_session_comes_back_the_same(body: SessionBody, session: str, count: int) -> None:
    """The sealed record and the plain head together make the session."""
    raw = id_bytes(session)
    head = SessionHead(
        session_id=raw, kind="chat", started_ms=1, last_ms=2, messages=count, turns=count
    )
    place = _place(Kind.SESSION, session)
    row = seal_session(body, raw, KEY, place, version=3, at_ms=1)

    assert open_session(row, head, VaultId("v"), place, KEYS) == Session(
        id=id_text(raw),
        vault_id=VaultId("v"),
        kind="chat",
        started_at=from_ms(1),
        last_at=from_ms(2),
        message_count=count,
        turn_count=count,
        **msgspec.structs.asdict(body),
    )


@given(messages)
def test_a_record_sealed_anew_is_the_same_record(message: Message) -> None:
    """Another key, another row version, another link; the same message."""
    new = SealKey(bytes(32))
    place = _place(Kind.MESSAGE, message.session_id)
    row = _sealed(message)

    again = reseal(row, place, KEYS, new, version=row.version + 1)

    assert open_message(again, place, {new.commitment: new}) == message
    assert again.link == link_of(again.sealed) != row.link


MESSAGE = Message(
    id=id_text(bytes([4]) * 16),
    session_id=id_text(bytes([3]) * 16),
    turn_id=id_text(bytes([5]) * 16),
    seq=7,
    role="user",
    text="blue",
    at=datetime(2026, 1, 9, tzinfo=UTC),
)
TURN = Turn(
    id=id_text(bytes([5]) * 16),
    session_id=MESSAGE.session_id,
    index=2,
    status="complete",
    started_at=MESSAGE.at,
)


@pytest.mark.parametrize(
    ("status", "state"), [("open", State.LIVE), ("complete", State.OPEN), ("failed", State.OPEN)]
)
def test_a_turn_whose_plain_state_contradicts_its_sealed_status_is_refused(
    status: Any, state: State
) -> None:
    """Who can write to the database cannot end a turn, or open it again."""
    place = _place(Kind.TURN, TURN.session_id)
    row = seal_turn(replace(TURN, status=status), KEY, place, version=0, owner=1)

    with pytest.raises(TamperedRecord) as caught:
        open_turn(replace(row, state=state), place, KEYS)

    assert (caught.value.kind, caught.value.record_id) == ("turn", TURN.id)


@pytest.mark.parametrize(
    "change",
    [
        {"id": bytes(16)},
        {"ord": 8},
        {"version": 1},
        {"link": bytes(16)},
        {"parent": bytes(16)},
        {"kind": Kind.TURN},
        {"state": State.FORGOTTEN},
    ],
)
def test_promise_08_bound_a_message_with_an_altered_plain_column_is_refused(
    change: dict[str, Any],
) -> None:
    """Id, turn, seq, row version, link and state are bound in the seal or compared with it."""
    row = replace(_sealed(MESSAGE), **change)

    with pytest.raises(TamperedRecord):
        _opened(row)


@pytest.mark.parametrize(
    "change",
    [
        {"state": State.LIVE},
        {"link": bytes(16)},
        {"parent": bytes(16)},
        {"version": 0},
        {"ord": 8},
    ],
)
def test_a_forgotten_message_with_an_altered_plain_column_is_refused(
    change: dict[str, Any],
) -> None:
    """Nobody without the key can say of a message that it was forgotten, or that it was not."""
    place = _place(Kind.MESSAGE, MESSAGE.session_id)
    gone = seal_forgotten(_sealed(MESSAGE), None, KEY, place)

    with pytest.raises(TamperedRecord):
        _opened(replace(gone, **change))


@pytest.mark.parametrize("unsealed", [b"", b"blue", b'{"t":"blue"}', bytes(100)])
def test_an_unsealed_row_is_refused(unsealed: bytes) -> None:
    """There is no way to read a row that is not sealed."""
    with pytest.raises(UnknownEnvelope):
        _opened(replace(_sealed(MESSAGE), sealed=unsealed))


def test_a_failure_names_the_record_and_quotes_nothing() -> None:
    """Kind and id help to repair it; the text of a neighbour stays out of the error."""
    row = _sealed(MESSAGE)
    broken = replace(row, sealed=row.sealed[:-1] + bytes([row.sealed[-1] ^ 1]))

    with pytest.raises(TamperedRecord) as caught:
        _opened(broken)

    assert (caught.value.kind, caught.value.record_id) == ("message", MESSAGE.id)
    assert "blue" not in str(caught.value)


def test_a_body_of_another_kind_is_refused() -> None:
    """An authentic record of another shape is not read as if it were this one."""
    place = Place(ACCOUNT, VAULT, bytes(16), Kind.MEMORY)
    body = SessionBody(title="x")
    row = seal_body(
        body, KEY, place, kind=Kind.MEMORY, scope=bytes(16), record_id=bytes(16), at_ms=0
    )

    with pytest.raises(TamperedRecord):
        open_body(row, place, KEYS, MemoryBody)
