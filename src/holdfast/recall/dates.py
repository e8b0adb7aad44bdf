"""Times in words: "yesterday", "last Tuesday", "in March 2023", "a couple of weeks ago".

Used softly for questions (`mentions`: what was said around then is preferred) and strictly for
filters (`span_of`). The grammar is a table of patterns, each with what it means; the words of a
language are tables of their own (`holdfast.recall.dates_english`). Days begin at midnight in the
zone of `now`, weeks on Monday; seasons are those of the north. A time without a year is the latest
that has begun.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta

from msgspec import Struct

from holdfast.errors import BadInput
from holdfast.recall import dates_english as english

__all__ = ["Mention", "mentions", "span_of"]

_MAX_MENTIONS = 8
_DAY = timedelta(days=1)


class Mention(Struct, frozen=True, kw_only=True):
    """A span of time somebody speaks of: start inclusive, end exclusive, both aware."""

    start: datetime
    end: datetime
    words: str
    """As they stand in the text."""


def mentions(text: str, *, now: datetime) -> tuple[Mention, ...]:
    """Times a text speaks of, in its order; overlapping readings yield to the earliest."""
    found: list[Mention] = []
    for match in _ANYWHERE.finditer(text):
        span = _meaning(match, now)
        if span is not None and len(found) < _MAX_MENTIONS:
            found.append(Mention(start=span[0], end=span[1], words=match[0]))
    return tuple(found)


def span_of(words: str, *, now: datetime, field: str = "since") -> Mention:
    """The span that words stand for: its start is meant by "since", its end by "until".

    Understands all that `mentions` does, and ISO 8601 dates and times.

    Raises:
        BadInput: not understood; names `field`.
    """
    cleaned = words.strip()
    exact = _iso_time(cleaned, now)
    if exact is not None:
        return Mention(start=exact, end=exact, words=cleaned)
    match = _ANYWHERE.fullmatch(cleaned)
    span = _meaning(match, now) if match else None
    if span is None:
        raise BadInput(field, 'it is no time: write "2026-01-09", "yesterday" or "3 days ago"')
    return Mention(start=span[0], end=span[1], words=cleaned)


_Span = tuple[datetime, datetime]
_Meaning = Callable[[dict[str, str], datetime], _Span]


def _meaning(match: re.Match[str], now: datetime) -> _Span | None:
    """What the first rule that matches all of it says; None for a day that does not exist."""
    for pattern, meaning in _RULES:
        whole = pattern.fullmatch(match[0])
        if whole:
            parts = {name: value.casefold() for name, value in whole.groupdict("").items()}
            try:
                return meaning(parts, now)
            except (ValueError, OverflowError):  # 31 February; 9,999 years ago
                return None
    return None


def _iso_time(text: str, now: datetime) -> datetime | None:
    if "T" not in text and ":" not in text:
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return at if at.tzinfo else at.replace(tzinfo=now.tzinfo)


def _midnight(at: datetime) -> datetime:
    return at.replace(hour=0, minute=0, second=0, microsecond=0)


def _months_later(start: datetime, count: int) -> datetime:
    """The first of a month, `count` months on."""
    months = start.year * 12 + start.month - 1 + count
    return start.replace(year=months // 12, month=months % 12 + 1, day=1)


def _month(start: datetime) -> _Span:
    return start, _months_later(start, 1)


def _day(start: datetime) -> _Span:
    return start, start + _DAY


def _on_date(parts: dict[str, str], now: datetime) -> _Span:
    """A day of a month, with or without its year."""
    month = english.MONTHS[parts["month"]]
    day = _midnight(now).replace(
        year=int(parts["year"] or now.year), month=month, day=int(parts["day"])
    )
    if not parts["year"] and day > now:
        day = day.replace(year=day.year - 1)
    return _day(day)


def _iso_date(parts: dict[str, str], now: datetime) -> _Span:
    start = _midnight(now).replace(
        year=int(parts["year"]), month=int(parts["number"]), day=int(parts["day"] or 1)
    )
    return _day(start) if parts["day"] else _month(start)


def _in_month(parts: dict[str, str], now: datetime) -> _Span:
    """A named month: of its year, or as last, this or next says; else the latest begun."""
    start = _midnight(now).replace(month=english.MONTHS[parts["month"]], day=1)
    if parts["year"]:
        return _month(start.replace(year=int(parts["year"])))
    return _month(start.replace(year=_year_meant(start, _months_later(start, 1), parts, now)))


def _in_season(parts: dict[str, str], now: datetime) -> _Span:
    first = _midnight(now).replace(month=english.SEASONS[parts["season"]], day=1)
    if parts["year"]:
        year = int(parts["year"])
    else:
        year = _year_meant(first, _months_later(first, 3), parts, now)
    start = first.replace(year=year)
    return start, _months_later(start, 3)


def _year_meant(start: datetime, end: datetime, parts: dict[str, str], now: datetime) -> int:
    """The year for a part of the year that starts and ends so in the present one."""
    which = english.WHICH.get(parts["which"], 0)
    if parts["which"] == "" or which < 0:
        over = end if which < 0 else start  # "last March" has ended, "in March" has begun
        return start.year if over <= now else start.year - 1
    if which > 0:
        return start.year + (start <= now)
    # "This winter", in January, is the one that began in December.
    return start.year - (now < start and end.replace(year=end.year - 1) > now)


def _in_year(parts: dict[str, str], now: datetime) -> _Span:
    start = _midnight(now).replace(year=int(parts["year"]), month=1, day=1)
    return start, start.replace(year=start.year + 1)


def _relative_day(parts: dict[str, str], now: datetime) -> _Span:
    return _day(_midnight(now) + english.DAYS[" ".join(parts["word"].split())] * _DAY)


def _on_weekday(parts: dict[str, str], now: datetime) -> _Span:
    """The latest one before today; "next" the first after it; "this" the one of this week."""
    today = _midnight(now)
    ahead = english.WEEKDAYS[parts["weekday"]] - today.weekday()
    which = english.WHICH.get(parts["which"], -1)
    if which == 0:
        return _day(today + ahead * _DAY)
    if which > 0:
        return _day(today + (ahead if ahead > 0 else ahead + 7) * _DAY)
    return _day(today + (ahead if ahead < 0 else ahead - 7) * _DAY)


def _which_unit(parts: dict[str, str], now: datetime) -> _Span:
    """Last, this or next week, weekend, month or year."""
    step = english.WHICH[parts["which"]]
    today = _midnight(now)
    monday = today - today.weekday() * _DAY
    unit = english.UNITS[parts["unit"]]
    if unit == "month":
        return _month(_months_later(today.replace(day=1), step))
    if unit == "year":
        return _in_year({"year": str(today.year + step)}, now)
    start = monday + 7 * step * _DAY
    return (start + 5 * _DAY, start + 7 * _DAY) if unit == "weekend" else (start, start + 7 * _DAY)


def _ago(parts: dict[str, str], now: datetime) -> _Span:
    """So long ago, as loosely as one speaks: a week's width around a time given in weeks."""
    count = english.count(parts["count"])
    unit = english.UNITS[parts["unit"]]
    if unit == "hour":
        return _day(_midnight(now - timedelta(hours=count)))
    if unit in ("day", "week", "weekend"):
        days = count * (1 if unit == "day" else 7)
        middle = _midnight(now - timedelta(days=days))
        slack = timedelta(days=(unit != "day") * 3 + english.is_vague(parts["count"]))
        return middle - slack, middle + slack + _DAY
    months = round(count * (12 if unit == "year" else 1))
    first = _months_later(_midnight(now).replace(day=1), -months)
    middle = first + min(now.day - 1, 27) * _DAY
    slack = timedelta(days=15 if unit == "month" else 60)
    return middle - slack, middle + slack


