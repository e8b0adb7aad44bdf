"""Forgetting what was said about something: found and listed first, then exactly that."""

from __future__ import annotations

from collections.abc import Set
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from holdfast.errors import NotFound
from holdfast.keeper.derived import Forgotten
from holdfast.keeper.recalling import recall
from holdfast.model import Memory, Message
from holdfast.vault.reader import Reader

if TYPE_CHECKING:
    from holdfast.keeper.recalling import Hit
    from holdfast.keeper.users import User

__all__ = ["About", "find_about", "forget_about"]


class About(Struct, frozen=True, kw_only=True):
    """What there is about a subject, best first."""

    messages: tuple[Message, ...] = ()
    memories: tuple[Memory, ...] = ()
    """Found by themselves."""
    resting: tuple[Memory, ...] = ()
    """Those that rest on the messages alone: they go with them."""

    def __len__(self) -> int:
        return len(self.messages) + len(self.memories) + len(self.resting)

    def only(self, ids: frozenset[str]) -> About:
        """That part of it which is named; what rests on a message that stays, stays."""
        messages = tuple(message for message in self.messages if message.id in ids)
        kept = {message.id for message in messages}
        memories = tuple(memory for memory in self.memories if memory.id in ids)
        going = {memory.id for memory in memories}
        resting = tuple(
            memory
            for memory in (*self.memories, *self.resting)
            if memory.id not in going and _rests_on(memory, kept)
        )
        return About(messages=messages, memories=memories, resting=resting)


async def find_about(user: User, subject: str, *, limit: int) -> About:
    """See `User.find_about`."""
    ranked = await recall(
        user.store, user.vault, subject, limit=limit, neighbours=0, operators=False, slips=False
    )
    # Recall ranks and does not judge: in a small vault it returns everything there is. What is
    # about to be destroyed has to say some of the words, or, when nothing does, mean the same.
    hits = [hit for hit in ranked if _is_named(hit, "same words")]
    hits = hits or [hit for hit in ranked if hit.score >= 0 and _is_named(hit, "similar meaning")]
    messages = tuple(hit.message for hit in hits if hit.message is not None)
    memories = tuple(hit.memory for hit in hits if hit.memory is not None)
    ids = {message.id for message in messages}
    listed = {memory.id for memory in memories}
    linked = await user.memories.of_messages(ids) if ids else {}
    resting = {
        memory.id: memory
        for found in linked.values()
        for memory in found
        if memory.id not in listed and _rests_on(memory, ids)
    }
    return About(messages=messages, memories=memories, resting=tuple(resting.values()))


async def forget_about(user: User, about: About) -> Forgotten:
    """See `User.forget_about`."""
    messages = [message.id for message in about.messages]
    memories = [memory.id for memory in about.memories]
    there = await Reader(user.vault).messages_by_id(messages)
    if len(there) < len(messages):
        raise NotFound("message")
    if len(await user.memories.by_ids(memories)) < len(memories):
        raise NotFound("memory")
    await user.memories.forget(memories)
    done = await user.forget(messages) if messages else Forgotten()
    return replace(done, memories=done.memories + len(memories))


def _is_named(hit: Hit, reason: str) -> bool:
    return any(one.name == reason for one in hit.reasons)


def _rests_on(memory: Memory, messages: Set[str]) -> bool:
    sources = {source.message_id for source in memory.sources}
    if memory.kind == "summary":  # it quotes its sources, so it goes with any of them
        return not sources.isdisjoint(messages)
    return bool(sources) and sources <= messages
