"""The owner's hand on what is remembered: correct, pin, merge, and take it back.

A change keeps what was there before inside the memory itself, sealed with it, so that it goes when
the memory goes. Forgetting is no change: nothing is kept of what is forgotten, and it cannot be
undone. Everything here is pure but for the clock; `hand` reads and writes.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

from msgspec import UNSET, Struct, UnsetType
from msgspec.structs import asdict, replace

from holdfast.capture.checks import checked_tags, checked_text, checked_time
from holdfast.errors import BadInput
from holdfast.keeper.linking import MemoriesById, without_memories
from holdfast.keeper.store import Store
from holdfast.model import Memory, MemoryId, MemoryKind, MemoryVersion, Source

__all__ = ["Correction", "corrected", "merged", "undone"]

_MOST_CHANGES = 20
_MOST_VERSION_CHARS = 100_000
_CORRECTING = frozenset({"text", "kind", "value", "valid_from", "valid_to"})
"""Whoever changes one of these says that what was distilled is not so."""


class Correction(Struct, frozen=True, kw_only=True):
    """What an owner changes of a memory; what is None, or not set, stays."""

    text: str | None = None
    kind: MemoryKind | None = None
    tags: Sequence[str] | None = None
    importance: int | None = None
    pinned: bool | None = None
    valid_from: datetime | UnsetType | None = UNSET
    """None: it always did."""
    valid_to: datetime | UnsetType | None = UNSET
    """None: it still does."""


def corrected(store: Store, memory: Memory, correction: Correction, *, version: int) -> Memory:
    """The memory as its owner wants it, with what it was; the same when nothing changes.

    Args:
        version: of the memory's record as it was read.

    Raises:
        BadInput, TooLarge: it cannot be kept so.
    """
    wanted = _wanted(store, memory, correction)
    changed = {name: value for name, value in wanted.items() if getattr(memory, name) != value}
    if not changed:
        return memory
    if changed.keys() & _CORRECTING:
        changed["corrected"] = True
        changed["closed_by"] = None if "valid_to" in changed else memory.closed_by
    after = replace(memory, **changed)
    if after.valid_from and after.valid_to and after.valid_to < after.valid_from:
        raise BadInput("valid_to", "it lies before valid_from")
    if changed.keys() == {"pinned"}:
        return after  # no version of what it says
    return _with_version(store, memory, after, "edited", version=version)


def _wanted(store: Store, memory: Memory, correction: Correction) -> dict[str, object]:
    limits = store.limits
    wanted: dict[str, object] = {}
    if correction.text is not None:
        text = checked_text("memory", correction.text, limits, required=True)
        wanted |= {"text": text, "value": _value_in(text, memory)}
    if correction.importance is not None:
        if not 1 <= correction.importance <= 10:
            raise BadInput("importance", "it lies between 1 and 10")
        wanted["importance"] = correction.importance
    if correction.tags is not None:
        wanted["tags"] = checked_tags(correction.tags, limits)
    for name in ("kind", "pinned"):
        if (given := getattr(correction, name)) is not None:
            wanted[name] = given
    for name in ("valid_from", "valid_to"):
        if (given := getattr(correction, name)) is not UNSET:
            wanted[name] = checked_time(name, given)
    return wanted


def _value_in(text: str, memory: Memory) -> str:
    """What a changed text says of the attribute, where it still says it in the same form."""
    if not memory.value or memory.value not in memory.text:
        return memory.value if text == memory.text else ""
    before, _, after = memory.text.partition(memory.value)
    if len(text) > len(before + after) and text.startswith(before) and text.endswith(after):
        return text[len(before) : len(text) - len(after)].strip()
    return ""


def _with_version(
    store: Store,
    before: Memory,
    after: Memory,
    change: Literal["edited", "merged"],
    *,
    version: int,
    taken: Sequence[MemoryVersion] = (),
) -> Memory:
    """`taken` are those that were taken in; they stand before the memory's own version."""
    old, new = asdict(before), asdict(after)
    past = MemoryVersion(
        memory=replace(before, former=()),
        changed_at=taken[0].changed_at if taken else store.clock(),
        change=change,
        fields=tuple(name for name in old if old[name] != new[name] and name != "former"),
        version=version,
    )
    return replace(after, former=_bounded((*before.former, *taken, past)))


def _bounded(former: Sequence[MemoryVersion]) -> tuple[MemoryVersion, ...]:
    """The latest changes, and not more text than a record should carry along; one in any case."""
    changes: list[list[MemoryVersion]] = []
    for version in former:
        if changes and changes[-1][0].changed_at == version.changed_at:
            changes[-1].append(version)
        else:
            changes.append([version])
    kept: list[MemoryVersion] = []
    chars = 0
    for number, change in enumerate(reversed(changes)):
        chars += sum(len(version.memory.text) for version in change)
        if number and (number >= _MOST_CHANGES or chars > _MOST_VERSION_CHARS):
            break
        kept = [*change, *kept]
    return tuple(kept)


