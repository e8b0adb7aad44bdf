"""One event of a talk as its listeners are told, and what a bounded memory keeps of them."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

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
from holdfast.server.schemas.events import (
    AnsweringEvent,
    DeltaEvent,
    FailedEvent,
    FellBackEvent,
    FinishedEvent,
    Frame,
    RecalledEvent,
    ServerEvent,
    StartedEvent,
    ThoughtEvent,
    ToolEndedEvent,
    ToolStartedEvent,
    TranscribedEvent,
)
from holdfast.server.shown import hit_out, message_out

if TYPE_CHECKING:
    from holdfast.server.talking.run import Run

__all__ = ["SHOWN_HITS", "Replay", "Told", "event_out"]

SHOWN_HITS = 10
_MAX_EVENTS = 2_000
_MAX_CHARS = 1 << 20
_FRAME_CHARS = 200
"""About what an event takes beside its text."""
_HIT_CHARS = 1_500
"""About what a hit takes beside its words: why it was found, where it stands, and its objects."""


class Told:
    """An event with its place. Its frame is made when the first listener wants it."""

    __slots__ = ("_frame", "chars", "event", "first_seq", "run", "seq", "session_id", "shown")

    def __init__(
        self,
        seq: int,
        session_id: str | None,
        *,
        event: Event | None = None,
        shown: ServerEvent | None = None,
        run: Run | None = None,
        first_seq: int | None = None,
    ) -> None:
        self.seq = seq
        self.first_seq = seq if first_seq is None else first_seq
        """Less than `seq` when this stands for several events, which were pieces of one text."""
        self.session_id = session_id
        self.event = event
        self.shown = shown
        self.run = run
        self.chars = _FRAME_CHARS + _text_chars(event)
        """About how much memory it takes."""
        self._frame: str | None = None

    @property
    def frame(self) -> str:
        """The JSON text that a socket sends."""
        if self._frame is None:
            shown = self.shown
            if shown is None:
                assert self.event is not None  # one of the two is given
                shown = event_out(self.event, None if self.run is None else self.run.client_key)
            frame = Frame(seq=self.seq, session_id=self.session_id, event=shown)
            self._frame = frame.model_dump_json()
        return self._frame


class Replay:
    """The latest events of a talk, for whoever lost the connection; all of turns that still run.

    Over its bounds the events of turns that have ended go first; then pieces of a text that still
    grows are joined, so that its beginning can always be told.
    """

    def __init__(
        self, last_seq: int, *, max_events: int = _MAX_EVENTS, max_chars: int = _MAX_CHARS
    ) -> None:
        self._events: deque[Told] = deque()
        self._chars = 0
        self._limits = self._bounds = (max_events, max_chars)
        self._before = last_seq
        """The seq after which nothing is missing."""

    def add(self, told: Told) -> None:
        """Keep an event."""
        self._events.append(told)
        self._chars += told.chars
        if self._over():
            self._shrink()

    def covers(self, seq: int) -> bool:
        """Whether everything after this event is kept, event by event."""
        last = self._events[-1].seq if self._events else self._before
        if not self._before <= seq <= last:
            return False
        return all(not told.first_seq <= seq < told.seq for told in self._events)

    def after(self, seq: int) -> list[Told]:
        """The kept events after a place."""
        return [told for told in self._events if told.seq > seq]

    def of(self, run: Run) -> list[Told]:
        """The kept events of a turn; while it runs, all of them."""
        return [told for told in self._events if told.run is run]

    def before_running(self) -> int | None:
        """The seq before the first event of what still runs, None when nothing does."""
        return next((told.first_seq - 1 for told in self._events if _runs(told)), None)

    def run_of(self, seq: int) -> Run | None:
        """The turn that an event belongs to, None when it is not kept."""
        return next((t.run for t in self._events if t.first_seq <= seq <= t.seq), None)

    def clear(self) -> None:
        """Keep nothing of the turns that have ended."""
        self._keep([told for told in self._events if _runs(told)])

    def _over(self) -> bool:
        return len(self._events) > self._bounds[0] or self._chars > self._bounds[1]

    def _shrink(self) -> None:
        self._bounds = self._limits
        while self._events and self._over() and not _runs(self._events[0]):
            self._before = self._events[0].seq
            self._chars -= self._events.popleft().chars
        if self._over():
            self.clear()
        if self._over():
            self._join_pieces()

    def _keep(self, kept: list[Told]) -> None:
        gone = {id(told) for told in self._events} - {id(told) for told in kept}
        last_gone = [told.seq for told in self._events if id(told) in gone]
        if last_gone:
            self._before = last_gone[-1]
        self._events = deque(kept)
        self._chars = sum(told.chars for told in kept)

    def _join_pieces(self) -> None:
        """Make one piece of those that follow each other in a text."""
        pieces: list[Told] = []
        joined: list[Told] = []
        for told in self._events:
            if pieces and not _continues(pieces[-1], told):
                joined.append(_joined(pieces))
                pieces = []
            pieces.append(told)
        joined.append(_joined(pieces))
        self._events = deque(joined)
        self._chars = sum(told.chars for told in joined)
        # What is left cannot be made smaller, and the answer's own limit bounds it. The next time
        # is when it has doubled: joined in each step, a long answer would cost its square.
        self._bounds = (
            max(self._limits[0], 2 * len(joined)),
            max(self._limits[1], 2 * self._chars),
        )


def _runs(told: Told) -> bool:
    return told.run is not None and told.run.running


def _text_chars(event: Event | None) -> int:
    match event:
        case Delta() | Thought():
            return len(event.text)
        case Started() | Finished() | Transcribed():
            return 0 if event.message is None else len(event.message.text)
        case Recalled():
            return sum(_HIT_CHARS + len(hit.snippet.text) for hit in event.hits)
        case _:
            return 0


def _continues(before: Told, after: Told) -> bool:
    return (
        type(before.event) is type(after.event)
        and isinstance(after.event, Delta | Thought)
        and before.run is after.run
        and before.seq + 1 == after.first_seq
    )


def _joined(pieces: list[Told]) -> Told:
    first, last = pieces[0], pieces[-1]
    if first is last:
        return first
    event = first.event
    assert isinstance(event, Delta | Thought)  # nothing else is continued
    text = "".join(p.event.text for p in pieces if isinstance(p.event, Delta | Thought))
    return Told(
        last.seq,
        first.session_id,
        event=type(event)(turn_id=event.turn_id, text=text),
        run=first.run,
        first_seq=first.first_seq,
    )


def event_out(event: Event, client_key: str | None) -> ServerEvent:
    """What happened, as it goes over the wire."""
    match event:
        case Started():
            return StartedEvent(
                turn_id=event.turn_id,
                message=None if event.message is None else message_out(event.message),
                client_key=client_key,
                replayed=event.replayed,
            )
        case Recalled():
            hits = [hit_out(hit) for hit in event.hits[:SHOWN_HITS]]
            return RecalledEvent(turn_id=event.turn_id, hits=hits)
        case Delta():
            return DeltaEvent(turn_id=event.turn_id, text=event.text)
        case Finished():
            return FinishedEvent(
                turn_id=event.turn_id,
                status=event.status,
                message=None if event.message is None else message_out(event.message),
                replayed=event.replayed,
            )
        case Failed():
            return FailedEvent(turn_id=event.turn_id, code=event.code, message=event.message)
        case _:
            return _rarer_event_out(event)


def _rarer_event_out(
    event: Transcribed | TakesTurn | Thought | ToolStarted | ToolEnded | FellBack,
) -> ServerEvent:
    match event:
        case Transcribed():
            return TranscribedEvent(turn_id=event.turn_id, message=message_out(event.message))
        case TakesTurn():
            return AnsweringEvent(turn_id=event.turn_id, assistant=event.assistant)
        case Thought():
            return ThoughtEvent(turn_id=event.turn_id, text=event.text)
        case ToolStarted():
            return ToolStartedEvent(
                turn_id=event.turn_id,
                call_id=event.call_id,
                name=event.name,
                arguments=event.arguments,
            )
        case ToolEnded():
            return ToolEndedEvent(
                turn_id=event.turn_id,
                call_id=event.call_id,
                name=event.name,
                result=event.result,
                failed=event.failed,
            )
        case FellBack():
            return FellBackEvent(turn_id=event.turn_id, model=event.model, code=event.code)
