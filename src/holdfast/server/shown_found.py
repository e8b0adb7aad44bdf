"""What a search found, as it goes over the wire."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import structs

from holdfast.keeper.found import Found, FoundGroup, FoundHit
from holdfast.server.schemas.finding import (
    FindHitOut,
    FindOut,
    FoundGroupOut,
    FoundRoomOut,
    UnderstoodOut,
    WiderOut,
)
from holdfast.server.schemas.recall import ReasonOut, SnippetOut
from holdfast.server.shown import session_out

__all__ = ["found_out"]


def found_out(found: Found) -> FindOut:
    """All lists of a search."""
    wider = found.wider
    return FindOut(
        understood=[UnderstoodOut(**structs.asdict(one)) for one in found.understood],
        groups=_groups(found.groups),
        archived=_groups(found.archived),
        memories=[_hit(hit) for hit in found.memories],
        thoughts=[_hit(hit) for hit in found.thoughts],
        rooms=[
            FoundRoomOut(room_id=r.room_id, name=r.name, hits=[_hit(hit) for hit in r.hits])
            for r in found.rooms
        ],
        wider=None
        if wider is None
        else WiderOut(drop=list(wider.drop), count=wider.count, shown=wider.shown),
    )


def _groups(groups: Sequence[FoundGroup]) -> list[FoundGroupOut]:
    return [
        FoundGroupOut(
            session=session_out(group.session),
            count=group.count,
            hits=[_hit(hit) for hit in group.hits],
        )
        for group in groups
    ]


def _hit(hit: FoundHit) -> FindHitOut:
    message, memory, thought = hit.message, hit.memory, hit.thought
    return FindHitOut(
        label=hit.label,
        session_id=hit.session_id,
        message_id=None if message is None else message.id,
        memory_id=None if memory is None else memory.id,
        thought_id=None if thought is None else thought.id,
        room_id=hit.room_id,
        seq=None if message is None else message.seq,
        at=hit.at,
        role=None if message is None else message.role,
        speaker=_speaker(hit),
        tool=None if message is None or message.tool is None else message.tool.name,
        snippet=SnippetOut(text=hit.snippet.text, marks=list(hit.snippet.marks)),
        reasons=[
            ReasonOut(name=reason.name, value=reason.value, words=list(reason.words))
            for reason in hit.reasons
        ],
        score=hit.score,
    )


def _speaker(hit: FoundHit) -> str | None:
    if hit.message is not None:
        return hit.message.author
    if hit.thought is not None:
        return hit.thought.assistant
    return None if hit.memory is None else hit.memory.assistant
