"""Memories as a whole: counts, changes, the trash."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from holdfast.server.caching import POLLED
from holdfast.server.identity.asking import Eraser, Reader, Writer
from holdfast.server.openapi import RESPONSES
from holdfast.server.routing import Route
from holdfast.server.schemas import MemoryOut
from holdfast.server.schemas.memory_lists import (
    MemoryChangeOut,
    MemoryChangesOut,
    MemoryFacetsOut,
    SlugCountOut,
    TagCountOut,
)
from holdfast.server.schemas.shapes import PageAsked
from holdfast.server.shown_memories import memories_out, one_memory_out

__all__ = [
    "get_memory_facets",
    "list_memory_changes",
    "restore_memory",
    "router",
    "trash_memory",
]

router = APIRouter(prefix="/api", tags=["memories"], route_class=Route, responses=RESPONSES)


@router.get("/memories/facets", operation_id="get_memory_facets", dependencies=[POLLED])
async def get_memory_facets(owner: Reader) -> MemoryFacetsOut:
    """How many memories there are of each kind, tag, assistant and project."""
    found = await owner.memories.facets()
    return MemoryFacetsOut(
        kinds=found.kinds,
        tags=[TagCountOut(tag=tag, n=n) for tag, n in found.tags.items()],
        assistants=[SlugCountOut(slug=slug, n=n) for slug, n in found.assistants.items()],
        projects=[SlugCountOut(slug=slug, n=n) for slug, n in found.projects.items()],
        total=found.total,
    )


@router.get("/memories/changes", operation_id="list_memory_changes", dependencies=[POLLED])
async def list_memory_changes(
    owner: Reader, asked: Annotated[PageAsked, Query()]
) -> MemoryChangesOut:
    """What changed among the memories, newest first."""
    page = await owner.memories.changes(cursor=asked.cursor, limit=asked.limit)
    shown = await memories_out(owner.memories, [change.memory for change in page.changes])
    changes = [
        MemoryChangeOut(
            at=change.at, what=change.what, memory=memory, before=change.before, by=change.by
        )
        for change, memory in zip(page.changes, shown, strict=True)
    ]
    return MemoryChangesOut(changes=changes, next_cursor=page.next_cursor)


@router.post("/memories/{memory_id}/trash", operation_id="trash_memory")
async def trash_memory(owner: Eraser, memory_id: str) -> MemoryOut:
    """Forget a memory so that it can come back: it is in no list, search or context meanwhile."""
    return await one_memory_out(owner.memories, await owner.memories.trash(memory_id))


@router.post("/memories/{memory_id}/restore", operation_id="restore_memory")
async def restore_memory(owner: Writer, memory_id: str) -> MemoryOut:
    """Take a memory out of the trash, as it was."""
    return await one_memory_out(owner.memories, await owner.memories.restore(memory_id))
