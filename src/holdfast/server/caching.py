"""Polling for nothing: a list that has not changed is answered by 304, after one row was read.

A weak ETag stands for the revision of the vault that a list comes from, read before the list is:
what is shown may be newer than its tag, never older. Every write of a vault raises its revision. It
stands also for what is being answered there, which ends a moment after the last write of it.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from fastapi import Depends
from starlette.requests import Request
from starlette.responses import Response

import holdfast
from holdfast.server.failures import NotModified
from holdfast.server.identity.asking import Reader
from holdfast.vault.vault import Vault

if TYPE_CHECKING:
    from holdfast.server.talking.talks import Talks

__all__ = ["POLLED", "check_changed"]

_REPRESENTATION = f"2/{holdfast.__version__}"
"""Raised when the same rows are shown otherwise."""


async def check_changed(request: Request, response: Response, vault: Vault) -> None:
    """Give the answer of a list from this vault its ETag, unless the client has that answer.

    Raises:
        NotModified: it has; nothing more need be read.
    """
    row = await vault.storage.vault(vault.raw)
    talks: Talks = request.app.state.talks
    running = ",".join(talks.running(vault.raw))
    seen = f"{_REPRESENTATION}\n{vault.id}\n{0 if row is None else row.rev}\n{running}\n"
    asked = f"{request.scope['path']}?{request.url.query}"
    digest = hashlib.sha256((seen + asked).encode("utf-8", "surrogatepass")).hexdigest()
    tag = f'W/"{digest[:32]}"'
    if tag in _known_to(request):
        raise NotModified(tag)
    response.headers["ETag"] = tag


def _known_to(request: Request) -> set[str]:
    """The tags that the client has; compared weakly, so the mark of a weak one does not count."""
    given = ",".join(request.headers.getlist("if-none-match")).split(",")
    return {_weak(tag.strip()) for tag in given}


def _weak(tag: str) -> str:
    return tag if tag.startswith("W/") else f"W/{tag}"


async def _of_the_user(request: Request, response: Response, owner: Reader) -> None:
    session = owner.sessions.temporary(request.path_params.get("session_id", ""))
    await check_changed(request, response, owner.vault if session is None else session.vault)


POLLED = Depends(_of_the_user)
"""In `dependencies` of a route that reads from the vault of its `Reader`."""
