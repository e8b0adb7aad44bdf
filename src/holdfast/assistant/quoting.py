"""An assistant that only quotes: what was said, when and by whom, and never a word of its own.

It is what answers when no model is configured. All but the last class is pure: a question, what
recall found for it, and the present go in; a text comes out.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import TYPE_CHECKING, Literal, TypeAlias

from holdfast.assistant.answering import NO_TOOLS, Asked, Piece, Toolbox
from holdfast.assistant.asking import is_question, only_asks
from holdfast.assistant.excerpts import excerpt, subject_terms
from holdfast.assistant.phrasing import Phrasing, language_of, phrasing
from holdfast.distill.echoes import NOTHING, is_quotation
from holdfast.index.words import form_of, surfaces
from holdfast.recall.dates import mentions

if TYPE_CHECKING:
    from holdfast.keeper.recalling import Hit
    from holdfast.model import Memory, Message

__all__ = [
    "NOTHING",
    "Quoted",
    "QuotingAnswerer",
    "compose",
    "echoes_of",
    "is_echo",
    "phrasing_of",
    "quotes",
    "telling_terms",
]

_MAX_QUOTES = 3
_SPOKEN = ("text", "audio", "file")
_WEAK = subject_terms(
    "favourite favorite like best name new old good great day date time number kind sort want "
    "need think have make use people"
)
"""Words that qualify the subject: alone they do not make a text an answer, so they count half."""
_THEN_OR_NOW = subject_terms(
    "now before currently previously formerly earlier once still used past"
)
"""Words that ask for another time, not for another thing: both are answered, with their dates."""
_FILLER = subject_terms(
    "remember note noted nice good great ok okay yes no thanks thank please also now hi hello well"
) | frozenset({"no"})
_ABOUT_ALL = re.compile(
    r"\babout me\b|\b(?:did|have) i (?:ever )?(?:say|said|tell|told|talk|mention)"
    r"|\b(?:do|can) you remember\b",
    re.IGNORECASE,
)
_TO_ASSISTANT = re.compile(
    r"\b(?:did|have|had) you\b|\byou (?:said|told|gave|suggested|recommended|mentioned|wrote"
    r"|explained|advised|answered)\b|\byour (?:suggestions?|advice|answers?|recommendations?)\b",
    re.IGNORECASE,
)
_TENSES = {
    "en": (
        r"\b(?:was|were|before|formerly|previously|used to|earlier)\b",
        r"\b(?:is|are|am|do|does|now|currently)\b|\w['’]s\b",
        r"\b(?:did|have|had|has)\b",
    ),
    "de": (
        r"\b(?:war|waren|früher|vorher|damals|zuvor)\b",
        r"\b(?:ist|sind|bin|heißt|jetzt|derzeit|aktuell)\b",
        r"\b(?:habe|hatte|hast|haben|hat)\b",
    ),
}
"""By language: what asks for then, for now, and for the words that were said."""
_Tense: TypeAlias = Literal["then", "now", "said", "any"]
"""Asks for what no longer holds, what holds alone, the words that were said, or does not tell."""
_DIFFERS = re.compile(r"\d|^(?:no|not|never|without)$|n't$")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wanted:
    """A question, read."""

    terms: frozenset[str]
    spans: tuple[tuple[datetime, datetime], ...]
    """Times it speaks of, end exclusive."""
    about_all: bool
    to_assistant: bool
    tense: _Tense


@dataclass(frozen=True, slots=True, kw_only=True)
class _Quote:
    """A hit that may be quoted, judged."""

    hit: Hit
    text: str
    terms: frozenset[str]
    coverage: float
    """Share of the question's subject that it holds, in [0, 1]."""
    asks: bool
    by_person: bool
    ended: bool
    """A memory of what does not hold any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Quoted:
    """Something that answers a question, as it was said."""

    text: str
    """What was said, or the part of it that answers."""
    line: str
    """The same with when and by whom: 'On 9 January you said: "..."'."""
    message: Message | None
    """Where it was said; None for a memory."""
    id: str = ""
    """Of the message or memory."""


def compose(asked: Asked, *, zone: tzinfo = UTC) -> str:
    """Answer a question by quoting, or acknowledge a statement by quoting it, in its language.

    Args:
        asked: what was said and what was found for it.
        zone: where the days of "On 9 January" begin.
    """
    words = phrasing_of(asked)
    if not is_question(asked.text):
        return words.kept(excerpt(asked.text, ()))
    return "\n".join(quoted.line for quoted in quotes(asked, zone=zone)) or words.nothing


def phrasing_of(asked: Asked) -> Phrasing:
    """The language of what is asked, or the one its person prefers where the words do not tell."""
    return phrasing(language_of(asked.text) or asked.language)


def quotes(asked: Asked, *, zone: tzinfo = UTC, loosely: bool = False) -> list[Quoted]:
    """What answers a question, best first, without repetitions; empty when nothing does.

    Args:
        asked: what was asked and what was found for it.
        zone: where days begin.
        loosely: when nothing is about all of it, take what is about a part: two words of it.
    """
    words = phrasing_of(asked)
    wanted = _read(asked.text, asked.now.astimezone(zone), words)
    return [
        Quoted(
            text=quote.text,
            line=_worded(quote, asked, words, zone),
            message=quote.hit.message,
            id=_id_of(quote.hit),
        )
        for quote in _chosen(asked, wanted, loosely=loosely)
    ]


def _id_of(hit: Hit) -> str:
    found = hit.message or hit.memory
    return "" if found is None else found.id


def telling_terms(question: str) -> frozenset[str]:
    """What a question is about: its weak words only where it has no others."""
    terms = subject_terms(question)
    return terms - _WEAK or terms


def is_echo(message: Message, text: str) -> bool:
    """Whether quoting a message in answer to `text` would say nothing: it is the same question
    asked before, or an answer that itself only quoted."""
    return echoes_of(text)(message)


def echoes_of(text: str) -> Callable[[Message], bool]:
    """As `is_echo`, for many messages found for one text."""
    asked = surfaces(text) if is_question(text) else None

    def is_one(message: Message) -> bool:
        if message.role == "assistant":
            return is_quotation(message.text)
        return asked is not None and surfaces(message.text) == asked

    return is_one


def _read(question: str, now: datetime, words: Phrasing) -> _Wanted:
    times = mentions(question, now=now)
    subject = question
    for time in times:
        subject = subject.replace(time.words, " ")
    terms = _subject(subject, words)
    return _Wanted(
        tense=_tense(question, words.language, timed=bool(times)),
        terms=terms - _THEN_OR_NOW or terms,
        spans=tuple((time.start, time.end) for time in times),
        about_all=_ABOUT_ALL.search(question) is not None,
        to_assistant=_TO_ASSISTANT.search(question) is not None,
    )


def _subject(text: str, words: Phrasing) -> frozenset[str]:
    """What a question is about, without the small words of its own language."""
    terms = subject_terms(text)
    if not words.small_words:
        return terms
    small = (s for s in surfaces(text) if form_of(s) in words.small_words)
    return terms - subject_terms(" ".join(small)) or terms


def _tense(question: str, language: str, *, timed: bool) -> _Tense:
    marks = _TENSES.get(language, _TENSES["en"])
    then, now, told = (re.search(mark, question, re.IGNORECASE) for mark in marks)
    if then and now:
        return "any"
    if then:
        return "then"
    if timed or told:
        return "said"
    return "now" if now else "any"


def _weight(term: str) -> float:
    return 0.5 if term in _WEAK else 1.0


def _chosen(asked: Asked, wanted: _Wanted, *, loosely: bool) -> list[_Quote]:
    """The quotes that answer, best first, without repetitions."""
    known = [q for hit in asked.hits if (q := _quote(hit, asked, wanted)) is not None]
    found = [quote for quote in known if _is_relevant(quote, wanted)]
    if not found and loosely:
        found = [q for q in known if not q.asks and len(wanted.terms & q.terms) > 1]
    found = _of_its_time(found, known, wanted.tense)
    stated = [quote for quote in found if not quote.asks] or found
    ranked = sorted(stated, key=lambda quote: _order(quote, wanted))
    kept: list[_Quote] = []
    for quote in ranked:
        if quote.coverage >= 0.6 * ranked[0].coverage and not any(_same(quote, k) for k in kept):
            kept.append(quote)
    if wanted.tense == "then":
        kept.sort(key=lambda quote: not quote.ended)
    ordered = _newest_of_alike_first(kept[:_MAX_QUOTES])
    return sorted(ordered, key=lambda q: wanted.tense == "then" and not q.ended)


def _of_its_time(found: list[_Quote], known: list[_Quote], tense: _Tense) -> list[_Quote]:
    """Without words whose memory was found and has ended: it says the same, and until when.

    Who asks for what holds now gets neither, unless there is nothing else.
    """
    if tense == "said":
        return found
    past = _sources(q for q in found if q.ended) - _sources(q for q in known if not q.ended)
    left = [q for q in found if q.hit.message is None or q.hit.message.id not in past]
    current = [quote for quote in left if not quote.ended]
    if tense == "now" and any(not quote.asks for quote in current):
        return current
    return left


def _has_ended(memory: Memory | None, now: datetime) -> bool:
    ends = None if memory is None else memory.valid_to
    return ends is not None and ends <= now


def _sources(quotes: Iterable[_Quote]) -> set[str]:
    memories = (quote.hit.memory for quote in quotes)
    return {s.message_id for memory in memories if memory is not None for s in memory.sources}


def _quote(hit: Hit, asked: Asked, wanted: _Wanted) -> _Quote | None:
    message, memory = hit.message, hit.memory
    if message is not None:
        if message.role not in ("user", "assistant") or message.kind not in _SPOKEN:
            return None
        if is_echo(message, asked.text):
            return None
    elif memory is None or memory.kind == "summary":
        # A summary is a text of several messages put together: nobody said it.
        return None
    text = hit.text
    if not text.strip():
        return None
    terms = subject_terms(text)
    about = _beside_its_speaker(wanted.terms, message)
    return _Quote(
        hit=hit,
        text=excerpt(text, wanted.terms),
        terms=terms,
        coverage=_total(about & terms) / _total(about) if about else 0.0,
        asks=only_asks(text),
        by_person=message is not None and message.role == "user",
        ended=_has_ended(memory, asked.now),
    )


def _beside_its_speaker(terms: frozenset[str], message: Message | None) -> frozenset[str]:
    """What a text has to be about: who says it does not need to name himself in it."""
    author = None if message is None else message.author
    return terms - subject_terms(author) if author else terms


def _total(terms: frozenset[str]) -> float:
    return sum(map(_weight, terms))


def _is_relevant(quote: _Quote, wanted: _Wanted) -> bool:
    """Whether a hit is about what was asked.

    Recall ranks, it does not judge: something is always best. So the subject must occur in the
    text, most of it or two words of it, or one when recall finds the hit likelier than not
    (scores are log-odds). Likeness of meaning counts as such a word.
    """
    if wanted.spans and not wanted.terms:
        at = quote.hit.at
        return at is not None and any(start <= at < end for start, end in wanted.spans)
    if not wanted.terms:
        return wanted.about_all and quote.by_person and not quote.asks
    telling = sum(term not in _WEAK for term in wanted.terms & quote.terms)
    means_it = any(reason.name == "similar meaning" for reason in quote.hit.reasons)
    likely = quote.hit.score >= 0 and (telling > 0 or means_it)
    return quote.coverage >= 0.5 or telling > 1 or likely


def _order(quote: _Quote, wanted: _Wanted) -> tuple[bool, float, bool]:
    """Sorts before what is worse; recall's own order decides among equals."""
    at = quote.hit.at
    then = at is not None and any(start <= at < end for start, end in wanted.spans)
    return (
        bool(wanted.spans) and not then,
        -round(quote.coverage * 4),
        quote.by_person == wanted.to_assistant,
    )


