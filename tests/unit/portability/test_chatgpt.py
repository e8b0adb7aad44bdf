"""ChatGPT's export becomes messages without losing its branches, tools or files."""

from __future__ import annotations

from datetime import UTC, datetime

from holdfast.model import ToolPart
from holdfast.portability.conversations import ImportedMessage
from unit.portability.export_shapes import (
    gpt_conversation,
    gpt_message,
    gpt_node,
    write_json,
    write_zip,
)


def content(kind, **more):
    return {"content": {"content_type": kind, **more}}


def test_a_question_and_its_answer_become_two_linked_messages(tmp_path, read_one):
    """The placeholder at the root vanishes; ids, order, times and links stay."""
    found = read_one(write_json(tmp_path / "conversations.json", [gpt_conversation()]))

    assert found.source == "chatgpt:c1"
    assert (found.title, found.head, found.platform) == ("Colours", "a", "chatgpt")
    assert found.messages == (
        ImportedMessage(
            source="q",
            role="user",
            text="What is blue?",
            at=datetime.fromtimestamp(1_700_000_000, UTC),
        ),
        ImportedMessage(
            source="a",
            parent="q",
            role="assistant",
            text="A colour.",
            at=datetime.fromtimestamp(1_700_000_005.5, UTC),
        ),
    )


def test_regenerated_answers_are_branches_by_time(tmp_path, read_one):
    """Siblings come by time, then by position, each branch as a whole; the head is kept."""
    conversation = gpt_conversation(
        gpt_node("q", None, gpt_message("user", "Hi")),
        gpt_node("late", "q", gpt_message("assistant", "2", create_time=1_700_000_020)),
        gpt_node("early", "q", gpt_message("assistant", "1", create_time=1_700_000_010)),
        gpt_node("then", "early", gpt_message("user", "And?", create_time=1_700_000_030)),
        current_node="late",
    )

    found = read_one(write_json(tmp_path / "x.json", [conversation]))

    assert [(m.source, m.parent) for m in found.messages] == [
        ("q", None),
        ("early", "q"),
        ("then", "early"),
        ("late", "q"),
    ]
    assert found.head == "late"


def test_a_tool_call_and_its_result_are_linked_and_kept_verbatim(tmp_path, read_one):
    """Calls are known by their recipient; the provider's item stays byte for byte."""
    call = gpt_message("assistant", '{"q": "fjords"}', recipient="browser.search")
    result = gpt_message(
        "tool",
        "",
        author={"role": "tool", "name": "browser.search"},
        **content("execution_output", text="3 hits"),
    )
    conversation = gpt_conversation(
        gpt_node("q", None, gpt_message("user", "Fjords?")),
        gpt_node("c", "q", call),
        gpt_node("r", "c", result),
    )
    path = write_json(tmp_path / "x.json", [conversation])

    _, called, returned = read_one(path).messages

    assert called.kind == "tool_call"
    assert called.tool == ToolPart(name="browser.search", call_id="c", arguments={"q": "fjords"})
    assert (returned.kind, returned.role, returned.text) == ("tool_result", "tool", "3 hits")
    assert returned.tool == ToolPart(name="browser.search", call_id="c")
    assert called.item is not None
    assert called.item in path.read_text()


def test_every_content_type_becomes_its_kind(tmp_path, read_one):
    """Thoughts are reasoning, errors are errors, instructions are the system's."""
    kinds = {
        "thoughts": content("thoughts", thoughts=[{"summary": "Plan", "content": "First"}]),
        "recap": content("reasoning_recap", content="Thought for 5 s"),
        "error": content("system_error", name="RateLimit", text="Slow down"),
        "custom": content(
            "user_editable_context", user_profile="I sail", user_instructions="Short"
        ),
        "future": content("hologram", text="It is here"),
    }
    nodes, before = [], None
    for name, more in kinds.items():
        nodes.append(gpt_node(name, before, gpt_message("assistant", "", **more)))
        before = name

    found = read_one(write_json(tmp_path / "x.json", [gpt_conversation(*nodes)]))

    assert [(m.role, m.kind, m.text, m.error_code) for m in found.messages] == [
        ("assistant", "reasoning", "Plan\nFirst", None),
        ("assistant", "reasoning", "Thought for 5 s", None),
        ("assistant", "error", "Slow down", "RateLimit"),
        ("system", "text", "I sail\n\nShort", None),
        ("assistant", "text", "It is here", None),
    ]


