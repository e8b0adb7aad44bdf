"""Files built to do harm, or badly, end in a clear error, and what is good in them is read."""

from __future__ import annotations

import json
import os
import struct
import tracemalloc
import zipfile
from contextlib import nullcontext

import pytest

from holdfast.errors import HostileFile, ImportFailed, UnknownFormat
from holdfast.portability import scanning
from holdfast.portability.conversations import Broken, Conversation
from holdfast.portability.json_values import clean_text
from holdfast.portability.limits import MIB, Limits
from holdfast.portability.reader import open_export
from unit.portability.export_shapes import (
    gpt_conversation,
    gpt_message,
    gpt_node,
    write_json,
    write_lines,
    write_zip,
)

GOOD = gpt_conversation()


def tree(*links):
    """A conversation of nodes (id, parent)."""
    return gpt_conversation(*(gpt_node(n, p, gpt_message("user", "x")) for n, p in links))


BROKEN_TREES = {
    "a ring": (tree(("a", "b"), ("b", "a")), "hostile_file"),
    "a ring beside a root": (tree(("r", None), ("a", "b"), ("b", "c"), ("c", "a")), "hostile_file"),
    "its own parent": (tree(("a", "a")), "hostile_file"),
    "a parent that is missing": (tree(("a", "gone")), "import_failed"),
    "a node that is no object": ({**GOOD, "mapping": {"a": 7}}, "import_failed"),
    "a mapping that is no object": ({**GOOD, "mapping": [1]}, "import_failed"),
    "a message that is no object": (
        gpt_conversation({"id": "a", "parent": None, "message": "hi"}),
        "import_failed",
    ),
    "ids that collide with parts": (
        gpt_conversation(
            gpt_node(
                "a",
                None,
                gpt_message(
                    "user",
                    "",
                    content={"content_type": "multimodal_text", "parts": ["x"]},
                    metadata={"attachments": [{"id": "f", "name": "f.txt"}]},
                ),
            ),
            gpt_node("a#1", "a", gpt_message("user", "y")),
        ),
        "import_failed",
    ),
}


@pytest.mark.parametrize("what", sorted(BROKEN_TREES))
def test_a_broken_tree_is_reported_with_its_place_and_the_rest_goes_on(tmp_path, read_all, what):
    """The conversation is named by file and number, without any of its text."""
    bad, code = BROKEN_TREES[what]
    path = write_json(tmp_path / "conversations.json", [GOOD, bad, {**GOOD, "id": "c3"}])

    first, broken, last = read_all(path)

    assert isinstance(first, Conversation)
    assert isinstance(last, Conversation)
    assert isinstance(broken, Broken)
    assert broken.place == "conversations.json, conversation 2"
    assert broken.code == code
    assert broken.reason


def test_inverted_times_keep_the_order_of_the_tree(tmp_path, read_one):
    """An answer dated before its question still follows it, with the time it bears."""
    conversation = gpt_conversation(
        gpt_node("q", None, gpt_message("user", "q", create_time=2_000_000_000)),
        gpt_node("a", "q", gpt_message("assistant", "a", create_time=1_000_000_000)),
    )

    found = read_one(write_json(tmp_path / "x.json", [conversation]))

    assert [m.source for m in found.messages] == ["q", "a"]
    assert found.messages[0].at > found.messages[1].at


def test_a_chain_of_a_hundred_thousand_nodes_is_read(tmp_path, read_one):
    """No recursion anywhere: the longest conversation is only long."""
    count = 100_000
    mapping = {str(n): {"parent": str(n - 1) if n else None} for n in range(count)}
    mapping["0"]["message"] = gpt_message("user", "first")
    mapping[str(count - 1)]["message"] = gpt_message("user", "last")
    path = write_json(tmp_path / "x.json", [{"id": "c", "mapping": mapping}])

    first, last = read_one(path).messages

    assert (first.text, last.text, last.parent) == ("first", "last", "0")


