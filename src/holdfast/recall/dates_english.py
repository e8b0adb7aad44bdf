"""English words for times; dates in numbers, which need no language, are here too."""

from __future__ import annotations

from holdfast.recall.dates_words import (
    DAY,
    DAY_OF_MONTH,
    MONTH_NUMBER,
    YEAR,
    Grammar,
    any_of,
    group,
    named,
    numbered,
    spans,
)

__all__ = ["GRAMMAR"]

_MONTHS = numbered(
    "january february march april may june july august september october november december", 1
)
_MONTHS |= {name[:3]: at for name, at in _MONTHS.items()} | {"sept": 9}
_WEEKDAYS = numbered("monday tuesday wednesday thursday friday saturday sunday")
_SEASONS = {"spring": 3, "summer": 6, "autumn": 9, "fall": 9, "winter": 12}
_UNITS = named(
    {unit: f"{unit} {unit}s" for unit in ("hour", "day", "week", "weekend", "month", "year")}
)
_SPANS = spans(_UNITS)
_WHICH = {"last": -1, "past": -1, "previous": -1, "this": 0, "current": 0, "next": 1, "coming": 1}
_COUNTS = {
    **numbered("zero one two three four five six seven eight nine ten eleven twelve"),
    "a": 1.0,
    "an": 1.0,
    "half a": 0.5,
}
_VAGUE = {
    "a couple of": 2.0,
    "a couple": 2.0,
    "a few": 3.0,
    "few": 3.0,
    "several": 4.0,
    "some": 4.0,
}
_DAYS = {
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
_NTH = rf"{DAY_OF_MONTH}(?:st|nd|rd|th)?"
_IN = r"(?:in|during|since)\s+"
_OVER = r"(?:(?:in|over|during|within)\s+)?"
_WORD_COUNT = any_of({**_COUNTS, **_VAGUE})
_COUNT = rf"(?:about\s+|around\s+|roughly\s+)?(?P<count>\d{{1,4}}|{_WORD_COUNT})"
_MONTH, _SEASON = group("month", _MONTHS), group("season", _SEASONS)
_UNIT, _SPAN = group("unit", _UNITS), group("unit", _SPANS)
_WEEKDAY, _THAT = group("weekday", _WEEKDAYS), group("which", _WHICH)

GRAMMAR = Grammar(
    months=_MONTHS,
    weekdays=_WEEKDAYS,
    seasons=_SEASONS,
    units=_UNITS,
    which=_WHICH,
    counts=_COUNTS,
    vague=_VAGUE,
    days=_DAYS,
    patterns=(
        (rf"{YEAR}[-/]{MONTH_NUMBER}(?:[-/](?P<day>{DAY}))?", "on numbers"),
        (rf"{DAY_OF_MONTH}\.\s?{MONTH_NUMBER}\.\s?{YEAR}", "on numbers"),
        (rf"{_NTH}(?:\s+of)?\s+{_MONTH}(?:,?\s+{YEAR})?", "on date"),
        (rf"{_MONTH}\s+(?:the\s+)?{_NTH}(?:,?\s+{YEAR})?", "on date"),
        (rf"(?:{_IN})?{_MONTH}(?:,|\s+of)?\s+{YEAR}", "in month"),
        (rf"{_IN}(?:the\s+month\s+of\s+)?{_MONTH}", "in month"),
        (rf"{_THAT}\s+{_MONTH}", "in month"),
        (rf"(?:{_IN})?(?:the\s+)?{_SEASON}(?:\s+of)?\s+{YEAR}", "in season"),
        (rf"{_IN}(?:the\s+)?{_SEASON}", "in season"),
        (rf"{_THAT}\s+{_SEASON}", "in season"),
        (rf"{_COUNT}\s+{_UNIT}\s+(?:ago|back|earlier)", "ago"),
        (rf"{_OVER}(?:the\s+)?(?:last|past)\s+{_COUNT}\s+{_UNIT}", "stretch"),
        (rf"{_OVER}the\s+past\s+{_UNIT}", "stretch"),
        (rf"{_THAT}\s+{_SPAN}", "which unit"),
        (rf"(?:{_THAT}\s+|on\s+)?{_WEEKDAY}", "on weekday"),
        (group("word", _DAYS), "relative day"),
        (rf"(?:{_IN})?(?:the\s+year\s+)?{YEAR}", "in year"),
    ),
)
