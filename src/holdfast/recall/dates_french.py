"""French words for times."""

from __future__ import annotations

from holdfast.recall.dates_words import (
    DAY,
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
    "janvier fevrier mars avril mai juin juillet aout septembre octobre novembre decembre", 1
)
_WEEKDAYS = numbered("lundi mardi mercredi jeudi vendredi samedi dimanche")
_SEASONS = {"printemps": 3, "ete": 6, "automne": 9, "hiver": 12}
_UNITS = named(
    {
        "hour": "heure heures",
        "day": "jour jours",
        "week": "semaine semaines",
        "weekend": "week-end week-ends weekend weekends",
        "month": "mois",
        "year": "an ans annee annees",
    }
)
_SPANS = spans(_UNITS, but=("hour", "day"))
_AFTER = {
    word + end: step
    for word, step in {"dernier": -1, "derniere": -1, "passe": -1, "prochain": 1}.items()
    for end in ("", "e")
}
_BEFORE = {"ce": 0, "cet": 0, "cette": 0}
_COUNTS = {
    "un": 1.0,
    "une": 1.0,
    "une dizaine de": 10.0,
    "une quinzaine de": 15.0,
    **numbered("deux trois quatre cinq six sept huit neuf dix onze douze", 2),
}
_VAGUE = {"quelques": 3.0, "plusieurs": 4.0}
_DAYS = {
    "aujourd'hui": 0,
    "ce matin": 0,
    "ce soir": 0,
    "cet apres-midi": 0,
    "hier": -1,
    "hier soir": -1,
    "hier matin": -1,
    "avant-hier": -2,
    "demain": 1,
    "apres-demain": 2,
}
_IN = r"(?:en|depuis|des|debut|fin|mi-|au\s+mois\s+de)\s*"
_NUMBER = any_of({**_COUNTS, **_VAGUE})
_COUNT = rf"(?:(?:environ|presque|a\s+peu\s+pres)\s+)?(?P<count>\d{{1,4}}|{_NUMBER})"
_NTH = rf"(?P<day>{DAY})(?:er)?"
_MONTH, _SEASON = group("month", _MONTHS), group("season", _SEASONS)
_UNIT, _SPAN, _WEEKDAY = group("unit", _UNITS), group("unit", _SPANS), group("weekday", _WEEKDAYS)
_THIS, _THAT = group("which", _BEFORE), group("which", _AFTER)
# Never without its article: "été" has also been.
_THE_SEASON = rf"(?:en\s+|au\s+|l'\s*|le\s+){_SEASON}"

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
        (rf"(?:le\s+)?{_NTH}\s+{_MONTH}(?:\s+{YEAR})?", "on date"),
        (rf"(?:{_IN}\s*)?{_MONTH}\s+{YEAR}", "in month"),
        (rf"(?:{_IN}\s*)?{_MONTH}\s+{_THAT}", "in month"),
        (rf"{_IN}\s*{_MONTH}", "in month"),
        (rf"{_THE_SEASON}\s+(?:de\s+)?{YEAR}", "in season"),
        (rf"{_THE_SEASON}\s+{_THAT}", "in season"),
        (rf"{_THIS}\s+{_SEASON}", "in season"),
        (rf"(?:en|au)\s+{_SEASON}", "in season"),
        (rf"il\s+y\s+a\s+{_COUNT}\s+{_UNIT}", "ago"),
        (
            rf"(?:(?:pendant|durant|depuis|au\s+cours\s+d)\s*)?(?:les|ces|es)\s+{_COUNT}\s+"
            rf"derni(?:ers|eres)\s+{_UNIT}",
            "stretch",
        ),
        (rf"(?:le\s+|la\s+|l'\s*){_SPAN}\s+{_THAT}", "which unit"),
        (rf"{_THIS}\s+{_SPAN}(?:-ci)?(?!-la)", "which unit"),
        (rf"(?:le\s+)?{_WEEKDAY}\s+{_THAT}", "on weekday"),
        (rf"{_THIS}\s+{_WEEKDAY}", "on weekday"),
        (rf"(?:le\s+)?{_WEEKDAY}(?!\s+gras)", "on weekday"),
        (group("word", _DAYS), "relative day"),
        (rf"(?:en\s+)?(?:l'\s*)?(?:annee|an)\s+{YEAR}", "in year"),
    ),
)
