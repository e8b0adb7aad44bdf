"""The description of the HTTP interface as a file: what the page's types are made from."""

from __future__ import annotations

import asyncio
import json

import holdfast
from holdfast.server.app import create_app
from holdfast.settings import Settings
from holdfast.vault.root import GivenKey, key_text


def document() -> str:
    """Return the OpenAPI document of a server with no settings, without what changes by release."""
    return asyncio.run(_document())


async def _document() -> str:
    async with holdfast.open("memory:", root_key=GivenKey(key_text(bytes(32)))) as keeper:
        found = create_app(Settings(), keeper).openapi()
    found["info"]["version"] = "0"
    return json.dumps(found, ensure_ascii=False, indent=1, sort_keys=True) + "\n"
