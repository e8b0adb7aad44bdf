"""What was said about one thing, over time, and which memories that makes.

A slot is what can have one value at a time: an attribute of a subject ("home" of "user"), or a
sentence that stands alone. Everything said about it is a `Statement`; `settle` puts the statements
in order of when they were said and folds them into memories that follow each other. It always looks
at all of them, so it makes no difference in which order they arrive: an imported chat of last year
never closes what was said since, and when a statement goes, what it had closed holds again.

What its owner pinned, corrected or wrote stands where it is: nothing that is distilled moves it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from datetime import UTC, datetime
from typing import Literal, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from holdfast.clock import Ids
from holdfast.model import (
    Memory,
    MemoryId,
    MemoryKind,
    MemoryOrigin,
    MessageId,
    SessionId,
    Source,
)

__all__ = ["Refused", "Settled", "Slot", "Statement", "folded", "is_loose", "settle", "slot_of"]

Slot: TypeAlias = tuple[str, str]
"""(subject, attribute) of what has a value; ("", text) of what stands alone."""

_DISTILLED = ("rules/", "model ")
_NEVER = datetime.max.replace(tzinfo=UTC)
_GONE = SessionId("")


class Statement(Struct, frozen=True, kw_only=True):
    """One thing that was said about a slot.

    With `ends`, `value` is what no longer holds, "" for whatever did.
    """

    kind: MemoryKind
    text: str
    subject: str
    attribute: str
    value: str
    at: datetime
    source: Source
    ends: bool = False
    importance: int = 5
    tags: tuple[str, ...] = ()
    origin: MemoryOrigin = "said"
    made_by: str = ""
    assistant: str | None = None
    memory: Memory | None = None
    """The memory it is in already; None while it is new."""

    @property
    def slot(self) -> Slot:
        """What it is about."""
        return _slot(self.subject, self.attribute, self.text)

    @property
    def place(self) -> tuple[MessageId, int | None, int | None]:
        """Where it stands."""
        return _place(self.source)


class Refused(Struct, frozen=True, kw_only=True):
    """A new statement that changes nothing, and why."""

    statement: Statement
    reason: Literal["corrected", "nothing to end"]
    """corrected: the owner has the last word about it."""


class Settled(Struct, frozen=True, kw_only=True):
    """What a slot comes to."""

    made: tuple[Memory, ...] = ()
    changed: tuple[Memory, ...] = ()
    gone: tuple[Memory, ...] = ()
    """As they were."""
    refused: tuple[Refused, ...] = ()


def slot_of(memory: Memory) -> Slot | None:
    """What a memory is about; None for one that nothing ever supersedes or repeats."""
    if memory.kind != "summary" and (memory.attribute or is_loose(memory)):
        return _slot(memory.subject, memory.attribute, memory.text)
    return None


def is_loose(memory: Memory) -> bool:
    """Whether distilling may change it: it made it, and its owner has not touched it."""
    return (
        memory.kind != "summary"
        and memory.made_by.startswith(_DISTILLED)
        and not (memory.pinned or memory.corrected)
        and all(source.at is not None for source in memory.sources)
    )


def _slot(subject: str, attribute: str, text: str) -> Slot:
    return (subject, attribute) if attribute else ("", folded(text))


def folded(value: str) -> str:
    """A value as it is compared: case, spaces and marks at its ends make no difference."""
    return " ".join(value.casefold().split()).strip(" .,;:!?\"'")


def _place(source: Source) -> tuple[MessageId, int | None, int | None]:
    return source.message_id, source.start, source.end


def settle(
    known: Sequence[Memory],
    new: Sequence[Statement] = (),
    *,
    ids: Ids,
    now: datetime,
    removed: Iterable[MemoryId] = (),
    without: Iterable[str] = (),
    unsaid: Iterable[Source] = (),
) -> Settled:
    """Which memories a slot has once `new` was said, and other things were not.

    Args:
        known: all memories of the slot.
        new: of the same slot.
        removed: memories of the slot that go, with all they rest on.
        without: ids of messages that go, with all they said.
        unsaid: single statements that were taken back.
    """
    going = set(removed)
    kept = sorted((m for m in known if not is_loose(m) and m.id not in going), key=_begins)
    loose = [m for m in known if is_loose(m)]
    lost, taken_back = set(without), {_place(source) for source in unsaid}
    followed = {m.supersedes: _begins(m) for m in known}
    said = [
        s
        for memory in loose
        if memory.id not in going
        for s in _left(memory, followed.get(memory.id), lost=lost, taken_back=taken_back)
    ]
    decided = [(s, _decided(s, kept)) for s in new]
    said += [s for s, memory in decided if memory is None]
    refused = [
        Refused(statement=s, reason="corrected")
        for s, memory in decided
        if memory is not None and (s.ends or folded(s.value) != folded(memory.value))
    ]
    segments, idle = _fold(_in_order(said), kept)
    refused += [Refused(statement=s, reason="nothing to end") for s in idle if s.memory is None]
    built = _built(segments, kept, ids=ids, now=now)
    after = {memory.id for memory in (*kept, *built)}
    gone = tuple(memory for memory in known if memory.id not in after)
    return _compared(known, kept, built, gone, refused)


def _left(
    memory: Memory,
    followed_at: datetime | None,
    *,
    lost: Set[str],
    taken_back: Set[tuple[MessageId, int | None, int | None]],
) -> list[Statement]:
    """What a memory still stands for. One that had sources goes with the last of them."""
    left = [
        s
        for s in _statements(memory, followed_at=followed_at)
        if s.source.message_id not in lost and s.place not in taken_back
    ]
    if memory.sources and not any(_is_there(s.source) and not s.ends for s in left):
        return [s for s in left if s.ends]
    return left


def _statements(memory: Memory, *, followed_at: datetime | None) -> list[Statement]:
    """What was said that a loose memory rests on, and what ended it.

    One that was kept when its source went still stands for what was said, and when, also once the
    same was said again. If it ended before `followed_at`, when another one took its place, it did
    not end because of that one.
    """
    base = Statement(
        kind=memory.kind,
        text=memory.text,
        subject=memory.subject,
        attribute=memory.attribute,
        value=memory.value,
        at=_NEVER,
        source=Source(session_id=SessionId(""), message_id=MessageId("")),
        importance=memory.importance,
        tags=memory.tags,
        origin=memory.origin,
        made_by=memory.made_by,
        assistant=memory.assistant,
        memory=memory,
    )
    found = [replace(base, at=s.at, source=s) for s in memory.sources if s.at is not None]
    if not found or _begins(memory) < min(s.at for s in found):
        found.append(replace(base, at=_begins(memory), source=_gone_source(memory)))
    closed, until = memory.closed_by, memory.valid_to
    ended_alone = until is not None and (followed_at is None or until < followed_at)
    if closed is None and not memory.sources and ended_alone:
        closed = _gone_source(memory, at=until)
    if closed is not None and closed.at is not None:
        found.append(replace(base, at=closed.at, source=closed, ends=True))
    return found


def _gone_source(memory: Memory, *, at: datetime | None = None) -> Source:
    """The place of what a memory without sources says: none that there is, and of it alone."""
    return Source(session_id=_GONE, message_id=MessageId(memory.id), at=at)


def _begins(memory: Memory) -> datetime:
    return memory.valid_from or memory.created_at


def _decided(statement: Statement, kept: Sequence[Memory]) -> Memory | None:
    """What the owner has settled by hand for that time."""
    for memory in kept:
        ends = memory.valid_to
        if _begins(memory) <= statement.at and (ends is None or statement.at < ends):
            return memory
    return None


def _in_order(said: Sequence[Statement]) -> list[Statement]:
    """By time; what has one time in the order of the ids, which is that of writing."""
    known: dict[tuple[object, ...], Statement] = {}
    for s in said:
        known.setdefault((*s.place, folded(s.value), s.ends), s)
    return sorted(known.values(), key=lambda s: (s.at, s.source.message_id, s.source.start or 0))


class _Segment:
    """What was said in one go about one value."""

    def __init__(self, first: Statement) -> None:
        self.said = [first]
        self.ended: Statement | None = None

    @property
    def begins(self) -> datetime:
        return self.said[0].at

    def is_of(self, value: str) -> bool:
        return not value or folded(value) == folded(self.said[0].value)


def _fold(
    said: Sequence[Statement], kept: Sequence[Memory]
) -> tuple[list[_Segment], list[Statement]]:
    """The segments in order of time, and the endings that end nothing."""
    segments: list[_Segment] = []
    idle = []
    for s in said:
        last = segments[-1] if segments else None
        if s.ends:
            held = next((g for g in reversed(segments) if g.is_of(s.value)), None)
            if held is None or held.ended is not None:
                idle.append(s)
            else:
                held.ended = s
        elif (
            last is not None
            and last.ended is None
            and folded(last.said[0].value) == folded(s.value)
            and not any(last.begins < _begins(m) <= s.at for m in kept)
        ):
            last.said.append(s)
        else:
            segments.append(_Segment(s))
    return segments, idle


def _built(
    segments: Sequence[_Segment], kept: Sequence[Memory], *, ids: Ids, now: datetime
) -> list[Memory]:
    """The memories of the segments; each ends where the next begins, or where it was ended."""
    begins = sorted(
        [(g.begins, 1, number) for number, g in enumerate(segments)]
        + [(_begins(m), 0, number) for number, m in enumerate(kept)]
    )
    claimed: set[str] = set()
    built: list[Memory] = []
    former: MemoryId | None = None
    for at, (_, is_segment, number) in enumerate(begins):
        if not is_segment:
            former = kept[number].id
            continue
        segment = segments[number]
        following = begins[at + 1][0] if at + 1 < len(begins) else None
        told = None if segment.ended is None else segment.ended.at
        ends = [moment for moment in (following, told) if moment is not None]
        memory = _memory(segment, claimed, ids=ids, now=now)
        memory = replace(memory, valid_to=min(ends, default=None), supersedes=former)
        built.append(memory)
        former = memory.id
    return built


def _memory(segment: _Segment, claimed: set[str], *, ids: Ids, now: datetime) -> Memory:
    first = segment.said[0]
    own = next((s.memory for s in segment.said if s.memory and s.memory.id not in claimed), None)
    if own is None:
        own = _new(first, MemoryId(ids()), now)
    claimed.add(own.id)
    sources = tuple(dict.fromkeys(s.source for s in segment.said if _is_there(s.source)))
    ended = None if segment.ended is None else segment.ended.source
    said_here = any(s.origin == "said" for s in segment.said)
    return replace(
        own,
        kind=first.kind,
        text=_text(first),
        value=first.value,
        importance=max(s.importance for s in segment.said),
        origin="said" if said_here else first.origin,
        made_by=first.made_by,
        session_id=sources[0].session_id if sources else own.session_id,
        assistant=first.assistant,
        tags=first.tags,
        valid_from=segment.begins,
        sources=sources,
        source_gone=not sources,
        closed_by=ended if ended is not None and _is_there(ended) else None,
    )


def _is_there(source: Source) -> bool:
    return source.session_id != _GONE


def _text(first: Statement) -> str:
    """The words of who said it first. When that one is gone, what the others said too is left."""
    memory = first.memory
    if memory is None or not first.attribute:
        return first.text
    if not _is_there(first.source) or memory.sources[0] == first.source:
        return first.text
    label = first.attribute.partition(":")[0]
    plain = f"{label[:1].upper()}{label[1:]}: {first.value}"
    return first.text if folded(first.text) == folded(plain) else plain


def _new(first: Statement, memory_id: MemoryId, now: datetime) -> Memory:
    return Memory(
        id=memory_id,
        kind=first.kind,
        text=first.text,
        created_at=now,
        subject=first.subject,
        attribute=first.attribute,
    )


def _compared(
    known: Sequence[Memory],
    kept: Sequence[Memory],
    built: Sequence[Memory],
    gone: tuple[Memory, ...],
    refused: Sequence[Refused],
) -> Settled:
    before: Mapping[MemoryId, Memory] = {m.id: m for m in known}
    lost = {m.id for m in gone}
    now = [*built, *(_relinked(m, lost, built) for m in kept)]
    return Settled(
        made=tuple(m for m in built if m.id not in before),
        changed=tuple(m for m in now if m.id in before and m != before[m.id]),
        gone=gone,
        refused=tuple(refused),
    )


def _relinked(memory: Memory, gone: set[MemoryId], built: Sequence[Memory]) -> Memory:
    """A memory that is kept follows what is left before it."""
    if memory.supersedes not in gone:
        return memory
    earlier = [m for m in built if _begins(m) <= _begins(memory)]
    return replace(memory, supersedes=earlier[-1].id if earlier else None)
