"""Patterns written by hand, compiled to regular expressions whose cost is bounded.

A pattern is a line of words, matched without regard to case from the first word of a clause on:

    word            this word; an apostrophe may be typed either way
    (one|two words) one of these
    [one|two]       one of these, or nothing; [,] a comma or nothing
    <name>          one of the words that the language lists under `name`
    {slot}          all that follows; of such parts, whose length is open, there are two at most
    {slot:1-3}      so many words, as few as possible
    {slot=name}     one of the words listed under `name`; or what a check admits (`CHECKS`)
    {slot^name}     all that follows, if it begins with one of them
    {slot+name}     several of them, with commas and "and" between them
    pre{slot:1-1}   the rest of a word that begins so
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from msgspec import Struct

__all__ = ["CHECKS", "WORD", "Pattern", "Words", "compiled", "either"]

Words = Mapping[str, Sequence[str]]

_SPACE = r"\s+"
_COMMA = "[,]"
_WORD = r"[^\W_][\w'’&./+-]*"
_TOKEN = re.compile(r"\[[^\]]*\]|\([^)]*\)\S*|\{[^}]*\}\S*|<[^>]*>\S*|\S+")
_SLOT = re.compile(r"([^\s{]*)\{(\w+)(?::(\d)-(\d))?(?:([=^+])(\w+))?\}(\S*)")
_AND = r"(?:\s*,)?\s+(?:(?:and|or|und|oder)\s+)?"
WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)?")
"""A word as patterns are looked up by, in lower case with plain apostrophes."""
_ENDS_HERE = r"(?![\w'’-])"
CHECKS: Mapping[str, str] = {
    "capital": rf"{_WORD}(?:\s+{_WORD}){{0,2}}?",
    "dated": r"\S.*",
    "start": r"\S.*",
    "digits": rf"\d{{1,4}}{_ENDS_HERE}",
    "ing": rf"[^\W\d_]+ing{_ENDS_HERE}.*",
}
"""What a slot admits beside words of a list; some are looked at again in `values`."""


class Pattern(Struct, frozen=True, kw_only=True):
    """One compiled pattern."""

    regex: re.Pattern[str]
    starts: frozenset[tuple[str, str]]
    """The first two words that what it matches can have, in lower case; "" is any word."""
    checks: tuple[tuple[str, str], ...] = ()
    """Slots with the name of what is to be looked at again."""


def compiled(line: str, words: Words) -> Pattern:
    """The pattern of one line.

    Raises:
        ValueError: it names a list that is not there, or is no pattern.
    """
    parts: list[str] = []
    checks: list[tuple[str, str]] = []
    tokens = _TOKEN.findall(line)
    for place, token in enumerate(tokens):
        last = place == len(tokens) - 1
        if token == _COMMA:
            _attach(parts, r",?\s+")
            continue
        if token[0] in ",:":
            _attach(parts, rf"\s*{re.escape(token)}\s*")
            continue
        parts.append(_element(token, words, checks, last=last))
        if not last and token[0] != "[":
            parts.append(_SPACE)
    regex = re.compile("".join(parts), re.IGNORECASE)
    starts = _starts([token for token in tokens if token[0] not in ",:"], words, 2)
    pairs = frozenset((first, second) for first, second, *_ in ((*s, "", "") for s in starts))
    return Pattern(regex=regex, starts=pairs, checks=tuple(checks))


def either(choices: Sequence[str]) -> str:
    """A group that matches one of `choices`, the longest first."""
    ordered = sorted(choices, key=lambda choice: (-len(choice), choice))
    return "(?:" + "|".join(_literal(choice) for choice in ordered) + ")"


def _attach(parts: list[str], separator: str) -> None:
    """Let a mark stand behind the latest word, and behind the one before it if that is optional."""
    for place in range(len(parts) - 1, -1, -1):
        if parts[place] == _SPACE:
            parts[place] = separator
            return
        parts[place] = parts[place].removesuffix(rf"{_SPACE})?") + rf"{separator})?"
    raise ValueError("a pattern begins with a mark")


def _literal(words: str) -> str:
    return r"\s+".join(re.escape(word).replace("'", "['’]") for word in words.split())


def _choices(token: str, words: Words) -> list[str]:
    """The alternatives of a token that is no slot; <name> stands for a whole list."""
    inner = token[1:-1] if token[0] in "[(" else token
    found: list[str] = []
    for choice in inner.split("|"):
        if choice.startswith("<"):
            found.extend(_listed(choice[1:-1], words))
        else:
            found.append(choice)
    return found


def _listed(name: str, words: Words) -> Sequence[str]:
    if name not in words:
        raise ValueError(f"no list of words is called {name}")
    return words[name]


def _element(token: str, words: Words, checks: list[tuple[str, str]], *, last: bool) -> str:
    if "{" in token:
        return _slot(token, words, checks, last=last)
    group = either(_choices(token, words))
    if token[0] == "[":
        return rf"(?:{group}{_SPACE})?"
    return group + (_ENDS_HERE if last else "")


def _slot(token: str, words: Words, checks: list[tuple[str, str]], *, last: bool) -> str:
    match = _SLOT.fullmatch(token)
    if match is None:
        raise ValueError(f"no slot: {token}")
    prefix, name, least, most, how, what, suffix = match.groups()
    if what in ("capital", "dated", "start") and least is None:
        checks.append((name, what))
    if least is not None:
        inner = rf"{_WORD}(?:\s+{_WORD}){{{int(least) - 1},{int(most) - 1}}}?"
        if how is not None:
            checks.append((name, what))
    elif what in CHECKS:
        inner = CHECKS[what]
    elif how is not None:
        one = either(_listed(what, words)) + (r"(?![\w-])" if suffix else _ENDS_HERE)
        inner = {"=": one, "^": f"{one}.*", "+": f"{one}(?:{_AND}{one})*"}[how]
    else:
        inner = r"\S.*"
    # As few words as possible would otherwise always be one.
    end = r"(?=\s*(?:[,;:.!?)]|$)|\s+(?:and|but|und|aber)\b)" if last and least else ""
    return f"{_literal(prefix)}(?P<{name}>{inner}){_literal(suffix)}{end}"


def _starts(tokens: Sequence[str], words: Words, count: int) -> set[tuple[str, ...]]:
    """The first `count` words of all that these tokens match; "" is any from there on."""
    if count == 0 or not tokens:
        return {()}
    token, rest = tokens[0], tokens[1:]
    if token == _COMMA:
        return _starts(rest, words, count)
    found: set[tuple[str, ...]] = _starts(rest, words, count) if token[0] == "[" else set()
    for choice in _heads(token, words):
        said = tuple(m.group() for m in WORD.finditer(choice.lower()))[:count] or ("",)
        if "" in said or len(said) == count:
            found.add(said)
        else:
            found |= {said + more for more in _starts(rest, words, count - len(said))}
    return found


def _heads(token: str, words: Words) -> Sequence[str]:
    if "{" not in token:
        return _choices(token, words)
    match = _SLOT.fullmatch(token)
    if match is None or match[1]:
        return [""]
    listed = words.get(match[6] or "")
    return [""] if listed is None or match[3] else [word + match[7] for word in listed]
