"""Claude's export becomes one message per block, linked in order."""

from __future__ import annotations

from datetime import UTC, datetime

from holdfast.model import ToolPart
from unit.portability.export_shapes import (
    claude_conversation,
    claude_message,
    write_json,
    write_zip,
)


def test_messages_follow_each_other(tmp_path, read_one):
    """Names, times and senders are taken; each message follows the one before."""
    conversation = claude_conversation(
        claude_message("m1", "human", "Longest river?"),
        claude_message("m2", "assistant", "The Nile.", created_at="2024-05-01T10:00:09+00:00"),
    )

    found = read_one(write_json(tmp_path / "conversations.json", [conversation]))

    assert (found.source, found.title, found.assistant) == ("claude:u1", "Rivers", "claude")
    assert [(m.source, m.parent, m.role, m.text) for m in found.messages] == [
        ("m1", None, "user", "Longest river?"),
        ("m2", "m1", "assistant", "The Nile."),
    ]
    assert found.messages[1].at == datetime(2024, 5, 1, 10, 0, 9, tzinfo=UTC)


def test_blocks_become_messages_of_their_kind(tmp_path, read_one):
    """Thinking is reasoning; a result finds its call by id, and keeps the failure."""
    blocks = [
        {"type": "thinking", "thinking": "Let me look"},
        {"type": "text", "text": "Looking."},
        {"type": "tool_use", "id": "t1", "name": "search", "input": {"q": "Nile"}},
        {
            "type": "tool_result",
            "tool_use_id": "t1",
            "name": "search",
            "content": [{"type": "text", "text": "no network"}],
            "is_error": True,
        },
        {"type": "token_budget"},
        {"type": "hologram", "text": "6,650 km"},
    ]
    message = claude_message("m1", "assistant", "Looking.", content=blocks)
    path = write_json(tmp_path / "x.json", [claude_conversation(message)])

    found = read_one(path).messages

    assert [(m.source, m.role, m.kind, m.text) for m in found] == [
        ("m1", "assistant", "reasoning", "Let me look"),
        ("m1#1", "assistant", "text", "Looking."),
        ("m1#2", "assistant", "tool_call", ""),
        ("m1#3", "tool", "tool_result", "no network"),
        ("m1#4", "assistant", "text", "6,650 km"),
    ]
    assert [m.parent for m in found] == [None, "m1", "m1#1", "m1#2", "m1#3"]
    assert found[2].tool == ToolPart(name="search", call_id="t1", arguments={"q": "Nile"})
    assert found[3].tool == ToolPart(name="search", call_id="t1", failed=True)
    assert found[2].item is not None
    assert found[2].item in path.read_text()


def test_results_without_ids_find_their_calls_by_order(tmp_path, read_one):
    """Older exports leave the ids out: the first result belongs to the first call of its tool."""
    blocks = [
        {"type": "tool_use", "name": "a", "input": {"n": 1}},
        {"type": "tool_use", "name": "b", "input": {"n": 2}},
        {"type": "tool_result", "name": "b", "content": "two"},
        {"type": "tool_result", "name": "a", "content": "one"},
    ]
    message = claude_message("m", "assistant", "", content=blocks)

    found = read_one(write_json(tmp_path / "x.json", [claude_conversation(message)])).messages

    call_ids = [m.tool.call_id for m in found]
    assert call_ids == [call_ids[0], call_ids[1], call_ids[1], call_ids[0]]


def test_attachments_bring_their_extracted_text(tmp_path, read_one):
    """The question comes first, then the files; the export has their text and not their bytes."""
    message = claude_message(
        "m1",
        "human",
        "Summarise",
        attachments=[
            {"file_name": "notes.txt", "file_type": "txt", "extracted_content": "Buy milk"}
        ],
        files=[{"file_name": "../photo.jpg"}],
    )

    text, notes, photo = read_one(
        write_json(tmp_path / "x.json", [claude_conversation(message)])
    ).messages

    assert (text.kind, text.text) == ("text", "Summarise")
    assert (notes.kind, notes.text, notes.file.media_type) == ("file", "Buy milk", "text/plain")
    assert (photo.file.name, photo.file.data, photo.parent) == ("photo.jpg", None, "m1#1")


def test_text_without_blocks_is_kept(tmp_path, read_one):
    """Exports from before blocks have the text alone."""
    message = claude_message("m1", "human", "Old", content=[])

    (found,) = read_one(write_json(tmp_path / "x.json", claude_conversation(message))).messages

    assert found.text == "Old"


def test_parents_make_branches(tmp_path, read_one):
    """Newer exports name parents, with a fixed id for the place before the first message."""
    root = "00000000-0000-4000-8000-000000000000"
    conversation = claude_conversation(
        claude_message("q", "human", "Hi", parent_message_uuid=root),
        claude_message("a1", "assistant", "1", parent_message_uuid="q"),
        claude_message("a2", "assistant", "2", parent_message_uuid="q"),
        current_leaf_message_uuid="a1",
    )

    found = read_one(write_json(tmp_path / "x.json", [conversation]))

    assert [(m.source, m.parent) for m in found.messages] == [
        ("q", None),
        ("a1", "q"),
        ("a2", "q"),
    ]
    assert found.head == "a1"


def test_the_zip_is_read_without_its_other_files(tmp_path, read_one):
    """Users, projects and memories of the export are no conversations."""
    path = write_zip(
        tmp_path / "data.zip",
        {
            "conversations.json": [claude_conversation(claude_message("m", "human", "x"))],
            "users.json": [{"uuid": "acc", "full_name": "Ada"}],
            "projects.json": [{"uuid": "p", "name": "n", "docs": []}],
        },
    )

    assert read_one(path).source == "claude:u1"
