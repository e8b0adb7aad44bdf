"""What is written to a bundle, or to JSON, reads back equal, whatever was said."""

from __future__ import annotations

from datetime import UTC, datetime
from hashlib import sha256
from io import BytesIO
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from holdfast.model import (
    FilePart,
    Memory,
    Message,
    Session,
    Source,
    Speech,
    ToolPart,
    Turn,
)
from holdfast.portability.bundle import BundledSession, BundleWriter
from holdfast.portability.bundle_reader import BundleReader
from holdfast.portability.exported import Exported
from holdfast.portability.json_export import write_json
from holdfast.portability.reader import open_export

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
MAYBE = st.none() | TEXT
NUMBER = st.integers(0, 2**31)
TIME = st.datetimes(datetime(1970, 1, 2), datetime(9999, 1, 1), timezones=st.just(UTC))
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)
TOOL = st.builds(
    ToolPart, name=TEXT, call_id=TEXT, parent_call_id=MAYBE, arguments=JSON, result=JSON
)
SPEECH = st.builds(Speech, engine=MAYBE, language=MAYBE, duration_s=st.none() | st.floats(0, 1e6))
FILE = st.builds(
    lambda data, name: (
        FilePart(
            id="f",
            name=name,
            media_type="text/plain",
            size=len(data),
            sha256=sha256(data).hexdigest(),
        ),
        data,
    ),
    st.binary(max_size=50),
    TEXT,
)
MEMORY = st.builds(
    Memory,
    id=TEXT,
    kind=st.sampled_from(["fact", "preference", "summary", "episode", "note"]),
    text=TEXT,
    tags=st.lists(TEXT, max_size=2).map(tuple),
    importance=st.integers(1, 10),
    created_at=TIME,
    valid_from=st.none() | TIME,
    valid_to=st.none() | TIME,
    supersedes=MAYBE,
    sources=st.lists(
        st.builds(Source, session_id=TEXT, message_id=TEXT, start=st.none() | NUMBER), max_size=2
    ).map(tuple),
)


def turns_of(name):
    return st.builds(
        Turn,
        id=TEXT,
        session_id=st.just(name),
        index=NUMBER,
        status=st.sampled_from(["open", "complete", "failed", "cancelled", "interrupted"]),
        started_at=TIME,
        ended_at=st.none() | TIME,
        intent=MAYBE,
        intent_confidence=st.none() | st.floats(0, 1),
        entities=st.dictionaries(TEXT, JSON, max_size=2),
        tags=st.lists(TEXT, max_size=2).map(tuple),
        client_key=MAYBE,
    )


def messages_of(name):
    return st.builds(
        Message,
        id=TEXT,
        session_id=st.just(name),
        turn_id=TEXT,
        seq=NUMBER,
        parent_id=MAYBE,
        role=st.sampled_from(["user", "assistant", "tool", "system"]),
        kind=st.sampled_from(["text", "tool_call", "tool_result", "audio", "reasoning", "error"]),
        text=TEXT,
        at=TIME,
        author=MAYBE,
        tool=st.none() | TOOL,
        speech=st.none() | SPEECH,
        item=MAYBE,
        forgotten=st.booleans(),
    )


def session_of(name):
    return st.builds(
        BundledSession,
        session=st.builds(
            Session,
            id=st.just(name),
            vault_id=TEXT,
            title=TEXT,
            tags=st.lists(TEXT, max_size=2).map(tuple),
            source=MAYBE,
            head=MAYBE,
            started_at=TIME,
            last_at=TIME,
            message_count=NUMBER,
        ),
        turns=st.lists(turns_of(name), max_size=2).map(tuple),
        messages=st.lists(messages_of(name), max_size=3).map(tuple),
    )


SESSIONS = st.lists(TEXT, unique=True, max_size=4).flatmap(
    lambda names: st.tuples(*map(session_of, names))
)


@given(sessions=SESSIONS, memories=st.lists(MEMORY, max_size=3), files=st.lists(FILE, max_size=3))
def test_a_bundle_reads_back_equal(tmp_path, sessions, memories, files):
    """Export and import of a bundle is the identity on sessions, memories and files."""
    path = tmp_path / "x.zip"
    with BundleWriter(path, created_at=datetime(2026, 1, 9, tzinfo=UTC)) as writer:
        for one in sessions:
            writer.add_session(one.session, one.turns, one.messages)
        for memory in memories:
            writer.add_memory(memory)
        for part, data in files:
            writer.add_file(part, data)

    with BundleReader(path) as reader:
        assert tuple(reader.sessions()) == sessions
        assert reader.memories() == memories
        assert all(reader.file(part.sha256) == data for part, data in files)


def _id(*places):
    return str(UUID(bytes=sha256(repr(places).encode()).digest()[:16]))


def _kept(number, bundled):
    """The same with ids and links as the recorder gives them: parents before children."""
    session_id = _id("session", number)
    turns = [
        replace(turn, id=_id("turn", number, at), session_id=session_id)
        for at, turn in enumerate(bundled.turns or [_TURN])
    ]
    messages = [
        replace(
            message,
            id=_id("message", number, at),
            session_id=session_id,
            turn_id=turns[at % len(turns)].id,
            parent_id=None if at % 2 else _id("message", number, at - 1) if at else None,
        )
        for at, message in enumerate(bundled.messages)
    ]
    head = messages[-1].id if messages and bundled.session.head else None
    session = replace(bundled.session, id=session_id, head=head)
    return BundledSession(session=session, turns=tuple(turns), messages=tuple(messages))


_TURN = Turn(
    id="", session_id="", index=0, status="complete", started_at=datetime(2026, 1, 9, tzinfo=UTC)
)


@given(sessions=SESSIONS, memories=st.lists(MEMORY, max_size=3))
def test_json_reads_back_equal(tmp_path, sessions, memories):
    """Export as JSON and reading it back is the identity on all that JSON can carry."""
    kept = [_kept(number, bundled) for number, bundled in enumerate(sessions)]
    target = BytesIO()
    write_json(
        target,
        Exported(
            exported_at=datetime(2026, 1, 9, tzinfo=UTC), sessions=iter(kept), memories=memories
        ),
    )
    path = tmp_path / "x.json"
    path.write_bytes(target.getvalue())

    with open_export(path) as reader:
        assert list(reader.bundle.sessions()) == kept
        assert reader.bundle.memories() == memories
