"""Vectors from an OpenAI-compatible endpoint: the texts leave the machine, in clear.

Nothing here is used unless somebody names such an endpoint in the settings. It may be slow, it may
fail, and it may be away for hours: whoever asks goes on without it, see `holdfast.index.tiers`.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import ssl
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import urlsplit

import numpy as np

from holdfast.index.embedder import Floats, speakable
from holdfast.index.remote import EmbeddingEndpoint

__all__ = ["EmbedderFailed", "EndpointEmbedder"]

_BATCH = 64
_MAX_CHARS = 8_000
"""About 2,000 tokens: the shortest limit of the models in use; the rest of a text is not seen."""
_PAUSES_S = (0.2, 1.0)
_QUIET_S = 30.0
"""After a failure it is not asked again for so long: else each question would wait for it."""
_MAX_ANSWER = 64 << 20


class EmbedderFailed(Exception):
    """The endpoint gave no vectors. The message holds nothing of the texts."""


class EndpointEmbedder:
    """`POST {base_url}/embeddings`, in batches, each tried three times."""

    def __init__(
        self, at: EmbeddingEndpoint, *, sleep: Callable[[float], object] = time.sleep
    ) -> None:
        """Asks nothing yet."""
        self._at = at
        self._url = urlsplit(at.base_url.rstrip("/") + "/embeddings")
        self._sleep = sleep
        self._lock = threading.Lock()
        self._connection: http.client.HTTPConnection | None = None
        self._quiet_until = 0.0
        self.name = f"endpoint {self._url.netloc} {at.model}"
        self.dims = at.dimensions

    def embed(self, texts: list[str]) -> Floats:
        """Shape (len(texts), dims); see `Embedder`.

        Raises:
            EmbedderFailed: it is away, refuses, or its answer is not one; or was, just now.
        """
        vectors = np.zeros((len(texts), self.dims), np.float32)
        there = [at for at, text in enumerate(texts) if text.strip()]
        for start in range(0, len(there), _BATCH):
            rows = there[start : start + _BATCH]
            vectors[rows] = self._vectors([speakable(texts[at][:_MAX_CHARS]) for at in rows])
        return vectors

    def close(self) -> None:
        """Let go of the connection."""
        with self._lock:
            self._disconnect()

    def _vectors(self, texts: list[str]) -> Floats:
        asked: dict[str, Any] = {"model": self._at.model, "input": texts}
        if self._at.shorten:
            asked["dimensions"] = self.dims
        body = json.dumps(asked | {"encoding_format": "float"}).encode()
        with self._lock:
            if time.monotonic() < self._quiet_until:
                raise EmbedderFailed("it failed less than half a minute ago")
            try:
                # Somebody waits for the one text of a question: it is not tried again.
                pauses = _PAUSES_S if len(texts) > 1 else ()
                return self._read(self._answer(body, pauses), len(texts))
            except EmbedderFailed:
                self._quiet_until = time.monotonic() + _QUIET_S
                raise

    def _answer(self, body: bytes, pauses: Sequence[float]) -> bytes:
        for pause in (*pauses, None):
            try:
                status, answer = self._post(body)
            except (OSError, http.client.HTTPException) as exc:
                self._disconnect()
                status, answer = 0, type(exc).__name__.encode()
            if status == 200:
                return answer
            # What is wrong with the request itself, a key or a model's name, stays wrong.
            if pause is None or (400 <= status < 500 and status not in (408, 429)):
                what = f"it answered {status}" if status else answer.decode()
                raise EmbedderFailed(what)
            self._sleep(pause)
        raise AssertionError("unreachable")  # pragma: no cover

    def _post(self, body: bytes) -> tuple[int, bytes]:
        if self._connection is not None:
            # The other side may have closed it while nobody asked anything.
            with contextlib.suppress(ConnectionError):
                return self._posted(self._connection, body)
            self._disconnect()
        self._connection = self._connected()
        return self._posted(self._connection, body)

    def _posted(self, connection: http.client.HTTPConnection, body: bytes) -> tuple[int, bytes]:
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        if self._at.api_key:
            headers["Authorization"] = f"Bearer {self._at.api_key}"
        connection.request("POST", self._url.path, body, headers)
        answer = connection.getresponse()
        read = answer.read(_MAX_ANSWER + 1)
        if len(read) > _MAX_ANSWER:
            raise http.client.HTTPException("too long")
        return answer.status, read

    def _connected(self) -> http.client.HTTPConnection:
        host, port, timeout = self._url.hostname or "", self._url.port, self._at.timeout_s
        if self._url.scheme == "https":
            secured = ssl.create_default_context()
            return http.client.HTTPSConnection(host, port, timeout=timeout, context=secured)
        return http.client.HTTPConnection(host, port, timeout=timeout)

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _read(self, answer: bytes, count: int) -> Floats:
        try:
            data = json.loads(answer)["data"]
            rows = [one["embedding"] for one in sorted(data, key=lambda one: int(one["index"]))]
            vectors = np.array(rows, np.float32)
        except (ValueError, KeyError, TypeError, RecursionError):
            raise EmbedderFailed("its answer is not one of embeddings") from None
        if vectors.shape != (count, self.dims):
            raise EmbedderFailed(f"{vectors.shape} numbers came, ({count}, {self.dims}) were due")
        lengths = np.sqrt(np.einsum("ij,ij->i", vectors, vectors, dtype=np.float64))
        if not np.isfinite(lengths).all():
            raise EmbedderFailed("its vectors are not finite")
        return (vectors / np.where(lengths > 0, lengths, 1)[:, None]).astype(np.float32)
