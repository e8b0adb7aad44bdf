"""Writing to a terminal, a pipe, or a program that reads JSON.

A terminal gets colour and tables that fit its width; a pipe gets plain lines that are never cut or
wrapped. NO_COLOR and dumb terminals are honoured by rich, which is loaded when a table, a colour or
a progress bar is first written.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple, TextIO

from holdfast.cli.shown import cells, one_line, printable

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["Column", "Output", "Span"]

_NARROWEST = 8
"""Columns of a terminal that a flexible column keeps."""


class Column(NamedTuple):
    """A column of a table. It is left out on a terminal narrower than `from_width`."""

    title: str
    from_width: int = 0
    right: bool = False
    flexible: bool = False
    """Gives way when the terminal is narrow; the others keep their width."""
    style: str = ""


class Span(NamedTuple):
    """A piece of a line in one style of rich's ("bold", "dim cyan")."""

    text: str
    style: str = ""


class Output:
    """What one command writes to. Text of others goes out without control characters."""

    def __init__(self, *, as_json: bool) -> None:
        self.as_json = as_json
        self._console: Console | None = None
        for stream in (sys.stdout, sys.stderr):
            reconfigure = getattr(stream, "reconfigure", None)
            if reconfigure is not None:
                # A terminal that cannot show a character shows a mark instead of failing.
                reconfigure(errors="replace")

    @property
    def is_terminal(self) -> bool:
        """Whether a person looks at stdout."""
        return sys.stdout.isatty()

    @property
    def width(self) -> int:
        """Columns of the terminal; 0 on a pipe, where nothing is cut."""
        return self.console.width if self.is_terminal else 0

    @property
    def console(self) -> Console:
        """rich's console on stdout."""
        if self._console is None:
            self._console = _console(sys.stdout)
        return self._console

    # JSON

    def document(self, value: object) -> None:
        """Write one JSON document."""
        import msgspec

        text = msgspec.json.format(msgspec.json.encode(value), indent=2).decode()
        sys.stdout.write(_without_c1(text) + "\n")

    def record(self, value: object) -> None:
        """Write one line of JSON Lines, at once."""
        import msgspec

        sys.stdout.write(_without_c1(msgspec.json.encode(value).decode()) + "\n")
        sys.stdout.flush()

    # Text

    def line(self, *spans: Span | str) -> None:
        """Write one line; it wraps between words on a terminal."""
        pieces = [Span(span) if isinstance(span, str) else span for span in spans]
        if not self.is_terminal:
            sys.stdout.write("".join(printable(piece.text) for piece in pieces) + "\n")
            return
        from rich.text import Text

        text = Text()
        for piece in pieces:
            text.append(printable(piece.text), style=piece.style or None)
        self.console.print(text)

    def block(self, *spans: Span | str, indent: int = 2) -> None:
        """Write text of several lines, indented."""
        pieces = [Span(span) if isinstance(span, str) else span for span in spans]
        if not self.is_terminal:
            margin = " " * indent
            whole = "".join(printable(piece.text) for piece in pieces)
            sys.stdout.write(
                "".join(f"{margin}{part}".rstrip() + "\n" for part in whole.split("\n"))
            )
            return
        from rich.padding import Padding
        from rich.text import Text

        text = Text()
        for piece in pieces:
            text.append(printable(piece.text), style=piece.style or None)
        self.console.print(Padding(text, (0, 0, 0, indent)))

    def table(self, columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> None:
        """Write a table; every cell is one line of printable text.

        On a terminal columns that need more room than there is are left out, and flexible ones are
        cut; on a pipe every column is as wide as it must be.
        """
        width = self.width
        kept = [i for i, column in enumerate(columns) if not width or column.from_width <= width]
        shown = [columns[i] for i in kept]
        lines = [[column.title for column in shown]]
        lines += [[one_line(row[i]) for i in kept] for row in rows]
        widths = _widths(shown, lines, width)
        for number, line in enumerate(lines):
            spans = []
            for column, text, room in zip(shown, line, widths, strict=True):
                spans.append(Span(_fitted(text, room, right=column.right), column.style))
                spans.append(Span("  "))
            self._row([Span(span.text, "bold") for span in spans] if number == 0 else spans)

    def _row(self, spans: Sequence[Span]) -> None:
        if not self.is_terminal:
            sys.stdout.write("".join(span.text for span in spans).rstrip() + "\n")
            return
        from rich.text import Text

        text = Text(no_wrap=True, overflow="crop")
        for span in spans:
            text.append(span.text, style=span.style or None)
        text.rstrip()
        self.console.print(text)

    def note(self, text: str) -> None:
        """Say something beside the result, to stderr; nothing with --json."""
        if self.as_json:
            return
        if not sys.stderr.isatty():
            sys.stderr.write(printable(text) + "\n")
            return
        from rich.text import Text

        _console(sys.stderr).print(Text(printable(text), style="dim"))

    # Long work

    @contextlib.contextmanager
    def progress(self, what: str, *, unit: str) -> Iterator[Callable[[float, float | None], None]]:
        """Show how far long work has come; yields what is called with (done, total or None).

        `unit` is "bytes", or a word for what is counted. On no terminal, or with --json, nothing
        is shown.
        """
        if self.as_json or not sys.stderr.isatty():
            yield lambda _done, _total: None
            return
        from rich.progress import (
            BarColumn,
            DownloadColumn,
            MofNCompleteColumn,
            Progress,
            TaskProgressColumn,
            TextColumn,
            TimeRemainingColumn,
            TransferSpeedColumn,
        )

        counted = (
            (DownloadColumn(), TransferSpeedColumn())
            if unit == "bytes"
            else (MofNCompleteColumn(), TextColumn(unit))
        )
        with Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=20),
            TaskProgressColumn(),
            *counted,
            TimeRemainingColumn(),
            console=_console(sys.stderr),
            transient=True,
        ) as bar:
            task = bar.add_task(one_line(what, 24), total=None)
            yield lambda done, total: bar.update(task, completed=done, total=total)


def _widths(columns: Sequence[Column], lines: Sequence[Sequence[str]], width: int) -> Sequence[int]:
    """How wide each column is, so that all of them fit; flexible ones share what is left."""
    widths = [max(cells(line[i]) for line in lines) for i in range(len(columns))]
    over = sum(widths) + 2 * (len(columns) - 1) - width if width else 0
    for i in sorted(range(len(columns)), key=lambda i: -widths[i]):
        if over > 0 and columns[i].flexible:
            narrower = max(_NARROWEST, widths[i] - over)
            over -= widths[i] - narrower
            widths[i] = narrower
    return widths


def _fitted(text: str, width: int, *, right: bool) -> str:
    """The text in exactly `width` columns of a terminal."""
    text = one_line(text, width)
    space = " " * (width - cells(text))
    return space + text if right else text + space


def _console(stream: TextIO) -> Console:
    from rich.console import Console

    return Console(
        file=stream,
        markup=False,
        highlight=False,
        emoji=False,
    )


def _without_c1(text: str) -> str:
    """JSON leaves DEL and C1 controls as they are; inside strings they can be escaped."""
    if text.isascii() and "\x7f" not in text:
        return text
    return text.translate({code: f"\\u{code:04x}" for code in range(0x7F, 0xA0)})
