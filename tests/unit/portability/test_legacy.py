"""Memory blobs, chat logs, mem0 and the Agents SDK: what is in them comes out, or is named."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from typing import ClassVar

import pytest
from cryptography.fernet import Fernet

from holdfast.errors import HostileFile, ImportFailed, ImportKeyMissing, ImportKeyWrong
from holdfast.portability.conversations import Broken, Conversation, ImportedMemory
from holdfast.portability.limits import Limits
from holdfast.portability.reader import needs_key, open_export
from holdfast.vault.foreign import ForeignKey
from unit.portability.export_shapes import write_json, write_lines
from unit.portability.legacy_shapes import (
    AGENT_ITEMS,
    agent_database,
    blob,
    fernet_file,
    password_key,
    said,
    sealed_item,
)

KEY = Fernet.generate_key()
AT = datetime(2026, 1, 9, 10, 0, tzinfo=UTC)


def read(path, *, key=None, **more):
    """Everything that a file yields."""
    with open_export(path, key=key, **more) as reader:
        return list(reader)


def spoken(conversation):
    """Role and text of each message."""
    return [(m.role, m.text) for m in conversation.messages]


class TestBlobs:
    """A user's memory as one JSON object."""

    def test_both_lists_become_conversations_without_their_copies(self, tmp_path):
        """`messages` is both lists again, and adds nothing to them."""
        ai = [said("user", "Hello", 1), said("assistant", "Hei!", 2)]
        general = [said("user", "Hi all", 3, sender="ada", type="general")]
        path = write_json(tmp_path / "x", blob(ai, general))

        one, other = read(path)

        assert (one.kind, spoken(one)) == ("chat", [("user", "Hello"), ("assistant", "Hei!")])
        assert (other.kind, spoken(other)) == ("room", [("user", "Hi all")])
        assert other.messages[0].author == "ada"
        assert one.messages[0].at == AT.replace(minute=1)

    def test_a_window_that_moved_on_has_the_same_messages(self, tmp_path):
        """Such a store forgets the oldest: what both windows show is known by what it is."""
        items = [said("user", f"n{n}", n) for n in range(6)]
        before = read(write_json(tmp_path / "a", blob(items[:4])))[0]
        after = read(write_json(tmp_path / "b", blob(items[2:])))[0]

        assert before.source == after.source
        assert [m.source for m in before.messages[2:]] == [m.source for m in after.messages[:2]]

    def test_what_only_the_common_list_holds_is_not_lost(self, tmp_path):
        """Items go where their type says, and into the order of their times."""
        early, late = said("user", "early", 1), said("assistant", "late", 9)
        given = blob([said("user", "x", 5)], messages=[early, late])

        (found,) = read(write_json(tmp_path / "x", given))

        assert [m.text for m in found.messages] == ["early", "x", "late"]

    @pytest.mark.parametrize(
        ("item", "expected"),
        [
            ({"user_message": "q", "ai_response": "a"}, [("user", "q"), ("assistant", "a")]),
            ({"sender": "AI", "message": "a"}, [("assistant", "a")]),
            ({"sender": "ada", "message": "q"}, [("user", "q")]),
            ({"type": "ai", "role": "user", "content": "q"}, [("user", "q")]),
            ({"type": "human", "data": {"content": "q"}}, [("user", "q")]),
            ({"role": "user", "content": [{"type": "text", "text": "q"}]}, [("user", "q")]),
            ({"role": "user", "content": "q", "timestamp": 1767952800}, [("user", "q")]),
        ],
    )
    def test_items_of_every_shape_are_understood(self, tmp_path, item, expected):
        """Programs name the same thing differently."""
        (found,) = read(write_json(tmp_path / "x", blob([item])))

        assert spoken(found) == expected

    def test_an_item_that_says_more_is_kept_as_it_stands(self, tmp_path):
        """What is not understood is not lost."""
        item = said("assistant", "a", tool_calls=[{"id": "c"}])

        (found,) = read(write_json(tmp_path / "x", blob([item])))

        assert json.loads(found.messages[0].item) == item

    def test_an_item_of_nobody_is_named_and_the_text_is_not(self, tmp_path):
        """A conversation with a hole is no conversation; the complaint quotes nothing."""
        (broken,) = read(write_json(tmp_path / "x", blob([{"content": "canary"}])))

        assert isinstance(broken, Broken)
        assert "item 1" in broken.reason
        assert "canary" not in broken.reason