def merged(
    store: Store,
    known: MemoriesById,
    ids: Sequence[MemoryId],
    versions: dict[MemoryId, int],
    *,
    text: str | None = None,
) -> dict[MemoryId, Memory]:
    """What changes when the first of `ids` takes in the others: it, and who stood beside them.

    Args:
        known: every memory of the vault.
        versions: of the records of `ids`, as they were read.

    Raises:
        BadInput, TooLarge: the text cannot be kept.
    """
    first, others = known[ids[0]], [known[other] for other in ids[1:]]
    together = [first, *others]
    taken = frozenset(memory.id for memory in others)
    said = first.text if text is None else text
    said = checked_text("memory", said, store.limits, required=True)
    begun = [memory.valid_from for memory in together]
    ended = [memory.valid_to for memory in together]
    after = replace(
        first,
        text=said,
        value=_value_in(said, first),
        tags=tuple(dict.fromkeys(tag for memory in together for tag in memory.tags)),
        importance=max(memory.importance for memory in together),
        pinned=any(memory.pinned for memory in together),
        valid_from=None if None in begun else min(time for time in begun if time),
        valid_to=None if None in ended else max(time for time in ended if time),
        closed_by=None if None in ended else first.closed_by,
        sources=_united(together),
        corrected=True,
    )
    changed = _relinked(known, after, taken)
    after = changed.pop(after.id)
    now = store.clock()
    absorbed = [
        MemoryVersion(
            memory=replace(memory, former=()),
            changed_at=now,
            change="merged",
            version=versions[memory.id],
        )
        for memory in others
    ]
    own = versions[first.id]
    kept = _with_version(store, first, after, "merged", version=own, taken=absorbed)
    return {**changed, kept.id: kept}


def _united(memories: Sequence[Memory]) -> tuple[Source, ...]:
    return tuple(dict.fromkeys(source for memory in memories for source in memory.sources))


def _relinked(
    known: MemoriesById, after: Memory, taken: frozenset[MemoryId]
) -> dict[MemoryId, Memory]:
    """Chains without those that were taken in: who superseded one of them supersedes the whole,
    unless the whole comes after them; nothing that they had ended begins to hold again."""
    mended = without_memories({**known, after.id: after}, taken)
    after = replace(mended.get(after.id, after), valid_to=after.valid_to)
    if after.supersedes is None:
        after = replace(after, supersedes=_before_all(known, after, taken))
    changed = {after.id: after}
    for memory_id, memory in mended.items():
        if memory_id == after.id or memory.supersedes == known[memory_id].supersedes:
            continue  # it holds until the whole does
        if not _comes_after({**known, **changed}, after, memory_id):
            memory = replace(memory, supersedes=after.id)
        changed[memory_id] = replace(memory, valid_to=known[memory_id].valid_to)
    return changed


def _before_all(known: MemoriesById, after: Memory, taken: frozenset[MemoryId]) -> MemoryId | None:
    """What one of those that were taken in superseded, unless it comes after the whole itself."""
    for memory_id in sorted(taken):
        former = known[memory_id].supersedes
        if former is None or former in taken or former == after.id or former not in known:
            continue
        if not _comes_after(known, known[former], after.id):
            return former
    return None


def _comes_after(known: MemoriesById, memory: Memory, earlier: MemoryId) -> bool:
    step, seen = memory.supersedes, {memory.id}
    while step is not None and step not in seen:
        if step == earlier:
            return True
        seen.add(step)
        step = known[step].supersedes if step in known else None
    return False


def undone(known: MemoriesById, memory: Memory) -> tuple[Memory, tuple[MemoryVersion, ...]]:
    """A memory as it was before the last change of its owner, and those that it had taken in.

    Raises:
        BadInput: there is no change that could be taken back.
    """
    if not memory.former or memory.former[-1].memory.id != memory.id:
        raise BadInput("memory", "it has no change of yours that could be undone")
    last = memory.former[-1]
    back = {name: getattr(last.memory, name) for name in last.fields}
    if back.get("supersedes") not in known:
        back.pop("supersedes", None)
    former = [version for version in memory.former if version.changed_at != last.changed_at]
    absorbed = [
        replace(version, memory=_alone(version.memory, known))
        for version in memory.former
        if version.changed_at == last.changed_at and version.memory.id != memory.id
    ]
    return replace(memory, **back, former=tuple(former)), tuple(absorbed)


def _alone(memory: Memory, known: MemoriesById) -> Memory:
    """One that comes back names what is still there."""
    there = memory.supersedes in known
    return replace(memory, supersedes=memory.supersedes if there else None)
