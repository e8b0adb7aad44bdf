"""The program behind `holdfast bench recall`, on a file made here."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from holdfast.bench.recall import Found, measure, shares_of
from holdfast.errors import BadInput
from holdfast.index.embedder import StaticEmbedder


def message(name: str, text: str, role: str = "user", **more: str) -> dict[str, str]:
    return {"id": name, "speaker": role, "role": role, "text": text, **more}


def question(text: str, message: str, session: str, **more: object) -> dict[str, object]:
    evidence = {"evidence_messages": [message], "evidence_sessions": [session]}
    return {"id": text, "question": text, "category": "plain", **evidence, **more}


LINE = {
    "id": "h1",
    "sessions": [
        {
            "id": "s0",
            "at": "2025-01-02T10:00:00",
            "messages": [
                message("a", "My cat is called Tom"),
                message("b", "A fine name", "assistant"),
            ],
        },
        {"id": "s1", "at": None, "messages": [message("c", "x", image_caption="a red boat")]},
    ],
    "questions": [
        question("What is my cat called?", "a", "s0"),
        question("Which boat?", "c", "s1"),
        question("skip", "a", "s0", category="adversarial"),
        question("skip too", "a", "s0", abstention=True),
    ],
}


@pytest.mark.parametrize("zipped", [False, True])
def test_a_file_is_measured(tmp_path: Path, zipped: bool) -> None:
    """Captions count as text, undated sessions are taken, unanswerable questions are not."""
    raw = json.dumps(LINE).encode() + b"\n"
    path = tmp_path / ("data.jsonl.gz" if zipped else "data.jsonl")
    path.write_bytes(gzip.compress(raw) if zipped else raw)

    report = measure(path, embedder=StaticEmbedder())

    assert (1, 3, 2) == (report.histories, report.messages, report.overall.questions)
    assert 100 == report.overall.messages_all["1"] == report.overall.sessions_all["1"]
    assert {"plain"} == set(report.by_category)
    assert "plain" in report.to_table()
    assert 2 == json.loads(report.to_json())["overall"]["questions"]


def test_a_file_of_another_format_is_bad_input(tmp_path: Path) -> None:
    """The line is named."""
    path = tmp_path / "data.jsonl"
    path.write_text('{"id": 1}\n')

    with pytest.raises(BadInput, match="line 1"):
        measure(path, embedder=StaticEmbedder())


def test_all_asks_for_every_piece_and_any_for_one() -> None:
    """Ranks are 0-based: rank 4 is within the first five."""
    found = Found(category="x", messages=(4, 7), sessions=(0,), message_count=2, session_count=2)

    shares = shares_of([found])

    assert {"1": 0, "5": 100, "10": 100, "20": 100} == shares.messages_any
    assert {"1": 0, "5": 0, "10": 100, "20": 100} == shares.messages_all
    assert {"1": 0, "5": 0, "10": 0, "20": 0} == shares.sessions_all
