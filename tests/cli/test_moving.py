"""`import` and `export`."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from cli.conftest import Cli, environment


def test_importing_twice_is_importing_once(cli: Cli, chats: Path) -> None:
    """The second time nothing is new, and the exit code is 0 again."""
    first = cli("import", str(chats), "--json").json["files"][0]["report"]
    second = cli("import", str(chats), "--json").json["files"][0]["report"]

    assert (2, 4, 0) == (first["conversations"], first["messages"], first["unchanged"])
    assert (0, 0, 2) == (second["conversations"], second["messages"], second["unchanged"])


def test_a_conversation_bears_the_times_of_its_messages(ada: Cli) -> None:
    """A format that names no start of its own is listed by when things were said, not imported."""
    found = ada("sessions", "--json").json["sessions"]

    assert [("2026-02-09T12:00:00Z", "2026-02-09T12:00:05Z")] == [
        (s["started_at"], s["last_at"]) for s in found[:1]
    ]


def test_a_broken_conversation_is_named_and_the_rest_comes_in(cli: Cli, chats: Path) -> None:
    """Place and reason on stderr, counts on stdout, exit code 7."""
    chats.write_text(chats.read_text("utf-8") + '{"id": "broken\n', "utf-8")

    ran = cli("import", str(chats))

    assert ran.code == 7
    assert "line 3" in ran.err
    assert len(cli("sessions", "--json").json["sessions"]) == 2


def test_a_broken_place_is_named_once(cli: Cli, home: Path) -> None:
    """The file's name is not put before a place that begins with it."""
    good = {"uuid": "c", "name": "n", "chat_messages": []}
    file = home / "conversations.json"
    file.write_text(json.dumps([good, "string", None]))

    err = cli("import", str(file)).err

    assert ["conversations.json, conversation 2", "conversations.json, conversation 3"] == [
        line.partition(":")[0] for line in err.splitlines()
    ]


def test_a_folder_that_is_not_there_is_named(ada: Cli, home: Path) -> None:
    """An export into it says so, and makes nothing."""
    ran = ada("export", "-o", str(home / "no" / "all.zip"))

    assert ran.code == 2
    assert f"the folder {home / 'no'} does not exist" in ran.err


def test_a_dry_run_writes_nothing(cli: Cli, chats: Path, home: Path) -> None:
    """It says what would come in; there is no store, no key and no user afterwards."""
    ran = cli("import", str(chats), "--dry-run", "--json")

    report = ran.json["files"][0]["report"]
    assert (2, 0, 4) == (report["conversations"], report["known"], report["messages"])
    assert [chats] == [path for path in home.rglob("*") if path.is_file()]


def test_a_dry_run_knows_what_is_there_already(ada: Cli, chats: Path) -> None:
    """Conversations that came in before are counted as known."""
    report = ada("import", str(chats), "--dry-run", "--json").json["files"][0]["report"]

    assert (0, 2) == (report["conversations"], report["known"])


def test_a_bundle_takes_everything_along(ada: Cli, cli: Cli, home: Path) -> None:
    """What one user exported another imports, message by message."""
    bundle = home / "ada.zip"
    report = ada("export", "-o", str(bundle), "--json").json
    imported = cli("import", str(bundle), "--user", "ben", "--json").json["files"][0]["report"]

    assert (2, 4) == (report["sessions"], report["messages"])
    assert (2, 4) == (imported["conversations"], imported["messages"])
    assert stat.S_IMODE(bundle.stat().st_mode) == 0o600


def test_json_comes_back_in_and_what_it_lacks_is_said(ada: Cli, cli: Cli, home: Path) -> None:
    """Before and after; what a bundle carries beyond it is told in words."""
    document = home / "ada.json"
    ada("export", "-o", str(document))

    dry = cli("import", str(document), "--user", "ben", "--dry-run")
    ran = cli("import", str(document), "--user", "ben")
    again = cli("import", str(document), "--user", "ben", "--json").json["files"][0]["report"]

    for told in (dry, ran):
        assert (told.code, "holdfast-json" in told.out) == (0, True)
        assert "JSON has no checksums" in told.out + told.err
    assert (again["conversations"], again["unchanged"]) == (0, 2)


