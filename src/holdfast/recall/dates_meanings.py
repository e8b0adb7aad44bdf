"""From what words say about a time to the span it is: the same in every language."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TypeAlias

from msgspec import Struct

from holdfast.recall.dates_words import Kind

__all__ = ["MEANINGS", "Parts", "Span"]

Span: TypeAlias = tuple[datetime, datetime]
"""Start inclusive, end exclusive."""
_DAY = timedelta(days=1)


class Parts(Struct, frozen=True, kw_only=True):
    """What a match says, whatever the language."""

    year: int | None = None
    month: int = 0
    """1 .. 12."""
    day: int | None = None
    season: int = 0
    """Its first month."""
    weekday: int = 0
    unit: str = ""
    which: int | None = None
    count: float = 1.0
    vague: bool = False
    days: int = 0


def _midnight(at: datetime) -> datetime:
    return at.replace(hour=0, minute=0, second=0, microsecond=0)


def _months_later(start: datetime, count: int) -> datetime:
    """The first of a month, `count` months on."""
    months = start.year * 12 + start.month - 1 + count
    return start.replace(year=months // 12, month=months % 12 + 1, day=1)


def _month(start: datetime) -> Span:
    return start, _months_later(start, 1)


def _day(start: datetime) -> Span:
    return start, start + _DAY


def _on_date(parts: Parts, now: datetime) -> Span:
    """A day of a month, with or without its year."""
    day = _midnight(now).replace(year=parts.year or now.year, month=parts.month, day=parts.day or 1)
    if parts.year is None and day > now:
        day = day.replace(year=day.year - 1)
    return _day(day)


def _on_numbers(parts: Parts, now: datetime) -> Span:
    """A day or, without one, a month, of a given year."""
    return _on_date(parts, now) if parts.day else _in_month(parts, now)


def _in_month(parts: Parts, now: datetime) -> Span:
    """A named month: of its year, or as last, this or next says; else the latest begun."""
    start = _midnight(now).replace(month=parts.month, day=1)
    if parts.year is not None:
        return _month(start.replace(year=parts.year))
    return _month(start.replace(year=_year_meant(start, _months_later(start, 1), parts, now)))


def _in_season(parts: Parts, now: datetime) -> Span:
    first = _midnight(now).replace(month=parts.season, day=1)
    year = parts.year or _year_meant(first, _months_later(first, 3), parts, now)
    start = first.replace(year=year)
    return start, _months_later(start, 3)


def _year_meant(start: datetime, end: datetime, parts: Parts, now: datetime) -> int:
    """The year for a part of the year that starts and ends so in the present one."""
    which = parts.which
    if which is None or which < 0:
        over = start if which is None else end  # "last March" has ended, "in March" has begun
        return start.year if over <= now else start.year - 1
    if which > 0:
        return start.year + (start <= now)
    # "This winter", in January, is the one that began in December.
    return start.year - (now < start and end.replace(year=end.year - 1) > now)


def _in_year(parts: Parts, now: datetime) -> Span:
    return _whole_year(parts.year or now.year, now)


def _whole_year(year: int, now: datetime) -> Span:
    start = _midnight(now).replace(year=year, month=1, day=1)
    return start, start.replace(year=start.year + 1)


def _relative_day(parts: Parts, now: datetime) -> Span:
    return _day(_midnight(now) + parts.days * _DAY)


def _on_weekday(parts: Parts, now: datetime) -> Span:
    """The latest one before today; "next" the first after it; "this" the one of this week."""
    today = _midnight(now)
    ahead = parts.weekday - today.weekday()
    which = -1 if parts.which is None else parts.which
    if which == 0:
        return _day(today + ahead * _DAY)
    if which > 0:
        return _day(today + (ahead if ahead > 0 else ahead + 7) * _DAY)
    return _day(today + (ahead if ahead < 0 else ahead - 7) * _DAY)


def _weekday_of_week(parts: Parts, now: datetime) -> Span:
    """The one of last, this or next week."""
    today = _midnight(now)
    ahead = parts.weekday - today.weekday() + 7 * (parts.which or 0)
    return _day(today + ahead * _DAY)


def _which_unit(parts: Parts, now: datetime) -> Span:
    """Last, this or next day, week, weekend, month or year."""
    step = parts.which or 0
    today = _midnight(now)
    if parts.unit == "day":
        return _day(today + step * _DAY)
    if parts.unit == "month":
        return _month(_months_later(today.replace(day=1), step))
    if parts.unit == "year":
        return _whole_year(today.year + step, now)
    start = today - today.weekday() * _DAY + 7 * step * _DAY
    is_weekend = parts.unit == "weekend"
    return (start + 5 * _DAY, start + 7 * _DAY) if is_weekend else (start, start + 7 * _DAY)


def _ago(parts: Parts, now: datetime) -> Span:
    """So long ago, as loosely as one speaks: a week's width around a time given in weeks."""
    count, unit = parts.count, parts.unit
    if unit == "hour":
        return _day(_midnight(now - timedelta(hours=count)))
    if unit in ("day", "week", "weekend"):
        days = count * (1 if unit == "day" else 7)
        middle = _midnight(now - timedelta(days=days))
        slack = timedelta(days=(unit != "day") * 3 + parts.vague)
        return middle - slack, middle + slack + _DAY
    months = round(count * (12 if unit == "year" else 1))
    first = _months_later(_midnight(now).replace(day=1), -months)
    middle = first + min(now.day - 1, 27) * _DAY
    slack = timedelta(days=60 if unit == "year" and count >= 1 else 15)
    return middle - slack, middle + slack


def _past_stretch(parts: Parts, now: datetime) -> Span:
    """The last so many days, weeks, months or years until now."""
    days = {"hour": 1 / 24, "day": 1, "week": 7, "weekend": 7, "month": 30.44, "year": 365.25}
    return now - timedelta(days=parts.count * days[parts.unit]), now


MEANINGS: dict[Kind, Callable[[Parts, datetime], Span]] = {
    "on date": _on_date,
    "on numbers": _on_numbers,
    "in month": _in_month,
    "in season": _in_season,
    "in year": _in_year,
    "ago": _ago,
    "stretch": _past_stretch,
    "which unit": _which_unit,
    "on weekday": _on_weekday,
    "weekday of week": _weekday_of_week,
    "relative day": _relative_day,
}
