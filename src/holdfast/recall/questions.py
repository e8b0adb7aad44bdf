"""What a question is about, beside its words."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from holdfast.clock import to_ms
from holdfast.index.naming import named_in
from holdfast.index.words import surfaces, term_of
from holdfast.recall.dates import Mention, mentions

__all__ = ["Question", "read", "times_in"]

_WHEN = re.compile(
    r"\b(?:when|what (?:date|day|month|year|time)|how long|how many (?:days|weeks|months|years)"
    r"|which (?:date|day|month|year|week)|since when|until when)\b",
    re.IGNORECASE,
)
_HOW_MUCH = re.compile(
    r"\b(?:how (?:many|much|long|old|often|far|big|tall|large)|what (?:number|percentage|price|age"
    r"|size|amount)|cost|total|average|in total)\b",
    re.IGNORECASE,
)
_TO_ASSISTANT = re.compile(
    r"\b(?:you (?:said|told|gave|suggested|recommended|mentioned|provided|shared|listed|wrote|made"
    r"|explained|advised|came up)|did you|have you|had you|your (?:suggestions?|advice|answer|list"
    r"|recommendations?|explanation|last|previous)|remind me)\b",
    re.IGNORECASE,
)
_LATEST = re.compile(
    r"\b(?:last time|most recent(?:ly)?|latest|newest|current(?:ly)?|right now|these days"
    r"|nowadays|still|at the moment|when did (?:i|we) last|now)\b",
    re.IGNORECASE,
)
_LOOKED_AT = 2_000
_DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A question, read."""

    named: frozenset[str]
    """Speakers of the vault whom it names, casefolded."""
    to_assistant: bool
    """It asks what the assistant said: "you told me"."""
    wants_date: bool
    wants_number: bool
    wants_latest: bool
    """It asks how things are now, or for the last time."""
    times: tuple[Mention, ...]
    """Times it speaks of."""
    name_terms: frozenset[str]
    """Terms that name a speaker."""
    spellings: dict[str, str]
    """Terms to how the question writes them."""

    def spelling(self, term: str) -> str:
        """A looked-up term as the question wrote it."""
        return self.spellings.get(term, term)

    def nearness(self, at_ms: NDArray[np.int64], *, days: float) -> NDArray[Any]:
        """1 where a time lies in a span the question speaks of, falling to a third in `days`, or
        in the length of the span when that is more."""
        return self.overlap(at_ms, at_ms, days=days)

    def overlap(
        self, start_ms: NDArray[np.int64], end_ms: NDArray[np.int64], *, days: float
    ) -> NDArray[Any]:
        """As `nearness`, for stretches of time."""
        near = np.zeros(len(start_ms), np.float32)
        for mention in self.times:
            first, last = to_ms(mention.start), to_ms(mention.end)
            gap = np.maximum(np.maximum(first - end_ms, start_ms - last), 0)
            scale = max(last - first, int(days * _DAY_MS))
            near = np.maximum(near, np.exp(-gap / scale).astype(np.float32))
        return near


def times_in(text: str, *, now: datetime) -> tuple[Mention, ...]:
    """Times that a question asked at `now` speaks of."""
    return mentions(text[:_LOOKED_AT], now=now)


def read(text: str, *, times: tuple[Mention, ...], speakers: frozenset[str]) -> Question:
    """Read a question that speaks of these times, in a vault where these people speak."""
    head = text[:_LOOKED_AT]
    named = named_in(head, speakers)
    return Question(
        named=named,
        to_assistant=_TO_ASSISTANT.search(head) is not None,
        wants_date=_WHEN.search(head) is not None,
        wants_number=_HOW_MUCH.search(head) is not None,
        wants_latest=_LATEST.search(head) is not None,
        times=times,
        name_terms=frozenset(term_of(s) for name in named for s in surfaces(name)),
        spellings={term_of(surface): surface for surface in surfaces(head)},
    )
