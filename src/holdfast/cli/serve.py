"""`serve`: the page and the interfaces, on this machine."""

from __future__ import annotations

from dataclasses import replace

import click

from holdfast.cli.call import Call
from holdfast.cli.options import Command, pass_call
from holdfast.errors import MissingExtra

__all__ = ["serve_command"]

_PACKAGES = {"fastapi", "pydantic", "starlette", "uvicorn", "websockets"}


@click.command("serve", cls=Command)
@click.option("--host", metavar="ADDRESS", help="The address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), help="The port; 0 takes a free one.")
@pass_call
def serve_command(call: Call, host: str | None, port: int | None) -> None:
    """Serve the page and the interfaces on this machine.

    Ends with Ctrl-C. Needs no settings: it prints the address and a link that logs you in once.
    """
    settings = call.settings
    if host is not None:
        settings = replace(settings, host=host)
    if port is not None:
        settings = replace(settings, port=port)
    try:
        from holdfast.server import serve
    except ModuleNotFoundError as exc:
        if exc.name is not None and exc.name.partition(".")[0] in _PACKAGES:
            raise MissingExtra("the server", "server") from exc
        raise
    serve(settings)
