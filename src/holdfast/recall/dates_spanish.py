"""Spanish words for times."""

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
    "enero febrero marzo abril mayo junio julio agosto septiembre/setiembre octubre noviembre"
    " diciembre",
    1,
)
_WEEKDAYS = numbered("lunes martes miercoles jueves viernes sabado domingo")
_SEASONS = {"primavera": 3, "verano": 6, "otono": 9, "invierno": 12}
_UNITS = named(
    {
        "hour": "hora horas",
        "day": "dia dias",
        "week": "semana semanas",
        "weekend": "fin_de_semana fines_de_semana",
        "month": "mes meses",
        "year": "ano anos",
    }
)
_SPANS = spans(_UNITS, but=("hour", "day"))
_BEFORE = {"pasado": -1, "pasada": -1, "ultimo": -1, "ultima": -1, "este": 0, "esta": 0}
_BEFORE |= {"proximo": 1, "proxima": 1}
_AFTER = {"pasado": -1, "pasada": -1, "anterior": -1, "proximo": 1, "proxima": 1}
_AFTER |= {"que viene": 1, "que entra": 1}
_COUNTS = {
    "un": 1.0,
    "una": 1.0,
    "medio": 0.5,
    "media": 0.5,
    **numbered("dos tres cuatro cinco seis siete ocho nueve diez once doce", 2),
}
_VAGUE = {
    "un par de": 2.0,
    "unos pocos": 3.0,
    "unas pocas": 3.0,
    "unos": 3.0,
    "unas": 3.0,
    "pocos": 3.0,
    "pocas": 3.0,
    "algunos": 4.0,
    "algunas": 4.0,
    "varios": 4.0,
    "varias": 4.0,
}
_DAYS = {
    "hoy": 0,
    "esta manana": 0,
    "esta tarde": 0,
    "esta noche": 0,
    "ayer": -1,
    "anoche": -1,
    "anteayer": -2,
    "antier": -2,
    "antes de ayer": -2,
    "manana": 1,
    "pasado manana": 2,
}
_IN = r"(?:en|desde|durante)\s+"
_NUMBER = any_of({**_COUNTS, **_VAGUE})
_COUNT = rf"(?:(?:casi|como|aproximadamente|mas\s+de)\s+)?(?P<count>\d{{1,4}}|{_NUMBER})"
_MONTH, _SEASON = group("month", _MONTHS), group("season", _SEASONS)
_UNIT, _SPAN, _WEEKDAY = group("unit", _UNITS), group("unit", _SPANS), group("weekday", _WEEKDAYS)
_THIS, _THAT = group("which", _BEFORE), group("which", _AFTER)
_THE = r"(?:(?:en|durante)\s+)?(?:el|la)"

GRAMMAR = Grammar(
    months=_MONTHS,
    weekdays=_WEEKDAYS,
    seasons=_SEASONS,
    units=_UNITS,
    which=_BEFORE | _AFTER,
    counts=_COUNTS,
    vague=_VAGUE,
    days=_DAYS,
    patterns=(
        (rf"(?:el\s+)?{DAY_OF_MONTH}\s+de\s+{_MONTH}(?:\s+del?\s+{YEAR})?", "on date"),
        (rf"(?:{_IN})?{_MONTH}\s+(?:del?\s+)?{YEAR}", "in month"),
        (rf"(?:{_IN})?(?:el\s+)?{_MONTH}\s+{_THAT}", "in month"),
        (rf"(?:{_IN})?(?:el\s+)?{_THIS}\s+{_MONTH}", "in month"),
        (rf"{_IN}(?:el\s+mes\s+de\s+)?{_MONTH}", "in month"),
        (rf"(?:{_IN})?(?:(?:el|la)\s+)?{_SEASON}\s+(?:del?\s+)?{YEAR}", "in season"),
        (rf"(?:{_IN})?(?:(?:el|la)\s+)?{_SEASON}\s+{_THAT}", "in season"),
        (rf"(?:{_IN})?(?:(?:el|la)\s+)?{_THIS}\s+{_SEASON}", "in season"),
        (rf"{_IN}(?:el\s+|la\s+)?{_SEASON}", "in season"),
        (rf"hace\s+{_COUNT}\s+{_UNIT}", "ago"),
        (rf"{_COUNT}\s+{_UNIT}\s+atras", "ago"),
        (
            rf"(?:(?:en|durante)\s+)?(?:los|las)\s+(?:ultim[oa]s|pasad[oa]s)\s+{_COUNT}\s+{_UNIT}",
            "stretch",
        ),
        (rf"{_THE}\s+{_SPAN}\s+{_THAT}", "which unit"),
        (rf"(?:{_THE}\s+|en\s+)?{_THIS}\s+{_SPAN}", "which unit"),
        (rf"el\s+{_WEEKDAY}\s+{_THAT}", "on weekday"),
        (rf"(?:el\s+)?{_THIS}\s+{_WEEKDAY}", "on weekday"),
        # Without an article a day may be a name: Santo Domingo.
        (rf"el\s+{_WEEKDAY}", "on weekday"),
        # "Por la mañana" is no day.
        (rf"(?<!la )(?<!cada )(?<!una ){group('word', _DAYS)}", "relative day"),
        (rf"(?:en\s+)?(?:el\s+)?ano\s+{YEAR}", "in year"),
    ),
)
