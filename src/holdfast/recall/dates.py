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
from collections.abc import Iterator
from datetime import datetime
from functools import cache
from importlib import import_module
from itertools import islice

from msgspec import Struct

from holdfast.errors import BadInput
from holdfast.index.stems import languages_of, only_english
from holdfast.index.words import STOP_TERMS, form_of, surfaces
from holdfast.recall.dates_meanings import MEANINGS, Parts, Span
from holdfast.recall.dates_words import Grammar, Kind

__all__ = ["Mention", "mentions", "span_of"]

_MAX_MENTIONS = 8
_MAX_READ = 8
"""Matches of one language that are looked into for each mention that is wanted."""
_SINCE = re.compile(r"(?:since|seit|ab|desde|depuis|d[eè]s)\b|自|从", re.IGNORECASE)
_ALPHABETS = {"de": "german", "es": "spanish", "fr": "french"}


class Mention(Struct, frozen=True, kw_only=True):
    """A span of time somebody speaks of: start inclusive, end exclusive, both aware."""

    start: datetime
    end: datetime
    words: str
    """As they stand in the text."""

    @property
    def goes_on(self) -> bool:
        """It begins then and has not ended: "since March", "seit gestern", "desde enero"."""
        return _SINCE.match(self.words) is not None


def mentions(text: str, *, now: datetime) -> tuple[Mention, ...]:
    """Times a text speaks of, in its order; overlapping readings yield to the earliest.

    English is always read, another language of its alphabet when the text seems to be in it or
    does not tell.
    """
    folded = _folded(text)
    plain = unicodedata.normalize("NFC", text)
    found: list[tuple[int, int, Span]] = []
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


def _found(folded: str, language: str, now: datetime) -> Iterator[tuple[int, int, Span]]:
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


def _parts(groups: dict[str, str], grammar: Grammar, now: datetime) -> Parts:
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
    return Parts(
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


def _meaning(text: str, language: str, now: datetime) -> Span | None:
    """What the first rule that matches all of it says; None for a day that does not exist."""
    grammar = _grammar(language)
    for pattern, kind in _rules(language):
        whole = pattern.fullmatch(text)
        if whole:
            groups = {name: " ".join(value.split()) for name, value in whole.groupdict("").items()}
            try:
                return MEANINGS[kind](_parts(groups, grammar, now), now)
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
