"""The promise that an index is derived: any history of edits answers like a fresh build."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime

import msgspec
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from holdfast.index.embedder import Floats
from holdfast.index.entries import Entry, Filter
from holdfast.index.vault_index import VaultIndex
from holdfast.recall.asking import Ask
from holdfast.recall.ranking import rank
from holdfast.recall.sessions import rank_sessions

WORDS = ["blue", "dog", "walk", "walked", "yesterday", "東京", "café", "7", "who?", "the"]
WORDS += ["third", "thirst", "bluedog", "und", "Hunde"]
QUESTIONS = ["blue dog", "who walked yesterday?", "東京 café", "the", "zebra", "Ada 7"]
QUESTIONS += ["thirt", "dogblue", '"blue dog"', "blue -walk", "wo ist der Hund", "walking blue"]
NOW = datetime(2026, 1, 10, tzinfo=UTC)


class HashedEmbedder:
    """Vectors from digests: cheap, deterministic, equal for equal texts."""

    name = "hashed"
    dims = 16

    def embed(self, texts: list[str]) -> Floats:
        rows = np.array([self._row(text) for text in texts], np.float32).reshape(-1, self.dims)
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)

    def _row(self, text: str) -> list[int]:
        return [byte - 127 for byte in hashlib.sha256(text.encode()).digest()[: self.dims]]


ids = st.integers(0, 25).map(lambda n: f"id{n}")
entries = st.builds(
    Entry,
    id=ids,
    session_id=st.sampled_from(["s1", "s2", "s3"]),
    project=st.sampled_from([None, "p"]),
    seq=st.integers(0, 8),
    is_memory=st.booleans(),
    role=st.sampled_from(["user", "assistant"]),
    speaker=st.sampled_from([None, "Ada", "Grace"]),
    tags=st.lists(st.sampled_from(["red", "green"]), max_size=2).map(tuple),
    at_ms=st.integers(0, 3).map(lambda day: 1_767_900_000_000 + day * 86_400_000),
    text=st.lists(st.sampled_from(WORDS), max_size=8).map(" ".join),
)


class Model(dict[str, Entry]):
    """What the index should hold."""

    def __init__(self) -> None:
        super().__init__()
        self.titles: dict[str, str] = {}


Edit = Callable[[VaultIndex, Model], None]


def _add(batch: list[Entry]) -> Edit:
    def edit(index: VaultIndex, model: Model) -> None:
        index.add(batch)
        model.update((entry.id, entry) for entry in batch)

    return edit


def _remove(names: list[str]) -> Edit:
    def edit(index: VaultIndex, model: Model) -> None:
        index.remove(names)
        for name in names:
            model.pop(name, None)

    return edit


def _remove_session(session: str) -> Edit:
    def edit(index: VaultIndex, model: Model) -> None:
        index.remove_session(session)
        model.titles.pop(session, None)
        for name in [e.id for e in model.values() if e.session_id == session]:
            del model[name]

    return edit


def _label(session: str, project: str, tags: tuple[str, ...]) -> Edit:
    def edit(index: VaultIndex, model: Model) -> None:
        index.label_session(
            session, assistant="helper", project=project, kind="room", tags=tags, platform=None
        )
        for entry in [e for e in model.values() if e.session_id == session]:
            new = {"project": project, "session_kind": "room", "platform": None}
            own = {} if entry.is_memory else {"assistant": "helper", "tags": tags}
            model[entry.id] = msgspec.structs.replace(entry, **new, **own)

    return edit


def _title(session: str, title: str) -> Edit:
    def edit(index: VaultIndex, model: Model) -> None:
        index.title_session(session, title)
        model.titles[session] = title

    return edit


sessions = st.sampled_from(["s1", "s2", "s3"])
edits = st.one_of(
    st.builds(_label, sessions, st.sampled_from(["p", "q"]), st.sampled_from([(), ("red",)])),
    st.lists(entries, max_size=12).map(_add),
    st.lists(ids, max_size=6).map(_remove),
    sessions.map(_remove_session),
    st.builds(_title, sessions, st.sampled_from(["blue zebra", "東京", "walking thirds", ""])),
    st.sampled_from(["reload", "dump"]),
)


@given(st.lists(edits, max_size=12), st.randoms(use_true_random=False))
def test_an_edited_index_answers_like_a_rebuilt_one(history: list, random: object) -> None:
    """Same hits, same order, same scores, whatever was added, replaced, removed or saved."""
    embedder = HashedEmbedder()
    index, model = VaultIndex(embedder), Model()
    for edit in history:
        if edit == "reload":
            index = VaultIndex.load(index.dump(), embedder)
        elif edit == "dump":
            index.dump()
        else:
            edit(index, model)
    rebuilt = VaultIndex(embedder)
    left = list(model.values())
    random.shuffle(left)
    rebuilt.add(left)
    for session, title in random.sample(list(model.titles.items()), len(model.titles)):
        rebuilt.title_session(session, title)

    assert len(model) == len(index) == len(rebuilt)
    assert _filtered(index) == _filtered(rebuilt)
    for question in QUESTIONS:
        assert _answer(index, question) == _answer(rebuilt, question)
        assert _sessions(index, question) == _sessions(rebuilt, question)
        assert _candidates(index, question) == _candidates(rebuilt, question)


def _answer(index: VaultIndex, question: str) -> list[object]:
    typing = len(question) % 2 == 1
    return list(rank(Ask(question=question, now=NOW, limit=50, as_you_type=typing), index))


def _sessions(index: VaultIndex, question: str) -> list[object]:
    return list(rank_sessions(Ask(question=question, now=NOW), index))


def _filtered(index: VaultIndex) -> list[list[str]]:
    """What the labels admit."""
    wheres = Filter(project="p"), Filter(tags=("red",)), Filter(assistant="helper")
    return [index.search("blue", where=where).ids for where in wheres]


def _candidates(index: VaultIndex, question: str) -> list[str]:
    """Of a pool so small that ties are cut."""
    return index.search(question, pool=6).ids
