"""The rules by which memories are found: read from `languages/`, one file of data a language."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache
from itertools import zip_longest
from typing import Literal, TypeAlias

import msgspec
from msgspec import Struct

from holdfast.distill.grammar import Pattern, Words, compiled, either
from holdfast.distill.phrases import Phrases
from holdfast.model import MemoryKind

__all__ = ["LANGUAGES", "Language", "Rule", "RuleList", "RuleTable", "language", "read_language"]

LANGUAGES = ("en", "de")
"""Those there is a file of; adding one is adding its name here."""


class Rule(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a clause of one of these patterns says."""

    name: str
    patterns: tuple[str, ...]
    kind: MemoryKind = "fact"
    attribute: str = ""
    text: str = "{quote}"
    says: str = ""
    """The value, when the words of it are in the attribute already."""
    importance: int = 5
    tags: tuple[str, ...] = ()
    value: Literal["short", "place", "name", "list", "note", "decision", "dated", "habit"] = "short"
    general: bool = False
    """Whether the value is of a kind: "I like the template" tells of the talk, not of a taste."""
    ends: bool = False
    capital: bool = False
    """Whether the value begins with a capital, or nothing in the sentence does."""
    heads: str = ""
    """The language's list that must hold the attribute's last word."""
    heads_in: tuple[str, ...] = ()
    """Words of which the value holds one."""
    needs: frozenset[str] = frozenset()
    """Words of which the sentence holds one; every pattern that begins with a slot needs some."""
    asks: bool = False
    """It is a request, so a question mark says nothing against it."""
    inner: bool = False
    """Its value is a statement that may match a rule of its own."""
    change: Literal["", "any", "near", "next"] = ""
    """It gives a new value to what was spoken of: however long ago, lately, or just before."""


class _File(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    code: str
    words: dict[str, tuple[str, ...]]
    attributes: dict[str, str] = {}
    lists: dict[str, tuple[str, ...]]
    guards: dict[str, tuple[str, ...]]
    rules: tuple[Rule, ...]


RuleList: TypeAlias = tuple[tuple[Rule, Pattern], ...]
RuleTable: TypeAlias = Mapping[str, Mapping[str, RuleList]]
"""By the first and the second word of a clause. Under "" stand those that begin with any word, and
those whose second word may be any; the latter are in the other lists of their first word too."""


class Language(Struct, frozen=True, kw_only=True):
    """One language, compiled."""

    code: str
    rules: RuleTable
    attributes: Mapping[str, str]
    words: Words
    lists: Mapping[str, frozenset[str]]
    phrases: Mapping[str, Phrases]
    """The guards, the lists and the words, to look for in a text."""
    openers: re.Pattern[str]
    opener_words: frozenset[str]
    leads: re.Pattern[str]
    """What a request may begin with before it says what it is about."""
    cuts: re.Pattern[str]
    """Where a value ends: at a word that goes on with something else, or a mark."""
    asides: re.Pattern[str]
    """Where a decision or a task ends; a reason and a time belong to it."""
    clauses: re.Pattern[str]
    endings: tuple[str, ...]

    def may_state(self, words: Sequence[str]) -> bool:
        """Whether a sentence of these words, in order and lower case, can match a rule at all."""
        table = self.rules
        for first, second in zip_longest(words, words[1:], fillvalue=""):
            able = table.get(first)
            if able is not None and (able[""] or second in able):
                return True
        return any(not rule.needs.isdisjoint(words) for rule, _ in table[""][""])


@cache
def language(code: str) -> Language:
    """The language of this code; read once."""
    from importlib.resources import files  # costs more than all of this package

    file = files("holdfast.distill").joinpath("languages", f"{code}.toml")
    return read_language(file.read_bytes())


def read_language(raw: bytes) -> Language:
    """A language from its file.

    Raises:
        ValueError: the file is not what it must be.
    """
    import tomllib

    data = msgspec.convert(tomllib.loads(raw.decode()), _File)
    words = {**data.words}
    words["any_relation"] = (*words.get("one_relation", ()), *words.get("many_relation", ()))
    lists = {name: frozenset(entries) for name, entries in data.lists.items()}
    openers = data.lists["openers"]
    return Language(
        code=data.code,
        rules=_by_words(data.rules, words),
        attributes=data.attributes,
        words=words,
        lists=lists,
        phrases={
            name: Phrases(entries)
            for name, entries in {**words, **data.lists, **data.guards}.items()
        },
        openers=re.compile(either(openers) + r"(?:[\s,:!.]+)(?=\S)", re.IGNORECASE),
        leads=re.compile(
            either((*openers, *data.lists["leads"])) + r"(?:[\s,:!.?]+|$)", re.IGNORECASE
        ),
        opener_words=frozenset(opener.split()[0] for opener in openers),
        cuts=_cuts(data.lists),
        asides=_asides(data.lists),
        clauses=re.compile(
            r"[,;:–—(\"“„«]\s*|\s-+\s+|(?<!\w)" + either(data.lists["joins"]) + r"\s+",
            re.IGNORECASE,
        ),
        endings=tuple(sorted(data.lists["endings"], key=len, reverse=True)),
    )


def _by_words(rules: tuple[Rule, ...], words: Words) -> RuleTable:
    """In each list the rules keep the order of the file: the first that matches wins."""
    pairs = [(rule, compiled(line, words)) for rule in rules for line in rule.patterns]
    table: dict[str, dict[str, RuleList]] = {"": {"": ()}}
    for first in {first for _, pattern in pairs for first, _ in pattern.starts}:
        seconds = {
            second for _, pattern in pairs for head, second in pattern.starts if head == first
        }
        table[first] = {second: _able(pairs, first, second) for second in {"", *seconds}}
    return table


def _able(pairs: list[tuple[Rule, Pattern]], first: str, second: str) -> RuleList:
    wanted = {(first, second), (first, "")}
    return tuple(pair for pair in pairs if not wanted.isdisjoint(pair[1].starts))


def _cuts(lists: Mapping[str, tuple[str, ...]]) -> re.Pattern[str]:
    starts, cuts, ands = (either(lists[name]) for name in ("starts", "cuts", "ands"))
    said = either(lists["said_after"])
    year = r"(?:in|since|im|seit)\s+\d{4}"
    return re.compile(
        rf"[;(–—]|:\s|\s-+\s|[,\s]\s*(?:{cuts}|{ands}[\s,]+{starts}|{year})\b|,\s*(?:{starts}|{said})\b",
        re.IGNORECASE,
    )


def _asides(lists: Mapping[str, tuple[str, ...]]) -> re.Pattern[str]:
    starts, ands = (either(lists[name]) for name in ("starts", "ands"))
    return re.compile(rf"[;(–—]|[,\s]\s*{ands}[\s,]+{starts}\b|,\s*{starts}\b", re.IGNORECASE)
