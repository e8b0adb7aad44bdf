"""`mcp`: what is remembered, for a host that speaks the Model Context Protocol."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import click

from holdfast.cli.call import Call
from holdfast.cli.options import Command, pass_call
from holdfast.errors import MissingExtra

if TYPE_CHECKING:
    from collections.abc import Mapping

    from holdfast.keeper.access import Scope
    from holdfast.settings import Settings

__all__ = ["mcp_command"]

_PACKAGES = {"fastapi", "mcp", "mcp_types", "pydantic", "starlette", "uvicorn", "websockets"}
_READING: tuple[Scope, ...] = ("memory:read",)
_ALL: tuple[Scope, ...] = ("memory:read", "memory:write", "memory:delete")


@click.command("mcp", cls=Command)
@click.option("--read-only", is_flag=True, help="Offer only the tools that read.")
@click.option(
    "--print-config",
    type=click.Choice(("command", "url")),
    help="Print the JSON for a host's configuration: with this command, or with the address of "
    "your server and a new key.",
)
@pass_call
def mcp_command(call: Call, read_only: bool, print_config: str | None) -> None:
    """Serve an MCP host over stdin and stdout.

    The host starts it; it speaks for the one user of --user and ends when the host does. It works
    beside a server that runs on the same data.
    """
    if print_config == "url":
        entry = _by_url(call.settings, _new_key(call, read_only=read_only))
        call.output.note("The key in it is shown this once; 'holdfast tokens' lists and revokes.")
        _print(entry)
    elif print_config == "command":
        _print(_by_command(call, read_only=read_only))
        _note_what_is_missing(call)
    else:
        _serve(call, read_only=read_only)


def _serve(call: Call, *, read_only: bool) -> None:
    try:
        from holdfast.server.mcp.stdio import serve_stdio
    except ModuleNotFoundError as exc:
        if exc.name is not None and exc.name.partition(".")[0] in _PACKAGES:
            raise MissingExtra("MCP", "server") from exc
        raise

    async def work() -> None:
        async with call.opened(create=True) as keeper:
            await serve_stdio(keeper, call.settings, read_only=read_only)

    call.run(work)


def _new_key(call: Call, *, read_only: bool) -> str:
    async def work() -> str:
        async with call.opened(create=True) as keeper:
            _, secret = await keeper.tokens.create(
                call.settings.user, name="MCP", scopes=_READING if read_only else _ALL
            )
            return secret

    return call.run(work)


def _by_command(call: Call, *, read_only: bool) -> Mapping[str, object]:
    """How a host starts this command: with everything named, for it has another environment."""
    settings = call.settings
    arguments = ["-m", "holdfast", "mcp", "--user", settings.user]
    if call.config is not None:
        arguments += ["--config", str(call.config.resolve())]
    return {
        "command": sys.executable,
        "args": [*arguments, *["--read-only"] * read_only],
        "env": {
            "HOLDFAST_DATA_DIR": str(settings.data_dir.resolve()),
            "HOLDFAST_CONFIG_DIR": str(settings.config_dir.resolve()),
        },
    }


def _note_what_is_missing(call: Call) -> None:
    """Name the settings that may hold a secret, which is not printed into a file unasked."""
    settings = call.settings
    given = {
        "HOLDFAST_DATABASE_URL": settings.database_url,
        "HOLDFAST_ROOT_KEY": settings.root_key,
        "HOLDFAST_ROOT_KEY_FILE": settings.root_key_file,
    }
    missing = [name for name, value in given.items() if value]
    if missing and call.config is None:
        call.output.note(f"Add to env what your environment sets: {', '.join(missing)}.")


def _by_url(settings: Settings, key: str) -> Mapping[str, object]:
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    address = settings.public_url.rstrip("/") or f"http://{host}:{settings.port}"
    return {
        "type": "http",
        "url": f"{address}/mcp",
        "headers": {"Authorization": f"Bearer {key}"},
    }


def _print(entry: Mapping[str, object]) -> None:
    click.echo(json.dumps({"mcpServers": {"holdfast": entry}}, indent=2))