@pytest.mark.parametrize(("ending", "has"), [("json", '"Where should'), ("md", "Where should")])
def test_the_ending_says_the_format(ada: Cli, home: Path, ending: str, has: str) -> None:
    """Without --format the file's ending decides."""
    target = home / f"all.{ending}"

    assert ada("export", "-o", str(target)).code == 0
    assert has in target.read_text("utf-8")


def test_one_session_can_be_exported(ada: Cli, sessions: dict[str, str], home: Path) -> None:
    """Only what was named is in the file."""
    target = home / "one.json"
    ada("export", "-o", str(target), "--session", sessions["Trip to Oslo"][-12:])

    text = target.read_text("utf-8")
    assert "opera house" in text
    assert "ラーメン" not in text
    json.loads(text)


def test_an_export_does_not_replace_a_file_unasked(ada: Cli, home: Path) -> None:
    """What is there stays until --force."""
    target = home / "all.json"
    target.write_text("mine")

    assert ada("export", "-o", str(target)).code == 2
    assert target.read_text() == "mine"
    assert ada("export", "-o", str(target), "--force").code == 0


def _encrypted(folder: Path) -> tuple[Path, Path]:
    """A file of another program, and the file of its key."""
    key = folder / "fernet.key"
    key.write_bytes(Fernet.generate_key() + b"\n")
    value = {"ai_conversation": [{"role": "user", "content": "Hello"}], "metadata": {}}
    file = folder / "ada.enc"
    file.write_bytes(Fernet(key.read_bytes()).encrypt(json.dumps(value).encode()))
    return file, key


def test_what_another_program_encrypted_comes_in_with_its_key(cli: Cli, home: Path) -> None:
    """From a file or from stdin, never from the command line; the key is kept nowhere."""
    file, key = _encrypted(home)
    secret = key.read_text().strip()

    first = cli("import", str(file), "--key-file", str(key), "--json")
    again = cli("import", str(file), "--key-file", "-", "--json", given=secret)

    assert first.json["files"][0]["report"]["conversations"] == 1
    assert again.json["files"][0]["report"]["unchanged"] == 1
    kept = [path for path in home.rglob("*") if path.is_file() and path != key]
    assert not any(secret.encode() in path.read_bytes() for path in kept)


def test_without_its_key_it_is_refused_by_name(cli: Cli, home: Path) -> None:
    """A pipe cannot be asked; a wrong key is another failure."""
    file, _ = _encrypted(home)
    (home / "wrong").write_bytes(Fernet.generate_key())

    without = cli("import", str(file), "--json")
    wrong = cli("import", str(file), "--key-file", str(home / "wrong"), "--json")

    assert (without.code, without.error["code"]) == (7, "import_key_missing")
    assert (wrong.code, wrong.error["code"]) == (7, "import_key_wrong")


def test_memories_are_counted_where_there_are_some(cli: Cli, home: Path) -> None:
    """The table has their column only then."""
    file = home / "mem0.json"
    file.write_text(json.dumps({"results": [{"id": "m", "memory": "Likes blue"}]}))

    ran = cli("import", str(file))

    assert ran.code == 0
    assert "memories" in ran.out.splitlines()[0].lower()


def test_on_a_terminal_the_key_is_asked_for_and_not_shown(home: Path) -> None:
    """Only when a file needs one; what is typed appears nowhere."""
    file, key = _encrypted(home)
    ours, theirs = pty.openpty()
    child = subprocess.Popen(
        [sys.executable, "-m", "holdfast", "import", str(file)],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=environment(),
    )
    os.close(theirs)
    written = b""
    while not written.endswith(b"file: "):  # the blank comes when the echo is off
        written += os.read(ours, 1024)
    os.write(ours, key.read_bytes())
    with os.fdopen(ours, "rb", buffering=0) as screen, contextlib.suppress(OSError):
        while piece := screen.read(65536):
            written += piece

    assert child.wait(timeout=60) == 0
    assert b"memory-blob" in written
    assert key.read_bytes().strip() not in written
