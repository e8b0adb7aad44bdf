"""When things happened that a message speaks of: "yesterday we went" said on the 5th is the 4th.

Read from the words of candidates while a search runs, and only for questions that speak of a time;
nothing is stored. English only; what is not understood counts as happening when it was said.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import Any

import numpy as np
from numpy.typing import NDArray

from holdfast.index.postings import Postings
from holdfast.index.shapes import HAS_DATE
from holdfast.index.vocabulary import Vocabulary
from holdfast.index.words import term_of

__all__ = ["NEVER", "happenings"]

NEVER = -1
"""In place of a time: the message speaks of none."""
_DAY_MS = 86_400_000
_LAST, _NEXT, _AGO, _YESTERDAY, _TOMORROW, _NIGHT = range(1, 7)
_UNITS = {"day": (11, 1), "week": (12, 7), "weekend": (13, 7), "month": (14, 30), "year": (15, 365)}
_WEEKDAYS = "monday tuesday wednesday thursday friday saturday sunday"
_FIRST_WEEKDAY, _FIRST_COUNT = 21, 40
_COUNTS = "one two three four five six seven eight nine ten eleven twelve"
_CODES: dict[str, int] = {
    "last": _LAST,
    "past": _LAST,
    "next": _NEXT,
    "ago": _AGO,
    "night": _NIGHT,
    "yesterday": _YESTERDAY,
    "tomorrow": _TOMORROW,
    **{unit: code for unit, (code, _) in _UNITS.items()},
    **{name: _FIRST_WEEKDAY + at for at, name in enumerate(_WEEKDAYS.split())},
    **{name: _FIRST_COUNT + at for at, name in enumerate(_COUNTS.split(), start=1)},
    **{str(count): _FIRST_COUNT + count for count in range(1, 31)},
    "couple": _FIRST_COUNT + 2,
    "few": _FIRST_COUNT + 3,
}
_DAYS = dict(_UNITS.values())
_CLOSE = 2
"""Words that belong together stand at most so far apart: "last Tuesday", "a couple of weeks"."""
_Word = tuple[int, int]
"""Place and code."""


def happenings(
    postings: Postings, words: Vocabulary, rows: NDArray[np.intp], at_ms: NDArray[np.int64]
) -> NDArray[np.int64]:
    """First and last moment of the time each row speaks of, `NEVER` where of none; shape (2, c).

    Args:
        postings: what rows say.
        words: of the postings.
        rows: the candidates.
        at_ms: when each was said.
    """
    found = np.full((2, len(rows)), NEVER, np.int64)
    dated = np.flatnonzero(postings.shapes[rows] & HAS_DATE)
    for at, spoken in _by_row(postings, words, rows[dated]):
        candidate = int(dated[at])
        said = int(at_ms[candidate])
        days = _days(spoken, said // _DAY_MS)
        if days is not None:
            found[:, candidate] = said + days[0] * _DAY_MS, said + days[1] * _DAY_MS
    return found


def _by_row(
    postings: Postings, words: Vocabulary, rows: NDArray[np.intp]
) -> Iterator[tuple[int, list[_Word]]]:
    codes = np.zeros(len(words.terms), np.int16)
    for word, code in _CODES.items():
        number = words.terms.get(term_of(word))
        if number is not None:
            codes[number] = code
    row, place, code = (a.tolist() for a in postings.places_of(rows, codes))
    for at, group in groupby(zip(row, place, code, strict=True), key=_first):
        yield at, [(found[1], found[2]) for found in group]


def _first(found: tuple[Any, ...]) -> Any:
    return found[0]


def _days(spoken: list[_Word], today: int) -> tuple[int, int] | None:
    """The first time spoken of, in days from `today` (days since 1970): first and last."""
    for at, (place, code) in enumerate(spoken):
        near = [c for p, c in spoken[at + 1 : at + 3] if p - place <= _CLOSE]
        days = _alone(code) or _after(code, near, today) or _ago(spoken[at:])
        if days is not None:
            return days
    return None


def _alone(code: int) -> tuple[int, int] | None:
    return {_YESTERDAY: (-1, -1), _TOMORROW: (1, 1)}.get(code)


def _after(code: int, near: list[int], today: int) -> tuple[int, int] | None:
    """ "Last night", "last Friday", "next month"."""
    if code not in (_LAST, _NEXT) or not near:
        return None
    back, what = code == _LAST, near[0]
    if what == _NIGHT:
        return (-1, -1) if back else (0, 1)
    if what in _DAYS:
        days = _DAYS[what]
        if what == _UNITS["weekend"][0]:
            saturday = 5 - (today + 3) % 7  # 1 January 1970 was a Thursday
            start = saturday - 7 if back else saturday + (7 if saturday <= 0 else 0)
            return start, start + 1
        return (-2 * days + days // 2, -days // 2) if back else (days // 2, 2 * days - days // 2)
    if _FIRST_WEEKDAY <= what < _FIRST_WEEKDAY + 7:
        ahead = (what - _FIRST_WEEKDAY - (today + 3)) % 7
        day = ahead - 7 if back else ahead or 7
        return day, day
    return None


def _ago(spoken: list[_Word]) -> tuple[int, int] | None:
    """ "Three weeks ago", "a couple of years ago", "a month ago"."""
    for at in range(2):
        three = spoken[: at + 2]
        if len(three) == at + 2 and three[-1][1] == _AGO and three[-2][1] in _DAYS:
            counted = at == 1 and three[0][1] > _FIRST_COUNT
            count = three[0][1] - _FIRST_COUNT if counted else 1
            days = _DAYS[three[-2][1]]
            slack = days // 2
            return -count * days - slack, -count * days + slack
    return None
