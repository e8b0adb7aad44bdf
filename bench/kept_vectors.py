"""Vectors that are made once, and kept in a file between runs: MiniLM takes milliseconds a text."""

from __future__ import annotations

import hashlib
import threading
from pathlib import Path

import numpy as np

from holdfast.index.embedder import Embedder, Floats


class Kept:
    """An embedder that remembers every text; `path` is where, or None."""

    def __init__(self, embedder: Embedder, path: Path | None) -> None:
        self.name, self.dims = embedder.name, embedder.dims
        self._embedder, self._path = embedder, path
        self._lock = threading.Lock()
        self._known: dict[str, Floats] = {}
        if path is not None and path.exists():
            with np.load(path) as read:
                self._known = dict(zip(read["keys"].tolist(), read["rows"], strict=True))

    def embed(self, texts: list[str]) -> Floats:
        """Shape (len(texts), dims)."""
        with self._lock:
            rows = [self._vector(text) for text in texts]
        return np.array(rows, np.float32).reshape(len(texts), self.dims)

    def save(self) -> None:
        """Keep what was made."""
        if self._path is not None:
            keys, rows = np.array(list(self._known)), np.array(list(self._known.values()))
            part = self._path.with_suffix(".part.npz")
            np.savez(part, keys=keys, rows=rows)
            part.replace(self._path)

    def _vector(self, text: str) -> Floats:
        raw = text.encode("utf-8", "surrogatepass")
        key = hashlib.blake2b(raw, digest_size=8).hexdigest()
        if key not in self._known:
            self._known[key] = self._embedder.embed([text])[0]
        return self._known[key]
