"""Who is asked for evidence: Holdfast, BM25 alone, Chroma, mem0 and MemPalace.

All that compare meanings use the same MiniLM. Peers that take an endpoint get one in this process.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import threading
import uuid
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from math import log
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from holdfast.bench.dataset import History, Question, now_of
from holdfast.bench.recall import index_of
from holdfast.index.embedder import Embedder, StaticEmbedder
from holdfast.index.entries import Entry
from holdfast.index.vault_index import VaultIndex
from holdfast.index.words import surfaces
from holdfast.recall.asking import Ask
from holdfast.recall.ranking import rank
from holdfast.recall.sessions import rank_sessions
from kept_vectors import Kept

DEPTH = 20
_MODEL = "all-MiniLM-L6-v2"


class Finder(Protocol):
    """Something that is filled with one history and then asked."""

    name: str
    note: str

    def fill(self, history: History, entries: list[Entry]) -> None:
        """Forget what was there and take in these."""

    def messages(self, question: Question) -> list[str]:
        """Ids of at least the best 20 messages, best first."""

    def sessions(self, question: Question) -> list[str] | None:
        """Ids of sessions, best first; None: by their best message."""


class Holdfast:
    """This library, ranking alone."""

    def __init__(self, embedder: Embedder, tier: Embedder | None = None) -> None:
        self.name = "Holdfast, static" if tier is None else "Holdfast, MiniLM"
        self.note = "words, meaning and some thirty other features"
        self._embedder, self._tier = embedder, tier
        self._index = VaultIndex(embedder)
        self._history: History | None = None

    def fill(self, history: History, entries: list[Entry]) -> None:
        self._history = history
        self._index = index_of(entries, self._embedder, self._tier)
        self._index.search("warm")

    def messages(self, question: Question) -> list[str]:
        return [hit.id for hit in rank(self._ask(question), self._index)]

    def sessions(self, question: Question) -> list[str] | None:
        return [one.session_id for one in rank_sessions(self._ask(question), self._index)]

    def _ask(self, question: Question) -> Ask:
        assert self._history is not None
        now = now_of(self._history, question)
        return Ask(question=question.question, now=now, limit=DEPTH, include="messages")


class _ByMessage:
    """Sessions are those of the best messages."""

    def sessions(self, question: Question) -> list[str] | None:
        return None


class Bm25(_ByMessage):
    """Okapi BM25 over messages, no stop words, no stemming."""

    name, note = "BM25", "messages alone, k1 = 1.2, b = 0.75"

    def fill(self, history: History, entries: list[Entry]) -> None:
        self._ids = [entry.id for entry in entries]
        counted = [Counter(surfaces(said(entry))) for entry in entries]
        self._lengths = np.array([sum(one.values()) for one in counted], float)
        self._postings: dict[str, list[tuple[int, int]]] = defaultdict(list)
        for row, words in enumerate(counted):
            for word, count in words.items():
                self._postings[word].append((row, count))

    def messages(self, question: Question) -> list[str]:
        scores = np.zeros(len(self._ids))
        norms = 1.2 * (0.25 + 0.75 * self._lengths / max(self._lengths.mean(), 1))
        for word in surfaces(question.question):
            if found := self._postings.get(word):
                rows, counts = np.array(found).T
                idf = log(1 + (len(self._ids) - len(rows) + 0.5) / (len(rows) + 0.5))
                scores[rows] += idf * counts * 2.2 / (counts + norms[rows])
        return [self._ids[row] for row in np.argsort(-scores, kind="stable")[: 3 * DEPTH]]


class Chroma(_ByMessage):
    """A collection for each history, cosine."""

    name, note = "Chroma, MiniLM", "vectors alone"

    def __init__(self, embedder: Embedder) -> None:
        import chromadb
        from chromadb.config import Settings

        self._embedder = embedder
        self._client = chromadb.EphemeralClient(Settings(anonymized_telemetry=False))
        self._collection: Any = None

    def fill(self, history: History, entries: list[Entry]) -> None:
        if self._collection is not None:
            self._client.delete_collection("history")
        self._collection = self._client.create_collection(
            "history", metadata={"hnsw:space": "cosine"}, embedding_function=None
        )
        for start in range(0, len(entries), 1000):
            part = [entry for entry in entries[start : start + 1000] if entry.text.strip()]
            vectors = self._embedder.embed([said(entry) for entry in part])
            self._collection.add(ids=[e.id for e in part], embeddings=vectors.tolist())

    def messages(self, question: Question) -> list[str]:
        vector = self._embedder.embed([question.question]).tolist()
        found: list[str] = self._collection.query(query_embeddings=vector, n_results=3 * DEPTH)[
            "ids"
        ][0]
        return found


class Mem0(_ByMessage):
    """A store in a file, each message a memory as it is."""

    name, note = "mem0, MiniLM, infer=False", "its own SQLite and Qdrant files, its own hybrid"

    def __init__(self, embedder: Embedder, url: str) -> None:
        self._dims, self._url = embedder.dims, url
        self._memory: Any = None
        self._folder = ""

    def fill(self, history: History, entries: list[Entry]) -> None:
        from mem0 import Memory

        self.close()
        self._folder = tempfile.mkdtemp(prefix="mem0-")
        embedder = {
            "model": _MODEL,
            "embedding_dims": self._dims,
            "openai_base_url": self._url,
            "api_key": "none",
        }
        store = {
            "collection_name": "history",
            "embedding_model_dims": self._dims,
            "path": f"{self._folder}/qdrant",
            "on_disk": True,
        }
        self._memory = Memory.from_config(
            {
                "embedder": {"provider": "openai", "config": embedder},
                "vector_store": {"provider": "qdrant", "config": store},
                "llm": {"provider": "openai", "config": {"api_key": "none", "model": "none"}},
                "history_db_path": f"{self._folder}/history.db",
            }
        )
        for entry in entries:
            if entry.text.strip():
                message = {"role": "user", "content": said(entry)}
                self._memory.add([message], user_id="ada", metadata={"at": entry.id}, infer=False)

    def messages(self, question: Question) -> list[str]:
        found = self._memory.search(
            question.question, top_k=3 * DEPTH, filters={"user_id": "ada"}, threshold=0.0
        )
        return [one["metadata"]["at"] for one in found["results"]]

    def close(self) -> None:
        """Remove its files."""
        if self._memory is not None:
            self._memory.close()
            shutil.rmtree(self._folder, ignore_errors=True)


class MemPalace(_ByMessage):
    """A palace for each history, a drawer for each message."""

    name, note = "MemPalace, MiniLM", "its hybrid search, candidate_strategy=union"

    def __init__(self) -> None:
        self._folder = ""

    def fill(self, history: History, entries: list[Entry]) -> None:
        from mempalace.palace import get_collection

        shutil.rmtree(self._folder, ignore_errors=True)
        self._folder = tempfile.mkdtemp(prefix="mempalace-")
        drawers = get_collection(self._folder, create=True)
        # It tells drawers apart by their source, as it tells the lines of one file.
        self._of = {f"/{uuid.uuid5(uuid.NAMESPACE_OID, e.id)}.txt": e.id for e in entries}
        there = [(source, e) for source, e in zip(self._of, entries, strict=True) if e.text.strip()]
        for start in range(0, len(there), 200):
            part = there[start : start + 200]
            drawers.add(
                ids=[f"drawer_{number}" for number in range(start, start + len(part))],
                documents=[said(entry) for _, entry in part],
                metadatas=[
                    {"wing": "talk", "room": e.session_id, "source_file": source, "chunk_index": 0}
                    for source, e in part
                ],
            )

    def messages(self, question: Question) -> list[str]:
        from mempalace.searcher import search_memories

        found = search_memories(
            question.question, self._folder, n_results=2 * DEPTH, candidate_strategy="union"
        )
        if "error" in found:
            raise RuntimeError(str(found["error"]))
        by_name = {Path(source).name: name for source, name in self._of.items()}
        return [
            by_name[Path(one["source_file"]).name]
            for one in found["results"]
            if Path(one["source_file"]).name in by_name
        ]


def said(entry: Entry) -> str:
    """People are asked about by name: everybody is given the names."""
    return f"{entry.speaker}: {entry.text}" if entry.speaker else entry.text


def served(embedder: Embedder) -> str:
    """The base URL of an OpenAI-compatible endpoint for embeddings in this process."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            texts = asked["input"] if isinstance(asked["input"], list) else [asked["input"]]
            data = [
                {"object": "embedding", "index": at, "embedding": row}
                for at, row in enumerate(embedder.embed(texts).tolist())
            ]
            raw = json.dumps({"object": "list", "data": data, "model": _MODEL, "usage": _USAGE})
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw.encode())

        def log_message(self, *_: object) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_address[1]}/v1"


_USAGE = {"prompt_tokens": 0, "total_tokens": 0}


def finders(kept: Kept, wanted: set[str]) -> Iterator[Finder]:
    """One after the other; each is let go of before the next is made."""
    minilm = served(kept)
    os.environ |= {
        "MEM0_TELEMETRY": "False",
        "ANONYMIZED_TELEMETRY": "False",
        "OPENAI_API_KEY": "none",
        "MEMPALACE_EMBEDDING_MODEL": "openai-compat",
        "MEMPALACE_EMBEDDING_API_URL": minilm,
        "MEMPALACE_EMBEDDING_API_MODEL": _MODEL,
    }
    made: dict[str, Callable[[], Finder]] = {
        "bm25": Bm25,
        "chroma": lambda: Chroma(kept),
        "mem0": lambda: Mem0(kept, minilm),
        "mempalace": MemPalace,
        "static": lambda: Holdfast(StaticEmbedder()),
        "minilm": lambda: Holdfast(StaticEmbedder(), kept),
    }
    for name, make in made.items():
        if not wanted or name in wanted:
            yield make()
