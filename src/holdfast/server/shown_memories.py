"""Memories with what their vault tells about them, as they go over the wire."""

from __future__ import annotations

from collections.abc import Sequence

from holdfast.keeper.memories import Memories
from holdfast.model import Memory
from holdfast.server.schemas import MemoryOut
from holdfast.server.shown import memory_out

__all__ = ["memories_out", "one_memory_out"]


async def memories_out(of: Memories, memories: Sequence[Memory]) -> list[MemoryOut]:
    """Memories in their order, with project, last use and contradictions."""
    if not memories:
        return []
    facts = await of.facts(memories)
    return [memory_out(memory, facts[memory.id]) for memory in memories]


async def one_memory_out(of: Memories, memory: Memory) -> MemoryOut:
    """One memory likewise."""
    return (await memories_out(of, [memory]))[0]
