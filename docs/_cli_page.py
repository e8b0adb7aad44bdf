"""Write docs/reference/cli.md from the tree of commands."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Sequence

import click

from holdfast.cli.failures import EXIT_CODES
from holdfast.cli.options import EVERYWHERE
from holdfast.cli.program import COMMANDS, program

_HEAD = """\
# Command line

`holdfast COMMAND --help` says the same. Generated from the commands themselves.

What is shown is for people: local time, tables that fit the terminal, and no control characters of
what others wrote. On a pipe nothing is cut and nothing is coloured; `NO_COLOR` and dumb terminals
are honoured. With `--json` stdout holds JSON alone, times in UTC: one document, or one line for
each event of `chat`; errors go to stderr as `{"error": {"code", "message"}}` with a code of the
[errors](errors.md).
"""


def cli_page() -> str:
    """Return the page about every command: what it does, its arguments, its options."""
    parts = [_HEAD, _exit_codes(), _everywhere()]
    for section in dict.fromkeys(entry.section for entry in COMMANDS.values()):
        parts.append(f"## {section}\n")
        for name, entry in COMMANDS.items():
            if entry.section == section:
                parts += _command(_loaded(name), f"holdfast {name}", level=3)
    return "\n".join(parts)


def _loaded(name: str) -> click.Command:
    command = program.get_command(click.Context(program), name)
    assert command is not None
    return command


def _exit_codes() -> str:
    rows = [f"| {code} | {meaning} |" for code, meaning in EXIT_CODES.items()]
    return "\n".join(["## Exit codes", "", "| code | meaning |", "|---|---|", *rows, ""])


def _everywhere() -> str:
    text = "These may stand before or after any command."
    options = [p for p in program.params if p.name in EVERYWHERE]
    return "\n".join(["## Options of every command", "", text, "", *_table(options), ""])


def _command(command: click.Command, path: str, *, level: int) -> Iterator[str]:
    ctx = click.Context(command, info_name=path)
    yield f"{'#' * level} {path}\n"
    yield f"    {_usage(command, ctx)}\n"
    yield _prose(command) + "\n"
    own = [p for p in command.params if isinstance(p, click.Option) and p.name not in EVERYWHERE]
    if own:
        yield "\n".join(_table(own)) + "\n"
    if isinstance(command, click.Group):
        for name in sorted(command.commands):
            yield from _command(command.commands[name], f"{path} {name}", level=level + 1)


def _usage(command: click.Command, ctx: click.Context) -> str:
    return " ".join([ctx.info_name or "", *command.collect_usage_pieces(ctx)])


def _prose(command: click.Command) -> str:
    text = inspect.cleandoc(command.help or "")
    # A block that click is told not to wrap is one that is typed.
    parts = [
        "\n".join(f"    {line}" for line in part.splitlines()[1:])
        if part.startswith("\b")
        else part.replace("<", "\\<").replace("[", "\\[")
        for part in text.split("\n\n")
    ]
    return "\n\n".join(parts)


def _table(options: Sequence[click.Parameter]) -> Iterator[str]:
    yield "| option | meaning |"
    yield "|---|---|"
    for option in options:
        assert isinstance(option, click.Option)
        names = "`, `".join([*option.opts, *option.secondary_opts])
        yield f"| `{names}`{_value(option)} | {_meaning(option)} |"


def _value(option: click.Option) -> str:
    if option.is_flag:
        return ""
    if isinstance(option.type, click.Choice):
        return " " + " \\| ".join(str(choice) for choice in option.type.choices)
    number = {"integer range": "N", "integer": "N", "float": "N"}
    return f" {option.metavar or number.get(option.type.name, option.type.name.upper())}"


def _meaning(option: click.Option) -> str:
    parts = [option.help or ""]
    if isinstance(option.type, click.IntRange):
        low, high = option.type.min, option.type.max
        parts.append(f"{low} to {high:,}." if high is not None else f"{low} or more.")
    if option.show_default and option.default is not None:
        parts.append(f"Default: {option.default}.")
    if option.required:
        parts.append("Required.")
    return " ".join(part for part in parts if part).replace("|", "\\|").replace("[", "\\[")