def _same(quote: _Quote, other: _Quote) -> bool:
    """Whether two quotes say the same: the same words, one inside the other, or nearly so."""
    if quote.text in other.text or other.text in quote.text:
        return True
    here, there = quote.terms - _FILLER, other.terms - _FILLER
    if here == there:
        return bool(here) and _decisive(quote.text) == _decisive(other.text)
    differing = here ^ there
    # A date or a "not" may be all that is new: such texts are never the same.
    if any(_DIFFERS.search(term) for term in differing) or len(here | there) < 10:
        return False
    return len(differing) <= 0.1 * len(here | there)


def _decisive(text: str) -> frozenset[str]:
    return frozenset(surface for surface in surfaces(text) if _DIFFERS.search(surface))


def _newest_of_alike_first(quotes: list[_Quote]) -> list[_Quote]:
    """Of texts that share half of their words the later may correct the earlier: it comes first."""
    ordered: list[_Quote] = []
    for quote in quotes:
        place = next(
            (i for i, o in enumerate(ordered) if _alike(quote, o) and _later(quote, o)),
            len(ordered),
        )
        ordered.insert(place, quote)
    return ordered


def _alike(quote: _Quote, other: _Quote) -> bool:
    here, there = quote.terms - _FILLER, other.terms - _FILLER
    return 2 * len(here & there) >= len(here | there) > 0