class TestKeys:
    """What another program encrypted."""

    def test_a_token_opens_under_its_key(self, tmp_path):
        """The key file's line end is no part of the key."""
        path = fernet_file(tmp_path / "ada.enc", KEY, blob([said("user", "Hello")]))

        (found,) = read(path, key=ForeignKey(KEY + b"\n"))

        assert needs_key(path)
        assert spoken(found) == [("user", "Hello")]

    def test_one_token_a_line_is_one_item_a_line(self, tmp_path):
        """Lines in order, as one log."""
        lines = [said("user", "q", 1), said("assistant", "a", 2)]
        path = fernet_file(tmp_path / "log", KEY, *lines)

        (found,) = read(path, key=ForeignKey(KEY))

        assert spoken(found) == [("user", "q"), ("assistant", "a")]

    @pytest.mark.parametrize("iterations", [480_000, 100_000])
    def test_a_password_opens_with_its_salt(self, tmp_path, iterations):
        """The usual numbers of iterations are tried."""
        salt = bytes(range(16))
        key = password_key("secret", salt, iterations)
        path = fernet_file(tmp_path / "x", key, blob([said("user", "Hello")]))

        (found,) = read(path, key=ForeignKey("secret", salt=salt))

        assert spoken(found) == [("user", "Hello")]

    def test_a_wrong_key_says_so(self, tmp_path):
        """Never an empty result, and nothing of the key in the message."""
        path = fernet_file(tmp_path / "x", KEY, blob([said("user", "Hello")]))
        other = Fernet.generate_key()

        with pytest.raises(ImportKeyWrong) as caught:
            read(path, key=ForeignKey(other))

        assert other.decode() not in str(caught.value) + repr(ForeignKey(other))

    def test_without_a_key_it_is_asked_for(self, tmp_path):
        """The file is known to be encrypted before anything is read."""
        path = fernet_file(tmp_path / "x", KEY, {})

        with pytest.raises(ImportKeyMissing, match="--key-file"):
            read(path)

    @pytest.mark.parametrize("at", [0, 1, 40, -1])
    def test_a_token_that_was_altered_does_not_open(self, tmp_path, at):
        """Whatever byte it is."""
        path = fernet_file(tmp_path / "x", KEY, blob([said("user", "Hello")]))
        data = bytearray(path.read_bytes())
        data[at] = ord("A") if data[at] != ord("A") else ord("B")
        path.write_bytes(data)

        with pytest.raises(ImportFailed):
            read(path, key=ForeignKey(KEY))

    def test_a_line_that_is_not_encrypted_among_those_that_are_is_refused(self, tmp_path):
        """Nobody can slip a line into an encrypted log."""
        path = fernet_file(tmp_path / "x", KEY, said("user", "q"))
        path.write_bytes(path.read_bytes() + b'\n{"role": "user", "content": "slipped in"}\n')

        with pytest.raises(ImportFailed, match="line 2: is not encrypted"):
            read(path, key=ForeignKey(KEY))

    def test_an_encrypted_file_over_the_limit_is_refused(self, tmp_path):
        """Before it is opened."""
        path = fernet_file(tmp_path / "x", KEY, "x" * 10_000)

        with pytest.raises(HostileFile):
            read(path, key=ForeignKey(KEY), limits=Limits(max_conversation_bytes=1000))

    def test_nothing_inside_a_token_is_ever_unpickled(self, tmp_path):
        """What is in it is JSON, or nothing that is known."""
        path = tmp_path / "x"
        path.write_bytes(Fernet(KEY).encrypt(b"\x80\x04\x95cos\nsystem\n"))

        with pytest.raises(ImportFailed, match="expected"):
            read(path, key=ForeignKey(KEY))