def test_more_messages_than_can_be_held_are_refused(tmp_path, read_broken):
    """Nodes that hold nothing still cost memory: their number is looked at first."""
    mapping = {str(number): {} for number in range(250_001)}
    path = write_json(tmp_path / "x.json", [{"id": "c", "mapping": mapping}])

    assert read_broken(path).code == "hostile_file"


def deep(levels):
    return b'{"id": "d", "mapping": ' + b'{"a":' * levels + b"1" + b"}" * levels + b"}"


@pytest.mark.parametrize("shape", ["array", "object", "lines"])
@pytest.mark.parametrize("levels", [101, 5_000, 200_000])
def test_json_nested_too_deeply_is_refused(tmp_path, shape, levels):
    """Depth over 100 is refused in every shape, far before the stack would be used up."""
    bomb, good = deep(levels), json.dumps(GOOD).encode()
    shapes = {
        "array": b"[" + good + b"," + bomb + b"]",
        "object": bomb,
        "lines": good + b"\n" + bomb + b"\n",
    }
    path = tmp_path / "x.json"
    path.write_bytes(shapes[shape])

    with pytest.raises(HostileFile) if shape == "object" else nullcontext():
        with open_export(path) as reader:
            good_one, bad_one = reader
        assert isinstance(good_one, Conversation)
        assert bad_one.code == "hostile_file"


def test_a_conversation_over_the_limit_is_skipped_in_bounded_memory(tmp_path):
    """A string without end costs time and not memory; what follows is read."""
    path = tmp_path / "conversations.json"
    good = json.dumps(GOOD).encode()
    with path.open("wb") as file:
        file.write(b"[" + good + b', {"id": "')
        for _ in range(64):
            file.write(b"x" * MIB)
        file.write(b'", "mapping": {}},' + good + b"]")
    limits = Limits(max_conversation_bytes=2 * MIB)

    tracemalloc.start()
    with open_export(path, limits=limits) as reader:
        first, broken, last = reader
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert (first.source, last.source) == ("chatgpt:c1", "chatgpt:c1")
    assert broken.code == "hostile_file"
    assert peak < 24 * MIB


def test_too_many_small_values_are_refused_before_they_are_decoded(tmp_path, read_all):
    """Empty arrays cost fifty times their bytes: they are counted first."""
    junk = b'{"id": "d", "mapping": {"a": {"message": [' + b"[]," * 5_000 + b"[]]}}}"
    path = tmp_path / "x.json"
    path.write_bytes(b"[" + json.dumps(GOOD).encode() + b"," + junk + b"]")

    _, broken = read_all(path, Limits(max_values=4_000))

    assert broken.code == "hostile_file"


@pytest.mark.parametrize(
    "element", [b"7", b'"text"', b"null", b"[]", b"{}", b'{"mapping": {}, x}', b'{"id": NaN}']
)
def test_what_is_no_conversation_is_reported(tmp_path, read_all, element):
    """Numbers, strings and broken JSON between conversations do not end the import."""
    good = json.dumps(GOOD).encode()
    path = tmp_path / "conversations.json"
    path.write_bytes(b"[" + good + b", " + element + b" ," + good + b"]")

    first, broken, last = read_all(path)

    assert isinstance(broken, Broken)
    assert broken.place == "conversations.json, conversation 2"
    assert first == last


@pytest.mark.parametrize("cut", [0.3, 0.9, 0.999])
def test_a_truncated_file_says_so_after_what_is_whole(tmp_path, cut):
    """Conversations before the cut are yielded; then it is an error, never a quiet end."""
    whole = json.dumps([GOOD] * 50).encode()
    path = tmp_path / "conversations.json"
    path.write_bytes(whole[: int(len(whole) * cut)])

    read = []
    with open_export(path) as reader, pytest.raises(ImportFailed, match="ends in the middle"):
        read.extend(reader)

    # The list is extended only when the iteration ends well, so count again one by one.
    with open_export(path) as reader:
        iterator = iter(reader)
        assert isinstance(next(iterator), Conversation)


