"""Options that may stand before or after any command, and commands that know them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from holdfast.cli.call import Call

__all__ = [
    "EVERYWHERE",
    "Command",
    "Group",
    "file_path",
    "folder_path",
    "key_file_path",
    "new_file_path",
    "pass_call",
]

_F = TypeVar("_F", bound=Callable[..., Any])

file_path = click.Path(exists=True, path_type=Path)
"""A file or folder that is there."""
new_file_path = click.Path(dir_okay=False, path_type=Path)
"""A file to be written."""
key_file_path = click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path)
"""A small file that is there, or - for stdin."""
folder_path = click.Path(file_okay=False, path_type=Path)
"""A folder, there or not."""


def pass_call(function: _F) -> _F:
    """Give a command its `Call` as the first argument."""
    return click.pass_obj(function)  # type: ignore[return-value]  # click hides the first argument


def _keep(ctx: click.Context, param: click.Parameter, value: object) -> None:
    call = ctx.find_root().obj
    if isinstance(call, Call) and param.name and value not in (None, False):
        setattr(call, param.name, value)


def _everywhere() -> list[click.Option]:
    return [
        click.Option(
            ["--user"], metavar="NAME", expose_value=False, callback=_keep, help="Whose vault."
        ),
        click.Option(
            ["--json"],
            is_flag=True,
            expose_value=False,
            callback=_keep,
            help="Write JSON to stdout, errors as JSON to stderr.",
        ),
        click.Option(
            ["--data-dir"],
            type=folder_path,
            expose_value=False,
            callback=_keep,
            help="Where the database lies.",
        ),
        click.Option(
            ["--config"],
            type=new_file_path,
            expose_value=False,
            callback=_keep,
            help="The configuration file.",
        ),
        click.Option(
            ["--debug"],
            is_flag=True,
            expose_value=False,
            callback=_keep,
            help="Show where an unexpected error came from.",
        ),
    ]


EVERYWHERE = frozenset(option.name for option in _everywhere())
"""Names of the options that every command takes."""


class Command(click.Command):
    """A command that also takes the options that every command takes."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # whatever click.Command takes
        kwargs.setdefault("context_settings", {"help_option_names": ["-h", "--help"]})
        super().__init__(*args, **kwargs)
        self.params.extend(_everywhere())

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The command's own options first, then those of every command."""
        _write_options(self, ctx, formatter)


class Group(click.Group):
    """A group of commands that also takes the options that every command takes."""

    command_class = Command

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # whatever click.Group takes
        kwargs.setdefault("context_settings", {"help_option_names": ["-h", "--help"]})
        super().__init__(*args, **kwargs)
        self.params.extend(_everywhere())

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The group's own options first, then those of every command, then its commands."""
        _write_options(self, ctx, formatter)
        self.format_commands(ctx, formatter)


def _write_options(
    command: click.Command, ctx: click.Context, formatter: click.HelpFormatter
) -> None:
    own: list[tuple[str, str]] = []
    everywhere: list[tuple[str, str]] = []
    for parameter in command.get_params(ctx):
        record = parameter.get_help_record(ctx)
        if record is not None:
            (everywhere if parameter.name in EVERYWHERE else own).append(record)
    for title, records in (("Options", own), ("Options of every command", everywhere)):
        if records:
            with formatter.section(title):
                formatter.write_dl(records)
