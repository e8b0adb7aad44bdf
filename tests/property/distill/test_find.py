"""Whatever is said, spans are exact, reading in parts is reading at once, and time is bounded."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from types import FrameType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.distill.finding import find
from holdfast.distill.titles import MAX_TITLE, title_of
from holdfast.model import Message, MessageId, SessionId, TurnId

_NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
_SAID = (
    "my favourite colour is |blue|I live in |Oslo|I no longer like |tea| and |actually it is | now|"
    'remember that |"|“|”|```\n|\n|. |, |? |/s|just kidding|'
    "she said |if |I'm allergic to |nuts, "
    "eggs|ich wohne in |Köln|let's roleplay |🎉|İ|ﬁ|e\u0301|\u202e|\x00|my sister Mia works as a |"
    "nurse|"
    "I prefer | over |From: a\n|> |    |I’m |don't forget |it's |ß|ich heiße |end of roleplay "
)
_PIECES = _SAID.split("|")
_TEXTS = st.lists(st.sampled_from(_PIECES) | st.text(max_size=8), max_size=14).map("".join)
_ROLES = st.sampled_from(["user", "user", "user", "assistant", "tool", "system"])
_KINDS = st.sampled_from(["text", "text", "audio", "file", "tool_result", "reasoning"])


@st.composite
def _conversations(draw: Any) -> list[Message]:
    return [
        Message(
            id=MessageId(str(index)),
            session_id=SessionId("s"),
            turn_id=TurnId("t"),
            seq=index,
            role=draw(_ROLES),
            kind=draw(_KINDS),
            text=draw(_TEXTS),
            at=_NOON + timedelta(minutes=index),
            source=draw(st.sampled_from([None, None, "chatgpt:1"])),
        )
        for index in range(draw(st.integers(0, 5)))
    ]


@given(_conversations())
def test_every_memory_stands_where_it_says(messages: list[Message]) -> None:
    """In a message that the user wrote or spoke, at its span, with its value in its quote."""
    by_id = {message.id: message for message in messages}
    finding = find(messages)
    for found in finding.found:
        message, source = by_id[found.source.message_id], found.source
        assert (message.role, message.kind in ("text", "audio")) == ("user", True)
        assert message.text[source.start : source.end] == found.quote != ""
        assert found.ended in found.quote
        assert 1 <= found.importance <= 10
        assert found.text.strip()
        assert not (found.kind == "preference" and found.origin == "import")
        assert not (found.ends and found.value)
    for dropped in finding.dropped:
        assert dropped.source.start is not None
        assert dropped.source.end is not None
        text = by_id[dropped.source.message_id].text
        assert 0 <= dropped.source.start < dropped.source.end <= len(text)


@given(_conversations(), st.integers(0, 5))
def test_reading_in_two_parts_finds_what_reading_at_once_finds(
    messages: list[Message], cut: int
) -> None:
    """But for a joke of the first part: the second tells that it was taken back."""
    whole, first = find(messages), find(messages[:cut])
    second = find(messages[cut:], before=messages[:cut])
    jokes = {dropped.source for dropped in second.dropped if dropped.reason == "joke"}
    kept = tuple(found for found in first.found if found.source not in jokes)

    assert kept + second.found == whole.found


@given(_conversations())
def test_the_same_messages_always_give_the_same(messages: list[Message]) -> None:
    """Nothing of one reading is left for the next; a title is short, whatever is said."""
    assert find(messages) == find(messages)
    title = title_of(messages)
    assert len(title) <= MAX_TITLE
    assert "\n" not in title


def _megabyte(piece: str) -> str:
    return (piece * (1_000_000 // len(piece) + 1))[:1_000_000]


def _calls(work: Callable[[], object]) -> int:
    """Function calls that `work` makes: its cost, whatever else the machine does."""
    count = 0

    def count_call(_frame: FrameType, event: str, _argument: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(count_call)
    try:
        work()
    finally:
        sys.setprofile(before)
    return count


@pytest.mark.parametrize(
    "piece",
    ["a", " ", "\n", ",", '"', "my favourite ", "I live in ", "I love a and my ", "no, wait, ",
     "I prefer a over ", "I live in Oslo. ", "A: I live in Oslo\n",
     "well, ", "kidding ", "\x00", "my " * 99],
)  # fmt: skip
def test_a_megabyte_costs_no_more_than_what_is_read_of_it(piece: str) -> None:
    """Hostile repetition is read up to the limit, and no further in any part."""
    message = Message(
        id=MessageId("m"), session_id=SessionId("s"), turn_id=TurnId("t"), seq=0, role="user",
        text=_megabyte(piece), at=_NOON,
    )  # fmt: skip
    find([message])

    assert _calls(lambda: find([message])) < 1_500_000
