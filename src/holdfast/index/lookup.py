"""From the words of a question to the rows that hold them, or what they may stand for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from holdfast.index.embedder import Floats
from holdfast.index.evidence import Term, Variants
from holdfast.index.postings import Postings
from holdfast.index.queries import Phrase, Query
from holdfast.index.scoring import rarity
from holdfast.index.stems import STOP_FORMS, languages_of
from holdfast.index.vocabulary import Vocabulary
from holdfast.index.widening import PARTS, Wanted, Words, rows_with_all, widen
from holdfast.index.words import STOP_TERMS, form_of, term_of, term_of_form

__all__ = ["Asked", "Looked", "look_up", "wanted"]

_MAX_TERMS = 24
"""The rarest words of a long question say all of it; each costs a pass over its postings."""
_COMMON_SHARE = 0.1
"""A word in more than this share of a big vault is left out when the question has rarer ones."""
_BIG = 5_000
_Rows = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Asked:
    """A looked-up term with its postings."""

    term: Term
    rows: _Rows
    """Ascending, dead ones among them."""
    counts: Floats
    numbers: tuple[tuple[int, float], ...]
    """The terms of the vocabulary that stand for it, and what one occurrence counts."""
    variants: tuple[tuple[str, int], ...] = ()
    """How a person reads what stands for it, and the term's number; the closest first."""

    def labelled(self, postings: Postings, rows: _Rows, size: int) -> Variants | None:
        """Which variant each of these rows holds; None when there are none."""
        if not self.variants:
            return None
        scratch = np.zeros(size, np.int16)
        for place in range(len(self.variants), 0, -1):
            scratch[postings.rows_of(self.variants[place - 1][1])[0]] = place
        exact = postings.number_of(self.term.text) if not self.term.is_guess else None
        if exact is not None:
            scratch[postings.rows_of(exact)[0]] = 0
        return Variants(words=tuple(text for text, _ in self.variants), which=scratch[rows])


@dataclass(frozen=True, slots=True)
class Looked:
    """What a query comes to in a vault."""

    asked: tuple[Asked, ...]
    """The rarest first, equals by spelling: the order of the sums."""
    asked_words: int
    """Words that were looked up, known or not."""
    marks: frozenset[str]
    """Terms that show in a text why it was found."""
    pairs: tuple[tuple[int, int], ...]
    """Words of the question that stand beside each other there, by their place in `asked`."""
    required: NDArray[np.bool_] | None
    """Which rows hold every phrase and nothing excluded; None when all may."""


def look_up(words: Words, query: Query, alive: NDArray[np.bool_], living: int) -> Looked:
    """Find the rows for every word of a query; `alive` says which rows count, `living` how many."""
    every = wanted(words, query)
    marks = {one.text for one in every}
    found = [_asked(words, one, alive, living) for one in every if one.alternatives]
    known = [(holding, one.term.text, n, one) for n, (holding, one) in enumerate(found)]
    known.sort(key=lambda each: each[:3])
    if living > _BIG:
        known = [k for k in known if k[0] <= living * _COMMON_SHARE] or known[:1]
    asked = tuple(one for *_, one in known[:_MAX_TERMS])
    terms = {number for one in asked for number, _ in one.numbers}
    marks |= _names_of(words.vocabulary, terms)
    plain = sum(not one.is_guess for one in every)
    places = {one.term.text: at for at, one in enumerate(asked) if not one.term.is_guess}
    order = [places[one.text] for one in every if one.text in places and not one.is_guess]
    return Looked(
        asked=asked,
        asked_words=plain,
        marks=frozenset(marks),
        pairs=tuple(pairwise(order)),
        required=_required(words, query, len(alive)),
    )


def wanted(words: Words, query: Query) -> list[Wanted]:
    """The words of a query, and what may stand for each; a guess has the text of its word."""
    found = _telling(words, query)
    widen(words, query, found)
    return found


