"""What the parts of a turn are made of: pure, and shared by all of its recorders."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Coroutine, Sequence
from typing import Any, TypeVar

from msgspec.structs import replace

from holdfast.capture.checks import Limits, checked_json, checked_label, checked_tags
from holdfast.capture.log import SessionLog
from holdfast.errors import BadInput, HoldfastError, TooLarge
from holdfast.model import FileId, FilePart, Json, Message, Role, Turn

__all__ = [
    "annotated",
    "check_same_input",
    "error_code_of",
    "file_part",
    "finish",
    "readable",
    "told",
]

_T = TypeVar("_T")


def annotated(
    turn: Turn,
    *,
    intent: str | None,
    intent_confidence: float | None,
    entities: dict[str, Json] | None,
    tags: tuple[str, ...] | None,
    model: str | None,
    limits: Limits,
) -> Turn:
    """The turn with what it was about; what is None stays as it was.

    Raises:
        BadInput: a confidence outside [0, 1], or a label that cannot be kept.
    """
    if intent_confidence is not None and not (
        isinstance(intent_confidence, int | float) and 0 <= intent_confidence <= 1
    ):
        raise BadInput("intent_confidence", "it lies between 0 and 1")
    changes: dict[str, object] = {
        "intent": checked_label("intent", intent, limits),
        "intent_confidence": intent_confidence,
        "entities": None if entities is None else checked_json("entities", entities, limits),
        "tags": None if tags is None else checked_tags(tags, limits),
        "model": checked_label("model", model, limits),
    }
    return replace(turn, **{name: value for name, value in changes.items() if value is not None})


async def finish(work: Coroutine[Any, Any, _T]) -> _T:
    """Await to the end even while the task is being cancelled; then let the cancellation go on."""
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait({task})
        if not task.cancelled():
            task.result()
        raise


def check_same_input(recorded: Sequence[Message], role: Role, text: str) -> None:
    """A client key stands for one input: what is said under it again must be the same.

    Raises:
        BadInput: another text was recorded under it; nothing of this one was kept.
    """
    if recorded and recorded[0].role == role and recorded[0].text != text:
        raise BadInput("client key", "it was used for another input: take a new one")


def file_part(
    log: SessionLog, name: str, content: bytes, media_type: str, limits: Limits
) -> FilePart:
    if len(content) > limits.max_file_bytes:
        raise TooLarge("file", size=len(content), limit=limits.max_file_bytes)
    return FilePart(
        id=FileId(log.ids()),
        name=checked_label("file name", name, limits) or "",
        media_type=checked_label("media type", media_type, limits) or "",
        size=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
    )


def error_code_of(error: BaseException) -> str:
    if isinstance(error, HoldfastError):
        return error.code
    if isinstance(error, TimeoutError):
        return "timeout"
    if isinstance(error, asyncio.CancelledError):
        return "cancelled"
    return "error"


def told(error: BaseException) -> str:
    """Kind and text of an exception, also of one whose text cannot be had."""
    try:
        text = str(error)
    except Exception:  # noqa: BLE001  # whatever somebody else's __str__ raises
        text = ""
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def readable(text: str, limits: Limits) -> str:
    """An error's text as it can be kept: an error must never fail to be recorded."""
    cleaned = text.encode("utf-8", "replace").decode()
    return (
        cleaned
        if len(cleaned) * 4 <= limits.max_text_bytes
        else cleaned[: limits.max_text_bytes // 4]
    )
