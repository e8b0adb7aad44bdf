"""A bundle holds everything, appears whole or not at all, and is believed only after a check."""

from __future__ import annotations

import json
import os
import zipfile

import pytest

from holdfast.errors import BadInput, BundleDamaged, HostileFile, ImportFailed, UnknownFormat
from holdfast.portability.bundle import BundledSession, BundleWriter
from holdfast.portability.bundle_reader import BundleReader
from holdfast.portability.limits import Limits
from holdfast.portability.reader import open_export
from unit.portability.owned import (
    ASSISTANT,
    AT,
    MEMORY,
    PROJECT,
    THOUGHT,
    file_part,
    message,
    session,
    turn,
)

PICTURE = b"\x89PNG" * 9


@pytest.fixture
def bundle(tmp_path):
    """A small bundle with one of everything."""
    path = tmp_path / "ada.zip"
    with BundleWriter(path, created_at=AT, options={"since": "2026-01-01"}) as writer:
        writer.add_session(
            session(head="m0"),
            [turn(model="small")],
            [
                message(0, "hi", file=file_part(PICTURE)),
                message(1, forgotten=True),
                message(2, "there", role="assistant"),
            ],
        )
        writer.add_session(session("empty", source="chatgpt:c9"), [], [])
        writer.add_file(file_part(PICTURE), PICTURE)
        writer.add_file(file_part(PICTURE, "again.png"), [PICTURE[:5], PICTURE[5:]])
        writer.add_memory(MEMORY)
        writer.add_thought(THOUGHT)
        writer.add_assistant(ASSISTANT)
        writer.add_project(PROJECT)
    return path


def rewritten(path, change):
    """The same ZIP after `change` has altered its members."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    change(members)
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


def manifest_with(found, **more):
    found["manifest.json"] = json.dumps({**json.loads(found["manifest.json"]), **more}).encode()


def test_what_was_written_is_read_back(bundle):
    """Sessions with their turns and messages, memories, thoughts, files: all equal."""
    with BundleReader(bundle) as reader:
        first, second = reader.sessions()

        assert first.session == session(head="m0")
        assert first.turns == (turn(model="small"),)
        assert [m.seq for m in first.messages] == [0, 1, 2]
        assert first.messages[1].forgotten
        assert second == BundledSession(session=session("empty", source="chatgpt:c9"))
        assert reader.memories() == [MEMORY]
        assert reader.thoughts() == [THOUGHT]
        assert (reader.assistants(), reader.projects()) == ([ASSISTANT], [PROJECT])
        assert reader.file(file_part(PICTURE).sha256) == PICTURE
        assert reader.manifest.counts["files"] == 1
        assert reader.manifest.options == {"since": "2026-01-01"}


def test_a_bundle_is_an_export_like_any_other(bundle):
    """Merged into another account, what was forgotten stays so and links close over it."""
    with open_export(bundle) as reader:
        first, second = reader
        assert reader.format == "holdfast-bundle"
        assert reader.bytes_read == reader.total_bytes
        assert reader.bundle is not None
        assert [(m.source, m.parent) for m in first.messages] == [("m0", None), ("m2", "m0")]
        assert first.messages[0].file.read() == PICTURE
        assert (first.source, second.source) == ("holdfast:s", "chatgpt:c9")


def test_only_the_owner_can_read_it(bundle):
    """A bundle is plaintext: others on the machine get nothing."""
    assert bundle.stat().st_mode & 0o777 == 0o600


def test_an_exception_leaves_nothing(tmp_path):
    """Neither the file nor a part of it appears, and an older one stays."""
    path = tmp_path / "ada.zip"
    path.write_bytes(b"older")

    with pytest.raises(BadInput), BundleWriter(path, created_at=AT) as writer:  # noqa: PT012
        writer.add_session(session(), [], [message(0, "secret")])
        writer.add_session(session(), [], [])

    assert [p.name for p in tmp_path.iterdir()] == ["ada.zip"]
    assert path.read_bytes() == b"older"


def test_nothing_lies_beside_it_that_has_a_name_and_a_text(tmp_path):
    """While it is written, lines wait in files without a name: a kill leaves none behind."""
    with BundleWriter(tmp_path / "ada.zip", created_at=AT) as writer:
        writer.add_session(session(), [], [message(0, "canary " * 100_000)])
        (partial,) = tmp_path.iterdir()
        assert partial.name.endswith(".partial")
        assert b"canary" not in partial.read_bytes()


@pytest.mark.parametrize(
    "wrong",
    [
        lambda w: w.add_session(session("x"), [turn()], []),
        lambda w: w.add_session(session("x"), [], [message(0)]),
        lambda w: [w.add_session(session("x"), [], []) for _ in range(2)],
        lambda w: w.add_file(file_part(b"one"), b"two"),
    ],
)
def test_what_does_not_belong_together_is_refused(tmp_path, wrong):
    """A bundle that could not be read back is never written."""
    with pytest.raises(BadInput), BundleWriter(tmp_path / "x.zip", created_at=AT) as writer:
        wrong(writer)

    assert not list(tmp_path.iterdir())


DAMAGE = {
    "a bit": lambda m: m.update({"messages.jsonl": m["messages.jsonl"].replace(b"hi", b"ho")}),
    "a line less": lambda m: m.update({"turns.jsonl": b""}),
    "a member less": lambda m: m.pop("thoughts.jsonl"),
    "a member more": lambda m: m.update({"extra.txt": b"x"}),
    "a count": lambda m: manifest_with(m, counts={"sessions": 3}),
    "no members": lambda m: manifest_with(m, members={}),
    "a manifest cut off": lambda m: manifest_with(m, members=3),
}


@pytest.mark.parametrize("what", sorted(DAMAGE))
def test_damage_is_found_before_anything_is_believed(bundle, what):
    """Every checksum, every count and the list of members is compared on opening."""
    rewritten(bundle, DAMAGE[what])

    with pytest.raises(BundleDamaged):
        BundleReader(bundle)
    with pytest.raises(BundleDamaged):
        open_export(bundle)


def test_every_flipped_byte_is_noticed(bundle):
    """No byte of the content can change unnoticed; the ZIP's own idle fields may."""
    whole = bundle.read_bytes()
    with BundleReader(bundle) as reader:
        original = list(reader.sessions()), reader.memories()

    for at in range(0, len(whole), 7):
        bundle.write_bytes(whole[:at] + bytes([whole[at] ^ 0x20]) + whole[at + 1 :])
        try:
            with BundleReader(bundle) as reader:
                assert (list(reader.sessions()), reader.memories()) == original
        except ImportFailed:
            continue