def test_what_follows_the_array_is_damage(tmp_path, read_all):
    """Two documents in one file are not read as the first alone."""
    path = tmp_path / "conversations.json"
    path.write_text(json.dumps([GOOD]) + json.dumps([GOOD]))

    with pytest.raises(ImportFailed, match="goes on after the end"):
        read_all(path)


def test_impossible_values_are_mended_and_nothing_else(tmp_path, read_one):
    """Half surrogates and NUL become U+FFFD, NaN null, long numbers floats; escapes stay."""
    raw = (
        '[{"id": "c", "create_time": NaN, "update_time": ' + "9" * 5000 + ","
        ' "title": "a\\ud800b\\u0000c \\\\ud800 \\ud83d\\ude00", "title2": Infinity,'
        ' "mapping": {"q": {"message": {"author": {"role": "user"},'
        ' "content": {"content_type": "text", "parts": ["\\udc00 hé"]}}}}}]'
    )
    path = tmp_path / "x.json"
    path.write_text(raw, encoding="utf-8")

    found = read_one(path)

    assert found.title == "a\ufffdb\ufffdc \\ud800 \U0001f600"
    assert found.messages[0].text == "\ufffd hé"
    assert found.last_at is None
    assert clean_text("plain\0") == "plain\ufffd"


def test_a_byte_order_mark_is_dropped_and_other_encodings_are_refused(tmp_path, read_one):
    """UTF-8 with its mark is read; UTF-16 is named as what it is."""
    path = tmp_path / "x.json"
    path.write_text(json.dumps([GOOD]), encoding="utf-8-sig")
    assert read_one(path).source == "chatgpt:c1"

    for encoding in ("utf-16", "utf-16-le", "utf-32"):
        path.write_text(json.dumps([GOOD]), encoding=encoding)
        with pytest.raises(ImportFailed, match="save it as UTF-8"):
            open_export(path)


def test_text_that_is_no_utf8_is_reported(tmp_path, read_all):
    """Latin-1 bytes in one conversation break that one alone."""
    good = json.dumps(GOOD).encode()
    path = tmp_path / "x.json"
    path.write_bytes(b"[" + good + b"," + good.replace(b"What is blue", b"\xe9t\xe9") + b"]")

    first, broken = read_all(path)

    assert isinstance(first, Conversation)
    assert "UTF-8" in broken.reason


def test_too_many_broken_conversations_end_the_import(tmp_path, read_all):
    """A file of rubbish is given up instead of reported a million times."""
    path = write_json(tmp_path / "x.json", [GOOD, *({} for _ in range(50))])

    with pytest.raises(HostileFile):
        read_all(path, Limits(max_broken=10))


def test_a_zip_bomb_is_refused_on_opening(tmp_path):
    """A member that unpacks to a hundred times its size is not unpacked at all."""
    path = write_zip(tmp_path / "x.zip", {"conversations.json": b"[" + b" " * (40 * MIB)})

    with pytest.raises(HostileFile, match="100 times"):
        open_export(path)


def test_what_is_unpacked_is_counted(tmp_path, read_all):
    """The total over all members is bounded while it is read."""
    noise = os.urandom(MIB).hex()
    path = write_zip(
        tmp_path / "x.zip",
        {f"conversations-{n}.json": [{**GOOD, "noise": noise}] for n in range(4)},
    )

    with pytest.raises(HostileFile, match="import the folder"):
        read_all(path, Limits(max_unpacked_bytes=6 * MIB))


def patched(path, change):
    data = bytearray(path.read_bytes())
    change(data)
    path.write_bytes(data)
    return path