def _later(quote: _Quote, other: _Quote) -> bool:
    at, before = quote.hit.at, other.hit.at
    return at is not None and before is not None and at > before


def _worded(quote: _Quote, asked: Asked, words: Phrasing, zone: tzinfo) -> str:
    at, message, memory = quote.hit.at, quote.hit.message, quote.hit.memory
    when = "" if at is None else words.day(at, asked.now, zone)
    if message is not None:
        return words.said(quote.text, day=when, who=_speaker(message, asked, words))
    ends = None if memory is None else memory.valid_to
    until = "" if ends is None else words.day(ends, asked.now, zone)
    return words.noted(quote.text, day=when, until=until)


def _speaker(message: Message, asked: Asked, words: Phrasing) -> str | None:
    """Who said it; None for the one who asks."""
    if message.role == "user":
        return message.author
    name = message.author or asked.assistants.get(message.session_id)
    return name[:1].upper() + name[1:] if name else words.frames.assistant


class QuotingAnswerer:
    """The answerer of `compose`, a few words at a time."""

    def __init__(self, *, zone: tzinfo = UTC) -> None:
        self._zone = zone

    @property
    def name(self) -> str:
        """What the turn notes as its model."""
        return "quoting"

    def rests_on(self, asked: Asked) -> tuple[str, ...]:
        """What it quotes, by id."""
        if not is_question(asked.text):
            return ()
        return tuple(quoted.id for quoted in quotes(asked, zone=self._zone))

    async def answer(self, asked: Asked, tools: Toolbox = NO_TOOLS) -> AsyncIterator[Piece]:
        """The answer, word by word."""
        for piece in _pieces(compose(asked, zone=self._zone)):
            yield piece


def _pieces(text: str, *, words: int = 4) -> Sequence[str]:
    """The text in pieces of a few words; joined they are the text again."""
    found = re.findall(r"\s*\S+\s*?(?=\s|$)|\s+$", text)
    return ["".join(found[at : at + words]) for at in range(0, len(found), words)]
