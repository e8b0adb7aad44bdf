"""Times that hang on an event: "two weeks before the trip", "the day after I moved".

Such a question gives no date but names something that has one. Its words are read here; who asks
looks for the event first, and from its time comes the span that the question means. English only.
"Before the trip" alone says no more than that, and its nearness was no help where it was measured.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from msgspec import Struct

from holdfast.index.queries import is_stop_word
from holdfast.index.words import surfaces

__all__ = ["Anchor", "anchor_in"]

_COUNTS = {"a": 1, "an": 1, "one": 1, "two": 2, "couple of": 2, "couple": 2, "three": 3, "few": 3}
_COUNTS |= {"four": 4, "several": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9}
_COUNTS |= {"ten": 10, "eleven": 11, "twelve": 12}
_COUNT = "|".join(_COUNTS)
_DAYS = {"day": 1, "morning": 1, "evening": 1, "night": 1, "week": 7, "month": 30, "year": 365}
_UNITS = "|".join(_DAYS)
_ANOTHER = r"(?:did|do|does|what|who|where|which|when|how)\b"
"""Where the event's words end and the question goes on."""
_ANCHORED = re.compile(
    rf"\b(?:(?:a\s+)?(?P<count>\d{{1,3}}|{_COUNT})\s+(?P<units>{_UNITS})s?|the\s+(?P<unit>{_UNITS}))"
    rf"\s+(?P<side>before|after|prior\s+to)\s+(?P<event>(?:(?!\b{_ANOTHER})[^,;:.?!\n]){{3,120}})",
    re.IGNORECASE,
)
_LOOKED_AT = 2_000


class Anchor(Struct, frozen=True, kw_only=True):
    """A time by an event."""

    event: str
    """What to look for."""
    words: str
    """All of it, as it stands in the question."""
    is_after: bool
    days: int
    """How far from the event, or how long."""
    touches: bool
    """It is the stretch of `days` next to the event: "the week before"."""

    def span(self, start: datetime, end: datetime) -> tuple[datetime, datetime]:
        """What is meant when the event took from `start` to `end`.

        Raises:
            OverflowError: it lies outside the calendar.
        """
        away = timedelta(days=self.days)
        if self.touches:
            return (end, end + away) if self.is_after else (start - away, start)
        slack = timedelta(days=self.days // 4 + 1)
        middle = end + away if self.is_after else start - away
        return middle - slack, middle + slack


def anchor_in(question: str) -> Anchor | None:
    """The first event that a question counts from; None when there is none, or nothing else."""
    for match in _ANCHORED.finditer(question[:_LOOKED_AT]):
        event, words = match["event"].strip(), match[0].strip()
        if not (_tells(event) and _tells(question.replace(words, " "))):
            continue
        unit = (match["unit"] or match["units"]).lower()
        count = " ".join((match["count"] or "one").lower().split())
        return Anchor(
            event=event,
            words=words,
            is_after=match["side"].lower() == "after",
            days=_DAYS[unit] * (_COUNTS.get(count) or int(count)),
            touches=match["unit"] is not None,
        )
    return None


def _tells(text: str) -> bool:
    return any(not is_stop_word(word) and word != "last" for word in surfaces(text))