def test_overlapping_members_are_refused(tmp_path):
    """Two directory entries over the same bytes are how a small file unpacks to petabytes."""
    body = os.urandom(2000).hex().encode()
    path = write_zip(tmp_path / "x.zip", {"conversations.json": [GOOD], "b.json": body})

    def overlap(data):
        second = data.rfind(b"PK\x01\x02")
        data[second + 42 : second + 46] = struct.pack("<I", 0)

    with pytest.raises(HostileFile, match="overlap"):
        open_export(patched(path, overlap))


def test_a_member_does_not_unpack_past_its_declared_size(tmp_path, read_all):
    """A size that is too small is found out by the checksum instead of unpacking the rest."""
    path = write_zip(tmp_path / "x.zip", {"conversations.json": [GOOD] * 20})

    def lie(data):
        entry = data.rfind(b"PK\x01\x02")
        data[entry + 24 : entry + 28] = struct.pack("<I", 500)

    with pytest.raises(ImportFailed, match="damaged in the ZIP"):
        read_all(patched(path, lie))


def test_an_encrypted_zip_says_what_to_do(tmp_path):
    """Encryption is named, with the way around it."""
    path = write_zip(tmp_path / "x.zip", {"conversations.json": [GOOD]})

    def encrypt(data):
        entry = data.rfind(b"PK\x01\x02")
        data[entry + 8] |= 1

    with pytest.raises(ImportFailed, match="encrypted: unpack"):
        open_export(patched(path, encrypt))


def test_packing_methods_without_a_bound_are_refused(tmp_path):
    """Bzip2 and LZMA unpack whole blocks at once, whatever one asks for."""
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_BZIP2) as archive:
        archive.writestr("conversations.json", json.dumps([GOOD]))

    with pytest.raises(ImportFailed, match="packed in a way"):
        open_export(path)


def test_a_directory_that_would_fill_the_memory_is_not_read(tmp_path):
    """The size of the directory is looked at before it is loaded."""
    path = write_zip(tmp_path / "x.zip", {f"{n}.txt": b"" for n in range(100)})

    with pytest.raises(HostileFile, match="directory"):
        open_export(path, limits=Limits(max_directory_bytes=1000))
    with pytest.raises(HostileFile, match="more than 10 files"):
        open_export(path, limits=Limits(max_members=10))


def test_names_in_a_zip_are_never_paths(tmp_path, read_one):
    """Nothing is written anywhere, whatever a member is called."""
    inside = tmp_path / "inside"
    inside.mkdir()
    path = write_zip(inside / "x.zip", {"../../escaped/conversations.json": [GOOD]})

    assert read_one(path).source == "chatgpt:c1"
    assert sorted(p.name for p in tmp_path.rglob("*")) == ["inside", "x.zip"]


def test_a_zip_in_a_zip_is_not_opened(tmp_path):
    """Nested archives are files nobody asked about."""
    inner = write_zip(tmp_path / "inner.zip", {"conversations.json": [GOOD]})
    path = write_zip(tmp_path / "x.zip", {"conversations.zip": inner.read_bytes()})

    with pytest.raises(UnknownFormat):
        open_export(path)


def test_links_in_a_folder_are_not_followed(tmp_path):
    """A link could lead to any file, or back into the folder."""
    secret = write_json(tmp_path / "conversations.json", [GOOD])
    folder = tmp_path / "export"
    folder.mkdir()
    (folder / "conversations.json").symlink_to(secret)
    (folder / "again").symlink_to(folder)

    with pytest.raises(UnknownFormat):
        open_export(folder)


def test_what_is_no_file_is_refused(tmp_path):
    """A missing path and a pipe are errors at once: nothing waits for data that never comes."""
    os.mkfifo(tmp_path / "pipe")

    for name in ("pipe", "missing.json"):
        with pytest.raises(ImportFailed):
            open_export(tmp_path / name)


@pytest.mark.parametrize(
    "content",
    [b"[1, 2]", b'{"a": 1}', b"hello there", b"[hello :[", bytes(range(128, 227))],
)
def test_an_unknown_file_says_what_was_expected(tmp_path, content):
    """The error names what can be imported."""
    path = tmp_path / "conversations.json"
    path.write_bytes(content)

    with pytest.raises(UnknownFormat, match="ChatGPT"):
        open_export(path)


