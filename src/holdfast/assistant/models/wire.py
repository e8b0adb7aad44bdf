"""The providers' clients: built from the settings alone, for the length of one answer.

Importing this takes a second: `PydanticAnswerer` does it in a thread.

A client lives as long as one answer. A connection costs little beside what a model takes, and
nothing is left to close, to go stale, or to belong to another event loop.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from functools import cache
from ipaddress import ip_address
from ssl import SSLContext
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import httpx2
from pydantic_ai.models import Model
from pydantic_ai.profiles.openai import OpenAIModelProfile

if TYPE_CHECKING:
    from openai import AsyncOpenAI

    from holdfast.assistant.models.route import Route

__all__ = ["opened_model", "trusted_certificates"]

_CONNECT_S = 10.0
_NO_KEY = "none"
"""The clients insist on a key; a service without keys ignores it."""


@cache
def trusted_certificates() -> SSLContext:
    """The certificates that providers are known by. Reading them takes a moment, so once."""
    return httpx2.create_ssl_context()


@asynccontextmanager
async def opened_model(route: Route) -> AsyncGenerator[Model, None]:
    """The model, connected when it is first asked; nothing of it is open afterwards."""
    timeout = httpx2.Timeout(route.timeout_s, connect=min(_CONNECT_S, route.timeout_s))
    client = httpx2.AsyncClient(
        timeout=timeout,
        verify=trusted_certificates(),
        # A key and what was said are not carried to wherever an answer points.
        follow_redirects=False,
        # A proxy of the environment is for what is outside of this machine.
        trust_env=not _is_here(route.base_url),
    )
    async with client:
        build = _anthropic if route.provider == "anthropic" else _openai
        yield build(route, client, timeout)


def _openai(route: Route, http: httpx2.AsyncClient, timeout: httpx2.Timeout) -> Model:
    from openai import AsyncOpenAI
    from pydantic_ai.models.ollama import OllamaModel
    from pydantic_ai.models.openai import OpenAIChatModel
    from pydantic_ai.providers.ollama import OllamaProvider
    from pydantic_ai.providers.openai import OpenAIProvider

    _keep_quiet("openai")
    client = AsyncOpenAI(
        api_key=_key(route),
        base_url=route.base_url,
        http_client=http,
        timeout=timeout,
        max_retries=0,
    )
    _forget_environment(client)
    profile = OpenAIModelProfile(openai_chat_streaming_requires_finish_reason=True)
    if not route.own_address:
        # What else speaks this protocol knows its older words.
        profile["openai_chat_supports_max_completion_tokens"] = False
        profile["openai_supports_strict_tool_definition"] = False
    if route.provider == "ollama":
        return OllamaModel(
            route.model, provider=OllamaProvider(openai_client=client), profile=profile
        )
    return OpenAIChatModel(
        route.model, provider=OpenAIProvider(openai_client=client), profile=profile
    )


def _forget_environment(client: AsyncOpenAI) -> None:
    """Take back what the client read from OPENAI_*: only what is configured goes out."""
    client.organization = client.project = client.admin_api_key = client.webhook_secret = None
    client._custom_headers = {}  # no argument keeps OPENAI_CUSTOM_HEADERS out


def _anthropic(route: Route, http: httpx2.AsyncClient, timeout: httpx2.Timeout) -> Model:
    from anthropic import AsyncAnthropic
    from pydantic_ai.models.anthropic import AnthropicModel
    from pydantic_ai.providers.anthropic import AnthropicProvider

    _keep_quiet("anthropic")
    client = AsyncAnthropic(
        api_key=_key(route),  # given, so that no credential of the environment or a file is read
        base_url=route.base_url,
        http_client=http,
        timeout=timeout,
        max_retries=0,
        open_telemetry=False,
    )
    client._custom_headers = {}  # no argument keeps ANTHROPIC_CUSTOM_HEADERS out
    return AnthropicModel(route.model, provider=AnthropicProvider(anthropic_client=client))


def _key(route: Route) -> str:
    return _NO_KEY if route.api_key is None else route.api_key.reveal()


def _keep_quiet(library: str) -> None:
    # There are releases of these that log whole requests at level debug, with all that was said,
    # and variables of the environment that turn that on.
    logging.getLogger(library).setLevel(logging.WARNING)


def _is_here(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
