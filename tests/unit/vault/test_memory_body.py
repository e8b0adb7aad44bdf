"""What is sealed of a memory: all of it comes back, and what was sealed before still opens."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from holdfast.clock import id_bytes, id_text
from holdfast.keeper.remembered import memory_body, to_memory
from holdfast.model import Memory, MemoryId, MessageId, SessionId, Source
from holdfast.storage.protocol import NO_SCOPE, Kind, SealedRow
from holdfast.vault.codec import MemoryBody

ids = st.binary(min_size=16, max_size=16).map(id_text)
texts = st.text(st.characters(codec="utf-8"), max_size=30)
times = st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))
sources = st.builds(
    Source,
    session_id=ids.map(SessionId),
    message_id=ids.map(MessageId),
    start=st.none() | st.integers(0, 99),
    end=st.none() | st.integers(0, 99),
    at=st.none() | times,
)
memories = st.builds(
    Memory,
    id=ids.map(MemoryId),
    kind=st.sampled_from(["fact", "preference", "summary", "episode", "note"]),
    text=texts,
    tags=st.lists(texts, max_size=3).map(tuple),
    importance=st.integers(1, 10),
    assistant=st.none() | texts,
    session_id=st.none() | ids.map(SessionId),
    created_at=times,
    valid_from=st.none() | times,
    valid_to=st.none() | times,
    supersedes=st.none() | ids.map(MemoryId),
    sources=st.lists(sources, max_size=3).map(tuple),
    pinned=st.booleans(),
    subject=texts,
    attribute=texts,
    value=texts,
    origin=st.sampled_from(["said", "assistant", "tool", "file", "import", "hand"]),
    made_by=texts,
    corrected=st.booleans(),
    closed_by=st.none() | sources,
)


def _row(memory_id: str) -> SealedRow:
    return SealedRow(
        kind=Kind.MEMORY, scope=NO_SCOPE, ord=0, id=id_bytes(memory_id), at_ms=0, sealed=b""
    )


@given(memories)
def test_a_memory_comes_back_whole(memory: Memory) -> None:
    """Every field that a memory has is sealed and read again."""
    packed = msgspec.msgpack.encode(memory_body(memory))
    body = msgspec.msgpack.decode(packed, type=MemoryBody)

    assert to_memory(_row(memory.id), body) == memory


def test_a_memory_that_was_sealed_before_still_opens() -> None:
    """A body without the later fields: they take the values that change nothing."""
    at = datetime(2026, 1, 9, tzinfo=UTC)
    source = {"session_id": id_text(bytes(16)), "message_id": id_text(bytes(16)), "start": 1}
    old: dict[str, Any] = {"kind": "fact", "text": "t", "created_at": at, "sources": [source]}

    body = msgspec.msgpack.decode(msgspec.msgpack.encode(old), type=MemoryBody)
    memory = to_memory(_row(id_text(bytes(16))), body)

    assert (memory.pinned, memory.corrected, memory.closed_by) == (False, False, None)
    assert (memory.subject, memory.attribute, memory.value, memory.made_by) == ("", "", "", "")
    assert (memory.origin, memory.sources[0].at) == ("said", None)
