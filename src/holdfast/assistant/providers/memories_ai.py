"""memories.ai over HTTP: ask about what trends, about videos, about own media; list, read back.

The key is shared by all users of a store, so every request names whose it is by an opaque id: with
the provider's default everybody's sessions would stand in one list. Redirects are not followed and
no proxy is taken from the environment: the key goes to the configured address only.
"""

from __future__ import annotations

import asyncio
import codecs
import json
import random
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterator
from contextlib import aclosing, asynccontextmanager
from typing import TYPE_CHECKING, Literal, TypeAlias

from msgspec import Struct

from holdfast.assistant.providers.memories_replies import (
    End,
    Listed,
    Piece,
    Said,
    check_envelope,
    error_of,
    event_pieces,
    listed_sessions,
    reply_pieces,
    said_messages,
    session_id_of,
)
from holdfast.errors import ProviderBusy, ProviderFailed, ProviderUnreachable

if TYPE_CHECKING:
    from ssl import SSLContext

    import httpx2

    from holdfast.model import JsonObject

__all__ = ["PLATFORMS", "Ask", "Heard", "MediaKind", "MemoriesAi", "Platform", "back_off"]

MediaKind: TypeAlias = Literal["marketer_chat", "video_chat", "personal_chat"]
Platform: TypeAlias = Literal["TIKTOK", "YOUTUBE", "INSTAGRAM"]
PLATFORMS: tuple[Platform, ...] = ("TIKTOK", "YOUTUBE", "INSTAGRAM")

_NAME = "memories.ai"
_PREFIX = "/serve/api/v1"
_PATHS: dict[MediaKind, str] = {
    "marketer_chat": "marketer_chat",
    "video_chat": "chat",
    "personal_chat": "chat_personal",
}
_CONNECT_S = 10.0
_SILENT_S = 90.0
"""Answers take 20 to 40 seconds, and not all of them are streamed."""
_MAX_BYTES = 16 << 20
"""Of one answer; more is no answer."""
_MAX_WAIT_S = 32.0
_MAX_TRIES = 7
"""So the waits between them double from 1 to 32 seconds, once each."""


class Ask(Struct, frozen=True, kw_only=True):
    """One question to the provider."""

    kind: MediaKind
    prompt: str
    unique_id: str
    """Whose it is: opaque, never a name."""
    session_id: str | None = None
    """The provider's own session, to go on in it."""
    platform: Platform = "TIKTOK"
    """Of a marketer_chat."""
    video_nos: tuple[str, ...] = ()
    """Of a video_chat."""

    @property
    def body(self) -> JsonObject:
        """What is sent."""
        body: JsonObject = {"prompt": self.prompt, "unique_id": self.unique_id}
        if self.kind == "marketer_chat":
            body["type"] = self.platform
        elif self.kind == "video_chat":
            body["video_nos"] = list(self.video_nos)
        if self.session_id is not None:
            body["session_id"] = self.session_id
        return body


class Heard(Struct, frozen=True, kw_only=True):
    """A piece of an answer, and the provider's session as far as it is known by then."""

    piece: Piece
    session_id: str | None


def back_off(tries: int, spread: float) -> float:
    """Seconds to wait after so many refusals (1 or more): 1 to 32, doubled, less up to a half.

    Args:
        spread: random, in [0, 1], so that those who were refused together do not come together.
    """
    longest: float = min(_MAX_WAIT_S, 2.0 ** (tries - 1))
    return longest * (1 - spread / 2)


