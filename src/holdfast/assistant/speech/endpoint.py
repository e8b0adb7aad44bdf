"""An OpenAI-compatible endpoint that transcribes: `POST {base_url}/audio/transcriptions`.

What it answers is somebody else's text: its size is bounded, its shape is checked, and no error
repeats a word of it.
"""

from __future__ import annotations

import asyncio
import math
from types import ModuleType
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from holdfast.assistant.speech.media_types import AUDIO_TYPES, media_type_of
from holdfast.assistant.speech.transcribing import Transcript
from holdfast.errors import (
    MissingExtra,
    NotAudio,
    NothingHeard,
    TranscriberBusy,
    TranscriptionFailed,
)

if TYPE_CHECKING:
    import httpx2

    from holdfast.settings import Secret

__all__ = ["DEFAULT_MODEL", "EndpointTranscriber"]

DEFAULT_MODEL = "gpt-transcribe"
_MAX_ANSWER_BYTES = 16 * 1024 * 1024
_MAX_LANGUAGE_CHARS = 64
_MEANING = {
    401: "the endpoint does not take the key; check HOLDFAST_TRANSCRIBER_API_KEY",
    403: "the key may not use the endpoint or its model",
    404: "the endpoint has no such model or path; check HOLDFAST_TRANSCRIBER_BASE_URL and _MODEL",
    408: "the endpoint took too long",
    413: "the recording is larger than the endpoint takes; send it in parts",
}
"""What to do about a status; any other is named by its number."""


class _Answer(Struct, frozen=True):
    """`json` and `verbose_json`, as far as they are used: all but the text may be missing, or be
    of another type than expected."""

    text: str
    language: object = None
    duration: object = None


class EndpointTranscriber:
    """Sends the file as it is; what the endpoint does with it is its operator's business."""

    def __init__(
        self,
        base_url: str,
        *,
        model: str | None = None,
        api_key: Secret | None = None,
        timeout_s: float = 300.0,
        silence_s: float = 120.0,
        max_running: int = 8,
        max_waiting: int = 64,
    ) -> None:
        """Opens nothing.

        Args:
            base_url: ends in /v1.
            model: gpt-transcribe when left out.
            timeout_s: a file may take so long in all.
            silence_s: the endpoint may be silent so long.
            max_running, max_waiting: so many files at once, and so many more before them.
        """
        self._url = base_url.rstrip("/") + "/audio/transcriptions"
        self._model = model or DEFAULT_MODEL
        self._key = api_key
        self._timeout_s = timeout_s
        self._silence_s = silence_s
        self._free = asyncio.Semaphore(max_running)
        self._most = max_running + max_waiting
        self._here = 0
        self._client: httpx2.AsyncClient | None = None
        self._closed = False

    @property
    def name(self) -> str:
        """openai:gpt-transcribe, or with another model's name."""
        return f"openai:{self._model}"

    async def transcribe(self, audio: bytes, media_type: str) -> Transcript:
        """See `Transcriber.transcribe`.

        Raises:
            MissingExtra: the HTTP client is not installed.
        """
        found = media_type_of(audio)
        if found is None:
            raise NotAudio
        if self._here >= self._most:
            raise TranscriberBusy
        self._here += 1
        try:
            async with self._free, asyncio.timeout(self._timeout_s):
                body = await self._asked(audio, found)
        except TimeoutError as exc:
            raise TranscriptionFailed("the endpoint took too long") from exc
        finally:
            self._here -= 1
        return self._transcript(body)

    async def close(self) -> None:
        """See `Transcriber.close`."""
        self._closed = True
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    async def _asked(self, audio: bytes, media_type: str) -> bytes:
        """The body of the answer."""
        http = _http()
        file = (f"speech.{AUDIO_TYPES[media_type]}", audio, media_type)
        fields = {"model": self._model, "response_format": "json"}
        try:
            async with self._opened().stream(
                "POST", self._url, files={"file": file}, data=fields
            ) as answer:
                _check_status(answer.status_code)
                return await _body(answer)
        except http.TimeoutException as exc:
            raise TranscriptionFailed("the endpoint took too long") from exc
        except (http.HTTPError, http.InvalidURL, http.StreamError) as exc:
            raise TranscriptionFailed("the endpoint cannot be reached, or broke off") from exc

    def _opened(self) -> httpx2.AsyncClient:
        if self._closed:
            raise TranscriptionFailed("the transcriber was closed")
        if self._client is None:
            http = _http()
            bearer = {} if self._key is None else {"Authorization": f"Bearer {self._key.reveal()}"}
            # The environment is not asked for proxies: settings come from one place.
            client: httpx2.AsyncClient = http.AsyncClient(
                headers={"Accept": "application/json", **bearer},
                timeout=http.Timeout(self._silence_s, connect=min(10.0, self._silence_s)),
                trust_env=False,
            )
            self._client = client
        return self._client

    def _transcript(self, body: bytes) -> Transcript:
        try:
            answer = msgspec.json.decode(body, type=_Answer)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as exc:
            raise TranscriptionFailed("the endpoint answered something else") from exc
        if not answer.text.strip():
            raise NothingHeard
        return Transcript(
            text=answer.text.strip(),
            engine=self.name,
            language=_language(answer.language),
            duration_s=_seconds(answer.duration),
        )


def _http() -> ModuleType:
    try:
        import httpx2
    except ImportError as exc:
        raise MissingExtra("transcribing at an endpoint", "server") from exc
    return httpx2


def _check_status(status: int) -> None:
    if status == 429:
        raise TranscriberBusy
    if not 200 <= status < 300:
        raise TranscriptionFailed(_MEANING.get(status, f"the endpoint answered with {status}"))


async def _body(answer: httpx2.Response) -> bytes:
    found = bytearray()
    async for piece in answer.aiter_bytes():
        found += piece
        if len(found) > _MAX_ANSWER_BYTES:
            raise TranscriptionFailed("the endpoint answered more than a transcript can be")
    return bytes(found)


def _language(value: object) -> str | None:
    if isinstance(value, str) and value.strip() and len(value) <= _MAX_LANGUAGE_CHARS:
        return value.strip()
    return None


def _seconds(value: object) -> float | None:
    """A duration that some endpoints send as text."""
    if not isinstance(value, str | int | float) or isinstance(value, bool):
        return None
    try:
        seconds = float(value)
    except (ValueError, OverflowError):
        return None
    return round(seconds, 3) if math.isfinite(seconds) and seconds >= 0 else None
