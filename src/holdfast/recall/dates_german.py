"""German words for times."""

from __future__ import annotations

from holdfast.recall.dates_words import (
    DAY_OF_MONTH,
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
    "januar/janner februar/feber marz/maerz april mai juni juli august september oktober november"
    " dezember",
    1,
)
_WEEKDAYS = numbered("montag dienstag mittwoch donnerstag freitag samstag/sonnabend sonntag")
_SEASONS = {"fruhling": 3, "fruhjahr": 3, "fruehling": 3, "sommer": 6, "herbst": 9, "winter": 12}
_UNITS = named(
    {
        "hour": "stunde stunden",
        "day": "tag tage tagen",
        "week": "woche wochen",
        "weekend": "wochenende wochenenden",
        "month": "monat monate monaten",
        "year": "jahr jahre jahren",
    }
)
_SPANS = spans(_UNITS)
_ROOTS = {"letzt": -1, "vergangen": -1, "vorig": -1, "dies": 0, "nachst": 1, "naechst": 1}
_ROOTS |= {"kommend": 1, "aktuell": 0}
_WHICH = {
    root + end: step for root, step in _ROOTS.items() for end in ("e", "en", "er", "es", "em")
}
_ENDINGS = ("", "e", "em", "en", "er", "es")
_COUNTS = {
    **{f"ein{end}": 1.0 for end in _ENDINGS},
    **numbered("zwei drei vier funf/fuenf sechs sieben acht neun zehn elf zwolf/zwoelf", 2),
    "anderthalb": 1.5,
    "eineinhalb": 1.5,
    "einem halben": 0.5,
    "einer halben": 0.5,
}
_VAGUE = {"ein paar": 3.0, "einigen": 4.0, "wenigen": 3.0, "mehreren": 4.0, "einige": 4.0}
_DAYS = {
    "heute": 0,
    "heute morgen": 0,
    "heute fruh": 0,
    "heute abend": 0,
    "gestern": -1,
    "gestern abend": -1,
    "gestern morgen": -1,
    "letzte nacht": -1,
    "vorgestern": -2,
    "morgen fruh": 1,
    "morgen": 1,
    "ubermorgen": 2,
}
_IN = r"(?:im|seit|ab|anfang|mitte|ende|in\s+diesem)\s+"
_NUMBER = any_of({**_COUNTS, **_VAGUE})
_COUNT = rf"(?:etwa\s+|ungefahr\s+|rund\s+|circa\s+|ca\.\s*)?(?P<count>\d{{1,4}}|{_NUMBER})"
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
        (rf"(?:am\s+)?{DAY_OF_MONTH}\.\s*{_MONTH}(?:\s+{YEAR})?", "on date"),
        (rf"(?:{_IN})?{_MONTH}\s+{YEAR}", "in month"),
        (rf"(?:im\s+)?{_THAT}\s+{_MONTH}", "in month"),
        (rf"{_IN}{_MONTH}", "in month"),
        (rf"(?:{_IN})?{_SEASON}\s+{YEAR}", "in season"),
        (rf"(?:im\s+)?{_THAT}\s+{_SEASON}", "in season"),
        (rf"{_IN}{_SEASON}", "in season"),
        (rf"vor\s+{_COUNT}\s+{_UNIT}", "ago"),
        (
            rf"(?:in\s+|wahrend\s+)?(?:den|der|die)\s+(?:letzten|vergangenen)\s+{_COUNT}\s+{_UNIT}",
            "stretch",
        ),
        (rf"(?:(?:in|im|am)\s+(?:der\s+)?)?{_THAT}\s+{_SPAN}", "which unit"),
        (rf"(?:am\s+)?(?:{_THAT}\s+)?{_WEEKDAY}", "on weekday"),
        # "Guten Morgen", "jeden Morgen", "am Morgen" are no days.
        (rf"(?<!am )(?<!guten )(?<!jeden )(?<!diesen ){group('word', _DAYS)}", "relative day"),
        (rf"(?:im\s+)?jahre?\s+{YEAR}", "in year"),
    ),
)