class TestChatLogs:
    """What a program kept in Redis."""

    ITEMS: ClassVar = (said("user", "q", 1), said("assistant", 'a "b"\n\u00fc', 2))
    EXPECTED: ClassVar = [("user", "q"), ("assistant", 'a "b"\n\u00fc')]

    def shapes(self, items):
        """The same list in every form in which it may be dumped."""
        strings = [json.dumps(item, ensure_ascii=False) for item in items]
        shown = [s.encode().replace(b"\\", rb"\\").replace(b'"', rb"\"") for s in strings]
        escaped = [s.replace("\u00fc".encode(), rb"\xc3\xbc") for s in shown]
        key = "chat:ada:trip"
        numbered = b"".join(b'%d) "%s"\n' % (n, one) for n, one in enumerate(escaped, 1))
        entries = [{"key": key, "value": s} for s in strings]
        return {
            "json": json.dumps(strings).encode(),
            "numbered": numbered,
            "raw": "\n".join(strings).encode(),
            "keyed": json.dumps({key: strings}).encode(),
            "databases": json.dumps([{key: strings}, {"n:m": []}]).encode(),
            "a key a line": json.dumps({"key": key, "type": "list", "value": strings}).encode(),
            "an item a line": "\n".join(map(json.dumps, entries)).encode(),
            "array": json.dumps(list(items)).encode(),
            "array, indented": json.dumps(list(items), indent=1).encode(),
        }

    @pytest.mark.parametrize(
        "shape",
        [
            "json",
            "numbered",
            "raw",
            "keyed",
            "databases",
            "a key a line",
            "an item a line",
            "array",
            "array, indented",
        ],
    )
    def test_a_list_is_read_in_every_form(self, tmp_path, shape):
        """Escapes and all."""
        path = tmp_path / "dump"
        path.write_bytes(self.shapes(self.ITEMS)[shape])

        found = read(path)[0]

        assert isinstance(found, Conversation), found
        assert spoken(found) == self.EXPECTED
        assert ("chat:ada:trip" in found.source) == (
            "key" in shape or shape == "databases" or shape == "an item a line"
        )

    def test_a_list_with_the_newest_first_is_turned_round(self, tmp_path):
        """LPUSH puts the newest to the left; the times say so."""
        path = write_json(tmp_path / "x", {"chat:a": [json.dumps(i) for i in self.ITEMS[::-1]]})

        (found,) = read(path)

        assert spoken(found) == self.EXPECTED

    def test_langchain_pushes_to_the_left(self, tmp_path):
        """Its items bear no time: who spoke first tells."""
        items = [
            {"type": "ai", "data": {"content": "a", "type": "ai", "additional_kwargs": {}}},
            {"type": "human", "data": {"content": "q", "type": "human", "additional_kwargs": {}}},
        ]
        path = write_json(tmp_path / "x", {"message_store:s": [json.dumps(i) for i in items]})

        (found,) = read(path)

        assert spoken(found) == [("user", "q"), ("assistant", "a")]

    def test_items_that_name_their_session_are_kept_apart(self, tmp_path):
        """Also when the lines are interleaved."""
        items = [said("user", f"{n}", n, session_id="ab"[n % 2]) for n in range(4)]
        path = write_lines(tmp_path / "x", *items)

        one, other = read(path)

        assert [m.text for m in one.messages] == ["0", "2"]
        assert [m.text for m in other.messages] == ["1", "3"]

    def test_only_the_keys_that_were_asked_for_come(self, tmp_path):
        """A dump holds everybody; an import is one person's."""
        strings = [json.dumps(said("user", "q"))]
        path = write_json(tmp_path / "x", {"chat:ada:1": strings, "chat:ben:1": strings})

        (found,) = read(path, only="chat:ada:*")

        assert found.source == "chat-log:chat:ada:1"

    @pytest.mark.parametrize(
        "value",
        ["no list", [7], ["no json"], ['{"content": 1}'], ["[" * 5000], {"a": 1}],
    )
    def test_a_key_that_holds_something_else_is_named(self, tmp_path, value):
        """And the other keys come in."""
        good = [json.dumps(said("user", "q"))]
        lines = [{"key": "c:1", "value": good}, {"key": "c:2", "value": value}]
        path = write_lines(tmp_path / "x", *lines)

        items = read(path)

        assert [type(one) for one in items] == [Conversation, Broken]


class TestMem0:
    """Memories that a model wrote elsewhere."""

    ONE: ClassVar = {
        "id": "m1",
        "memory": "Likes blue",
        "user_id": "ada",
        "categories": ["colour"],
        "created_at": "2026-01-09T10:00:00-08:00",
        "updated_at": None,
    }

    @pytest.mark.parametrize("wrap", [lambda one: {"results": [one]}, lambda one: [one]])
    def test_a_memory_keeps_its_time_and_tags(self, tmp_path, wrap):
        """`get_all` gives results, or the list alone."""
        assert read(write_json(tmp_path / "x", wrap(self.ONE))) == [
            ImportedMemory(
                source="mem0:m1", text="Likes blue", tags=("colour",), since=AT.replace(hour=18)
            )
        ]

    def test_a_history_becomes_versions(self, tmp_path):
        """Each holds until the next; a deletion ends the last."""
        changes = [
            {"event": "ADD", "new_memory": "Likes blue", "created_at": "2026-01-01T00:00:00"},
            {"event": "UPDATE", "new_memory": "Likes green", "updated_at": "2026-02-01T00:00:00"},
            {"event": "DELETE", "new_memory": None, "updated_at": "2026-03-01T00:00:00"},
        ]
        rows = [{"id": str(n), "memory_id": "m1", **c} for n, c in enumerate(changes)]

        found = read(write_json(tmp_path / "x", rows))

        months = [datetime(2026, n, 1, tzinfo=UTC) for n in (1, 2, 3)]
        assert [("Likes blue", *months[:2]), ("Likes green", *months[1:])] == [
            (one.text, one.since, one.until) for one in found
        ]

    def test_several_users_in_one_file_are_refused(self, tmp_path):
        """One person's import never takes in another's memories."""
        path = write_json(tmp_path / "x", [self.ONE, {**self.ONE, "id": "m2", "user_id": "ben"}])

        with pytest.raises(ImportFailed, match="2 users"):
            read(path)

    def test_a_memory_without_text_is_named(self, tmp_path):
        """The others come in."""
        path = write_json(tmp_path / "x", {"results": [{**self.ONE, "memory": ""}, self.ONE]})

        broken, found = read(path)

        assert isinstance(broken, Broken)
        assert found.text == "Likes blue"


