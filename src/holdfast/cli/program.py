"""The tree of commands, loaded one by one, and the way in and out."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any, Final, NamedTuple

import click

from holdfast.cli.call import Call
from holdfast.cli.failures import Exit, exit_code_of, tell, tell_unexpected
from holdfast.cli.options import Group
from holdfast.errors import HoldfastError

__all__ = ["COMMANDS", "Entry", "program", "run"]


class Entry(NamedTuple):
    """Where a command is, and what the first help page says of it without loading it."""

    section: str
    module: str
    about: str


COMMANDS: Final[dict[str, Entry]] = {
    "chat": Entry("Talk", "chat", "Talk; what you say is kept before anything else happens."),
    "serve": Entry("Talk", "serve", "Serve the page and the interfaces on this machine."),
    "mcp": Entry("Talk", "mcp", "Serve an MCP host over stdin and stdout."),
    "sessions": Entry("Look", "conversations", "List conversations, newest first."),
    "show": Entry("Look", "conversations", "Show a conversation."),
    "recall": Entry("Look", "recalling", "Find what was said."),
    "memories": Entry("Look", "memories", "List, add, correct and forget memories."),
    "distill": Entry("Look", "distilling", "Make memories of what was said since the last time."),
    "stats": Entry("Look", "upkeep", "Count what is kept."),
    "import": Entry("Bring and take", "moving", "Bring in chats of other systems or of this one."),
    "export": Entry("Bring and take", "moving", "Write everything, or some sessions, to a file."),
    "forget": Entry("Remove", "forgetting", "Remove messages, a memory or a session for good."),
    "erase": Entry("Remove", "forgetting", "Destroy everything of a user for good."),
    "verify": Entry("Upkeep", "upkeep", "Open everything and check that nothing is missing."),
    "backup": Entry("Upkeep", "saving", "Copy data and keys into two files."),
    "restore": Entry("Upkeep", "saving", "Put a backup in the place of the store."),
    "keys": Entry("Upkeep", "keys", "Show and rotate keys."),
    "tokens": Entry("Upkeep", "tokens", "Make, list and revoke API keys."),
    "users": Entry("Upkeep", "upkeep", "List who has a vault here."),
    "migrate": Entry("Upkeep", "upkeep", "Bring an older database up to date."),
    "embed": Entry("Upkeep", "upkeep", "Compare all by the chosen embedder, and wait for it."),
    "doctor": Entry("Upkeep", "doctor", "Check this installation and say what to do."),
    "sql": Entry("Upkeep", "sql", "Look at the database's rows; nothing can be written."),
    "bench": Entry("Upkeep", "bench", "Measure recall, capture and more."),
    "completion": Entry("Upkeep", "completion", "Print a script for your shell's completion."),
}
"""Every command of the first level, in the order of the help page."""


class _Program(Group):
    """The first level: knows its commands by name, loads one when it is needed."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        entry = COMMANDS.get(cmd_name)
        if entry is None:
            return None
        module = import_module(f"holdfast.cli.{entry.module}")
        command = getattr(module, f"{cmd_name.replace('-', '_')}_command")
        if not isinstance(command, click.Command):
            raise TypeError(f"{cmd_name} is no command")
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        for section in dict.fromkeys(entry.section for entry in COMMANDS.values()):
            with formatter.section(section):
                formatter.write_dl(
                    [(n, entry.about) for n, entry in COMMANDS.items() if entry.section == section]
                )

    def invoke(self, ctx: click.Context) -> Any:  # what the command returns: an exit code or None
        try:
            code = super().invoke(ctx)
            sys.stdout.flush()
        except BrokenPipeError:
            _let_go_of_stdout()
            raise click.exceptions.Exit(Exit.PIPE_CLOSED) from None
        except KeyboardInterrupt:
            call = ctx.find_root().obj
            as_json = isinstance(call, Call) and call.json
            tell("interrupted", "stopped; what was acknowledged is kept", as_json=as_json)
            raise click.exceptions.Exit(Exit.INTERRUPTED) from None
        return code


def _let_go_of_stdout() -> None:
    """Whoever read it went away: what is still buffered must not fail once more at exit."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@click.group(
    cls=_Program,
    invoke_without_command=False,
    epilog="Exit codes: 0 done, 1 failed, 2 wrong usage or input, 3 not found, 4 keys, "
    "5 tampered, 6 storage, 7 import, 130 interrupted.",
)
@click.version_option(package_name="holdfast", prog_name="holdfast", message="%(prog)s %(version)s")
def program() -> None:
    """Holdfast keeps everything that was said to an assistant and finds it again."""


def run(arguments: Sequence[str]) -> int:
    """Run one command line and return its exit code. Never raises for a failure it can tell."""
    call = Call(json="--json" in arguments, debug="--debug" in arguments)
    try:
        code = program.main(list(arguments), prog_name="holdfast", standalone_mode=False, obj=call)
    except click.exceptions.Abort as exc:
        interrupted = isinstance(exc.__cause__, KeyboardInterrupt)
        return Exit.INTERRUPTED if interrupted else Exit.FAILED
    except click.exceptions.NoArgsIsHelpError as exc:
        sys.stdout.write(exc.format_message() + "\n")
        return Exit.USAGE
    except click.ClickException as exc:
        return _wrong_usage(exc, as_json=call.json)
    except HoldfastError as exc:
        tell(exc.code, str(exc), as_json=call.json)
        return exit_code_of(exc)
    except Exception as exc:  # noqa: BLE001  # the boundary: told without its words, see failures
        tell_unexpected(exc, as_json=call.json, debug=call.debug)
        return Exit.FAILED
    return code if isinstance(code, int) else Exit.OK


def _wrong_usage(error: click.ClickException, *, as_json: bool) -> int:
    ctx = error.ctx if isinstance(error, click.UsageError) else None
    if ctx is not None and not as_json:
        sys.stderr.write(ctx.get_usage() + "\n")
    hint = "" if ctx is None else f"; see '{ctx.command_path} --help'"
    tell("usage", error.format_message().rstrip(".") + hint, as_json=as_json)
    return Exit.USAGE