def test_files_come_with_their_bytes_from_the_zip(tmp_path):
    """A pointer finds its file by id; what follows hangs on the last part."""
    from holdfast.portability.reader import open_export

    picture = {"content_type": "image_asset_pointer", "asset_pointer": "file-service://file-Ab1"}
    attachments = {"attachments": [{"id": "file-Zz9", "name": "../../etc/notes.txt"}]}
    question = gpt_message(
        "user",
        "",
        **content("multimodal_text", parts=["Look", picture]),
        metadata=attachments,
    )
    conversation = gpt_conversation(
        gpt_node("q", None, question), gpt_node("a", "q", gpt_message("assistant", "Nice"))
    )
    path = write_zip(
        tmp_path / "export.zip",
        {"conversations.json": [conversation], "file-Ab1-boat.png": b"\x89PNG", "user.json": {}},
    )

    with open_export(path) as reader:
        (found,) = reader
        text, boat, notes, answer = found.messages
        assert (text.kind, text.text) == ("text", "Look")
        assert (boat.kind, boat.parent) == ("file", "q")
        assert (boat.file.name, boat.file.media_type) == ("boat.png", "image/png")
        assert boat.file.read() == b"\x89PNG"
        assert (notes.file.name, notes.file.read()) == ("notes.txt", None)
        assert answer.parent == notes.source


def test_a_spoken_message_is_one_message_with_its_transcript(tmp_path, read_one):
    """The transcript and the recording beside it belong together."""
    parts = [
        {"content_type": "audio_transcription", "text": "Good morning", "direction": "in"},
        {
            "content_type": "real_time_user_audio_video_asset_pointer",
            "audio_asset_pointer": {
                "content_type": "audio_asset_pointer",
                "asset_pointer": "sediment://file_00a",
            },
        },
    ]
    spoken = gpt_message("user", "", **content("multimodal_text", parts=parts))
    path = write_json(tmp_path / "x.json", [gpt_conversation(gpt_node("q", None, spoken))])

    (found,) = read_one(path).messages

    assert (found.kind, found.text, found.file.name) == ("audio", "Good morning", "file_00a")


def test_times_may_be_floats_strings_or_missing(tmp_path, read_one):
    """A missing or impossible time is inherited from what came before."""
    times = [1_700_000_000.5, "1700000001", "2023-11-14T22:13:22Z", None, 1e30, -5]
    nodes, before = [], None
    for number, time in enumerate(times):
        nodes.append(gpt_node(str(number), before, gpt_message("user", "x", create_time=time)))
        before = str(number)

    found = read_one(write_json(tmp_path / "x.json", [gpt_conversation(*nodes)]))

    last = datetime.fromtimestamp(1_700_000_002, UTC)
    assert [m.at for m in found.messages] == [
        datetime.fromtimestamp(1_700_000_000.5, UTC),
        datetime.fromtimestamp(1_700_000_001, UTC),
        last,
        last,
        last,
        last,
    ]


def test_split_exports_are_read_in_the_order_of_their_names(tmp_path, read_all):
    """conversations-000.json and on are one export; its other files are no conversations."""
    path = write_zip(
        tmp_path / "export.zip",
        {
            "conversations-001.json": [gpt_conversation(conversation_id="second")],
            "conversations-000.json": [gpt_conversation(conversation_id="first")],
            "export_manifest.json": {"files": ["conversations-000.json"]},
            "message_feedback.json": [{"id": "f", "rating": "up"}],
            "shared_conversations.json": [],
            "user.json": {"id": "user-1"},
            "chat.html": b"<html></html>",
        },
    )

    assert [one.source for one in read_all(path)] == ["chatgpt:first", "chatgpt:second"]


def test_an_unpacked_folder_reads_like_the_zip(tmp_path, read_one):
    """The same files in a folder give the same conversation."""
    write_json(tmp_path / "conversations.json", [gpt_conversation()])
    write_json(tmp_path / "user.json", {"id": "user-1"})

    assert read_one(tmp_path).source == "chatgpt:c1"


def test_a_single_conversation_is_an_export_too(tmp_path, read_one):
    """Browser tools save one conversation as one object, indented or not."""
    path = tmp_path / "one.json"
    import json

    path.write_text(json.dumps(gpt_conversation(), indent=2))
    indented = read_one(path)
    path.write_text(json.dumps(gpt_conversation()))

    assert read_one(path) == indented
