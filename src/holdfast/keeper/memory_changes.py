"""What changed among the memories, newest first: learned, corrected, merged, superseded, ended.

Nothing is noted for it: all of it stands in the memories themselves, and goes with them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Literal, TypeAlias

from msgspec import Struct

from holdfast.clock import id_bytes, to_ms
from holdfast.keeper.listing import Place
from holdfast.model import Memory, MemoryId

__all__ = ["ChangeKind", "ChangePage", "MemoryChange", "changes_among"]

ChangeKind: TypeAlias = Literal["learned", "corrected", "merged", "superseded", "ended", "added"]
_ORDER: tuple[ChangeKind, ...] = (
    "added",
    "learned",
    "corrected",
    "merged",
    "superseded",
    "ended",
)
"""Of changes at one time the later ones here came later."""


class MemoryChange(Struct, frozen=True, kw_only=True):
    """One change, and the memory as it is now.

    added: by hand or by a program. learned: from what was said. superseded: `memory` took the
    place of one that said `before`. ended: it was said that it no longer holds.
    """

    at: datetime
    what: ChangeKind
    memory: Memory
    before: str | None = None
    """What it said before, or what the one said that it took the place of."""
    by: str
    """"you", the slug of an assistant, "rules", or the name of a model."""

    @property
    def place(self) -> Place:
        """Where it stands in the list: changes of one memory at one time have places too."""
        number = _ORDER.index(self.what)
        return to_ms(self.at), id_bytes(self.memory.id)[:15] + bytes([number])


class ChangePage(Struct, frozen=True, kw_only=True):
    """Changes, newest first; `next_cursor` asks for the following ones, None at the end."""

    changes: list[MemoryChange]
    next_cursor: str | None = None


def changes_among(known: Mapping[MemoryId, Memory]) -> list[MemoryChange]:
    """Every change among memories, newest first."""
    found = [change for memory in known.values() for change in _of(memory, known)]
    found.sort(key=lambda change: change.place, reverse=True)
    return found


def _of(memory: Memory, known: Mapping[MemoryId, Memory]) -> Iterator[MemoryChange]:
    yield from _made(memory, known)
    yield from _changed(memory)
    if memory.closed_by is not None and memory.valid_to is not None:
        at = memory.closed_by.at or memory.valid_to
        yield MemoryChange(at=at, what="ended", memory=memory, by=_maker(memory))


def _made(memory: Memory, known: Mapping[MemoryId, Memory]) -> Iterator[MemoryChange]:
    first = memory.former[0].memory if memory.former else memory
    by = _maker(first)
    former = None if memory.supersedes is None else known.get(memory.supersedes)
    what: ChangeKind = "added" if by == "you" or not memory.sources else "learned"
    if former is not None:
        what = "superseded"
    yield MemoryChange(
        at=memory.created_at,
        what=what,
        memory=memory,
        before=None if former is None else former.text,
        by=by,
    )


def _changed(memory: Memory) -> Iterator[MemoryChange]:
    """By its owner; a merge is one change, whatever it took in."""
    seen: set[datetime] = set()
    for version in reversed(memory.former):
        if version.changed_at in seen:
            continue
        seen.add(version.changed_at)
        yield MemoryChange(
            at=version.changed_at,
            what="merged" if version.change == "merged" else "corrected",
            memory=memory,
            before=version.memory.text,
            by="you",
        )


def _maker(memory: Memory) -> str:
    """Who made a memory, as a person would say it."""
    if memory.made_by == "hand" and memory.assistant is None:
        return "you"
    if memory.origin in ("assistant", "hand") and memory.assistant is not None:
        return memory.assistant
    maker = memory.made_by.rpartition("/")[0] or memory.made_by  # without its number
    if maker.startswith("model "):
        return maker.removeprefix("model ").removesuffix(" prompt")
    if not maker and memory.kind == "summary" and memory.origin == "said" and memory.sources:
        return "rules"  # sentences picked from what was said, by no model and by nobody's hand
    return maker or memory.assistant or "you"
