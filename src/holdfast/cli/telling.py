"""A chat turn as a terminal or a pipe shows it, event by event."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from holdfast.cli.failures import tell
from holdfast.cli.output import Output, Span
from holdfast.cli.shown import day_time, one_line, speaker
from holdfast.cli.wrapping import WordWrap

if TYPE_CHECKING:
    from holdfast.assistant.events import Event, FellBack, Recalled, ToolEnded, ToolStarted
    from holdfast.keeper.recalling import Hit
    from holdfast.model import Json

__all__ = ["ShownTurn"]

_SHOWN_HITS = 3
_PIPE_WIDTH = 200


class ShownTurn:
    """One turn that is being shown; with --json every event is a line of its own."""

    def __init__(self, out: Output, *, as_json: bool) -> None:
        self._out = out
        self._json = as_json
        self._answer = WordWrap(sys.stdout.write, out.width)
        self._speaking = False
        self._thought = ""
        self.failed = False

    def show(self, event: Event) -> None:
        """Show what happens next."""
        from holdfast.assistant import events

        self.failed = self.failed or isinstance(event, events.Failed)
        if self._json:
            self._out.record(event)
            return
        if not isinstance(event, events.Thought):
            self._end_thought()
        match event:
            case events.Recalled():
                self._recalled(event)
            case events.Delta():
                self._speaking = True
                self._answer.feed(event.text)
            case events.Thought():
                self._think(event.text)
            case events.ToolStarted():
                self._tool_started(event)
            case events.ToolEnded():
                self._tool_ended(event)
            case events.FellBack():
                self._fell_back(event)
            case events.Finished():
                self.end()
            case events.Failed():
                self._end_answer()
                tell(event.code, event.message, as_json=False)
            case _:
                pass
        sys.stdout.flush()

    def end(self) -> None:
        """End the line of the answer."""
        self._end_thought()
        self._speaking = True
        self._end_answer()

    def _aside(self, text: str) -> None:
        """A line that is not part of the answer."""
        self._end_answer()
        width = max(40, self._out.width - 3) if self._out.is_terminal else _PIPE_WIDTH
        self._out.line(Span(f"  {one_line(text, width)}", "dim"))

    def _end_answer(self) -> None:
        if self._speaking:
            self._speaking = False
            self._answer.end()

    def _think(self, text: str) -> None:
        *whole, self._thought = (self._thought + text).split("\n")
        for line in whole:
            self._thought_line(line)

    def _end_thought(self) -> None:
        line, self._thought = self._thought, ""
        self._thought_line(line)

    def _thought_line(self, line: str) -> None:
        if line.strip():
            self._end_answer()
            self._out.line(Span(f"  {line.strip()}", "dim italic"))

    def _tool_started(self, event: ToolStarted) -> None:
        self._aside(f"{event.name} {_brief(event.arguments)}")

    def _tool_ended(self, event: ToolEnded) -> None:
        self._aside(f"{event.name} {'failed' if event.failed else '='} {_brief(event.result)}")

    def _fell_back(self, event: FellBack) -> None:
        self._aside(f"the model failed ({event.code}): {event.model} answers instead")

    def _recalled(self, event: Recalled) -> None:
        """The best that share a word with the input: recall always finds something."""
        telling = {hit.snippet.text: hit for hit in reversed(event.hits) if hit.snippet.marks}
        room = max(40, self._out.width - 3) if self._out.is_terminal else None
        for hit in list(reversed(telling.values()))[:_SHOWN_HITS]:
            self._out.line(Span(f"  {_recalled_line(hit, room)}", "dim"))


def _brief(value: Json) -> str:
    import msgspec

    # More than any line shows; a result may be of any size.
    return msgspec.json.encode(value).decode()[:2_000]


def _recalled_line(hit: Hit, width: int | None) -> str:
    who = "memory"
    if hit.message is not None:
        who = speaker(hit.message.role, hit.message.author, None)
    return one_line(f"recalled {day_time(hit.at)} {who}: {hit.snippet.text}", width)
