"""The one upstream that /v1 forwards to: fixed by the settings, never by a request."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING
from urllib.parse import quote

from holdfast.errors import BadSettings
from holdfast.server.failures import Refused
from holdfast.server.observing.observer import observed_upstream

if TYPE_CHECKING:
    import httpx2

    from holdfast.settings import Settings

__all__ = ["Upstream", "model_path", "shown_headers"]

_CONNECT_TIMEOUT_S = 10.0
_SENT = frozenset(
    {
        "accept",
        "content-type",
        "http-referer",
        "idempotency-key",
        "openai-beta",
        "user-agent",
        "x-title",
    }
)
"""Of the client's headers these go on. Not its credential, its cookies or whom it speaks for."""
_SHOWN = frozenset(
    {
        "cache-control",
        "content-encoding",
        "content-length",
        "content-type",
        "retry-after",
        "retry-after-ms",
        "x-request-id",
        "x-should-retry",
    }
)
_SHOWN_KINDS = ("openai-", "x-ratelimit-")


class Upstream:
    """Asks the upstream. Its connections are kept for the requests that follow."""

    def __init__(self, settings: Settings) -> None:
        self._base = settings.proxy_base_url.rstrip("/")
        key = settings.proxy_api_key
        self._key = None if key is None else key.reveal()
        self._timeout_s = settings.proxy_timeout_s
        self._client: httpx2.AsyncClient | None = None
        self._making = asyncio.Lock()
        if self._base and not self._base.startswith(("http://", "https://")):
            raise BadSettings(("proxy_base_url: it begins with http:// or https://",))

    @property
    def configured(self) -> bool:
        """Whether there is one; otherwise this server's own assistant answers."""
        return bool(self._base)

    async def start(self) -> None:
        """Make ready, so that no request pays for it."""
        if self.configured:
            await self._opened()

    async def close(self) -> None:
        """Let go of the connections. May be called twice."""
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    async def ask(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes = b""
    ) -> httpx2.Response:
        """The beginning of an answer: status and headers; its body is still to be read.

        Raises:
            Refused: it cannot be reached (502), or was silent for too long (504).
        """
        import httpx2

        client = await self._opened()
        request = client.build_request(
            method, f"{self._base}{path}", content=body or None, headers=self._headers(headers)
        )
        try:
            with observed_upstream() as seen:
                answer = await client.send(request, stream=True)
                seen.status = answer.status_code
                return answer
        except httpx2.TimeoutException:
            raise Refused(504, "upstream_timeout", "the upstream of /v1 was silent") from None
        except httpx2.HTTPError:
            # Without its words, which may name inner addresses.
            message = "the upstream of /v1 cannot be reached: see HOLDFAST_PROXY_BASE_URL"
            raise Refused(502, "upstream_unreachable", message) from None

    def _headers(self, given: Mapping[str, str]) -> dict[str, str]:
        sent = {name: value for name, value in given.items() if name in _SENT}
        # Identity: what is passed on without a look has to be read by the recorder too.
        sent["accept-encoding"] = "identity"
        if self._key is not None:
            sent["authorization"] = f"Bearer {self._key}"
        return sent

    async def _opened(self) -> httpx2.AsyncClient:
        async with self._making:
            if self._client is None:
                self._client = await asyncio.to_thread(self._made)
            return self._client

    def _made(self) -> httpx2.AsyncClient:
        import httpx2

        return httpx2.AsyncClient(
            timeout=httpx2.Timeout(self._timeout_s, connect=_CONNECT_TIMEOUT_S),
            limits=httpx2.Limits(max_connections=None, max_keepalive_connections=64),
            follow_redirects=False,
            trust_env=False,
        )


def shown_headers(raw: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """The headers of an upstream's answer that its client gets to see."""
    found = ((name.lower(), value) for name, value in raw)
    return [
        (name, value)
        for name, value in found
        if (text := name.decode("latin-1")) in _SHOWN or text.startswith(_SHOWN_KINDS)
    ]


def model_path(model: str) -> str:
    """The path of a model at the upstream.

    Raises:
        Refused: it leads elsewhere.
    """
    if any(part in ("", ".", "..") for part in model.split("/")):
        raise Refused(404, "model_not_found", "there is no such model: see GET /v1/models")
    return f"/models/{quote(model, safe='/:@-._~')}"
