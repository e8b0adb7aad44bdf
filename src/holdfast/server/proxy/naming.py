"""Whose words a request carries, and of which conversation, by the headers that clients send.

A header never proves anything: it refines who the credential says is asking, and only for a
credential that may act for others. Names of sessions are the client's own; they are looked up in
the vault of the user that was found, so no name leads into another's.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from holdfast.keeper.access import Caller
    from holdfast.model import JsonObject

__all__ = ["OWN_SESSION", "named_session", "named_user"]

OWN_SESSION = "x-holdfast-session-id"
_USER = (
    "x-holdfast-user-id",
    "x-litellm-customer-id",
    "x-litellm-end-user-id",
    "helicone-user-id",
    "x-sm-user-id",
    "x-openwebui-user-id",
    "x-openwebui-user-email",
)
"""In the order in which they are believed."""
_SESSION = (
    OWN_SESSION,
    "x-litellm-session-id",
    "helicone-session-id",
    "x-sm-conversation-id",
    "x-openwebui-chat-id",
    "x-session-id",
)
_VENDOR = re.compile(r"x-[a-z0-9-]{1,64}-session-id")
_VENDOR_VALUE = re.compile(r"[a-zA-Z0-9_-]{8,}")
_MAX_NAME = 512


def named_user(caller: Caller, headers: Mapping[str, str]) -> str | None:
    """The user that a request is for, when its caller may say so; None when it says nothing."""
    if not caller.acts_for_users:
        return None
    return next((name for h in _USER if (name := _name(headers.get(h)))), None)


def named_session(headers: Mapping[str, str], body: JsonObject) -> str | None:
    """The client's name of the conversation; None when it has none."""
    for header in _SESSION:
        if name := _name(headers.get(header)):
            return name
    for header, value in headers.items():
        if _VENDOR.fullmatch(header) and _VENDOR_VALUE.fullmatch(value):
            return _name(value)
    metadata = body.get("metadata")
    told = metadata.get("session_id") if isinstance(metadata, dict) else None
    # Not `prompt_cache_key`: clients share one among many conversations to hit the same cache.
    return _name(body.get("litellm_session_id")) or _name(told)


def _name(value: object) -> str | None:
    if not isinstance(value, str):
        return None
    name = value.strip()
    return name if name and len(name) <= _MAX_NAME and name.isprintable() else None