class TestAgents:
    """Sessions of the OpenAI Agents SDK."""

    KINDS: ClassVar = [
        ("user", "text", "How warm is Oslo?"),
        ("assistant", "reasoning", "hm"),
        ("assistant", "tool_call", ""),
        ("tool", "tool_result", "4"),
        ("assistant", "text", "4 degrees"),
    ]

    def test_items_are_kept_as_they_stand(self, tmp_path):
        """Kinds are understood, and the item itself is byte for byte what was stored."""
        path = agent_database(tmp_path / "sessions.db", {"ada-1": AGENT_ITEMS})

        (found,) = read(path)

        assert found.source == "openai-agents:ada-1"
        assert [(m.role, m.kind, m.text) for m in found.messages] == self.KINDS
        assert [m.item for m in found.messages] == [json.dumps(item) for item in AGENT_ITEMS]
        assert found.messages[2].tool.arguments == {"city": "Oslo"}
        assert found.messages[0].at == AT

    @pytest.mark.parametrize(
        "secret", ["a pass phrase", Fernet.generate_key().decode()], ids=["phrase", "key"]
    )
    def test_encrypted_items_open_however_old_they_are(self, tmp_path, secret):
        """The SDK hides items after ten minutes; they are still the user's."""
        items = [sealed_item(item, secret, "s") for item in AGENT_ITEMS]
        path = agent_database(tmp_path / "x", {"s": items})

        (found,) = read(path, key=ForeignKey(secret))

        assert needs_key(path)
        assert [(m.role, m.kind, m.text) for m in found.messages] == self.KINDS

    def test_a_wrong_key_opens_nothing_of_the_file(self, tmp_path):
        """It is refused before a session is read."""
        path = agent_database(tmp_path / "x", {"s": [sealed_item(AGENT_ITEMS[0], "right", "s")]})

        with pytest.raises(ImportKeyWrong):
            read(path, key=ForeignKey("wrong"))
        with pytest.raises(ImportKeyMissing):
            read(path)

    def test_an_item_moved_from_another_session_is_named(self, tmp_path):
        """It does not open there; it is not skipped as the SDK skips it."""
        moved = sealed_item(AGENT_ITEMS[0], "k", "s")
        path = agent_database(tmp_path / "x", {"s": [moved], "t": [moved]})

        good, broken = read(path, key=ForeignKey("k"))

        assert isinstance(good, Conversation)
        assert (broken.place, broken.code) == ("x, session 2", "import_key_wrong")

    def test_rows_as_lines_are_the_same_sessions(self, tmp_path):
        """For stores in PostgreSQL."""
        rows = [
            {"id": n, "session_id": "s", "message_data": json.dumps(item)}
            for n, item in enumerate(AGENT_ITEMS, 1)
        ]

        (found,) = read(write_lines(tmp_path / "x", *rows))

        assert [(m.role, m.kind, m.text) for m in found.messages] == self.KINDS

    def test_a_database_of_another_program_is_refused_by_name(self, tmp_path):
        """A view under the right name is no table: it could run anything."""
        path = tmp_path / "x.db"
        with closing(sqlite3.connect(path)) as connection, connection:
            connection.execute(
                "CREATE VIEW agent_messages AS WITH RECURSIVE n(x) AS "
                "(SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT x AS id FROM n"
            )

        with pytest.raises(ImportFailed, match="without sessions"):
            read(path)

    @pytest.mark.parametrize("cut", [100, 5000])
    def test_a_database_that_is_cut_off_ends_in_a_clear_error(self, tmp_path, cut):
        """Not in one of the driver's."""
        path = agent_database(tmp_path / "x", {"s": AGENT_ITEMS * 200})
        path.write_bytes(path.read_bytes()[:cut])

        with pytest.raises(ImportFailed):
            read(path)

    def test_an_item_over_the_limit_is_not_built(self, tmp_path):
        """SQLite itself refuses the value."""
        path = agent_database(tmp_path / "x", {"s": [{"role": "user", "content": "x" * 5000}]})

        with pytest.raises(HostileFile):
            read(path, limits=Limits(max_line_bytes=1000))
