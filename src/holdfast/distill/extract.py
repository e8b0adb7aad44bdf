"""Extractive summaries and keyphrase tags: sentences and phrases that were said, never new ones.

Words are weighed by how often they occur in the conversation and how many messages use them;
a sentence by the mean weight of its words, with a small preference for what a person said and for
what came early. No model, no corpus: everything comes from the text at hand.

Source of the tag scoring: Rose, Engel, Cramer and Cowley, "Automatic keyword extraction from
individual documents" (RAKE), 2010: a word's degree over its frequency, summed over the phrase.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from msgspec import Struct

from holdfast.distill.echoes import is_quotation
from holdfast.distill.phrases import lowered
from holdfast.distill.rules import LANGUAGES, language
from holdfast.markup import prose_spans, without_marks
from holdfast.model import Message, Source

__all__ = ["Condensed", "condense", "keyphrases"]

_SENTENCE = re.compile(r"[^.!?。！？\n]+(?:[.!?。！？]+|\n|$)")
_ENDS = frozenset(".!?。！？…।؟۔:;\"'”’»)")
_WORD = re.compile(r"[^\W_][\w'’-]*")
_MAX_SENTENCE_CHARS = 300
_MAX_TAG_CHARS = 64
"""What is longer names nothing: a pasted number, or a script that puts no space between words."""
_STOP = frozenset(
    """
    a about above after again all also am an and any are as at be because been before being
    below between both but by can can't cannot could couldn't did didn't do does doesn't doing
    don't down during each few for from further get give go going good got great had has have
    having he her here hers him his how i i'd i'll i'm i've if in into is isn't it it's its just
    know let like make me more most much my need no nor not noted now of off ok okay on once one
    only or other our ours out over own please really remember said same say see she should so
    some such sure take tell than thank thanks that that's the their theirs them then there
    these they thing things think this those through to too under until up us very want was we
    well were what what's when where which while who whom why will with would yes you you're
    your yours
    """.split()  # noqa: SIM905
)


class Condensed(Struct, frozen=True, kw_only=True):
    """A summary with the spans it quotes, and the tags of the conversation."""

    text: str
    tags: tuple[str, ...]
    sources: tuple[Source, ...]
    states: bool = True
    """Whether anything was stated: not only asked, and no mere greeting."""


class _Sentence(Struct, frozen=True):
    message: Message
    order: int
    start: int
    end: int
    words: tuple[str, ...]

    @property
    def text(self) -> str:
        return self.message.text[self.start : self.end]


def condense(messages: Sequence[Message], *, sentences: int = 3, tags: int = 5) -> Condensed:
    """The sentences that say most of what `messages` say, in the order they were said.

    Args:
        messages: what was said, in order; those without text, and answers that only quote, are
            passed over.
        sentences: at most so many are quoted.
        tags: at most so many tags.

    Returns:
        A summary whose every sentence is a quote, with its span as source; empty text when
        nothing was said. Markdown's marks are left out, and code blocks and tables as a whole.
    """
    spoken = [
        m
        for m in messages
        if m.text.strip()
        and m.kind in ("text", "audio", "file")
        and not (m.role == "assistant" and is_quotation(m.text))
    ]
    found = [s for message in spoken for s in _sentences(message)]
    weights = _word_weights(found)
    ranked = sorted(
        enumerate(found), key=lambda pair: (-_weight(pair[1], weights, len(found)), pair[0])
    )
    chosen = sorted(_distinct([index for index, _ in ranked], found, limit=sentences))
    picked = [found[index] for index in chosen]
    return Condensed(
        text=_joined([" ".join(without_marks(s.text).split()) for s in picked]),
        tags=keyphrases([_prose(m.text) for m in spoken], limit=tags),
        states=any(map(_states, found)),
        sources=tuple(
            Source(
                session_id=s.message.session_id, message_id=s.message.id, start=s.start, end=s.end
            )
            for s in picked
        ),
    )


def _joined(sentences: Sequence[str]) -> str:
    """One after the other; a sentence that another follows ends as one, whatever its own end."""
    ended = [s if s[-1] in _ENDS else f"{s.rstrip(',;:')}." for s in sentences[:-1]]
    return " ".join([*ended, *sentences[-1:]])


def _sentences(message: Message) -> list[_Sentence]:
    found = []
    matches = (
        match
        for start, end in prose_spans(message.text)
        for match in _SENTENCE.finditer(message.text, start, end)
    )
    for order, match in enumerate(matches):
        raw = match.group()
        start = match.start() + len(raw) - len(raw.lstrip())
        end = min(match.start() + len(raw.rstrip()), start + _MAX_SENTENCE_CHARS)
        if not without_marks(message.text[start:end]).strip():  # a link without words
            continue
        words = tuple(w for w in _words(message.text[start:end]) if w not in _STOP)
        found.append(_Sentence(message, order, start, end, words))
    return found


def _prose(text: str) -> str:
    return "\n".join(without_marks(text[start:end]) for start, end in prose_spans(text))


def _states(sentence: _Sentence) -> bool:
    """Whether a sentence says something, so that a summary of it would tell more than a title."""
    small = lowered(sentence.text).strip(" \t,;:.!…-–—*_\"'“”„«»")
    if not sentence.words or small.endswith(("?", "？", "؟")):
        return False
    tongues = [language(code) for code in LANGUAGES]
    if any(small in tongue.lists["openers"] for tongue in tongues):
        return False
    if sentence.text.rstrip().endswith((".", "!", "。", "！")):
        return True
    first = small.split(maxsplit=1)[0].strip(",.:;")
    return not any(first in tongue.phrases["question"] for tongue in tongues)


def _words(text: str) -> list[str]:
    return [match.group().casefold().replace("’", "'") for match in _WORD.finditer(text)]


def _word_weights(sentences: Sequence[_Sentence]) -> dict[str, float]:
    counts = Counter(word for s in sentences for word in s.words)
    spread = Counter(word for s in sentences for word in set(s.words))
    return {word: counts[word] ** 0.5 * (1 + spread[word]) ** 0.5 for word in counts}


def _weight(sentence: _Sentence, weights: dict[str, float], count: int) -> float:
    if not sentence.words:
        return 0.0
    mean = sum(weights[w] for w in set(sentence.words)) / (3 + len(sentence.words))
    spoken = 1.2 if sentence.message.role == "user" else 1.0
    asked = 0.7 if sentence.text.rstrip().endswith(("?", "？")) else 1.0
    early = 1.0 + 0.2 / (1 + sentence.order) if count > 3 else 1.0
    return mean * spoken * asked * early


def _distinct(order: list[int], sentences: Sequence[_Sentence], *, limit: int) -> list[int]:
    """The first `limit` sentences that do not say with the same words what a better one says."""
    kept: list[int] = []
    for index in order:
        if len(kept) == limit:  # comparing the rest too takes minutes in a long session
            break
        words = set(sentences[index].words)
        if not words and kept:
            continue
        if any(words and words <= set(sentences[other].words) for other in kept):
            continue
        kept.append(index)
    return kept


def keyphrases(texts: Sequence[str], *, limit: int = 5) -> tuple[str, ...]:
    """The phrases of up to three words that stand out, casefolded, best first.

    Ties rank in alphabetical order, so that the same texts always give the same tags.
    """
    phrases: Counter[tuple[str, ...]] = Counter()
    for text in texts:
        for sentence in _SENTENCE.findall(text):
            phrases.update(_phrases(_words(sentence)))
    frequency: Counter[str] = Counter()
    degree: Counter[str] = Counter()
    for phrase, count in phrases.items():
        for word in phrase:
            frequency[word] += count
            degree[word] += count * len(phrase)
    scored = sorted(
        phrases,
        key=lambda p: (-sum(degree[w] / frequency[w] for w in p) * phrases[p] ** 0.5, p),
    )
    chosen: list[str] = []
    for phrase in scored:
        text = " ".join(phrase)
        if len(text) <= _MAX_TAG_CHARS and not any(
            text in other or other in text for other in chosen
        ):
            chosen.append(text)
        if len(chosen) == limit:
            break
    return tuple(chosen)


def _phrases(words: list[str]) -> list[tuple[str, ...]]:
    found: list[tuple[str, ...]] = []
    run: list[str] = []
    for word in [*words, ""]:
        if word and word not in _STOP and not word.isdigit() and len(run) < 3:
            run.append(word)
            continue
        if run and any(len(w) > 2 or not w.isascii() for w in run):
            found.append(tuple(run))
        run = [word] if word and word not in _STOP and not word.isdigit() else []
    return found
