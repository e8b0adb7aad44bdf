"""A bare route of the framework that the server uses: what no turn over HTTP can be faster than.

    python bench/floor.py

It takes a text, checks its shape and gives it back: no identity, no log, no store. It prints its
address and serves until it is told to stop.
"""

from __future__ import annotations

import asyncio
import socket
import sys

import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel


class Said(BaseModel):
    """What comes in, and what goes out."""

    text: str


async def echo(said: Said) -> Said:
    """The same again."""
    return said


def main() -> None:
    """Serve on a free port of this machine."""
    app = FastAPI()
    app.post("/echo")(echo)
    listening = socket.create_server(("127.0.0.1", 0), backlog=1024)
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sys.stdout.write(f"serves http://127.0.0.1:{listening.getsockname()[1]}\n")
    sys.stdout.flush()
    config = uvicorn.Config(app, log_config=None, access_log=False, loop="asyncio")
    asyncio.run(uvicorn.Server(config).serve(sockets=[listening]))


if __name__ == "__main__":
    main()
