"""JSON Lines: one message or one conversation a line."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from holdfast.errors import HostileFile
from holdfast.portability.conversations import Broken, ImportedMessage
from holdfast.portability.limits import Limits
from holdfast.portability.reader import open_export
from unit.portability.export_shapes import write_lines, write_zip


def test_one_message_a_line(tmp_path, read_one):
    """Every documented member is taken."""
    path = write_lines(
        tmp_path / "x.jsonl",
        {
            "session": "trip",
            "role": "user",
            "text": "Hello",
            "at": "2026-01-09T11:00:00+01:00",
            "author": "Ada",
            "id": "m1",
            "title": "Oslo",
        },
        {"session": "trip", "role": "assistant", "content": "Hei", "model": "small"},
    )

    found = read_one(path)

    at = datetime(2026, 1, 9, 10, tzinfo=UTC)
    assert (found.source, found.title) == ("jsonl:trip", "Oslo")
    assert found.messages == (
        ImportedMessage(source="m1", role="user", text="Hello", at=at, author="Ada"),
        ImportedMessage(
            source="#2", parent="m1", role="assistant", text="Hei", at=at, model="small"
        ),
    )


def test_sessions_may_be_interleaved(tmp_path, read_all):
    """Lines of several sessions in turn are put together, also without a final line end."""
    path = write_lines(
        tmp_path / "x.jsonl",
        *({"session": f"s{n % 3}", "role": "user", "text": str(n)} for n in range(9)),
    )
    path.write_bytes(path.read_bytes().rstrip(b"\n"))

    found = read_all(path)

    assert [[m.text for m in one.messages] for one in found] == [
        ["0", "3", "6"],
        ["1", "4", "7"],
        ["2", "5", "8"],
    ]


def test_interleaved_sessions_in_a_zip_are_refused_with_a_way_out(tmp_path, read_all):
    """Going back in a ZIP means unpacking it again: a file could make that quadratic."""
    path = write_lines(
        tmp_path / "x.jsonl",
        *({"session": f"s{n % 2}", "role": "user", "text": "x" * 400_000} for n in range(6)),
    )
    packed = write_zip(tmp_path / "x.zip", {"x.jsonl": path.read_bytes()})

    with pytest.raises(HostileFile, match="unpack the ZIP"):
        read_all(packed, Limits(max_ratio=10_000))


def test_one_conversation_a_line(tmp_path, read_all):
    """Explicit parents make branches; null begins anew."""
    path = write_lines(
        tmp_path / "x.jsonl",
        {
            "id": 7,
            "title": "One",
            "tags": ["a"],
            "messages": [
                {"id": "q", "role": "human", "text": "?"},
                {"id": "a", "role": "ai", "text": "!"},
                {"id": "b", "role": "assistant", "text": "!!", "parent": "q"},
            ],
        },
        {"id": "two", "messages": [{"role": "user", "text": "x"}]},
    )

    first, second = read_all(path)

    assert (first.source, first.title, first.tags) == ("jsonl:7", "One", ("a",))
    assert [(m.role, m.parent) for m in first.messages] == [
        ("user", None),
        ("assistant", "q"),
        ("assistant", "q"),
    ]
    assert second.source == "jsonl:two"


@pytest.mark.parametrize(
    "line",
    [
        {"session": "s", "role": "robot", "text": "x"},
        {"session": "s", "role": "user", "text": 7},
        {"session": "s", "role": "user", "text": "x", "id": "m", "parent": "gone"},
        {"role": "user", "text": "x"},
    ],
)
def test_a_line_that_cannot_be_taken_is_reported_with_its_number(tmp_path, read_all, line):
    """The place is the line; the other sessions are read."""
    good = {"session": "good", "role": "user", "text": "x"}
    path = write_lines(tmp_path / "x.jsonl", good, line)

    broken = [one for one in read_all(path) if isinstance(one, Broken)]

    assert [one.place for one in broken] == ["x.jsonl, line 2"]


@pytest.mark.parametrize("gap", ["", "\n", "\n\n\n"])
def test_the_line_of_the_message_at_fault_is_named(tmp_path, read_all, gap):
    """Not the line its session begins in; blank lines and other sessions count as lines."""
    good = {"session": "s", "role": "user", "text": "x"}
    path = write_lines(
        tmp_path / "x.jsonl", good, {**good, "session": "t"}, good, {**good, "role": "robot"}
    )
    path.write_text(path.read_text().replace("\n", "\n" + gap))

    (broken,) = (one for one in read_all(path) if isinstance(one, Broken))

    assert broken.place == f"x.jsonl, line {4 + 3 * len(gap)}"
    assert "begins in line 1" in broken.reason


def test_the_message_at_fault_in_a_conversation_is_counted(tmp_path, read_all):
    """A conversation on one line names the message."""
    good = {"role": "user", "text": "x"}
    whole = {"id": "c", "messages": [good, good, {**good, "role": "robot"}]}

    (broken,) = read_all(write_lines(tmp_path / "x.jsonl", whole))

    assert (broken.place, broken.reason.split(" has ")[0]) == ("x.jsonl, line 1", "message 3")


def test_the_progress_reaches_its_end(tmp_path):
    """What has been read ends at the total, once, although the file is read twice."""
    path = write_lines(
        tmp_path / "x.jsonl",
        *({"session": f"s{n // 50}", "role": "user", "text": "x" * 100} for n in range(5000)),
    )

    with open_export(path) as reader:
        seen = [reader.bytes_read for _ in reader]

        assert seen == sorted(seen)
        assert reader.bytes_read == reader.total_bytes == path.stat().st_size
