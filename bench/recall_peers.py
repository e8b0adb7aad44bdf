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
import logging
import sys
import time
from pathlib import Path

import msgspec
import numpy as np
from msgspec.structs import replace

from holdfast.bench.dataset import (
    History,
    Question,
    entries_of,
    read_histories,
    scored_questions,
)
from holdfast.bench.machine import describe_machine
from holdfast.bench.recall import Found, Shares, shares_of
from holdfast.bench.report import Cell, Effort, Report, Table
from holdfast.index.minilm import MiniLMEmbedder
from kept_vectors import Kept
from recall_finders import DEPTH, Finder, finders, said

_RESULTS = Path(__file__).parent / "results"


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
            found.append(_found(question, ids[:DEPTH], list(dict.fromkeys(sessions))))
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
        kept.embed([said(entry) for entry in entries_of(history)])
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
