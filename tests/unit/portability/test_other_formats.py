"""Messengers, Claude Code and self-hosted chat pages."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from unit.portability.export_shapes import write_json, write_lines

WHATSAPP = {
    "day first": "{:%d/%m/%y}, {:%H:%M} - ",
    "month first": "{:%m/%d/%y}, {:%H:%M} - ",
    "brackets and seconds": "\u200e[{:%d.%m.%y}, {:%H:%M:%S}] ",
    "year first": "{:%Y/%m/%d}, {:%H:%M} - ",
    "twelve hours": "{:%m/%d/%Y}, {:%I:%M}\u202f{:%p} - ",
    "twelve hours in Spanish": "{:%m/%d/%Y}, {:%I:%M} {:%p}. m. - ",
}
SAID = [
    (datetime(2024, 1, 2, 9, 5, tzinfo=UTC), "Ada", "Hello: you\nand you"),
    (datetime(2024, 3, 4, 21, 7, tzinfo=UTC), "Bo 🤓", ""),
    (datetime(2024, 3, 5, 0, 30, tzinfo=UTC), None, "Ada added you"),
    (datetime(2024, 3, 31, 12, 0, tzinfo=UTC), "Ada", "Bye"),
]


@pytest.mark.parametrize("form", sorted(WHATSAPP))
def test_whatsapp_dates_are_understood_in_every_form(tmp_path, read_one, form):
    """The form is decided for the whole file, whatever the phone's language was."""
    lines = []
    for at, author, text in SAID:
        start = WHATSAPP[form].format(at, at, at)
        start = start.replace("AM. m.", "a. m.").replace("PM. m.", "p. m.")
        lines.append(start + (f"{author}: " if author else "") + text)
    path = tmp_path / "WhatsApp Chat with Bo.txt"
    path.write_text("\n".join(lines), encoding="utf-8")

    found = read_one(path)

    assert (found.kind, found.title, found.platform) == ("room", "Bo", "whatsapp")
    assert [(m.at, m.author, m.text) for m in found.messages] == SAID
    assert [m.role for m in found.messages] == ["user", "user", "system", "user"]


def test_a_longer_export_of_the_same_room_is_the_same_room(tmp_path, read_one):
    """Messages are known by what they are, so that only the new ones are new."""
    lines = [f"0{n}/01/24, 10:00 - Ada: same" for n in range(1, 4)] + [
        "03/01/24, 10:00 - Ada: same"
    ]
    path = tmp_path / "chat.txt"
    path.write_text("\n".join(lines[:3]))
    before = read_one(path)
    path.write_text("\n".join(lines))

    after = read_one(path)

    assert after.source == before.source
    assert after.messages[:3] == before.messages
    assert len({m.source for m in after.messages}) == 4


def test_signal_text(tmp_path, read_one):
    """A date with the year first in brackets is Signal's."""
    path = tmp_path / "x.txt"
    path.write_text("[2019-12-24, 12:23] Jane: Hello\nthere\n[2020-01-17, 21:49] John: Hi\n")

    found = read_one(path)

    assert found.platform == "signal"
    assert [(m.author, m.text) for m in found.messages] == [
        ("Jane", "Hello\nthere"),
        ("John", "Hi"),
    ]


def test_telegram_chats(tmp_path, read_all):
    """Formatted text is put together; a batch holds many chats."""
    chat = {
        "name": "Sailors",
        "id": 42,
        "messages": [
            {
                "id": 1,
                "type": "service",
                "date_unixtime": "1544006300",
                "actor": "Ada",
                "action": "create_group",
            },
            {
                "id": 2,
                "type": "message",
                "date_unixtime": "1544006350",
                "from": "Ada",
                "text": [{"type": "bold", "text": "Wind"}, "!"],
                "photo": "photos/p.jpg",
            },
        ],
    }
    path = write_json(tmp_path / "result.json", {"chats": {"list": [chat, {"messages": 3}]}})

    found, broken = read_all(path)

    assert (found.source, found.title) == ("telegram:42", "Sailors")
    assert [(m.role, m.kind, m.author, m.text) for m in found.messages] == [
        ("system", "text", None, "Ada create_group"),
        ("user", "text", "Ada", "Wind!"),
        ("user", "file", "Ada", ""),
    ]
    assert broken.place == "result.json, chat 2"


def test_instagram_is_turned_round_and_repaired(tmp_path, read_one):
    """The newest message comes first there, and each byte of UTF-8 as a character of its own."""
    garbled = "Né".encode().decode("latin-1")
    path = write_json(
        tmp_path / "message_1.json",
        {
            "thread_path": "inbox/ada_1",
            "messages": [
                {"sender_name": garbled, "timestamp_ms": 2_000_000_000_000, "content": garbled},
                {"sender_name": "Bo", "timestamp_ms": 1_700_000_000_000, "content": "Hi"},
            ],
        },
    )

    found = read_one(path)

    assert found.source == "instagram:inbox/ada_1"
    assert [(m.author, m.text) for m in found.messages] == [("Bo", "Hi"), ("Né", "Né")]


def test_claude_code_logs(tmp_path, read_one):
    """Events of the program are passed over, a second line with the same id too."""
    said = {"sessionId": "s", "timestamp": "2026-07-01T10:00:00Z"}
    blocks = [{"type": "text", "text": "On it"}, {"type": "tool_use", "id": "t", "name": "Bash"}]
    path = write_lines(
        tmp_path / "s.jsonl",
        {"type": "file-history-snapshot", "snapshot": {}},
        {**said, "type": "user", "uuid": "u1", "message": {"content": "Go"}},
        {**said, "type": "user", "uuid": "u1", "message": {"content": "Again"}},
        {**said, "type": "progress", "uuid": "p", "parentUuid": "u1"},
        {
            **said,
            "type": "assistant",
            "uuid": "a1",
            "parentUuid": "p",
            "message": {"content": blocks, "model": "opus"},
        },
    )

    found = read_one(path)

    assert (found.source, found.title) == ("claude-code:s", "Go")
    assert [(m.source, m.parent, m.kind) for m in found.messages] == [
        ("u1", None, "text"),
        ("a1", "u1", "text"),
        ("a1#1", "a1", "tool_call"),
    ]


def test_open_webui_and_librechat_trees(tmp_path, read_one):
    """Both name the parent of each message."""
    messages = {
        "q": {
            "id": "q",
            "parentId": None,
            "role": "user",
            "content": "?",
            "timestamp": 1_700_000_000,
        },
        "a": {"id": "a", "parentId": "q", "role": "assistant", "content": "!", "model": "m"},
    }
    chat = {"id": "c", "title": "T", "chat": {"history": {"currentId": "a", "messages": messages}}}
    libre = {
        "conversationId": "l",
        "title": "T",
        "messages": [
            {
                "messageId": "q",
                "parentMessageId": "00000000-0000-0000-0000-000000000000",
                "text": "?",
                "isCreatedByUser": True,
            },
            {"messageId": "a", "parentMessageId": "q", "text": "!", "model": "m"},
        ],
    }

    one = read_one(write_json(tmp_path / "webui.json", [chat]))
    other = read_one(write_json(tmp_path / "libre.json", libre))

    assert (one.source, one.head, other.source) == ("open-webui:c", "a", "librechat:l")
    for found in (one, other):
        assert [(m.source, m.parent, m.role, m.text, m.model) for m in found.messages] == [
            ("q", None, "user", "?", None),
            ("a", "q", "assistant", "!", "m"),
        ]