def _past_stretch(parts: dict[str, str], now: datetime) -> _Span:
    """The last so many days, weeks, months or years until now."""
    count = english.count(parts["count"]) if parts["count"] else 1
    unit = english.UNITS[parts["unit"]]
    days = {"hour": 1 / 24, "day": 1, "week": 7, "weekend": 7, "month": 30.44, "year": 365.25}
    return now - timedelta(days=count * days[unit]), now


_YEAR = r"(?P<year>(?:19|20)\d\d)"
_NO_YEAR, _PLAIN, _ONE = r"(?P<year>)", r"(?P<which>)", r"(?P<count>)"
_DAY_OF_MONTH = r"(?P<day>[12]\d|3[01]|0?[1-9])(?:st|nd|rd|th)?"
_MONTH_NUMBER = r"(?P<number>1[0-2]|0?[1-9])"
_IN = r"(?:in|during|since)\s+"
_OVER = r"(?:(?:in|over|during|within)\s+)?"
_WHICH, _COUNT = english.WHICH_PATTERN, english.COUNT_PATTERN
_MONTH, _SEASON = english.MONTH_PATTERN, english.SEASON_PATTERN
_UNIT, _WEEKDAY = english.UNIT_PATTERN, english.WEEKDAY_PATTERN
_TABLE: tuple[tuple[str, _Meaning], ...] = (
    (rf"{_YEAR}[-/]{_MONTH_NUMBER}(?:[-/](?P<day>[12]\d|3[01]|0?[1-9]))?", _iso_date),
    (rf"{_DAY_OF_MONTH}(?:\s+of)?\s+{_MONTH}(?:,?\s+{_YEAR})?", _on_date),
    (rf"{_MONTH}\s+(?:the\s+)?{_DAY_OF_MONTH}(?:,?\s+{_YEAR})?", _on_date),
    (rf"(?:{_IN})?{_MONTH}(?:,|\s+of)?\s+{_YEAR}{_PLAIN}", _in_month),
    (rf"{_IN}(?:the\s+month\s+of\s+)?{_MONTH}{_NO_YEAR}{_PLAIN}", _in_month),
    (rf"{_WHICH}\s+{_MONTH}{_NO_YEAR}", _in_month),
    (rf"(?:{_IN})?(?:the\s+)?{_SEASON}(?:\s+of)?\s+{_YEAR}{_PLAIN}", _in_season),
    (rf"{_IN}(?:the\s+)?{_SEASON}{_NO_YEAR}{_PLAIN}", _in_season),
    (rf"{_WHICH}\s+{_SEASON}{_NO_YEAR}", _in_season),
    (rf"{_COUNT}\s+{_UNIT}\s+(?:ago|back|earlier)", _ago),
    (rf"{_OVER}(?:the\s+)?(?:last|past)\s+{_COUNT}\s+{_UNIT}", _past_stretch),
    (rf"{_OVER}the\s+past\s+{_ONE}{_UNIT}", _past_stretch),
    (rf"{_WHICH}\s+{_UNIT}", _which_unit),
    (rf"(?:{_WHICH}\s+|on\s+)?{_WEEKDAY}", _on_weekday),
    (rf"(?P<word>{english.DAYS_PATTERN})", _relative_day),
    (rf"(?:{_IN})?(?:the\s+year\s+)?{_YEAR}", _in_year),
)
"""In a text the first that matches at a place is taken, so the longer forms stand first."""
_RULES = tuple((re.compile(pattern, re.IGNORECASE), meaning) for pattern, meaning in _TABLE)
_ANYWHERE = re.compile(
    r"\b(?:" + "|".join(re.sub(r"\?P<\w+>", "?:", pattern) for pattern, _ in _TABLE) + r")\b",
    re.IGNORECASE,
)