@pytest.mark.parametrize(
    ("content", "code", "sentence"),
    [
        (b"", "unknown_format", "is empty"),
        (b"\xef\xbb\xbf   \n", "unknown_format", "is empty"),
        (b" [ ]\n", "unknown_format", "holds no conversation"),
        (b"{}", "unknown_format", "holds no conversation"),
        (b"[", "import_failed", "ends in the middle"),
        (b'[{"title": "a", "mapping": {"x": {', "import_failed", "ends in the middle"),
        (b'{"chat_messages": [{"text": "hel', "import_failed", "ends in the middle"),
        (b"PK\x03\x04 and half of the rest", "import_failed", "is a ZIP that is cut off"),
    ],
)
def test_what_is_plainly_wrong_with_a_file_is_said(tmp_path, content, code, sentence):
    """An empty file, one without conversations and one that was cut off each get a sentence."""
    path = tmp_path / "conversations.json"
    path.write_bytes(content)

    with pytest.raises(ImportFailed, match=sentence) as told:
        open_export(path)

    assert told.value.code == code


def test_an_empty_folder_holds_no_files(tmp_path):
    """It is said instead of listing the formats."""
    with pytest.raises(UnknownFormat, match="holds no files"):
        open_export(tmp_path)


def test_a_cut_off_part_of_a_split_export_is_named_as_such(tmp_path, read_all):
    """The other parts come in."""
    cut = json.dumps([GOOD]).encode()[:30]
    files = {"conversations-000.json": [GOOD], "conversations-001.json": cut}

    good, broken = read_all(write_zip(tmp_path / "x.zip", files))

    assert good.source == "chatgpt:c1"
    assert (broken.place, broken.reason) == (
        "conversations-001.json",
        "ends in the middle: get it again",
    )


@pytest.mark.parametrize("chunk_bytes", [1, 2, 3, 7, 1 << 20])
def test_every_element_that_is_no_object_is_reported(tmp_path, read_all, monkeypatch, chunk_bytes):
    """Strings, numbers and words are counted one by one, whatever stands in the strings."""
    monkeypatch.setattr(scanning, "_CHUNK_BYTES", chunk_bytes)
    good = json.dumps(GOOD)
    strays = ['"a, \\" [b], c"', "null", "-1.5e3", '"\\\\"', "true"]
    path = tmp_path / "conversations.json"
    path.write_text(f'[{good}, {", ".join(strays)}, {good}, null, "x"]')

    broken = [one for one in read_all(path) if isinstance(one, Broken)]

    assert [one.place.rpartition(" ")[2] for one in broken] == ["2", "3", "4", "5", "6", "8", "9"]


def test_a_part_that_cannot_be_read_is_not_left_out_quietly(tmp_path, read_all):
    """A split export with one rubbish part says which."""
    path = write_zip(
        tmp_path / "x.zip",
        {"conversations-000.json": [GOOD], "conversations-001.json": b"not json"},
    )

    good, broken = read_all(path)

    assert isinstance(good, Conversation)
    assert broken.place == "conversations-001.json"


def test_errors_hold_nothing_that_was_said(tmp_path, read_all):
    """Places and reasons name numbers and files, never the text that could not be read."""
    canary = "zebra-canary"
    bad = tree((canary, canary + "2"))
    lines = [{"session": canary, "role": canary, "text": canary}]
    gpt = write_json(tmp_path / "x.json", [GOOD, bad, {"mapping": {canary: canary}}])
    jsonl = write_lines(tmp_path / "x.jsonl", *lines)

    found = [*read_all(gpt), *read_all(jsonl)]

    assert sum(isinstance(one, Broken) for one in found) == 3
    assert not any(
        canary in f"{one.place} {one.reason}" for one in found if isinstance(one, Broken)
    )