def _telling(words: Words, query: Query) -> list[Wanted]:
    """Distinct terms in the order of the question; stop words only when there is nothing else."""
    telling = query.telling
    for language in languages_of(map(form_of, query.surfaces), STOP_TERMS):
        stops = STOP_FORMS[language]
        telling = tuple(s for s in telling if form_of(s) not in stops) or telling
    if query.prefix and form_of(query.surfaces[-1]) == query.prefix:
        telling = (*telling, query.surfaces[-1])  # "th" may go on as no stop word
    found: dict[str, Wanted] = {}
    for surface in telling:
        term = term_of(surface)
        found.setdefault(term, Wanted(term, form_of(surface)))
    for one in found.values():
        number = words.number_of(one.text)
        if number is not None:
            one.numbers[number] = 1.0
    return list(found.values())


def _asked(words: Words, one: Wanted, alive: NDArray[np.bool_], living: int) -> tuple[int, Asked]:
    """The term with its postings, and how many living rows hold it."""
    numbers = tuple(sorted(one.numbers.items()))
    if one.together:
        rows, counts = _together(words, one.together)
        holding = int(np.count_nonzero(alive[rows]))
    elif len(numbers) == 1:
        ((number, weight),) = numbers
        rows, counts = words.postings.rows_of(number)
        holding = words.frequency(number)
        counts = counts * np.float32(weight) if weight != 1 else counts
    else:
        rows, counts = _united(words, numbers)
        holding = int(np.count_nonzero(alive[rows]))
    idf = rarity(holding=holding, among=living) * one.share
    term = Term(text=one.text, rarity=idf, is_guess=one.is_guess)
    exact = None if one.is_guess else words.number_of(one.text)
    shown = [(label, number) for number, label in one.variants.items() if number != exact]
    numbers = numbers or tuple((number, PARTS) for number in one.together)
    return holding, Asked(term, rows, counts, numbers, tuple(shown))


def _together(words: Words, numbers: tuple[int, ...]) -> tuple[_Rows, Floats]:
    """Rows that hold all of the terms, and how often they hold the rarest."""
    rows = rows_with_all(words, numbers)
    counts = np.full(len(rows), 255, np.float32)
    for number in numbers:
        of_term, of_counts = words.postings.rows_of(number)
        counts = np.minimum(counts, of_counts[np.searchsorted(of_term, rows)])
    return rows, counts * np.float32(PARTS)


def _united(words: Words, numbers: Iterable[tuple[int, float]]) -> tuple[_Rows, Floats]:
    """Rows that hold any of the terms, and how often they do."""
    found = [(words.postings.rows_of(number), weight) for number, weight in numbers]
    every = np.concatenate([rows for (rows, _), _ in found])
    weighed = np.concatenate([counts * np.float32(weight) for (_, counts), weight in found])
    rows, places = np.unique(every, return_inverse=True)
    return rows, np.bincount(places, weights=weighed, minlength=len(rows)).astype(np.float32)


def _names_of(vocabulary: Vocabulary, numbers: set[int]) -> set[str]:
    if not numbers:
        return set()
    return vocabulary.terms_named(numbers)


def _required(words: Words, query: Query, size: int) -> NDArray[np.bool_] | None:
    if not query.phrases and not query.excluded:
        return None
    kept = np.ones(size, bool)
    for phrase in query.phrases:
        held = np.zeros(size, bool)
        held[_rows_with(words, phrase)] = True
        kept &= held
    for phrase in query.excluded:
        kept[_rows_excluded(words, phrase)] = False
    return kept


def _rows_with(words: Words, phrase: Phrase) -> _Rows:
    """Rows in which these forms stand in this order."""
    forms = [words.vocabulary.forms.get(form) for form in phrase]
    known = [form for form in forms if form is not None]
    if len(known) < len(forms):
        return np.zeros(0, np.intp)
    return words.postings.rows_with(known)


def _rows_excluded(words: Words, phrase: Phrase) -> _Rows:
    if len(phrase) > 1:
        return _rows_with(words, phrase)
    number = words.postings.number_of(term_of_form(phrase[0]))
    return np.zeros(0, np.intp) if number is None else words.postings.rows_of(number)[0]
