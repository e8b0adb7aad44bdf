"""The tree of commands: what stands where, and what is loaded when."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import click
import pytest

from cli.conftest import Cli
from holdfast import __version__
from holdfast.cli.program import COMMANDS, program

_LOADED = """
import sys
from holdfast.cli.program import run
code = run({arguments!r})
print(*sorted(sys.modules), file=sys.stderr)
sys.exit(code)
"""


def _loaded(*arguments: str) -> set[str]:
    ran = subprocess.run(
        [sys.executable, "-c", _LOADED.format(arguments=list(arguments))],
        capture_output=True,
        text=True,
        check=True,
    )
    return set(ran.stderr.split())


def _command(name: str) -> click.Command:
    command = program.get_command(click.Context(program), name)
    assert command is not None
    return command


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_the_first_page_says_what_the_command_says(name: str) -> None:
    """The table that spares loading a command agrees with the command itself."""
    assert _command(name).get_short_help_str(limit=200) == COMMANDS[name].about


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_explains_itself(name: str, cli: Cli) -> None:
    """`holdfast NAME --help` works without any store and ends well."""
    ran = cli(name, "--help")

    assert (0, "") == (ran.code, ran.err)
    assert f"Usage: holdfast {name}" in ran.out
    assert "Options of every command:" in ran.out


def test_the_first_page_loads_nothing_heavy() -> None:
    """Help needs click; neither tables nor databases nor the library are loaded for it."""
    heavy = {"rich", "apsw", "numpy", "holdfast.keeper", "cryptography", "fastapi", "platformdirs"}

    assert _loaded("--help") & heavy == set()


def test_the_version_needs_not_even_click(process: Cli) -> None:
    """The version is answered at once."""
    code = "import sys; sys.argv = ['holdfast', '--version']\nimport holdfast.cli\n"
    code += "holdfast.cli.main(); assert 'click' not in sys.modules"

    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
    assert process("--version").out == f"holdfast {__version__}\n"


def test_options_of_every_command_may_stand_before_or_after_it(ada: Cli, cli: Cli) -> None:
    """--user, --json, --data-dir and --config mean the same on either side."""
    after = cli("sessions", "--user", "ada", "--json")
    before = cli("--user", "ada", "--json", "sessions")
    between = cli("memories", "--json", "list", "--user", "ada")

    assert before == after
    assert between.json == {"memories": []}


def test_a_data_directory_can_be_named(cli: Cli, chats: Path, home: Path) -> None:
    """--data-dir holds everything but the root key."""
    elsewhere = home / "elsewhere"
    cli("--data-dir", str(elsewhere), "import", str(chats))

    assert (elsewhere / "holdfast.db").exists()
    assert not list(elsewhere.rglob("*.key"))
    assert cli("sessions", "--data-dir", str(elsewhere)).code == 0


def test_settings_come_from_a_file_that_can_be_named(cli: Cli, home: Path) -> None:
    """--config names the file; every mistake in it is reported at once."""
    file = home / "my.toml"
    file.write_text('port = "x"\nnonsense = 1\n')

    ran = cli("sessions", "--config", str(file))

    assert ran.code == 2
    assert "nonsense is no setting" in ran.err
    assert "expected a whole number" in ran.err


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts_are_printed(shell: str, cli: Cli) -> None:
    """Each script asks holdfast itself what may come next."""
    ran = cli("completion", shell)

    assert ran.code == 0
    assert "_HOLDFAST_COMPLETE" in ran.out


def test_the_shell_is_told_what_may_come_next(process: Cli) -> None:
    """Completing "ex" offers export."""
    ran = process(_HOLDFAST_COMPLETE="bash_complete", COMP_WORDS="holdfast ex", COMP_CWORD="1")

    assert "plain,export" in ran.out


def test_serve_without_its_packages_says_what_to_install(home: Path) -> None:
    """The extra `server` is named; there is no traceback."""
    code = "import sys; sys.modules['uvicorn'] = None\nfrom holdfast.cli.program import run\n"
    code += "sys.exit(run(['serve']))"

    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert ran.returncode == 1
    assert "pip install '.[server]'" in ran.stderr
    assert "Traceback" not in ran.stderr


def test_a_python_module_is_the_same_command(process: Cli) -> None:
    """`python -m holdfast` shows the first page like `holdfast`."""
    assert process("--help").out.startswith("Usage: holdfast ")
