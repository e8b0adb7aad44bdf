"""Times in words: "yesterday", "letzten Dienstag", "hace dos semanas", "le mois dernier", "上周".

Used softly for questions (`mentions`: what was said around then is preferred) and strictly for
filters (`span_of`). The grammar of a language is a table of patterns, each with what it means
(`holdfast.recall.dates_english` and its neighbours). Days begin at midnight in the zone of `now`,
weeks on Monday; seasons are those of the north. A time without a year is the latest that has begun.

A library was tried (dateparser 1.5): it gives moments and no spans, does not know "hace dos
semanas" or "le mois dernier", and takes "so", "mi" and "mar y" for days.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import cache
from importlib import import_module
from itertools import islice

from msgspec import Struct

from holdfast.errors import BadInput
from holdfast.index.stems import languages_of, only_english
from holdfast.index.words import STOP_TERMS, form_of, surfaces
from holdfast.recall.dates_words import Grammar, Kind

__all__ = ["Mention", "mentions", "span_of"]

_MAX_MENTIONS = 8
_MAX_READ = 8
"""Matches of one language that are looked into for each mention that is wanted."""
_DAY = timedelta(days=1)
_ALPHABETS = {"de": "german", "es": "spanish", "fr": "french"}


class Mention(Struct, frozen=True, kw_only=True):
    """A span of time somebody speaks of: start inclusive, end exclusive, both aware."""

    start: datetime
    end: datetime
    words: str
    """As they stand in the text."""


def mentions(text: str, *, now: datetime) -> tuple[Mention, ...]:
    """Times a text speaks of, in its order; overlapping readings yield to the earliest.

    English is always read, another language of its alphabet when the text seems to be in it or
    does not tell.
    """
    folded = _folded(text)
    plain = unicodedata.normalize("NFC", text)
    found: list[tuple[int, int, _Span]] = []
    for language in _languages(text):
        found += _found(folded, language, now)
    found.sort(key=lambda each: (each[0], -each[1]))
    kept: list[Mention] = []
    reached = 0
    for first, end, span in found:
        if first >= reached and len(kept) < _MAX_MENTIONS:
            kept.append(Mention(start=span[0], end=span[1], words=plain[first:end]))
            reached = end
    return tuple(kept)


def span_of(words: str, *, now: datetime, field: str = "since") -> Mention:
    """The span that words stand for: its start is meant by "since", its end by "until".

    Understands all that `mentions` does, in any of its languages, and ISO 8601 dates and times.

    Raises:
        BadInput: not understood; names `field`.
    """
    cleaned = words.strip()
    exact = _iso_time(cleaned, now)
    if exact is not None:
        return Mention(start=exact, end=exact, words=cleaned)
    folded = _folded(cleaned)
    for language in ("english", *_ALPHABETS.values(), "chinese"):
        if _anywhere(language).fullmatch(folded):
            span = _meaning(folded, language, now)
            if span is not None:
                return Mention(start=span[0], end=span[1], words=cleaned)
    raise BadInput(field, 'it is no time: write "2026-01-09", "yesterday" or "3 days ago"')


_Span = tuple[datetime, datetime]


def _folded(text: str) -> str:
    """Lower case without accents, character by character, so that places stay."""
    composed = unicodedata.normalize("NFC", text)
    if not composed.isascii():
        composed = "".join(map(_plain, composed)).translate(_chinese())
    lowered = composed.lower()
    return lowered if len(lowered) == len(composed) else composed


@cache
def _plain(character: str) -> str:
    if character in "’ʼ":
        return "'"
    base = unicodedata.normalize("NFD", character)[0]
    return base if base.isascii() else character


@cache
def _chinese() -> dict[int, int]:
    from holdfast.recall.dates_chinese import SIMPLIFIED

    return SIMPLIFIED


def _languages(text: str) -> Iterator[str]:
    """The languages whose times a text may speak of."""
    yield "english"
    if any("\u4e00" <= character <= "\u9fff" for character in text):
        yield "chinese"
    said = [form_of(surface) for surface in surfaces(text)]
    likely = languages_of(said, STOP_TERMS)
    if likely or not only_english(said, STOP_TERMS):
        yield from (_ALPHABETS[name] for name in likely or _ALPHABETS)


def _found(folded: str, language: str, now: datetime) -> Iterator[tuple[int, int, _Span]]:
    matches = _anywhere(language).finditer(folded)
    for match in islice(matches, _MAX_READ * _MAX_MENTIONS):
        span = _meaning(match[0], language, now)
        if span is not None:
            yield match.start(), match.end(), span


@cache
def _grammar(language: str) -> Grammar:
    grammar: Grammar = import_module(f"holdfast.recall.dates_{language}").GRAMMAR
    return grammar


@cache
def _rules(language: str) -> tuple[tuple[re.Pattern[str], Kind], ...]:
    return tuple((re.compile(pattern), kind) for pattern, kind in _grammar(language).patterns)


@cache
def _anywhere(language: str) -> re.Pattern[str]:
    grammar = _grammar(language)
    patterns = (re.sub(r"\?P<\w+>", "?:", pattern) for pattern, _ in grammar.patterns)
    edge = r"\b" if grammar.spaced else ""
    return re.compile(rf"{edge}(?:{'|'.join(patterns)}){edge}")


class _Parts(Struct, frozen=True, kw_only=True):
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


def _parts(groups: dict[str, str], grammar: Grammar, now: datetime) -> _Parts:
    def number(name: str) -> int | None:
        written = groups.get(name)
        if not written:
            return None
        return int(written) if written.isdigit() else grammar.numerals[written]

    def known(name: str, meanings: dict[str, int]) -> int | None:
        return meanings[groups[name]] if groups.get(name) else None

    year, step = number("year"), known("years", grammar.which)
    count = groups.get("count") or "1"
    loose = grammar.vague.get(count)
    return _Parts(
        year=year if step is None else now.year + step,
        month=known("month", grammar.months) or number("number") or 0,
        day=number("day"),
        season=known("season", grammar.seasons) or 0,
        weekday=known("weekday", grammar.weekdays) or 0,
        unit=grammar.units[groups["unit"]] if groups.get("unit") else "",
        which=known("which", grammar.which),
        count=float(grammar.counts.get(count, 0) or count) if loose is None else loose,
        vague=loose is not None,
        days=known("word", grammar.days) or 0,
    )


def _meaning(text: str, language: str, now: datetime) -> _Span | None:
    """What the first rule that matches all of it says; None for a day that does not exist."""
    grammar = _grammar(language)
    for pattern, kind in _rules(language):
        whole = pattern.fullmatch(text)
        if whole:
            groups = {name: " ".join(value.split()) for name, value in whole.groupdict("").items()}
            try:
                return _MEANINGS[kind](_parts(groups, grammar, now), now)
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


def _on_date(parts: _Parts, now: datetime) -> _Span:
    """A day of a month, with or without its year."""
    day = _midnight(now).replace(year=parts.year or now.year, month=parts.month, day=parts.day or 1)
    if parts.year is None and day > now:
        day = day.replace(year=day.year - 1)
    return _day(day)


def _on_numbers(parts: _Parts, now: datetime) -> _Span:
    """A day or, without one, a month, of a given year."""
    return _on_date(parts, now) if parts.day else _in_month(parts, now)


def _in_month(parts: _Parts, now: datetime) -> _Span:
    """A named month: of its year, or as last, this or next says; else the latest begun."""
    start = _midnight(now).replace(month=parts.month, day=1)
    if parts.year is not None:
        return _month(start.replace(year=parts.year))
    return _month(start.replace(year=_year_meant(start, _months_later(start, 1), parts, now)))


def _in_season(parts: _Parts, now: datetime) -> _Span:
    first = _midnight(now).replace(month=parts.season, day=1)
    year = parts.year or _year_meant(first, _months_later(first, 3), parts, now)
    start = first.replace(year=year)
    return start, _months_later(start, 3)


def _year_meant(start: datetime, end: datetime, parts: _Parts, now: datetime) -> int:
    """The year for a part of the year that starts and ends so in the present one."""
    which = parts.which
    if which is None or which < 0:
        over = start if which is None else end  # "last March" has ended, "in March" has begun
        return start.year if over <= now else start.year - 1
    if which > 0:
        return start.year + (start <= now)
    # "This winter", in January, is the one that began in December.
    return start.year - (now < start and end.replace(year=end.year - 1) > now)


def _in_year(parts: _Parts, now: datetime) -> _Span:
    return _whole_year(parts.year or now.year, now)


def _whole_year(year: int, now: datetime) -> _Span:
    start = _midnight(now).replace(year=year, month=1, day=1)
    return start, start.replace(year=start.year + 1)


def _relative_day(parts: _Parts, now: datetime) -> _Span:
    return _day(_midnight(now) + parts.days * _DAY)


def _on_weekday(parts: _Parts, now: datetime) -> _Span:
    """The latest one before today; "next" the first after it; "this" the one of this week."""
    today = _midnight(now)
    ahead = parts.weekday - today.weekday()
    which = -1 if parts.which is None else parts.which
    if which == 0:
        return _day(today + ahead * _DAY)
    if which > 0:
        return _day(today + (ahead if ahead > 0 else ahead + 7) * _DAY)
    return _day(today + (ahead if ahead < 0 else ahead - 7) * _DAY)


def _weekday_of_week(parts: _Parts, now: datetime) -> _Span:
    """The one of last, this or next week."""
    today = _midnight(now)
    ahead = parts.weekday - today.weekday() + 7 * (parts.which or 0)
    return _day(today + ahead * _DAY)


def _which_unit(parts: _Parts, now: datetime) -> _Span:
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


def _ago(parts: _Parts, now: datetime) -> _Span:
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


def _past_stretch(parts: _Parts, now: datetime) -> _Span:
    """The last so many days, weeks, months or years until now."""
    days = {"hour": 1 / 24, "day": 1, "week": 7, "weekend": 7, "month": 30.44, "year": 365.25}
    return now - timedelta(days=parts.count * days[parts.unit]), now


_MEANINGS: dict[Kind, Callable[[_Parts, datetime], _Span]] = {
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
