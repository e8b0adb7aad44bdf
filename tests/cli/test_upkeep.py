"""`verify`, `backup`, `restore`, `keys`, `migrate`, `doctor`, `sql`."""

from __future__ import annotations

import json
import os
import re
import tomllib
from pathlib import Path

import keyring
import keyring.backend
import keyring.errors
import pytest

from cli.conftest import Cli


@pytest.fixture
def database(home: Path) -> Path:
    """The database file."""
    return home / "xdg_data_home" / "holdfast" / "holdfast.db"


def test_verify_counts_what_holds(ada: Cli, cli: Cli) -> None:
    """Exit code 0, and everything was opened."""
    ran = cli("verify", "--json")

    assert (0, True, 4) == (ran.code, ran.json["ok"], ran.json["verified"]["messages"])
    assert "Everything holds." in ada("verify").out


def test_verify_names_what_does_not_hold(ada: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """A message that was taken out of its session is a problem with a code; exit code 5."""
    from holdfast.keeper import verifying

    monkeypatch.setattr(verifying, "extend_chain", lambda *_: b"another")
    ran = ada("verify")
    listed = ada("verify", "--json")

    assert ran.code == listed.code == 5
    assert "[broken_chain]" in ran.out
    assert {"broken_chain"} == {p["code"] for p in listed.json["verified"]["problems"]}


def test_a_backup_is_two_files_that_come_back(ada: Cli, home: Path, database: Path) -> None:
    """Backup, loss of everything but the root key, restore: it is all there again."""
    report = ada("backup", str(home / "safe"), "--keys-to", str(home / "keys"), "--json").json
    for file in database.parent.glob("holdfast*.db"):
        file.unlink()

    restored = ada("restore", "--data", report["data"], "--keys", report["keys"])

    assert restored.code == 0
    assert "Restored to" in restored.out
    assert len(ada("sessions", "--json").json["sessions"]) == 2


def test_a_restore_sets_the_former_database_aside(ada: Cli, home: Path) -> None:
    """It says where, and what came after the backup is not there any more."""
    report = ada("backup", str(home / "safe"), "--json").json
    ada("memories", "add", "Likes tea")

    restored = ada("restore", "--data", report["data"], "--json").json

    assert Path(restored["set_aside"]).exists()
    assert ada("memories", "--json").json == {"memories": []}


def test_a_foreign_backup_is_refused(ada: Cli, home: Path) -> None:
    """A file that is no backup of this store changes nothing; exit code 2."""
    noise = home / "noise.db"
    noise.write_bytes(os.urandom(65536))

    assert ada("restore", "--data", str(noise)).code == 2
    assert ada("verify").code == 0


def test_keys_beside_the_data_are_said_to_belong_apart(ada: Cli, home: Path) -> None:
    """Whoever names one place twice hears it too; two places are no reason to speak."""
    safe = home / "safe"

    assert "Keep the two apart" in ada("backup", str(safe), "--keys-to", f"{safe}/../safe").err
    assert ada("backup", str(safe), "--keys-to", str(home / "keys")).err == ""


def test_keys_are_shown_by_fingerprint_and_rotated(ada: Cli, home: Path) -> None:
    """A new root key and a new vault key: all is readable, nothing secret is printed."""
    before = ada("keys", "--json").json["status"]
    root = ada("keys", "rotate-root", "--yes", "--json").json
    vault = ada("keys", "rotate-vault", "--json").json
    key = (home / "xdg_config_home" / "holdfast" / "root.key").read_text().strip()

    assert root["root_fingerprint"] != before["root_fingerprint"]
    assert vault["sessions"] == 2
    assert key not in ada("keys").out
    assert ada("verify").code == 0


def test_a_root_key_can_move_to_another_file(
    ada: Cli, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From then on the named file opens the store, and the old one does not."""
    new = home / "new.key"

    assert ada("keys", "rotate-root", "--new-file", str(new)).code == 0
    assert ada("sessions").code == 4
    monkeypatch.setenv("HOLDFAST_ROOT_KEY_FILE", str(new))
    assert ada("sessions").code == 0
    assert ada("keys", "rotate-root", "--new-file", str(new)).code == 2


def test_keys_are_counted_in_their_own_plural(ada: Cli, cli: Cli) -> None:
    """Two vaults have two vault keys."""
    assert cli("memories", "add", "Likes tea", "--user", "ben").code == 0

    assert "2 vault keys are wrapped" in ada("keys", "rotate-root", "--yes").out


def test_a_root_key_is_not_replaced_unasked(ada: Cli, home: Path) -> None:
    """What older key backups need is said first; without a yes the key file stays as it is."""
    key = home / "xdg_config_home" / "holdfast" / "root.key"
    before = key.read_bytes()

    ran = ada("keys", "rotate-root")

    assert (2, "") == (ran.code, ran.out)
    assert "open only with the old root key" in ran.err
    assert key.read_bytes() == before
    assert ada("sessions").code == 0


def test_the_old_root_key_can_be_kept(ada: Cli, home: Path) -> None:
    """It lies beside the new one, for its owner alone, and opens a key backup from before."""
    folder = home / "xdg_config_home" / "holdfast"
    before = (folder / "root.key").read_bytes()
    backup = ada("backup", str(home / "safe"), "--json").json

    ran = ada("keys", "rotate-root", "--keep-old", "--json")

    kept = Path(ran.json["kept"])
    assert kept.parent == folder
    assert kept.name.startswith("root.key.before-")
    assert (kept.read_bytes(), kept.stat().st_mode & 0o777) == (before, 0o600)
    assert (folder / "root.key").read_bytes() != before
    given = ("--data", backup["data"], "--keys", backup["keys"], "--data-dir", str(home / "new"))
    assert ada("restore", *given).code == 4
    (folder / "root.key").write_bytes(before)
    assert ada("restore", *given).code == 0


def test_a_backup_from_before_a_vault_key_was_replaced_is_one_line(ada: Cli, home: Path) -> None:
    """It names --keys instead of every message; with the key backup of its time it comes back."""
    backup = ada("backup", str(home / "safe"), "--json").json
    assert ada("keys", "rotate-vault").code == 0

    without = ada("restore", "--data", backup["data"])
    problems = ada("restore", "--data", backup["data"], "--json").json["verified"]["problems"]

    assert without.code == 5
    assert (1, 0) == (without.out.count("--keys"), without.out.count("[tampered_record]"))
    assert len(problems) > 4
    assert ada("restore", "--data", backup["data"], "--keys", backup["keys"]).code == 0


def test_a_root_key_from_a_passphrase_is_told_as_such(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Replacing it needs a new file, and the message names the option."""
    monkeypatch.setenv("HOLDFAST_ROOT_PASSPHRASE", "correct horse battery staple")
    assert cli("chat", given="hello\n").code == 0

    refused = cli("keys", "rotate-root", "--yes")

    assert "from a passphrase" in " ".join(cli("keys", "show").out.split())
    assert refused.code == 2
    assert "--new-file" in refused.err


class _Keyring(keyring.backend.KeyringBackend):
    """Holds what it is given; locked, it answers nothing."""

    priority = 1  # type: ignore[assignment]  # the base declares a property

    def __init__(self, held: str | None = None, *, locked: bool = False) -> None:
        super().__init__()
        self.held = held
        self._locked = locked

    def get_password(self, service: str, username: str) -> str | None:
        if self._locked:
            raise keyring.errors.KeyringLocked
        return self.held

    def set_password(self, service: str, username: str, password: str) -> None:
        self.held = password


@pytest.mark.parametrize(
    ("backend", "with_data", "level"),
    [
        (_Keyring(), False, "ok"),
        (_Keyring(), True, "fail"),
        (_Keyring(locked=True), False, "fail"),
        (_Keyring("nonsense"), True, "fail"),
        (_Keyring("ab" * 32), True, "ok"),
    ],
    ids=["empty and new", "empty", "locked", "nonsense", "held"],
)
def test_doctor_asks_the_keyring(
    ada: Cli, monkeypatch: pytest.MonkeyPatch, backend: _Keyring, with_data: bool, level: str
) -> None:
    """A keyring that gives no key is a failure with something to do, and gets none from looking."""
    held, former = backend.held, keyring.get_keyring()
    monkeypatch.setenv("HOLDFAST_ROOT_KEYRING", "true")
    if not with_data:
        monkeypatch.setenv("HOLDFAST_DATA_DIR", "elsewhere")
    keyring.set_keyring(backend)
    try:
        findings = ada("doctor", "--json").json["findings"]
    finally:
        keyring.set_keyring(former)

    (found,) = (finding for finding in findings if finding["what"] == "root key")
    assert (found["level"], bool(found["do"])) == (level, level == "fail")
    assert backend.held == held


def test_migrate_says_which_schema_there_is(ada: Cli) -> None:
    """An up-to-date store stays as it is."""
    ran = ada("migrate", "--json").json

    assert ran["found"] == ran["known"]
    assert ran["migrated"] is False


def test_doctor_finds_nothing_wrong_with_a_new_home(cli: Cli, home: Path) -> None:
    """Before the first start all is well, and looking makes no file."""
    ran = cli("doctor", "--json")

    assert (0, True) == (ran.code, ran.json["ok"])
    assert [] == [path for path in home.rglob("*") if path.is_file()]


def test_doctor_says_what_to_do(ada: Cli, home: Path) -> None:
    """An exposed key file fails, with the command that repairs it."""
    key = home / "xdg_config_home" / "holdfast" / "root.key"
    assert ada("doctor").code == 0
    key.chmod(0o644)

    ran = ada("doctor")

    assert ran.code == 1
    assert f"chmod 600 {key}" in ran.out


def test_doctor_names_every_extra(ada: Cli) -> None:
    """Of each that `pyproject.toml` has it says whether it is installed."""
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]
    extras = set(project["optional-dependencies"])

    assert extras == set(re.findall(r"extra (\w+): ", ada("doctor").out))


def test_doctor_reports_mistakes_in_the_settings(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every mistake is a finding of its own; it goes no further."""
    monkeypatch.setenv("HOLDFAST_PORT", "many")
    monkeypatch.setenv("HOLDFAST_NONSENSE", "1")

    found = cli("doctor", "--json")

    wrong = [f for f in found.json["findings"] if f["level"] == "fail"]
    assert (1, 2) == (found.code, len(wrong))


def test_rows_are_shown_with_what_is_sealed_as_such(ada: Cli) -> None:
    """Ids are written as everywhere, sealed bytes as their number."""
    rows = ada("sql", "SELECT id, kind, sealed FROM records", "--json").json["rows"]

    assert all(len(row[0]) == 36 and row[2].startswith("sealed, ") for row in rows)
    assert "sealed, " in ada("sql", "SELECT sealed FROM records").out
    assert "Oslo" not in ada("sql", "SELECT * FROM main.records").out


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM main.records",
        "UPDATE main.vaults SET rev = 0",
        "INSERT INTO main.meta VALUES ('x', 1)",
        "DROP TABLE main.records",
        "CREATE TABLE x (y)",
        "CREATE TEMP TABLE x (y)",
        "ATTACH 'other.db' AS other",
        "VACUUM INTO 'other.db'",
        "PRAGMA rekey = 'x'",
        "PRAGMA query_only = OFF",
        "PRAGMA journal_mode = DELETE",
        "SELECT load_extension('x')",
    ],
)
def test_nothing_can_be_written(ada: Cli, home: Path, database: Path, statement: str) -> None:
    """Whatever is tried ends with code 2; the file is the same to the byte, no other appears."""
    before = database.read_bytes()

    assert ada("sql", statement).code == 2
    assert ada("sql", given=f"{statement};\n").code == 0
    assert database.read_bytes() == before
    assert not list(home.rglob("other.db"))


def test_the_shell_answers_and_remembers_nothing(ada: Cli, home: Path) -> None:
    """Statements come through a pipe too; no history file is left."""
    ran = ada("sql", given="SELECT count(*) AS n FROM sessions;\n")

    assert ["n", "2"] == ran.out.split()
    assert not list(home.rglob("*history*"))


def test_the_shell_lists_each_table_once(ada: Cli) -> None:
    """The views that stand before the tables are not listed beside them."""
    names = ada("sql", given=".tables\n").out.split()

    assert "records" in names
    assert len(names) == len(set(names))
    assert ["vaults"] == ada("sql", given=".tables vault%\n").out.split()


def test_a_dot_command_as_a_statement_is_sent_to_the_shell(ada: Cli) -> None:
    """It is no SQL; the message says where it works."""
    ran = ada("sql", ".tables")

    assert ran.code == 2
    assert "run 'holdfast sql'" in ran.err


def test_measuring_recall_prints_a_document(cli: Cli, home: Path) -> None:
    """`bench recall --data FILE --json` says how much of the evidence was found, per category."""
    message = {"id": "m1", "speaker": "ada", "role": "user", "text": "I like blue"}
    history = {
        "id": "h1",
        "sessions": [{"id": "s1", "messages": [message]}],
        "questions": [
            {
                "id": "q1",
                "question": "Which colour do I like?",
                "category": "single",
                "evidence_messages": ["m1"],
                "evidence_sessions": ["s1"],
            }
        ],
    }
    data = home / "questions.jsonl"
    data.write_text(json.dumps(history) + "\n")

    ran = cli("bench", "recall", "--data", str(data), "--json")

    assert ran.code == 0, ran.err
    assert ran.json["overall"]["messages_all"]["1"] == 100
    assert cli("bench", "recall", "--data", str(home / "none")).code == 2