@pytest.mark.parametrize("version", [2, 0, "1", None])
def test_another_version_is_refused(bundle, version):
    """What a newer release wrote is not guessed at."""
    rewritten(bundle, lambda members: manifest_with(members, version=version))

    with pytest.raises(UnknownFormat, match="upgrade"):
        BundleReader(bundle)


def test_a_record_without_its_session_is_damage(tmp_path, bundle):
    """Checksums alone do not make a bundle: what belongs nowhere is refused too."""
    import hashlib

    def strand(members):
        members["sessions.jsonl"] = members["sessions.jsonl"].split(b"\n")[1] + b"\n"
        manifest = json.loads(members["manifest.json"])
        data = members["sessions.jsonl"]
        digest = hashlib.sha256(data).hexdigest()
        manifest["members"]["sessions.jsonl"] = {"sha256": digest, "size": len(data)}
        manifest["counts"]["sessions"] = 1
        members["manifest.json"] = json.dumps(manifest).encode()

    rewritten(bundle, strand)

    with BundleReader(bundle) as reader, pytest.raises(BundleDamaged, match="no session"):
        list(reader.sessions())


def test_what_packs_extremely_well_comes_back(tmp_path):
    """A blank picture or a repeated word is no bomb when it is one's own."""
    path = tmp_path / "x.zip"
    blank = bytes(3_000_000)
    with BundleWriter(path, created_at=AT) as writer:
        writer.add_session(session(), [], [message(0, "la " * 2_000_000)])
        writer.add_file(file_part(blank), blank)

    with BundleReader(path) as reader:
        (one,) = reader.sessions()
        assert one.messages[0].text == "la " * 2_000_000
        assert reader.file(file_part(blank).sha256) == blank


def test_a_bundle_over_the_limit_is_refused(tmp_path):
    """The whole may not unpack to more than the limit and a hundred times its size."""
    path = tmp_path / "x.zip"
    with BundleWriter(path, created_at=AT) as writer:
        writer.add_session(session(), [], [message(0, "x" * 5_000_000)])

    with pytest.raises(HostileFile):
        BundleReader(path, limits=Limits(max_unpacked_bytes=1_000_000))


def test_a_disk_that_fills_up_leaves_nothing(tmp_path, monkeypatch):
    """An error while finishing removes the part that was written."""

    def full(_handle):
        raise OSError(28, "No space left on device")

    writer = BundleWriter(tmp_path / "x.zip", created_at=AT)
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        writer.close()
    writer.discard()

    assert not list(tmp_path.iterdir())
