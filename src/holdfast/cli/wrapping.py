"""Text that comes in pieces, wrapped between words as it is shown."""

from __future__ import annotations

import re
from collections.abc import Callable

from holdfast.cli.shown import cells, printable

__all__ = ["WordWrap"]

# Chinese, Japanese and Korean have no blanks: a line may end after each of their characters.
_WIDE = (
    "\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6"
)
_PIECES = re.compile(rf"\n|[^\S\n]+|[{_WIDE}]|[^\s{_WIDE}]+")
_IS_WIDE = re.compile(rf"[{_WIDE}]")
_TAB = "    "


class WordWrap:
    """Writes pieces of text in lines of `width` columns; a word appears when it is whole.

    With width 0, on a pipe, everything is written at once and as it is.
    """

    def __init__(self, write: Callable[[str], object], width: int) -> None:
        self._write = write
        self._width = width
        self._column = 0
        self._blank = ""
        self._word = ""

    def feed(self, text: str) -> None:
        """Show more text."""
        text = printable(text)
        if not self._width:
            self._write(text)
            return
        for piece in _PIECES.findall(text):
            self._take(piece)

    def end(self) -> None:
        """Show the last word and end the line."""
        self._show_word()
        self._write("\n")
        self._column, self._blank = 0, ""

    def _take(self, piece: str) -> None:
        if piece == "\n":
            self.end()
        elif piece.isspace():
            self._show_word()
            self._blank += piece.replace("\t", _TAB)
        else:
            alone = _IS_WIDE.match(piece) is not None
            if alone:
                self._show_word()
            self._word += piece
            while cells(self._word) > self._width:
                self._show_part()
            if alone:
                self._show_word()

    def _show_part(self) -> None:
        """Show as much as fits a line of a word that fits none."""
        word, end = self._word, self._width
        while cells(word[:end]) > self._width:
            end -= 1
        self._word = word[: max(1, end)]
        self._show_word()
        self._word = word[max(1, end) :]

    def _show_word(self) -> None:
        if not self._word:
            return
        wide = cells(self._word)
        if self._column and self._column + len(self._blank) + wide > self._width:
            self._write("\n" + self._word)
            self._column = wide
        else:
            self._write(self._blank + self._word)
            self._column += len(self._blank) + wide
        self._word = self._blank = ""
