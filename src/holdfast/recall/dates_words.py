"""What the tables of a language's words for times have in common."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

__all__ = [
    "DAY",
    "DAY_OF_MONTH",
    "MONTH_NUMBER",
    "YEAR",
    "Grammar",
    "Kind",
    "any_of",
    "group",
    "named",
    "numbered",
    "spans",
]

Kind: TypeAlias = Literal[
    "on date",
    "on numbers",
    "in month",
    "in season",
    "in year",
    "ago",
    "stretch",
    "which unit",
    "on weekday",
    "weekday of week",
    "relative day",
]
"""What a pattern means; `holdfast.recall.dates` has a function for each."""

DAY = r"[12]\d|3[01]|0?[1-9]"
DAY_OF_MONTH = rf"(?P<day>{DAY})"
MONTH_NUMBER = r"(?P<number>1[0-2]|0?[1-9])"
YEAR = r"(?P<year>(?:19|20)\d\d)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Grammar:
    """The words of one language for times, all folded: lower case, without accents.

    Patterns name the groups year, years (steps to another year), month, number, day, season,
    weekday, unit, which, count and word; what a group holds is looked up in the mapping of its
    name. A group that is missing or empty says nothing.
    """

    months: dict[str, int]
    """1 .. 12."""
    weekdays: dict[str, int]
    """0 .. 6, from Monday."""
    seasons: dict[str, int]
    """To the first month; each lasts three."""
    units: dict[str, str]
    """To hour, day, week, weekend, month, year."""
    which: dict[str, int]
    """Steps from the present one: last is -1."""
    counts: dict[str, float]
    vague: dict[str, float]
    """Counts meant loosely: "a few"."""
    days: dict[str, int]
    """Days from today."""
    patterns: tuple[tuple[str, Kind], ...]
    """In a text the first that matches at a place is taken, so the longer forms stand first."""
    numerals: dict[str, int] = field(default_factory=dict)
    """Days of a month in words."""
    spaced: bool = True
    """Words stand between spaces."""


def any_of(words: Iterable[str]) -> str:
    """An alternative of words, longest first, so that "march" is not read as "mar"."""
    ordered = sorted(words, key=len, reverse=True)
    return "|".join(word.replace(" ", r"\s+") for word in ordered)


def group(name: str, words: Iterable[str]) -> str:
    """A named group of one of the words."""
    return rf"(?P<{name}>{any_of(words)})"


def numbered(names: str, first: int = 0) -> dict[str, int]:
    """Names in order to numbers from `first`; names of one thing are joined by "/"."""
    return {
        name: at
        for at, of_one in enumerate(names.split(), start=first)
        for name in of_one.split("/")
    }


def named(forms: dict[str, str]) -> dict[str, str]:
    """Each of the forms, separated by spaces ("_" stands for one inside), to its key."""
    return {form.replace("_", " "): key for key, all_ in forms.items() for form in all_.split()}


def spans(units: dict[str, str], *, but: tuple[str, ...] = ("hour",)) -> dict[str, str]:
    """Of the words for units those that "last" and "this" go with: nobody asks for last hour."""
    return {form: unit for form, unit in units.items() if unit not in but}
