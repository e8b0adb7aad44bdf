"""What somebody types into a search, read: operators, dates in words, with whom, quoted phrases.

    boat shed "third oar" -piano before:2026-10-01 tag:garden in March with Helper

Operators narrow for good. A date in words, of any language that recall reads, narrows as long as
something is left. What is not understood while it is still being typed ("before:20") narrows
nothing, and is no error. Phrases and excluded words are left to recall: they are told here only.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Literal, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from holdfast.errors import BadInput
from holdfast.index.queries import parse
from holdfast.recall.dates import mentions, span_of

__all__ = ["Narrowing", "Read", "Understood", "UnderstoodKind", "names_somebody", "read_words"]

UnderstoodKind: TypeAlias = Literal[
    "since", "until", "assistant", "project", "tag", "phrase", "without", "pinned", "archived"
]
_LOOKED_AT = 2_000
_OPERATOR = re.compile(
    r'(?<!\S)(before|after|since|until|tag|pinned|archived|with|assistant|in|project):("[^"]*"?|\S*)',
    re.IGNORECASE,
)
_WITH = r"\b(?:with|mit|con|avec)\s+@?"
_WITH_ANYBODY = re.compile(_WITH, re.IGNORECASE)
_YES = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


class Understood(Struct, frozen=True, kw_only=True):
    """A part of what was typed that narrows the answer, and how it was written."""

    kind: UnderstoodKind
    value: str
    text: str


class Narrowing(Struct, frozen=True, kw_only=True):
    """What an answer is narrowed to; every given field must hold."""

    since: datetime | None = None
    until: datetime | None = None
    assistant: str | None = None
    project: str | None = None
    tags: tuple[str, ...] = ()
    pinned: bool | None = None
    archived: bool | None = None
    kind: str | None = None
    session_id: str | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """The fields that are given; both edges of a time are one: "since"."""
        given = [name for name in _NAMES if getattr(self, name) not in (None, ())]
        return tuple(given if "since" in given or self.until is None else ["since", *given])

    def without(self, names: Iterable[str]) -> Narrowing:
        """The same without some of its fields."""
        empty: dict[str, object] = {name: () if name == "tags" else None for name in names}
        if "since" in empty:
            empty["until"] = None
        return replace(self, **empty)


_NAMES = ("since", "tags", "project", "assistant", "pinned", "archived", "kind", "session_id")


class Read(Struct, frozen=True, kw_only=True):
    """What was typed, read."""

    text: str
    """What is to be looked for, phrases and exclusions as they were written. "" when all of it
    narrows."""
    wide_text: str
    """The same with the dates in words, which are looked for when they do not narrow."""
    understood: tuple[Understood, ...]
    narrowing: Narrowing
    """With the dates in words."""
    soft: tuple[str, ...] = ()
    """What of the narrowing is given up before nothing is found."""
    unfinished: bool = False
    """Its last word is the one that was typed last, and may go on."""


def names_somebody(typed: str) -> bool:
    """Whether somebody may be meant by "with" (mit, con, avec), so that assistants are needed."""
    return _WITH_ANYBODY.search(typed) is not None


def read_words(
    typed: str,
    *,
    now: datetime,
    given: Narrowing,
    assistants: Mapping[str, str],
) -> Read:
    """Read what was typed at `now`.

    Args:
        given: what narrows the answer already; it holds over what is typed.
        assistants: slugs by casefolded name, of those who are known.
    """
    found: list[Understood] = []
    fields: dict[str, object] = {}
    text = _operators(typed[:_LOOKED_AT], now, found, fields) + typed[_LOOKED_AT:]
    text = _with_whom(text, assistants, found, fields)
    wide = text
    soft: tuple[str, ...] = ()
    if not {"since", "until"} & fields.keys() and given.since is None and given.until is None:
        text, soft = _dates(text, now, found, fields)
    found += _required(text)
    typed_fields = {k: v for k, v in fields.items() if getattr(given, k) in (None, ())}
    return Read(
        text=_tidy(text),
        wide_text=_tidy(wide),
        understood=tuple(found),
        narrowing=replace(given, **typed_fields),
        soft=soft,
        unfinished=typed[-1:].isalnum() and text.split()[-1:] == typed.split()[-1:],
    )


def _tidy(text: str) -> str:
    """The text with single spaces; "" when nothing in it is to be looked for."""
    return " ".join(text.split()) if parse(text).surfaces else ""


def _required(text: str) -> list[Understood]:
    """Its phrases, and what it excludes."""
    return [
        Understood(
            kind="without" if one.excludes else "phrase",
            value=one.words,
            text=text[one.start : one.end],
        )
        for one in parse(text).operators
    ]


def _free(text: str) -> str:
    """The text with phrases and exclusions blanked out, every other character in its place."""
    for one in parse(text).operators:
        text = text[: one.start] + "\0" * (one.end - one.start) + text[one.end :]
    return text


def _operators(text: str, now: datetime, found: list[Understood], fields: dict[str, object]) -> str:
    """The text without its operators; what they say is put into `found` and `fields`."""

    def take(match: re.Match[str]) -> str:
        name, value = match[1].casefold(), match[2].strip('"').strip()
        read = _operator(name, value, now)
        if read is not None:
            kind, field, meant, shown = read
            old = fields.get("tags", ())
            assert isinstance(old, tuple)  # only this puts anything there
            fields[field] = (*old, value) if field == "tags" else meant
            found.append(Understood(kind=kind, value=shown, text=match[0]))
        return " "

    return _OPERATOR.sub(take, text)


def _operator(
    name: str, value: str, now: datetime
) -> tuple[UnderstoodKind, str, object, str] | None:
    """Kind, field, meaning and how it is shown; None for what means nothing (yet)."""
    if not value:
        return None
    if name in ("before", "after", "since", "until"):
        return _edge(name, value, now)
    if name in ("pinned", "archived"):
        meant = _YES.get(value.casefold())
        if meant is None:
            return None
        kind: UnderstoodKind = "pinned" if name == "pinned" else "archived"
        return kind, name, meant, str(meant).casefold()
    if name == "tag":
        return "tag", "tags", value, value
    if name in ("with", "assistant"):
        return "assistant", "assistant", value, value
    return "project", "project", value, value


def _edge(name: str, value: str, now: datetime) -> tuple[UnderstoodKind, str, object, str] | None:
    """ "before" ends where the time begins, "until" where it ends; the others begin with it."""
    try:
        span = span_of(value, now=now)
    except BadInput:
        return None
    at = span.end if name == "until" else span.start
    kind: UnderstoodKind = "until" if name in ("before", "until") else "since"
    return kind, kind, at, at.isoformat()


def _with_whom(
    text: str,
    assistants: Mapping[str, str],
    found: list[Understood],
    fields: dict[str, object],
) -> str:
    """The text without "with" a known assistant; anybody else's name is a word like others."""
    if "assistant" in fields:
        return text
    free = _free(text)
    for name in sorted(assistants, key=len, reverse=True):
        match = re.search(rf"{_WITH}{re.escape(name)}(?![\w-])", free, re.IGNORECASE)
        if match:
            fields["assistant"] = assistants[name]
            shown = Understood(kind="assistant", value=assistants[name], text=match[0])
            found.append(shown)
            return text[: match.start()] + " " + text[match.end() :]
    return text


def _dates(
    text: str, now: datetime, found: list[Understood], fields: dict[str, object]
) -> tuple[str, tuple[str, ...]]:
    """The text without its dates in words, which narrow, and the names of what they narrow."""
    text = unicodedata.normalize("NFC", text)  # as mentions have it
    free = _free(text)  # a phrase stays whole
    spans = mentions(free, now=now)
    if not spans:
        return text, ()
    for span in spans:
        start = free.find(span.words)
        gap = " " * len(span.words)
        free, text = (t[:start] + gap + t[start + len(gap) :] for t in (free, text))
    words = ", ".join(span.words for span in spans)
    since, until = min(s.start for s in spans), max(s.end for s in spans)
    fields["since"] = since
    found.append(Understood(kind="since", value=since.isoformat(), text=words))
    if not spans[0].goes_on:
        fields["until"] = until
        found.append(Understood(kind="until", value=until.isoformat(), text=words))
    return text, ("since", "until") if "until" in fields else ("since",)
