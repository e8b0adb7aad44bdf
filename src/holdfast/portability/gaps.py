"""What stands between the objects of a JSON array that is cut rather than parsed."""

from __future__ import annotations

import re

__all__ = ["Gap"]

_BETWEEN = b" \t\r\n,["
_QUOTE_OR_COMMA = re.compile(rb'[",]')
_QUOTE_OR_ESCAPE = re.compile(rb'"|\\.?', re.DOTALL)


class Gap:
    """What stands between objects and arrays: commas, and elements that are neither."""

    def __init__(self) -> None:
        self._in_string = False
        self._escaping = False
        self._begun = False

    def strays(self, piece: bytes, *, ends: bool) -> int:
        """How many strings, numbers and words end in `piece`; one may go on in the next.

        Args:
            piece: without brackets outside strings, but for the one the whole array begins with.
            ends: an object, an array or the end follows: nothing goes on.
        """
        if not self._begun and not piece.strip(_BETWEEN):
            return 0
        count = at = 0
        while at < len(piece):
            if self._in_string:
                at = self._string_end(piece, at)
                continue
            mark = _QUOTE_OR_COMMA.search(piece, at)
            until = mark.start() if mark else len(piece)
            self._begun = self._begun or bool(piece[at:until].strip(_BETWEEN))
            at = until + 1
            if mark and mark[0] == b'"':
                self._in_string = self._begun = True
            elif mark and self._begun:
                count, self._begun = count + 1, False
        if ends and self._begun:
            count, self._begun = count + 1, False
        return count

    def _string_end(self, piece: bytes, at: int) -> int:
        """Where the string that is open at `at` ends, or the end of the piece."""
        if self._escaping:
            at, self._escaping = at + 1, False
        while (mark := _QUOTE_OR_ESCAPE.search(piece, at)) is not None:
            at = mark.end()
            if mark[0] == b'"':
                self._in_string = False
                return at
            self._escaping = len(mark[0]) == 1
        return len(piece)
