"""Which memories are asked for, and in which order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Literal, TypeAlias

from msgspec import Struct

from holdfast.clock import id_bytes, to_ms
from holdfast.keeper.linking import held_at
from holdfast.keeper.listing import Place
from holdfast.model import Memory, MemoryKind, MemoryOrigin

__all__ = ["MemoryFacets", "MemoryFilter", "MemorySort", "facets_of", "folded", "place_by"]

MemorySort: TypeAlias = Literal["new", "importance", "used", "stated"]
_IMPORTANCE_BITS = 44
"""Milliseconds stay below it until the year 2527."""


class MemoryFilter(Struct, frozen=True, kw_only=True):
    """Conditions on memories; None lets everything through."""

    kind: MemoryKind | None = None
    tag: str | None = None
    assistant: str | None = None
    session_id: str | None = None
    min_importance: int = 1
    origin: MemoryOrigin | None = None
    pinned: bool | None = None
    at: datetime | None = None
    since: datetime | None = None
    until: datetime | None = None
    project: str | None = None
    words: frozenset[str] = frozenset()
    """Folded; each must begin a word of the text, the value or a tag."""

    def passes(self, memory: Memory, project: str | None) -> bool:
        """Whether a memory, made for a project, is one of those asked for."""
        return (
            (self.kind is None or memory.kind == self.kind)
            and (self.tag is None or self.tag in memory.tags)
            and (self.assistant is None or memory.assistant == self.assistant)
            and (self.session_id is None or _is_of(memory, self.session_id))
            and memory.importance >= self.min_importance
            and (self.origin is None or memory.origin == self.origin)
            and (self.pinned is None or memory.pinned == self.pinned)
            and (self.at is None or held_at(memory, self.at))
            and (self.since is None or memory.created_at >= self.since)
            and (self.until is None or memory.created_at < self.until)
            and (self.project is None or project == self.project)
            and self._has_words(memory)
        )

    def _has_words(self, memory: Memory) -> bool:
        if not self.words:
            return True
        from holdfast.index.words import surfaces, term_of

        held = set(map(term_of, surfaces("\n".join((memory.text, *memory.tags)))))
        return all(any(word.startswith(asked) for word in held) for asked in self.words)


def folded(words: str) -> frozenset[str]:
    """Words as they are compared."""
    from holdfast.index.words import surfaces, term_of

    return frozenset(map(term_of, surfaces(words)))


def _is_of(memory: Memory, session_id: str) -> bool:
    sources = {source.session_id for source in memory.sources}
    return memory.session_id == session_id or session_id in sources


def place_by(sort: MemorySort, memory: Memory, last_used: Mapping[str, datetime]) -> Place:
    """Where a memory stands in a list, the greatest first; equals by when they were made."""
    raw, made = id_bytes(memory.id), to_ms(memory.created_at)
    if sort == "stated":
        return ((memory.kind != "summary") << _IMPORTANCE_BITS) + made, raw
    if sort == "importance":
        return (memory.importance << _IMPORTANCE_BITS) + made, raw
    if sort == "used":
        used = last_used.get(memory.id)
        return 0 if used is None else to_ms(used), raw
    return made, raw


class MemoryFacets(Struct, frozen=True, kw_only=True):
    """How many memories there are of each kind, tag, assistant and project; most first."""

    kinds: dict[str, int]
    tags: dict[str, int]
    assistants: dict[str, int]
    projects: dict[str, int]
    total: int


def facets_of(memories: Iterable[Memory], projects: Mapping[str, str]) -> MemoryFacets:
    """Counts over memories; `projects` names the one of each session that has one."""
    known = list(memories)
    return MemoryFacets(
        kinds=_counted(memory.kind for memory in known),
        tags=_counted(tag for memory in known for tag in memory.tags),
        assistants=_counted(m.assistant for m in known if m.assistant is not None),
        projects=_counted(
            project for m in known if (project := projects.get(m.session_id or "")) is not None
        ),
        total=len(known),
    )


def _counted(values: Iterable[str]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for value in values:
        counts[value] = counts.get(value, 0) + 1
    return dict(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))
