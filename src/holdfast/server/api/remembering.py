"""The owner's hand on memories: correct, merge, undo, forget what was listed, pause learning."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query
from msgspec import structs

from holdfast.errors import NotFound
from holdfast.keeper.about import About
from holdfast.keeper.correcting import Correction
from holdfast.keeper.receipts import LearningReceipt
from holdfast.model import Pause
from holdfast.server.identity.asking import Eraser, Reader, Writer
from holdfast.server.openapi import RESPONSES
from holdfast.server.routing import Route
from holdfast.server.schemas import ForgottenOut, MemoryOut
from holdfast.server.schemas.remembering import (
    AboutAsked,
    AboutOut,
    ChangeMemoryIn,
    ClearedMemoriesOut,
    ForgetIn,
    HistoryOut,
    LearningIn,
    LearningOut,
    LearningReceiptOut,
    LearningReceiptsOut,
    MemoryVersionOut,
    MergeIn,
    PauseOut,
)
from holdfast.server.shown import memory_out, source_message_out
from holdfast.server.shown_memories import memories_out, one_memory_out

__all__ = [
    "about",
    "change_memory",
    "clear_memories",
    "forget_found",
    "get_learning",
    "get_memory_history",
    "list_learning_receipts",
    "merge_memories",
    "router",
    "set_learning",
    "undo_memory",
]

router = APIRouter(prefix="/api", tags=["memories"], route_class=Route, responses=RESPONSES)


@router.get("/memories/about", operation_id="find_about")
async def about(owner: Reader, asked: Annotated[AboutAsked, Query()]) -> AboutOut:
    """What there is about something, to be looked at before it is forgotten."""
    found = await owner.find_about(asked.q, limit=asked.limit)
    return AboutOut(
        messages=[source_message_out(message) for message in found.messages],
        memories=[memory_out(memory) for memory in found.memories],
        resting=[memory_out(memory) for memory in found.resting],
    )


@router.post("/memories/forget", operation_id="forget_found")
async def forget_found(owner: Eraser, asked: ForgetIn) -> ForgottenOut:
    """Forget exactly these memories and messages for good, and what rested on them alone."""
    memories = await owner.memories.by_ids(dict.fromkeys(asked.memory_ids))
    if len(memories) < len(set(asked.memory_ids)):
        raise NotFound("memory")
    messages = await owner.messages(dict.fromkeys(asked.message_ids))
    done = await owner.forget_about(About(messages=tuple(messages), memories=tuple(memories)))
    return ForgottenOut(**structs.asdict(done))


@router.post("/memories/merge", operation_id="merge_memories")
async def merge_memories(owner: Writer, asked: MergeIn) -> MemoryOut:
    """Make one memory of several: the first, which takes in the others. It can be undone."""
    made = await owner.memories.merge(asked.memory_ids, text=asked.text)
    return await one_memory_out(owner.memories, made)


@router.delete("/memories", operation_id="clear_memories")
async def clear_memories(
    owner: Eraser, confirm: Annotated[Literal["all"], Query()]
) -> ClearedMemoriesOut:
    """Forget every memory for good; what was said stays."""
    return ClearedMemoriesOut(memories=await owner.memories.clear())


@router.patch("/memories/{memory_id}", operation_id="change_memory")
async def change_memory(owner: Writer, memory_id: str, asked: ChangeMemoryIn) -> MemoryOut:
    """Correct a memory, or pin it. What it was is kept with it; nothing distilled overrules it."""
    times = asked.model_fields_set & {"valid_from", "valid_to"}
    correction = Correction(
        text=asked.text,
        kind=asked.kind,
        tags=asked.tags,
        importance=asked.importance,
        pinned=asked.pinned,
        **{name: getattr(asked, name) for name in times},
    )
    changed = await owner.memories.edit(memory_id, correction)
    return await one_memory_out(owner.memories, changed)


@router.get("/memories/{memory_id}/history", operation_id="get_memory_history")
async def get_memory_history(owner: Reader, memory_id: str) -> HistoryOut:
    """What was true before and after it, and what it was before its owner changed it."""
    chain = await owner.memories.history(memory_id)
    memory = next(one for one in chain if one.id == memory_id.lower())
    former = [
        MemoryVersionOut(
            memory=memory_out(version.memory),
            changed_at=version.changed_at,
            change=version.change,
        )
        for version in memory.former
    ]
    return HistoryOut(chain=await memories_out(owner.memories, chain), former=former)


@router.post("/memories/{memory_id}/undo", operation_id="undo_memory")
async def undo_memory(owner: Writer, memory_id: str) -> MemoryOut:
    """Take back the last change of a memory by its owner."""
    return await one_memory_out(owner.memories, await owner.memories.undo(memory_id))


@router.get("/learning", operation_id="get_learning")
async def get_learning(owner: Reader) -> LearningOut:
    """Whether memories are made of what is said, and when they were not."""
    return _learning(await owner.learning_pauses())


@router.get("/learning/receipts", operation_id="list_learning_receipts")
async def list_learning_receipts(
    owner: Reader, session_id: Annotated[str, Query(max_length=100)]
) -> LearningReceiptsOut:
    """What was learned of a conversation and what was left out, run by run, newest first."""
    found = await owner.memories.receipts(session_id)
    return LearningReceiptsOut(receipts=[_receipt(receipt) for receipt in reversed(found)])


@router.put("/learning", operation_id="set_learning")
async def set_learning(owner: Writer, asked: LearningIn) -> LearningOut:
    """Pause learning for all conversations, or take it up again."""
    pauses = await (owner.resume_learning() if asked.learning else owner.pause_learning())
    return _learning(pauses)


def _receipt(receipt: LearningReceipt) -> LearningReceiptOut:
    return LearningReceiptOut(
        session_id=receipt.session_id,
        at=receipt.at,
        first=receipt.first,
        last=receipt.last,
        nothing_new=receipt.nothing_new,
        learned=list(receipt.learned),
        closed=list(receipt.closed),
        reasons=dict(receipt.reasons),
        model=None if receipt.model is None else receipt.model.name,
        input_tokens=0 if receipt.model is None else receipt.model.input_tokens,
        output_tokens=0 if receipt.model is None else receipt.model.output_tokens,
    )


def _learning(pauses: tuple[Pause, ...]) -> LearningOut:
    return LearningOut(
        learning=all(pause.until is not None for pause in pauses),
        pauses=[PauseOut(since=pause.since, until=pause.until) for pause in pauses],
    )
