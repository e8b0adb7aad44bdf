"""From a question to hits: ranked by the index, opened from the vault, with what is around."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from holdfast.capture.checks import checked_text
from holdfast.errors import BadInput, TamperedRecord
from holdfast.keeper.find_shown import shown_text
from holdfast.keeper.indexes import indexed_text
from holdfast.keeper.memories import Memories
from holdfast.keeper.moments import edge
from holdfast.keeper.store import Store
from holdfast.model import Memory, MemoryId, Message, MessageId, SessionId
from holdfast.vault.reader import Reader
from holdfast.vault.vault import Vault

if TYPE_CHECKING:
    from holdfast.index.vault_index import VaultIndex
    from holdfast.recall.asking import Ask, Include, Ranked, Reason
    from holdfast.recall.ranking import Answer
    from holdfast.recall.snippets import Snippet

__all__ = ["INLINE_ENTRIES", "Hit", "Hits", "answered", "on_index", "recall"]

T = TypeVar("T")

_MAX_NEIGHBOURS = 100
_MAX_BESIDE = 5
_Around: TypeAlias = "tuple[tuple[Message, ...], tuple[Message, ...]]"
"""What was said before and after a message."""
INLINE_ENTRIES = 20_000
"""A vault up to this size is searched on the event loop: a hop to a thread would cost more."""


class Hit(Struct, frozen=True, kw_only=True):
    """What was found, why, and where it stands.

    Exactly one of `message` and `memory` is given. `before` and `after` are the neighbours of the
    message in its session. `score` is comparable within one answer only.
    """

    message: Message | None = None
    memory: Memory | None = None
    session_id: SessionId | None
    score: float
    reasons: tuple[Reason, ...]
    snippet: Snippet
    before: tuple[Message, ...] = ()
    after: tuple[Message, ...] = ()
    repeats: int = 0
    """How many others say the very same words; this one stands for them."""

    @property
    def text(self) -> str:
        """The text that was found."""
        return _shown(self.message, self.memory)

    @property
    def at(self) -> datetime | None:
        """When it was said, or from when the memory holds."""
        if self.message is not None:
            return self.message.at
        return None if self.memory is None else self.memory.valid_from


class Hits(list[Hit]):
    """Hits, best first, and how likely it is that they answer."""

    def __init__(self, hits: Iterable[Hit] = (), *, confidence: float = 0.0) -> None:
        super().__init__(hits)
        self.confidence = confidence
        """How likely it is that one of the best hits belongs to an answer, 0 to 1."""

    @property
    def nothing(self) -> bool:
        """Probably nothing that was ever said answers the question; what is here came closest."""
        from holdfast.recall.confidence import NOTHING

        return self.confidence < NOTHING


def _shown(message: Message | None, memory: Memory | None) -> str:
    """The text of a hit; of a tool message its name and values, which is what was searched."""
    if message is not None:
        return indexed_text(message)
    return "" if memory is None else memory.text


async def recall(
    store: Store,
    vault: Vault,
    question: str,
    *,
    limit: int = 10,
    since: datetime | str | None = None,
    until: datetime | str | None = None,
    days_back: float | None = None,
    assistant: str | None = None,
    project: str | None = None,
    kind: str | None = None,
    role: str | None = None,
    tags: Sequence[str] = (),
    session_id: str | None = None,
    speaker: str | None = None,
    platform: str | None = None,
    include: Include = "both",
    neighbours: int = 1,
    within_project: str | None = None,
    as_you_type: bool = False,
    operators: bool = True,
    slips: bool = True,
) -> Hits:
    """Find what may answer a question in one vault; see `User.recall`.

    `operators` and `slips`: see `Ask`.
    """
    from holdfast.recall.asking import Ask

    checked_text("question", question, store.limits)
    now = store.clock()
    ask = Ask(
        question=question,
        now=now,
        limit=limit,
        since=edge(since, store.clock, end=False),
        until=edge(until, store.clock, end=True),
        days_back=days_back,
        assistant=assistant,
        project=project,
        kind=kind,
        role=role,
        tags=tuple(tags),
        session_id=session_id,
        speaker=speaker,
        platform=platform,
        include=include,
        within_project=within_project,
        as_you_type=as_you_type,
        operators=operators,
        slips=slips,
    )
    if not 0 <= neighbours <= _MAX_NEIGHBOURS:
        raise BadInput("neighbours", f"it lies between 0 and {_MAX_NEIGHBOURS}")
    return await _hits(store, vault, ask, neighbours)


async def on_index(
    store: Store, vault: Vault, work: Callable[[VaultIndex], T]
) -> tuple[VaultIndex, T]:
    """A vault's index as it stands, and what came of working on it: in a thread when that takes
    long."""
    index = await store.indexes.current(vault)
    # A tier may ask an endpoint for the question's vector: the loop does not wait for that.
    if len(index) > INLINE_ENTRIES or index.is_tiered:
        return index, await asyncio.to_thread(work, index)
    return index, work(index)


async def answered(store: Store, vault: Vault, ask: Ask) -> tuple[VaultIndex, Answer]:
    """The best answers of a vault, unopened, with the index they are from; see
    `holdfast.recall.ranking.answer`."""
    from holdfast.recall.ranking import answer

    return await on_index(store, vault, partial(answer, ask))


async def _hits(store: Store, vault: Vault, ask: Ask, neighbours: int) -> Hits:
    for _ in range(3):
        wider = _to_rerank(store, ask)
        index, found = await answered(store, vault, wider)
        ranked = found.hits
        if wider is not ask:
            ranked = await _reranked(store, vault, ask, ranked)
        hits = await _opened(store, vault, index, ranked, neighbours)
        if hits is not None:
            return Hits(hits, confidence=found.confidence)
        # Something was forgotten between the ranking and the reading: rank again.
    raise TamperedRecord("index", vault.id)


def _to_rerank(store: Store, ask: Ask) -> Ask:
    """The ask for as many hits as a reranker looks at, when there is one and it reaches so far."""
    from holdfast.recall.reranking import DEPTH

    if store.reranker is None or ask.offset + ask.limit > DEPTH:
        return ask
    return replace(ask, offset=0, limit=DEPTH)


async def _reranked(store: Store, vault: Vault, ask: Ask, ranked: list[Ranked]) -> list[Ranked]:
    from holdfast.recall.reranking import rerank

    messages = await Reader(vault).messages_by_id(r.id for r in ranked if not r.is_memory)
    memories = await Memories(store, vault).by_ids([r.id for r in ranked if r.is_memory])
    texts: dict[str, str] = {message.id: indexed_text(message) for message in messages}
    texts |= {memory.id: memory.text for memory in memories}
    # What is gone meanwhile is found out when the hits are opened.
    shown = [texts.get(one.id, "") for one in ranked]
    if store.reranker is not None:
        ranked = await asyncio.to_thread(rerank, store.reranker, ask.question, ranked, shown)
    return ranked[ask.offset : ask.offset + ask.limit]


async def _opened(
    store: Store, vault: Vault, index: VaultIndex, ranked: list[Ranked], neighbours: int
) -> list[Hit] | None:
    """The hits of a ranking, None when one of them is not there any more."""
    from holdfast.recall.snippets import snippet_of

    reader = Reader(vault)
    wanted = [r.id for r in ranked if not r.is_memory]
    # Neighbours the index knows are read with the hits: one read instead of one for each hit.
    beside = index.beside(wanted, neighbours) if 0 < neighbours <= _MAX_BESIDE else {}
    ids = dict.fromkeys(chain(wanted, *beside.values()))
    read = {m.id: m for m in await reader.messages_by_id(ids)}
    messages = {one: read[MessageId(one)] for one in wanted if one in read}
    memory_ids = [r.id for r in ranked if r.is_memory]
    memories = {m.id: m for m in await Memories(store, vault).by_ids(memory_ids)}
    around = {
        one: _parted(messages[one].seq, [read[MessageId(n)] for n in near if n in read])
        for one, near in beside.items()
        if one in messages
    }
    rest = [message for one, message in messages.items() if one not in around]
    around |= await _neighbours(reader, rest, neighbours)
    hits = []
    for found in ranked:
        message = None if found.is_memory else messages.get(found.id)
        memory = memories.get(MemoryId(found.id)) if found.is_memory else None
        if message is None and memory is None:
            return None
        before, after = around.get(found.id, ((), ()))
        words = _shown(None, memory) if message is None else shown_text(message)
        hits.append(
            Hit(
                message=message,
                memory=memory,
                session_id=SessionId(found.session_id) if found.session_id else None,
                score=found.score,
                reasons=found.reasons,
                snippet=snippet_of(words, found.marks),
                before=before,
                after=after,
                repeats=found.repeats,
            )
        )
    return _valid_first(hits)


def _valid_first(hits: list[Hit]) -> list[Hit]:
    """Of memories of one thing what holds now comes before what held earlier.

    They say nearly the same words, so that ranking cannot tell which of them is true. Only their
    texts change places: scores stay in order.
    """
    places: dict[tuple[str, str], list[int]] = {}
    for number, hit in enumerate(hits):
        if hit.memory is not None and hit.memory.attribute:
            places.setdefault((hit.memory.subject, hit.memory.attribute), []).append(number)
    scores = [hit.score for hit in hits]
    for numbers in places.values():
        newest = sorted((hits[number] for number in numbers), key=_recency, reverse=True)
        for number, hit in zip(numbers, newest, strict=True):
            hits[number] = replace(hit, score=scores[number])
    return hits


def _recency(hit: Hit) -> tuple[bool, datetime]:
    memory = hit.memory
    if memory is None:
        raise TypeError("not a memory")
    return memory.valid_to is None, memory.valid_from or memory.created_at


def _parted(seq: int, near: Sequence[Message]) -> _Around:
    in_order = sorted(near, key=lambda message: message.seq)
    before = tuple(message for message in in_order if message.seq < seq)
    return before, tuple(message for message in in_order if message.seq > seq)


async def _neighbours(
    reader: Reader, messages: Sequence[Message], count: int
) -> dict[str, _Around]:
    if count < 1 or not messages:
        return {}

    async def around(message: Message) -> _Around:
        near = await reader.messages(
            message.session_id, first=max(0, message.seq - count), last=message.seq + count + 1
        )
        return _parted(message.seq, near)

    found = await asyncio.gather(*(around(message) for message in messages))
    return {message.id: pair for message, pair in zip(messages, found, strict=True)}
