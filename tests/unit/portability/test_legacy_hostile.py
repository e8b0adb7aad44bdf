"""Stores built to do harm, or of any JSON at all: read, named as broken, or refused."""

from __future__ import annotations

import io
import json
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from holdfast.errors import HoldfastError, HostileFile, ImportFailed
from holdfast.portability.conversations import Broken, Conversation, ImportedMemory
from holdfast.portability.limits import Limits
from holdfast.portability.reader import open_export
from holdfast.vault.foreign import ForeignKey
from unit.portability.export_shapes import write_json
from unit.portability.legacy_shapes import AGENT_ITEMS, agent_database, blob, said

_ITEM = ["role", "content", "type", "data", "sender", "message", "timestamp", "id", "text"]
_TOOL = ["call_id", "name", "arguments", "output", "summary", "user_message", "ai_response"]
_STORE = ["session_id", "message_data", "key", "value", "memory", "memory_id", "event", "metadata"]
_LISTS = ["new_memory", "results", "messages", "general_chat", "ai_conversation", "user_id"]
_NAMES = st.sampled_from([*_ITEM, *_TOOL, *_STORE, *_LISTS])
_WORDS = ["user", "ai", "function_call", "reasoning", "2026-01-09T10:00:00", "-1", "", "\x00"]
_LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.sampled_from([*_WORDS, "ADD", '{"role": "user", "content": "x"}', "[1]", "{"])
)
_VALUES = st.recursive(
    _LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_NAMES, inner, max_size=4)
)


class InMemory:
    """Bytes as the server holds an upload."""

    def __init__(self, data: bytes) -> None:
        self.name = "upload"
        self.size = len(data)
        self._data = data

    def open(self) -> Any:
        """A reader of its own."""
        return io.BytesIO(self._data)


def _read(origin, **more):
    with open_export(origin, **more) as reader:
        return list(reader)


@given(value=st.lists(st.dictionaries(_NAMES, _VALUES, max_size=5), min_size=1, max_size=4))
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@pytest.mark.parametrize("form", ["array", "lines", "blob", "redis"])
def test_any_json_is_read_or_refused(form, value):
    """No shape of it raises anything but a typed error."""
    strings = [json.dumps(one) for one in value]
    data = {
        "array": json.dumps(value),
        "lines": "\n".join(strings),
        "blob": json.dumps(blob(value)),
        "redis": json.dumps({"chat:a:b": strings}),
    }[form]

    try:
        items = _read(InMemory(data.encode()))
    except HoldfastError:
        return

    assert all(isinstance(one, Conversation | ImportedMemory | Broken) for one in items)


@given(position=st.integers(0, 20_000), byte=st.integers(0, 255))
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_a_database_with_any_byte_changed_is_read_or_refused(tmp_path, position, byte):
    """Damage ends in a typed error, never in one of the driver's."""
    path = tmp_path / "x"
    if not path.exists():
        agent_database(path, {"s": AGENT_ITEMS * 10, "t": AGENT_ITEMS})
    data = bytearray(path.read_bytes())
    data[position % len(data)] = byte

    try:
        items = _read(InMemory(bytes(data)))
    except HoldfastError:
        return

    assert all(isinstance(one, Conversation | Broken) for one in items)


def test_an_uploaded_database_is_read_like_a_file(tmp_path):
    """Also one in WAL mode, which a database in memory cannot be."""
    path = agent_database(tmp_path / "x", {"s": AGENT_ITEMS})
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")

    (found,) = _read(InMemory(path.read_bytes()))

    assert len(found.messages) == len(AGENT_ITEMS)


def test_what_stands_in_the_write_ahead_log_is_read_too(tmp_path):
    """The SDK uses WAL: its latest items may stand beside the file only."""
    path = agent_database(tmp_path / "x", {"s": AGENT_ITEMS})
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute(
            "INSERT INTO agent_messages (session_id, message_data) VALUES ('s', ?)",
            [json.dumps({"role": "user", "content": "latest"})],
        )
        connection.commit()

        (found,) = _read(path)

    assert found.messages[-1].text == "latest"


def test_a_database_that_calls_functions_when_it_is_read_is_refused(tmp_path):
    """Columns that are computed could cost anything."""
    path = tmp_path / "x"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(
            "CREATE TABLE agent_messages (id INTEGER PRIMARY KEY, session_id TEXT, "
            "created_at TEXT, message_data AS (upper(session_id)))"
        )
        connection.execute("INSERT INTO agent_messages (session_id) VALUES ('s')")

    with pytest.raises(HostileFile):
        _read(path)


@pytest.mark.parametrize(
    "deep",
    [
        "[" * 5000 + "]" * 5000,
        json.dumps(blob([said("user", "x", extra=None)])).replace("null", "[" * 500 + "]" * 500),
    ],
)
def test_nesting_over_the_limit_is_refused(deep):
    """Before it is decoded."""
    try:
        items = _read(InMemory(deep.encode()))
    except ImportFailed:
        return

    assert [one.code for one in items] == ["hostile_file"]


def test_an_item_of_the_sdk_nested_too_deeply_is_named(tmp_path):
    """The rest of the file comes in."""
    deep: Any = "x"
    for _ in range(200):
        deep = [deep]
    sessions = {"s": [{"role": "user", "content": deep}], "t": AGENT_ITEMS}

    broken, good = _read(agent_database(tmp_path / "x", sessions))

    assert (broken.place, broken.code) == ("x, session 1", "hostile_file")
    assert isinstance(good, Conversation)


def test_a_chat_log_over_the_limit_is_refused(tmp_path):
    """An array is read as a whole, so that it has a limit."""
    path = write_json(tmp_path / "x", [said("user", "x" * 500, n % 60) for n in range(50)])

    items = _read(path, limits=Limits(max_conversation_bytes=5000))

    assert [one.code for one in items if isinstance(one, Broken)] == ["hostile_file"]
    assert not any(isinstance(one, Conversation) for one in items)


@pytest.mark.parametrize("secret", ["", "\n", b""])
def test_an_empty_key_is_no_key(secret):
    """It would open whatever was sealed under nothing."""
    with pytest.raises(HoldfastError, match="empty"):
        ForeignKey(secret)


def test_times_out_of_range_lose_nothing_but_themselves(tmp_path):
    """A clock that was wrong is no reason to lose what was said."""
    items = [{"role": "user", "content": "x", "timestamp": at} for at in (1e300, -5, "no", None)]

    (found,) = _read(write_json(tmp_path / "x", blob([items[0], said("user", "y"), *items[1:]])))

    assert [m.text for m in found.messages] == ["x", "y", "x", "x", "x"]
    assert found.messages[-1].at == datetime(2026, 1, 9, 10, 0, tzinfo=UTC)


def test_half_a_surrogate_pair_inside_an_item_is_mended(tmp_path):
    """As everywhere: it becomes U+FFFD, and nothing else changes."""
    path = tmp_path / "x"
    path.write_text('[{"role": "user", "content": "\\ud83d!"}]')

    (found,) = _read(path)

    assert [m.text for m in found.messages] == ["\ufffd!"]


def test_bytes_that_are_no_text_inside_an_item_are_named(tmp_path):
    """Neither guessed nor skipped."""
    path = tmp_path / "x"
    path.write_bytes(b'[{"role": "user", "content": "a\xff"}, {"role": "user", "content": "b"}]')

    items = _read(path)

    assert [type(one) for one in items] == [Broken, Conversation]
