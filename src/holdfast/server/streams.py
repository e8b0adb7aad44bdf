"""A turn as a stream of server-sent events: the Vercel AI SDK's UI message stream, version 1.

Only chunk types that its versions 6 and 7 both know are sent, for an unknown one ends the client's
stream. The chunks of one event bear its `seq` as their id, the last of them, so that a client that
names it as Last-Event-ID is sent what follows.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from typing import Literal, TypeAlias

from holdfast.assistant.events import (
    Delta,
    Event,
    Failed,
    FellBack,
    Finished,
    Recalled,
    Started,
    TakesTurn,
    Thought,
    ToolEnded,
    ToolStarted,
    Transcribed,
)
from holdfast.model import Json, JsonObject
from holdfast.server.schemas.events import ErrorEvent
from holdfast.server.shown import hit_out, message_out
from holdfast.server.talking.listeners import Ended, Listener
from holdfast.server.talking.run import Run
from holdfast.server.talking.told import Told

__all__ = ["HEADERS", "KEEP_ALIVE_S", "MEDIA_TYPE", "UiChunks", "sent_events"]

MEDIA_TYPE = "text/event-stream"
HEADERS = {
    "x-vercel-ai-ui-message-stream": "v1",
    "x-accel-buffering": "no",
    "cache-control": "no-store",
}
KEEP_ALIVE_S = 15.0
"""Between two signs of life of a stream in which nothing happens."""
_TOGETHER_CHARS = 16_384
_Part: TypeAlias = Literal["text", "reasoning"]
_DONE = "data: [DONE]\n\n"
_KEEP_ALIVE = ": keep-alive\n\n"
_encoded = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


class UiChunks:
    """Turns the events of one turn, in their order, into chunks; remembers which part is open."""

    def __init__(self) -> None:
        self._open: _Part | None = None
        self._parts = 0

    def of(self, event: Event) -> Iterator[JsonObject]:
        """The chunks of the next event."""
        match event:
            case Started():
                yield {
                    "type": "start",
                    "messageId": event.turn_id,
                    "messageMetadata": _started_metadata(event),
                }
                yield {"type": "start-step"}
            case Delta():
                yield from self._piece("text", event.text)
            case Thought():
                yield from self._piece("reasoning", event.text)
            case Recalled():
                hits: Json = [hit_out(hit).model_dump(mode="json") for hit in event.hits]
                yield {"type": "data-recalled", "id": event.turn_id, "data": {"hits": hits}}
            case TakesTurn():
                yield from self._close()
                yield {"type": "data-answering", "data": {"assistant": event.assistant}}
            case Transcribed():
                shown: Json = message_out(event.message).model_dump(mode="json")
                yield {"type": "data-transcribed", "id": event.turn_id, "data": shown}
            case ToolStarted() | ToolEnded() | FellBack():
                yield from self._close()
                yield from _tool_chunks(event)
            case Finished() | Failed():
                yield from self._close()
                yield from _last_chunks(event)

    def _piece(self, part: _Part, text: str) -> Iterator[JsonObject]:
        if self._open != part:
            yield from self._close()
            self._open = part
            self._parts += 1
            yield {"type": f"{part}-start", "id": self._id(part)}
        yield {"type": f"{part}-delta", "id": self._id(part), "delta": text}

    def _close(self) -> Iterator[JsonObject]:
        if self._open is not None:
            part, self._open = self._open, None
            yield {"type": f"{part}-end", "id": self._id(part)}

    def _id(self, part: _Part) -> str:
        return f"{part}-{self._parts}"


async def sent_events(
    listener: Listener, run: Run, ready: asyncio.Event, *, after_seq: int = -1
) -> AsyncIterator[str]:
    """The lines of a stream, one or more at a time, from the beginning of a turn to its end.

    Args:
        listener: hears the turn from its beginning; `ready` is set whenever it has something.
        after_seq: what the client has already; the chunks up to there are left out.
    """
    chunks = UiChunks()
    while True:
        ready.clear()
        # What waits goes out together: each piece by itself costs a system call and a packet.
        together = ""
        while (told := listener.take()) is not None:
            together += "".join(_lines(told, run, chunks, after_seq))
            if _is_last(told, run):
                yield together + _DONE
                return
            if len(together) >= _TOGETHER_CHARS:
                yield together
                together = ""
        if together:
            yield together
        if listener.ended is not None:
            yield _line({"type": "error", "errorText": _words(listener.ended)})
            return
        try:
            async with asyncio.timeout(KEEP_ALIVE_S):
                await ready.wait()
        except TimeoutError:
            yield _KEEP_ALIVE


def _lines(told: Told, run: Run, chunks: UiChunks, after_seq: int) -> Iterator[str]:
    if isinstance(told.shown, ErrorEvent):
        text = f"{told.shown.code}: {told.shown.message}"
        yield _line({"type": "error", "errorText": text})
    if told.run is not run or told.event is None:
        return
    made = list(chunks.of(told.event))
    if told.seq <= after_seq:
        return
    for chunk in made[:-1]:
        yield _line(chunk)
    yield _line(made[-1], told.seq)


def _is_last(told: Told, run: Run) -> bool:
    if isinstance(told.shown, ErrorEvent):
        return True
    return told.run is run and isinstance(told.event, Finished | Failed)


def _line(chunk: JsonObject, seq: int | None = None) -> str:
    named = "" if seq is None else f"id: {seq}\n"
    # JSON holds no raw line break, so one line is one event.
    return f"{named}data: {_encoded(chunk)}\n\n"


def _words(ended: Ended) -> str:
    return f"{ended.code}: {ended.reason}"


def _started_metadata(event: Started) -> JsonObject:
    return {
        "turn_id": event.turn_id,
        "session_id": event.session_id,
        "message_id": None if event.message is None else event.message.id,
        "replayed": event.replayed,
    }


def _tool_chunks(event: ToolStarted | ToolEnded | FellBack) -> Iterator[JsonObject]:
    match event:
        case ToolStarted():
            yield {
                "type": "tool-input-available",
                "toolCallId": event.call_id,
                "toolName": event.name,
                "input": event.arguments,
                "dynamic": True,
            }
        case ToolEnded(failed=False):
            yield {
                "type": "tool-output-available",
                "toolCallId": event.call_id,
                "output": event.result,
                "dynamic": True,
            }
        case ToolEnded():
            said = event.result if isinstance(event.result, str) else json.dumps(event.result)
            yield {
                "type": "tool-output-error",
                "toolCallId": event.call_id,
                "errorText": said,
                "dynamic": True,
            }
        case FellBack():
            # Version 6 knows no way to take back what was shown: the answer begins in a new step.
            data: JsonObject = {"model": event.model, "code": event.code}
            yield {"type": "data-fell-back", "id": event.turn_id, "data": data}
            yield {"type": "finish-step"}
            yield {"type": "start-step"}


def _last_chunks(event: Finished | Failed) -> Iterator[JsonObject]:
    if isinstance(event, Finished) and event.status in ("cancelled", "interrupted"):
        yield {"type": "message-metadata", "messageMetadata": {"status": event.status}}
        yield {"type": "abort", "reason": event.status}
        return
    if isinstance(event, Failed):
        yield {"type": "message-metadata", "messageMetadata": {"status": "failed"}}
        yield {"type": "error", "errorText": f"{event.code}: {event.message}"}
        yield {"type": "finish-step"}
        yield {"type": "finish", "finishReason": "error"}
        return
    answer = None if event.message is None else event.message.id
    yield {"type": "finish-step"}
    yield {
        "type": "finish",
        "finishReason": "stop" if event.status == "complete" else "error",
        "messageMetadata": {"status": event.status, "answer_id": answer},
    }
