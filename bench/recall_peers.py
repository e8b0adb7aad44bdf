"""What others find: BM25 alone, Chroma, mem0 and MemPalace, asked the same questions as Holdfast.

    python bench/recall_peers.py --data FILE [FILE ...] [--histories N] [--vectors FILE.npz]

Needs the packages of requirements/bench.lock. All that compare meanings use the same MiniLM, which
comes as a package: nothing is downloaded, and no language model is asked (mem0 with infer=False).
Peers that take an endpoint get one in this process, so their latency includes that hop. A vector is
made once and kept for all (`--vectors` keeps them between runs), so latencies leave out the
embedding of a question, except in Holdfast's own rows.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import logging
import os
import shutil
import sys
import tempfile
import threading
import time
import uuid
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from math import log
from pathlib import Path
from typing import Any, Protocol

import msgspec
import numpy as np
from msgspec.structs import replace

from holdfast.bench.dataset import (
    History,
    Question,
    entries_of,
    now_of,
    read_histories,
    scored_questions,
)
from holdfast.bench.machine import describe_machine
from holdfast.bench.recall import Found, Shares, index_of, shares_of
from holdfast.bench.report import Cell, Effort, Report, Table
from holdfast.index.embedder import Embedder, StaticEmbedder
from holdfast.index.entries import Entry
from holdfast.index.minilm import MiniLMEmbedder
from holdfast.index.vault_index import VaultIndex
from holdfast.index.words import surfaces
from holdfast.recall.asking import Ask
from holdfast.recall.ranking import rank
from holdfast.recall.sessions import rank_sessions

_DEPTH = 20
_RESULTS = Path(__file__).parent / "results"
_MODEL = "all-MiniLM-L6-v2"


class Kept:
    """An embedder whose vectors are made once, and kept in a file when there is one."""

    def __init__(self, embedder: Embedder, path: Path | None) -> None:
        self.name, self.dims = embedder.name, embedder.dims
        self._embedder, self._path = embedder, path
        self._lock = threading.Lock()
        self._known: dict[str, Any] = {}
        if path is not None and path.exists():
            with np.load(path) as read:
                self._known = dict(zip(read["keys"].tolist(), read["rows"], strict=True))

    def embed(self, texts: list[str]) -> Any:
        """Shape (len(texts), dims)."""
        with self._lock:
            return np.stack([self._vector(text) for text in texts]).astype(np.float32)

    def save(self) -> None:
        """Keep what was made."""
        if self._path is not None:
            keys, rows = np.array(list(self._known)), np.array(list(self._known.values()))
            np.savez(self._path.with_suffix(".part.npz"), keys=keys, rows=rows)
            self._path.with_suffix(".part.npz").replace(self._path)

    def _vector(self, text: str) -> Any:
        raw = text.encode("utf-8", "surrogatepass")
        key = hashlib.blake2b(raw, digest_size=8).hexdigest()
        if key not in self._known:
            self._known[key] = self._embedder.embed([text])[0]
        return self._known[key]


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
        return Ask(question=question.question, now=now, limit=_DEPTH, include="messages")


class _ByMessage:
    """Sessions are those of the best messages."""

    def sessions(self, question: Question) -> list[str] | None:
        return None


class Bm25(_ByMessage):
    """Okapi BM25 over messages, no stop words, no stemming."""

    name, note = "BM25", "messages alone, k1 = 1.2, b = 0.75"

    def fill(self, history: History, entries: list[Entry]) -> None:
        self._ids = [entry.id for entry in entries]
        counted = [Counter(surfaces(_said(entry))) for entry in entries]
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
        return [self._ids[row] for row in np.argsort(-scores, kind="stable")[: 3 * _DEPTH]]


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
            vectors = self._embedder.embed([_said(entry) for entry in part])
            self._collection.add(ids=[e.id for e in part], embeddings=vectors.tolist())

    def messages(self, question: Question) -> list[str]:
        vector = self._embedder.embed([question.question]).tolist()
        found: list[str] = self._collection.query(query_embeddings=vector, n_results=3 * _DEPTH)[
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
                message = {"role": "user", "content": _said(entry)}
                self._memory.add([message], user_id="ada", metadata={"at": entry.id}, infer=False)

    def messages(self, question: Question) -> list[str]:
        found = self._memory.search(
            question.question, top_k=3 * _DEPTH, filters={"user_id": "ada"}, threshold=0.0
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
                documents=[_said(entry) for _, entry in part],
                metadatas=[
                    {"wing": "talk", "room": e.session_id, "source_file": source, "chunk_index": 0}
                    for source, e in part
                ],
            )

    def messages(self, question: Question) -> list[str]:
        from mempalace.searcher import search_memories

        found = search_memories(
            question.question, self._folder, n_results=2 * _DEPTH, candidate_strategy="union"
        )
        if "error" in found:
            raise RuntimeError(str(found["error"]))
        by_name = {Path(source).name: name for source, name in self._of.items()}
        return [
            by_name[Path(one["source_file"]).name]
            for one in found["results"]
            if Path(one["source_file"]).name in by_name
        ]


def _said(entry: Entry) -> str:
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


def measure(finder: Finder, histories: list[History]) -> tuple[Shares, list[float], float]:
    """What it finds, the seconds of each search, and the seconds of filling a thousand messages."""
    found, took, filling, filled = [], [], 0.0, 0
    for history in histories:
        entries = entries_of(history)
        session_of = {entry.id: entry.session_id for entry in entries}
        begin = time.perf_counter()
        finder.fill(history, entries)
        filling, filled = filling + time.perf_counter() - begin, filled + len(entries)
        for question in scored_questions(history):
            begin = time.perf_counter()
            ids = finder.messages(question)
            took.append(time.perf_counter() - begin)
            sessions = finder.sessions(question) or [session_of[one] for one in ids]
            found.append(_found(question, ids[:_DEPTH], list(dict.fromkeys(sessions))))
    return shares_of(found), took, filling / max(filled, 1) * 1000


def _found(question: Question, ids: list[str], sessions: list[str]) -> Found:
    messages, their_sessions = set(question.evidence_messages), set(question.evidence_sessions)
    return Found(
        category=question.category,
        messages=tuple(at for at, one in enumerate(ids) if one in messages),
        sessions=tuple(at for at, one in enumerate(sessions) if one in their_sessions),
        message_count=len(messages),
        session_count=len(their_sessions),
    )


def _row(finder: Finder, found: Shares, took: list[float], filling: float) -> tuple[Cell, ...]:
    p50, p95 = (float(np.percentile(took, share)) * 1e3 for share in (50, 95))
    return (
        finder.name,
        found.questions,
        found.messages_any["10"],
        found.messages_all["10"],
        found.sessions_any["5"],
        found.sessions_all["5"],
        p50,
        p95,
        filling,
    )


def table_of(path: Path, kept: Kept, histories: int | None, wanted: set[str]) -> Table:
    """Every finder on one data file."""
    read = list(read_histories(path))
    if histories is not None:
        # Evenly over the file: kinds of question stand together in it.
        read = [read[at * len(read) // histories] for at in range(min(histories, len(read)))]
    rows = []
    # Made before anything is timed: it is the same model for all who use it.
    for history in read:
        kept.embed([_said(entry) for entry in entries_of(history)])
        kept.embed([entry.text for entry in entries_of(history)])
        kept.embed([question.question for question in scored_questions(history)])
    for finder in finders(kept, wanted):
        try:
            rows.append(_row(finder, *measure(finder, read)))
        except Exception as exc:
            # The others' figures are worth having all the same.
            logging.exception("%s failed", finder.name)
            rows.append((f"{finder.name}: failed ({type(exc).__name__})", *[None] * 8))
        print(rows[-1], file=sys.stderr, flush=True)
        kept.save()
    some = f", {histories} of its histories" if histories else ""
    return Table(
        title=f"{path.name.split('.')[0]}{some}: share of questions in percent",
        columns=(
            "what",
            "questions",
            "messages any@10",
            "all@10",
            "sessions any@5",
            "all@5",
            "p50 ms",
            "p95 ms",
            "filling, s for 1,000 messages",
        ),
        rows=tuple(rows),
        note="MiniLM's vectors were made before anything was timed, for every row alike. mem0 is "
        "without its extras (words by fastembed and spaCy, whose models are downloaded). "
        "Holdfast's weights were learned on these files; docs/explanation/recall.md has the "
        "cross-validated figures, which are the ones to compare.",
    )


def report(
    data: list[Path], *, histories: int | None, vectors: Path | None, wanted: set[str], command: str
) -> Report:
    """All finders on all files."""
    machine = describe_machine()
    kept = Kept(MiniLMEmbedder(), vectors)
    tables = tuple(table_of(path, kept, histories, wanted) for path in data)
    return Report(
        program="Recall beside others",
        command=command,
        machine=machine,
        effort=Effort(rounds=1, seconds=0.0),
        tables=tables,
        versions=_versions(),
    )


def _merged(earlier: Report, later: Report) -> Report:
    """The later run's rows in place of the earlier one's, the others as they were."""
    tables = {table.title: table for table in earlier.tables}
    for table in later.tables:
        before = tables.get(table.title, table)
        rows = {row[0]: row for row in (*before.rows, *table.rows)}
        tables[table.title] = replace(table, rows=tuple(rows.values()))
    versions = earlier.versions | later.versions
    return replace(later, tables=tuple(tables.values()), versions=versions)


def _versions() -> dict[str, str]:
    from importlib.metadata import PackageNotFoundError, version

    found = {}
    for name in ("chromadb", "mem0ai", "mempalace", "qdrant-client"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def main() -> int:
    """Write bench/results/peers_recall.md and .json."""
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("--data", type=Path, nargs="+", required=True)
    parser.add_argument("--histories", type=int, help="of each file only so many, evenly chosen")
    parser.add_argument("--vectors", type=Path, help="where MiniLM's vectors are kept")
    parser.add_argument(
        "--only",
        default="",
        help="bm25,chroma,mem0,mempalace,static,minilm: the rest stays as it was",
    )
    asked = parser.parse_args()
    files = " ".join(path.name for path in asked.data)
    some = f" --histories {asked.histories}" if asked.histories else ""
    found = report(
        asked.data,
        histories=asked.histories,
        vectors=asked.vectors,
        wanted={name for name in asked.only.split(",") if name},
        command=f"python bench/recall_peers.py --data {files}{some}",
    )
    if asked.only and (earlier := _RESULTS / "peers_recall.json").exists():
        found = _merged(msgspec.json.decode(earlier.read_bytes(), type=Report), found)
    _RESULTS.mkdir(exist_ok=True)
    (_RESULTS / "peers_recall.md").write_text(found.markdown(), encoding="utf-8")
    (_RESULTS / "peers_recall.json").write_text(found.json(), encoding="utf-8")
    print(found.markdown())
    return 0


if __name__ == "__main__":
    sys.exit(main())
