"""The value of a statement: where it ends, and whether it is one."""

from __future__ import annotations

import re
from typing import Literal

from msgspec import Struct

from holdfast.distill.phrases import lowered
from holdfast.distill.rules import Language, Rule

__all__ = ["Value", "capital_or_plain", "key_of", "parts_of", "value_at"]

_MAX_WORDS = {
    "short": 8,
    "place": 6,
    "name": 4,
    "list": 9,
    "note": 60,
    "decision": 40,
    "dated": 8,
    "habit": 6,
}
_TRAILING = " \t.,;:!?…-–—*_)"
_LEADING = " \t*_"
_KEPT = "+#%$€£@\"'”“„«»’"
_ALONE = re.compile(r"\bI\b|\bI['’]\w+")
_COMMA = re.compile(r",(?!\d)")
_PART = re.compile(
    r"\s*,(?!\d)\s*(?:and\s+|or\s+|und\s+|oder\s+)?|\s+(?:and|or|und|oder)\s+", re.IGNORECASE
)
_DATE = re.compile(
    r"\s(?:on\s+(?:[^\W\d_]+\s+)?\d|am\s+\d|on\s+(?:mon|tues|wednes|thurs|fri|satur|sun)day\b)",
    re.IGNORECASE,
)
_QUOTED = re.compile(r"\"[^\"]+\"|“[^”]+”|„[^“”]+[“”]|«[^»]+»|'[^']+'|‘[^’]+’")


class Value(Struct, frozen=True):
    """A value's span. `state` says what stands in it that changes its meaning."""

    start: int
    end: int
    state: Literal["", "negated", "ends", "unclear"] = ""


def value_at(text: str, start: int, end: int, rule: Rule, tongue: Language) -> Value:
    """The value that begins at `start` and ends somewhere before `end`."""
    end = _cut(text, start, end, rule, tongue)
    start, end = _trimmed(text, start, end, tongue, rule)
    small = lowered(text[start:end])
    words = small.split()
    if not words or len(words) > _MAX_WORDS[rule.value]:
        return Value(start, end, "unclear")
    if tongue.phrases["no_longer"].begins(small):
        return Value(_after(text, start, small, tongue.lists["no_longer"]), end, "ends")
    if tongue.phrases["not"].begins(small):
        return Value(start, end, "negated")
    return Value(start, end, "" if _is_value(text[start:end], small, rule, tongue) else "unclear")


def key_of(value: str, tongue: Language) -> str:
    """A value as part of a key: casefolded, single spaces, no article in front."""
    words = value.casefold().split()
    while len(words) > 1 and words[0] in tongue.lists["articles"]:
        words = words[1:]
    return " ".join(words)


def parts_of(text: str, start: int, end: int, *, longest: int) -> list[tuple[int, int]]:
    """The spans of what is listed with "and"; one of more than `longest` words keeps it whole."""
    marks = list(_PART.finditer(text, start, end))
    # Commas alone stand between adjectives: "unique, handcrafted instruments".
    if not any(mark.group().strip(" ,") for mark in marks):
        return [(start, end)]
    edges = [start, *(edge for mark in marks for edge in mark.span()), end]
    spans = [(a, b) for a, b in zip(edges[::2], edges[1::2], strict=True) if text[a:b].strip()]
    if all(len(text[a:b].split()) <= longest for a, b in spans):
        return spans
    return [(start, end)]


def capital_or_plain(value: str, sentence: str) -> bool:
    """Whether a name begins with a capital, or the sentence has none at all beside "I"."""
    return not value[:1].islower() or not any(c.isupper() for c in _ALONE.sub("", sentence))


def _cut(text: str, start: int, end: int, rule: Rule, tongue: Language) -> int:
    if rule.value == "note":
        return end
    cuts = tongue.asides if rule.value == "decision" else tongue.cuts
    found = cuts.search(text, start + 1, end)
    if found is not None:
        end = found.start()
    if rule.value in ("list", "decision"):
        return end
    dated = _DATE.search(text, start, end) if rule.value == "place" else None
    if dated is not None:  # "in Lisbon on 3 May"
        end = dated.start()
    found = _COMMA.search(text, start, end)
    if found is None:
        return end
    comma = found.start()
    following = text[comma + 1 : end].strip()
    # "Oslo, Norway" and "Smith, Jones" belong together; "Siemens, in the rail division" does not.
    is_one = rule.value in ("place", "dated") and following[:1].isupper() and " " not in following
    return end if is_one else comma


def _trimmed(text: str, start: int, end: int, tongue: Language, rule: Rule) -> tuple[int, int]:
    while start < end and text[start] in _LEADING:
        start += 1
    small = lowered(text[start:end])
    while True:
        while end > start and (text[end - 1] in _TRAILING or not text[end - 1].isprintable()):
            end -= 1
        if rule.value == "note":
            return start, end
        while end > start and not text[end - 1].isalnum() and text[end - 1] not in _KEPT:
            end -= 1
        small = small[: end - start]
        ending = next((e for e in tongue.endings if _ends_with(small, e)), None)
        if ending is None:
            enclosed = _QUOTED.fullmatch(text, start, end) is not None
            return (start + 1, end - 1) if enclosed else (start, end)
        end -= len(ending)


def _ends_with(small: str, ending: str) -> bool:
    before = len(small) - len(ending)
    return before > 0 and small.endswith(ending) and not small[before - 1].isalnum()


def _after(text: str, start: int, small: str, phrases: frozenset[str]) -> int:
    longest = max((len(phrase) for phrase in phrases if small.startswith(phrase)), default=0)
    rest = text[start + longest :]
    return start + longest + len(rest) - len(rest.lstrip())


def _is_value(value: str, small: str, rule: Rule, tongue: Language) -> bool:
    phrases, words = tongue.phrases, small.split()
    if rule.value == "note":
        return len(words) > 1 and not phrases["not_notes"].begins(small)
    if rule.value == "decision":
        return not phrases["not_decisions"].begins(small)
    if (
        phrases["not_values"].begins(small)
        or phrases["not_within"].is_in(small)
        or words[-1] in tongue.lists["not_last"]
    ):
        return False
    if rule.general and (
        words[0] in tongue.lists["definite"] or phrases["not_general"].is_in(small)
    ):
        return False
    if rule.value == "list":
        return value[0].isalnum() or value[0] in _KEPT or not value.isascii()
    if phrases["states"].begins(small):
        return False
    if rule.value == "habit":
        return words[0] not in tongue.lists["not_habits"]
    if rule.value == "name":
        return value[0].isalpha() and words[0] not in tongue.lists["not_names"]
    if rule.value == "place":
        vague = tongue.lists["articles"] - tongue.lists["place_articles"]
        known = words[1] if words[0] == "the" and len(words) > 1 else words[0]
        return (
            value[0].isalpha() and words[0] not in vague and known not in tongue.lists["not_places"]
        )
    if rule.value == "dated":
        return any(c.isdigit() for c in value) or phrases["when"].is_in(small)
    return value[0].isalnum() or value[0] in _KEPT or not value.isascii()
