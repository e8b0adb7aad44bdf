"""How a command fails: one sentence, a code, an exit code; never what somebody said."""

from __future__ import annotations

import inspect
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from cli.conftest import Cli, environment
from holdfast import errors
from holdfast.cli import failures
from holdfast.cli.failures import EXIT_CODES, Exit, exit_code_of
from holdfast.errors import HoldfastError

_CLASSES = [
    cls for _, cls in inspect.getmembers(errors, inspect.isclass) if issubclass(cls, HoldfastError)
]


@pytest.mark.parametrize(
    ("code", "arguments"),
    [
        (Exit.OK, ["sessions", "--user", "ada"]),
        (Exit.USAGE, ["nonsense"]),
        (Exit.USAGE, ["sessions", "--limit", "0"]),
        (Exit.USAGE, ["recall", " ", "--user", "ada"]),
        (Exit.USAGE, ["show", "abc", "--user", "ada"]),
        (Exit.USAGE, ["sessions", "--cursor", "x", "--user", "ada"]),
        (Exit.USAGE, ["export", "-o", "all.xyz", "--user", "ada"]),
        (Exit.USAGE, ["erase", "--yes"]),
        (Exit.USAGE, ["erase", "--user", "ada"]),
        (Exit.NOT_FOUND, ["sessions", "--user", "nobody"]),
        (Exit.NOT_FOUND, ["show", "123456789abc", "--user", "ada"]),
        (Exit.NOT_FOUND, ["forget", "123", "--user", "ada"]),
        (Exit.IMPORT, ["import", "pyproject.toml"]),
    ],
    ids=lambda given: " ".join(given) if isinstance(given, list) else None,
)
def test_exit_codes(code: int, arguments: list[str], ada: Cli, cli: Cli, home: Path) -> None:
    """Each kind of failure has the exit code that the reference lists, with --json too."""
    (home / "pyproject.toml").write_text("[project]\nname = 1\n")

    assert cli(*arguments).code == code
    if code:
        ran = cli(*arguments, "--json")
        assert (code, "") == (ran.code, ran.out)
        assert {"code", "message"} == set(ran.error)


@pytest.mark.parametrize("cls", _CLASSES, ids=lambda cls: cls.__name__)
def test_every_error_has_an_exit_code(cls: type[HoldfastError]) -> None:
    """No failure of the library ends in a code that the reference does not list."""
    assert exit_code_of(cls.__new__(cls)) in EXIT_CODES


def test_a_missing_store_is_not_made_by_looking(cli: Cli, home: Path) -> None:
    """A command that reads says that there is nothing, and leaves no file and no key behind."""
    ran = cli("sessions")

    assert ran.code == Exit.USAGE
    assert "there is no database at" in ran.err
    assert [] == [path for path in home.rglob("*") if path.is_file()]


def test_a_wrong_root_key_is_told(ada: Cli, home: Path) -> None:
    """Another key file does not open the store, and says which kind of failure it is."""
    key = home / "xdg_config_home" / "holdfast" / "root.key"
    key.write_text("holdfast-root-1:" + "A" * 43)

    ran = ada("sessions", "--json")

    assert ran.code == Exit.KEYS
    assert ran.error["code"] == "root_key_wrong"


def test_a_key_that_others_can_read_is_refused(ada: Cli, home: Path) -> None:
    """The mode of the key file is checked at every start."""
    (home / "xdg_config_home" / "holdfast" / "root.key").chmod(0o644)

    assert ada("sessions").code == Exit.KEYS


def test_a_damaged_database_is_told(ada: Cli, home: Path) -> None:
    """A file full of noise is a storage or a key failure, and never an empty list."""
    file = home / "xdg_data_home" / "holdfast" / "holdfast.db"
    file.write_bytes(os.urandom(file.stat().st_size))

    ran = ada("sessions")

    assert ran.code in (Exit.KEYS, Exit.STORAGE)
    assert ran.out == ""


def test_an_unexpected_error_keeps_its_words_to_itself(
    ada: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither the sentence nor the traceback holds the exception's text, which may quote."""

    said = "CANARY said by ada"

    def fail(*_: object, **__: object) -> None:
        raise ValueError(said)

    monkeypatch.setattr("holdfast.keeper.sessions.Sessions.page", fail)

    plain, debug = ada("sessions"), ada("sessions", "--debug")

    assert plain.code == debug.code == Exit.FAILED
    assert "ValueError" in plain.err
    assert "Traceback" not in plain.err
    assert "Traceback" in debug.err
    assert said not in plain.err + debug.err


def test_a_reader_that_goes_away_ends_it_quietly(ada: Cli, home: Path) -> None:
    """`holdfast show | head -1` ends with 141 and without a word."""
    read, write = os.pipe()
    os.close(read)
    command = [sys.executable, "-m", "holdfast", "sessions", "--user", "ada"]
    ran = subprocess.run(
        command, stdout=write, stderr=subprocess.PIPE, env=environment(), check=False
    )
    os.close(write)

    assert (Exit.PIPE_CLOSED, b"") == (ran.returncode, ran.stderr)


def test_the_table_of_codes_is_complete() -> None:
    """Every name of a code is described, and no code twice."""
    named = {value for name, value in vars(Exit).items() if not name.startswith("_")}

    assert named == set(EXIT_CODES)


def test_a_failure_is_one_line_also_when_its_text_is_not(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A file name may hold control characters; none reaches the terminal."""
    failures.tell("not_found", "no \x1b[31mfile", as_json=False)
    failures.tell("not_found", "no \x1b[31mfile", as_json=True)

    told = capsys.readouterr().err
    assert "\x1b" not in told
    assert json.loads(told.splitlines()[1])["error"]["message"] == "no \x1b[31mfile"
