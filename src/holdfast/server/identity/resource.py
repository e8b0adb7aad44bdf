"""Where a client finds out who issues tokens for /mcp: protected-resource metadata (RFC 9728).

A client that is refused reads the challenge, follows it to the metadata, and asks the issuer that
it names for a token. Without an issuer there is nothing to name: then only API keys are taken.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.requests import HTTPConnection

from holdfast.settings import Settings

if TYPE_CHECKING:
    from holdfast.model import JsonObject

__all__ = ["METADATA_PATHS", "base_url", "challenge", "metadata"]

_ROOT = "/.well-known/oauth-protected-resource"
METADATA_PATHS = (f"{_ROOT}/mcp", _ROOT)
"""Where the metadata is: RFC 9728 puts a resource's path behind; some clients ask without it."""
_RESOURCE = "/mcp"
_SCOPES = ("memory:read", "memory:write", "memory:delete")


def base_url(settings: Settings, connection: HTTPConnection) -> str:
    """How this client reaches the server, without a slash at the end.

    The guard has let no name pass that is not the server's.
    """
    return (settings.public_url or str(connection.base_url)).rstrip("/")


def challenge(settings: Settings, connection: HTTPConnection) -> str:
    """What a refusal says in WWW-Authenticate."""
    said = 'Bearer realm="holdfast"'
    if not settings.jwt_issuer:
        return said
    return f'{said}, resource_metadata="{base_url(settings, connection)}{METADATA_PATHS[0]}"'


def metadata(settings: Settings, connection: HTTPConnection) -> JsonObject | None:
    """The metadata; None when there is no issuer."""
    if not settings.jwt_issuer:
        return None
    return {
        "resource": f"{base_url(settings, connection)}{_RESOURCE}",
        "resource_name": "Holdfast",
        "authorization_servers": [settings.jwt_issuer],
        "bearer_methods_supported": ["header"],
        "scopes_supported": list(_SCOPES),
    }
