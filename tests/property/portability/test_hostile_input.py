"""Whatever a file holds, reading it ends in values or in an error of ours."""

from __future__ import annotations

import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.errors import HoldfastError
from holdfast.portability.conversations import Broken, Conversation
from holdfast.portability.reader import open_export
from holdfast.portability.scanning import array_elements

KEYS = st.sampled_from(
    ["mapping", "parent", "children", "message", "content", "parts", "author", "role", "id",
     "content_type", "thoughts", "metadata", "attachments", "chat_messages", "uuid", "text",
     "sender", "type", "messages", "session", "create_time", "current_node", "a", "b"]
)  # fmt: skip
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.sampled_from(["a", "b", "user", "assistant", "multimodal_text", "tool_use", "#1", ""])
    | st.text(max_size=5)
)
JSON = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=6),
    max_leaves=25,
)
LINKS = st.none() | st.sampled_from([str(n) for n in range(8)])


def read(path):
    with open_export(path) as reader:
        return list(reader)


@pytest.mark.parametrize("name", ["mapping", "chat_messages", "messages", "chat", "history"])
@given(inside=JSON, beside=st.dictionaries(KEYS, JSON, max_size=4))
def test_any_json_is_read_or_refused(tmp_path, name, inside, beside):
    """Shapes nobody thought of end in a conversation, a Broken item, or an ImportFailed."""
    path = tmp_path / "x.json"
    conversation = {**beside, name: inside, "id": "x", "conversationId": "y"}
    path.write_text(json.dumps([conversation]), encoding="utf-8")

    try:
        found = read(path)
    except HoldfastError:
        return
    assert all(isinstance(one, Conversation | Broken) for one in found)


@given(data=st.binary(max_size=300) | st.text('[]{}",:\\a1 \n').map(str.encode))
def test_any_bytes_are_read_or_refused(tmp_path, data):
    """No byte sequence ends in anything but values or an error of ours."""
    path = tmp_path / "x"
    path.write_bytes(data)

    try:
        read(path)
    except HoldfastError:
        return


@given(parents=st.lists(LINKS, max_size=8), times=st.lists(st.integers(1, 5), min_size=8))
def test_parents_come_before_children_and_rings_are_found(tmp_path, parents, times):
    """A tree is ordered; everything else is one Broken item."""
    nodes = {
        str(n): {
            "parent": parent,
            "message": {
                "author": {"role": "user"},
                "create_time": times[n],
                "content": {"content_type": "text", "parts": [str(n)]},
            },
        }
        for n, parent in enumerate(parents)
    }
    path = tmp_path / "x.json"
    path.write_text(json.dumps([{"id": "c", "mapping": nodes}]))

    (found,) = read(path)

    if _is_tree(parents):
        order = [message.source for message in found.messages]
        assert sorted(order) == sorted(nodes)
        for message in found.messages:
            assert message.parent == nodes[message.source]["parent"]
            assert message.parent is None or order.index(message.parent) < order.index(
                message.source
            )
    else:
        assert isinstance(found, Broken)


def _is_tree(parents):
    for start in range(len(parents)):
        seen, at = set(), str(start)
        while at is not None:
            if at in seen or int(at) >= len(parents):
                return False
            seen.add(at)
            at = parents[int(at)]
    return True


class Drip(io.RawIOBase):
    """A stream that gives pieces of sizes of its own choice."""

    def __init__(self, data, sizes):
        self._data, self._sizes, self._at = data, sizes, 0

    def read(self, size=-1):
        step = self._sizes[self._at % len(self._sizes)]
        self._at += 1
        piece, self._data = self._data[:step], self._data[step:]
        return piece


TRICKY = st.text('\\"[]{},: aé', max_size=12)


@given(
    values=st.lists(st.dictionaries(TRICKY, TRICKY | st.lists(TRICKY), max_size=3), max_size=6),
    sizes=st.lists(st.integers(1, 9), min_size=1, max_size=5),
    ascii_only=st.booleans(),
)
def test_an_array_is_cut_where_it_should_be(values, sizes, ascii_only):
    """Brackets, quotes and backslashes inside strings mislead nobody, however the pieces come."""
    data = json.dumps(values, ensure_ascii=ascii_only).encode()

    cut = array_elements(Drip(data, sizes), "x", max_bytes=10_000, max_depth=100)

    assert [json.loads(element.raw) for element in cut] == values
