"""English words for times: the tables that `holdfast.recall.dates` reads."""

from __future__ import annotations

from collections.abc import Iterable

__all__ = [
    "COUNT_PATTERN",
    "DAYS",
    "DAYS_PATTERN",
    "MONTHS",
    "MONTH_PATTERN",
    "SEASONS",
    "SEASON_PATTERN",
    "UNITS",
    "UNIT_PATTERN",
    "WEEKDAYS",
    "WEEKDAY_PATTERN",
    "WHICH",
    "WHICH_PATTERN",
    "count",
    "is_vague",
]

_MONTH_NAMES = (
    "january february march april may june july august september october november december"
)
MONTHS = {name: at for at, name in enumerate(_MONTH_NAMES.split(), start=1)}
MONTHS |= {name[:3]: at for name, at in MONTHS.items()} | {"sept": 9}
"""Name, also short, to 1 .. 12."""

_WEEKDAY_NAMES = "monday tuesday wednesday thursday friday saturday sunday"
WEEKDAYS = {name: at for at, name in enumerate(_WEEKDAY_NAMES.split())}
"""Name to 0 .. 6."""

SEASONS = {"spring": 3, "summer": 6, "autumn": 9, "fall": 9, "winter": 12}
"""Name to its first month; each lasts three."""

UNITS = {
    form: unit
    for unit in ("hour", "day", "week", "weekend", "month", "year")
    for form in (unit, unit + "s")
}
"""Singular and plural to the unit."""

WHICH = {"last": -1, "past": -1, "previous": -1, "this": 0, "current": 0, "next": 1, "coming": 1}
"""Word to steps from the present one."""

DAYS = {
    "today": 0,
    "tonight": 0,
    "this morning": 0,
    "this afternoon": 0,
    "this evening": 0,
    "yesterday": -1,
    "last night": -1,
    "the day before yesterday": -2,
    "tomorrow": 1,
    "the day after tomorrow": 2,
}
"""Words to days from today."""

_COUNTS = {
    name: float(at)
    for at, name in enumerate(
        "zero one two three four five six seven eight nine ten eleven twelve".split()  # noqa: SIM905
    )
} | {"a": 1.0, "an": 1.0, "half a": 0.5}
_VAGUE = {
    "a couple of": 2.0,
    "a couple": 2.0,
    "a few": 3.0,
    "few": 3.0,
    "several": 4.0,
    "some": 4.0,
}


def _any_of(words: Iterable[str]) -> str:
    """Longest first, so that "march" is not read as "mar"."""
    ordered = sorted(words, key=len, reverse=True)
    return "|".join(word.replace(" ", r"\s+") for word in ordered)


MONTH_PATTERN = rf"(?P<month>{_any_of(MONTHS)})"
SEASON_PATTERN = rf"(?P<season>{_any_of(SEASONS)})"
UNIT_PATTERN = rf"(?P<unit>{_any_of(UNITS)})"
WEEKDAY_PATTERN = rf"(?P<weekday>{_any_of(WEEKDAYS)})"
WHICH_PATTERN = rf"(?P<which>{_any_of(WHICH)})"
DAYS_PATTERN = _any_of(DAYS)
COUNT_PATTERN = (
    rf"(?:about\s+|around\s+|roughly\s+)?(?P<count>\d{{1,4}}|{_any_of({**_COUNTS, **_VAGUE})})"
)


def count(words: str) -> float:
    """What a count in words or digits stands for."""
    plain = " ".join(words.split())
    known = _COUNTS.get(plain, _VAGUE.get(plain))
    return float(plain) if known is None else known


def is_vague(words: str) -> bool:
    """Whether it was meant loosely: "a few"."""
    return " ".join(words.split()) in _VAGUE
