"""What is known about memories beside what they say: their project, their use, what contradicts
them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from msgspec import Struct

from holdfast.keeper.linking import held_at
from holdfast.keeper.store import Store
from holdfast.model import Memory, MemoryId
from holdfast.vault.vault import Vault

__all__ = ["MemoryFacts", "conflicts_of", "facts_about", "offered_to", "projects_of"]


class MemoryFacts(Struct, frozen=True, kw_only=True):
    """What its vault tells about one memory."""

    project: str | None = None
    """Slug: that of the session it was made in."""
    last_used_at: datetime | None = None
    """When an answer was last given it."""
    conflicts: tuple[MemoryId, ...] = ()
    """Memories of the same subject and attribute that hold now too, and say something else."""


async def projects_of(store: Store, vault: Vault) -> Mapping[str, str]:
    """The slug of each session's project, by the session's id; without one it is absent."""
    known = await store.known.sessions(vault)
    return {one.session.id: one.session.project for one in known if one.session.project}


async def offered_to(
    store: Store, vault: Vault, memories: Sequence[Memory], project: str | None
) -> Sequence[Memory]:
    """The memories that may be offered to a session of a project: none of another project's.

    A session without one is offered all of them.
    """
    if project is None:
        return memories
    others = await projects_of(store, vault)
    return [
        memory
        for memory in memories
        if _same(others.get(memory.session_id or "", project), project)
    ]


def _same(one: str, other: str) -> bool:
    return one.casefold() == other.casefold()


async def facts_about(
    store: Store, vault: Vault, memories: Iterable[Memory]
) -> dict[MemoryId, MemoryFacts]:
    """The facts about memories of a vault, by id."""
    projects = await projects_of(store, vault)
    used = await store.known.last_used(vault)
    conflicts = conflicts_of(await store.known.memories(vault), store.clock())
    return {
        memory.id: MemoryFacts(
            project=projects.get(memory.session_id or ""),
            last_used_at=used.get(memory.id),
            conflicts=conflicts.get(memory.id, ()),
        )
        for memory in memories
    }


def conflicts_of(memories: Iterable[Memory], now: datetime) -> dict[MemoryId, tuple[MemoryId, ...]]:
    """Memories that hold at a time and contradict each other, oldest first; others are absent."""
    slots: dict[tuple[str, str], list[Memory]] = {}
    for memory in memories:
        if memory.subject and memory.attribute and held_at(memory, now):
            slots.setdefault((memory.subject, memory.attribute), []).append(memory)
    return {
        one.id: others
        for alike in slots.values()
        if len(alike) > 1
        for one in alike
        if (others := _others(one, alike))
    }


def _others(one: Memory, alike: Iterable[Memory]) -> tuple[MemoryId, ...]:
    differ = [memory for memory in alike if _said(memory) != _said(one)]
    return tuple(memory.id for memory in sorted(differ, key=lambda m: (m.created_at, m.id)))


def _said(memory: Memory) -> str:
    # One that its owner reworded has no value apart from its text any more.
    return " ".join((memory.value or memory.text).split()).casefold()
