"""Lists of words and phrases, looked for in a text without regular expressions."""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["Phrases", "lowered"]


def lowered(text: str) -> str:
    """`text` in lower case with one kind of apostrophe, as the lists are written.

    Positions in it are those of `text`: a character whose lower case is longer stays as it is.
    """
    small = text.lower()
    if len(small) != len(text):
        small = "".join(c.lower() if len(c.lower()) == 1 else c for c in text)
    return small.replace("’", "'")


class Phrases:
    """Words and phrases of one list. What it looks in is `lowered`."""

    def __init__(self, entries: Iterable[str]) -> None:
        self._entries = tuple(entries)
        self._exact = frozenset(self._entries)

    def __contains__(self, text: str) -> bool:
        return text in self._exact

    def place(self, text: str, start: int = 0) -> int:
        """Where the first of them stands as whole words, or -1."""
        best = -1
        for entry in self._entries:
            at = text.find(entry, start) if best < 0 else text.find(entry, start, best)
            while at >= 0:
                if _is_whole(text, at, at + len(entry)):
                    best = at
                    break
                at = text.find(entry, at + 1) if best < 0 else text.find(entry, at + 1, best)
        return best

    def is_in(self, text: str) -> bool:
        """Whether one of them stands there as whole words."""
        return any(entry in text and self._stands(text, entry) for entry in self._entries)

    def begins(self, text: str) -> bool:
        """Whether the text begins with one of them."""
        return self.beginning(text) > 0

    def beginning(self, text: str) -> int:
        """How long the longest of them is that the text begins with, or 0."""
        return max((len(entry) for entry in self._entries if self._begins(text, entry)), default=0)

    @staticmethod
    def _begins(text: str, entry: str) -> bool:
        return text.startswith(entry) and _is_whole(text, 0, len(entry))

    @staticmethod
    def _stands(text: str, entry: str) -> bool:
        at = text.find(entry)
        while at >= 0:
            if _is_whole(text, at, at + len(entry)):
                return True
            at = text.find(entry, at + 1)
        return False


def _is_whole(text: str, start: int, end: int) -> bool:
    before = text[start - 1 : start]
    after = text[end : end + 1]
    return not (
        (text[start].isalnum() and before.isalnum())
        or (text[end - 1].isalnum() and after.isalnum())
    )