class MemoriesAi:
    """A client of the provider. Holds no state of anybody's talk, and nothing to close."""

    def __init__(
        self,
        *,
        base_url: str,
        api_key: str,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
        spread: Callable[[], float] = random.random,
        silent_s: float = _SILENT_S,
    ) -> None:
        """
        Args:
            base_url: with the path of the API (/serve/api/v1), or without it.
            sleep, spread: for tests; how to wait, and the jitter in [0, 1].
            silent_s: an answer that is silent for so long has failed.
        """
        base_url = base_url.rstrip("/")
        self._base_url = base_url if "/serve/api/" in base_url else base_url + _PREFIX
        self._api_key = api_key
        self._sleep = sleep
        self._spread = spread
        self._silent_s = silent_s
        self._tls: SSLContext | None = None

    def __repr__(self) -> str:
        return "MemoriesAi()"

    async def ask(self, ask: Ask) -> AsyncGenerator[Heard, None]:
        """The answer in pieces as they come; the last is End when it is whole.

        A stream that ends without saying so ends here without End: the answer is incomplete. Where
        the provider has no stream of this kind the whole answer comes at once.

        Raises:
            ProviderBusy: it refused for too long.
            ProviderRefused: key, credits, or the request itself.
            ProviderUnreachable: nobody answers, or they went silent.
            ProviderFailed: it failed, or its answer cannot be read.
        """
        path, session_id, tries = f"{_PATHS[ask.kind]}_stream", ask.session_id, 0
        while True:
            begun = False
            try:
                async with self._requested("POST", path, body=ask.body) as response:
                    if response.status_code in (404, 405) and path.endswith("_stream"):
                        path = _PATHS[ask.kind]
                        continue
                    async with aclosing(_answer(response, session_id)) as answer:
                        async for found in answer:
                            begun = True
                            session_id = found.session_id
                            yield found
                return
            except ProviderBusy:
                tries += 1
                # What has been said cannot be taken back: asking again would say it twice.
                if begun or tries >= _MAX_TRIES:
                    raise
            await self._sleep(back_off(tries, self._spread()))

    async def sessions(self, unique_id: str, *, page: int = 1) -> tuple[list[Listed], int | None]:
        """One page of somebody's sessions at the provider, and how many there are if it says so.

        Raises: as `ask`.
        """
        given = {"page": str(page), "unique_id": unique_id}
        return listed_sessions(await self._get("list_sessions", given))

    async def history(self, unique_id: str, session_id: str) -> tuple[str, list[Said]]:
        """Title and messages of one session at the provider.

        Raises: as `ask`.
        """
        # Documented in the one spelling and used in the other: an unknown parameter is ignored.
        given = {"sessionId": session_id, "session_id": session_id, "unique_id": unique_id}
        return said_messages(await self._get("get_session_detail", given))

    async def _get(self, path: str, given: dict[str, str]) -> JsonObject:
        tries = 0
        while True:
            try:
                async with self._requested("GET", path, given=given) as response:
                    return await _envelope(response)
            except ProviderBusy:
                tries += 1
                if tries >= _MAX_TRIES:
                    raise
            await self._sleep(back_off(tries, self._spread()))

    @asynccontextmanager
    async def _requested(
        self,
        method: str,
        path: str,
        *,
        body: JsonObject | None = None,
        given: dict[str, str] | None = None,
    ) -> AsyncIterator[httpx2.Response]:
        import httpx2

        try:
            async with (
                self._client() as client,
                client.stream(
                    method, f"{self._base_url}/{path}", json=body, params=given
                ) as response,
            ):
                yield response
        except (httpx2.TransportError, httpx2.DecodingError, httpx2.StreamError):
            # Not chained: it holds the request, and that the key and what was said.
            raise ProviderUnreachable(_NAME) from None

    def _client(self) -> httpx2.AsyncClient:
        """A client for one request: an answer takes half a minute, a connection no time beside it,
        and nobody has to close what is not kept."""
        import httpx2

        if self._tls is None:
            self._tls = httpx2.create_ssl_context()
        return httpx2.AsyncClient(
            headers={"Authorization": self._api_key, "Accept": "text/event-stream, */*;q=0.5"},
            timeout=httpx2.Timeout(self._silent_s, connect=_CONNECT_S),
            verify=self._tls,
            follow_redirects=False,
            trust_env=False,
        )


async def _answer(response: httpx2.Response, session_id: str | None) -> AsyncGenerator[Heard, None]:
    if not _is_stream(response):
        body = await _envelope(response)
        session_id = session_id_of(body) or session_id
        for piece in reply_pieces(body):
            yield Heard(piece=piece, session_id=session_id)
        return
    if (error := error_of(None, response.status_code)) is not None:
        raise error
    async with aclosing(_payloads(response)) as payloads:
        async for payload in payloads:
            session_id = session_id_of(_object(payload)) or session_id
            for piece in event_pieces(payload):
                yield Heard(piece=piece, session_id=session_id)
                if isinstance(piece, End):
                    return


def _is_stream(response: httpx2.Response) -> bool:
    return response.headers.get("content-type", "").lower().startswith("text/event-stream")


def _object(payload: str) -> object:
    try:
        return json.loads(payload)
    except (ValueError, RecursionError):
        return None


async def _envelope(response: httpx2.Response) -> JsonObject:
    """The whole reply as JSON.

    Raises:
        ProviderFailed: it is none, or one of an error.
    """
    parts, size = [], 0
    async for chunk in response.aiter_bytes():
        size += len(chunk)
        if size > _MAX_BYTES:
            raise ProviderFailed(_NAME, "too_large")
        parts.append(chunk)
    return check_envelope(_object(b"".join(parts).decode("utf-8", "replace")), response.status_code)


async def _payloads(response: httpx2.Response) -> AsyncGenerator[str, None]:
    """The `data:` payloads of a stream, one a line, with or without a space, blank lines or not.

    A line that is an object without the prefix is taken for one: so errors come on a stream.
    """
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    rest, size = "", 0
    async for chunk in response.aiter_bytes():
        size += len(chunk)
        if size > _MAX_BYTES:
            raise ProviderFailed(_NAME, "too_large")
        lines = (rest + decoder.decode(chunk)).replace("\r\n", "\n").split("\n")
        rest = lines.pop()
        for payload in _of_lines(lines):
            yield payload
    for payload in _of_lines([rest + decoder.decode(b"", final=True)]):
        yield payload


def _of_lines(lines: list[str]) -> Iterator[str]:
    for line in lines:
        said = line.strip()
        if said.startswith("data:"):
            said = said.removeprefix("data:").strip()
        elif not said.startswith("{"):
            continue
        if said:
            yield said
