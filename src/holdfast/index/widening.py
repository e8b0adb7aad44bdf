"""What a word of a question may stand for in a vault, beside itself.

The word that is being typed, the same word in another case or gender, a compound in its parts, a
slip of the pen. All depends on the words in use alone: an index answers as one built afresh.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice, pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from holdfast.index.lexicon import Lexicon
from holdfast.index.postings import Postings
from holdfast.index.queries import Query, is_stop_word
from holdfast.index.stems import LINKS, STEMMERS, is_in_use, languages_of, prevails
from holdfast.index.vocabulary import Vocabulary
from holdfast.index.words import STOP_TERMS, form_of, term_of_form

__all__ = ["PARTS", "Wanted", "Words", "rows_with_all", "widen"]

_MAX_EXPANDED = 24
"""So many words of a question are looked up in other forms too."""
_MAX_COMPLETIONS = 32
_MAX_COMPOUNDS = 16
_SCANNED = 256
"""Words with the same beginning that are compared by their stems."""
_MAX_SLIPS = 4

_COMPLETED, _JOINED, PARTS, _SOME_PARTS, _WITHIN = 0.8, 1.0, 0.9, 0.5, 0.6
_ONE_SLIP, _TWO_SLIPS = 0.7, 0.5
"""What an occurrence of something else than the word itself counts."""
_SELDOM, _MUCH_COMMONER, _SLIP_OF_KNOWN = 2, 20, 0.3
"""A word in at most so many entries may be a slip, when a near one is so much commoner; the near
one is then asked for as well, with this share of its rarity."""

_Rows = NDArray[Any]


@dataclass(slots=True)
class Wanted:
    """A word of the question, and what may stand for it."""

    text: str
    form: str
    numbers: dict[int, float] = field(default_factory=dict)
    variants: dict[int, str] = field(default_factory=dict)
    together: tuple[int, ...] = ()
    """Terms that stand for it where one row has all of them."""
    share: float = 1.0
    """Of its rarity."""
    is_guess: bool = False

    @property
    def alternatives(self) -> list[tuple[int, ...]]:
        """Terms that stand for it, each alone or some of them together."""
        return [*((number,) for number in self.numbers), *filter(None, [self.together])]

    def add(self, number: int, weight: float, label: str) -> None:
        if weight > self.numbers.get(number, 0.0):
            self.numbers[number] = weight
            self.variants.setdefault(number, label)


@dataclass(frozen=True, slots=True)
class Words:
    """The words of a vault and where they stand."""

    vocabulary: Vocabulary
    lexicon: Lexicon
    postings: Postings
    titles: Postings
    alive: NDArray[np.bool_]
    """Which rows count."""

    def number_of(self, term: str) -> int | None:
        """The term's number when a message, a memory or a title has it."""
        number = self.postings.number_of(term)
        return number if number is not None else self.titles.number_of(term)

    def term_number(self, form: int) -> int:
        """The term of a form in use."""
        return int(self.vocabulary.form_terms[form])

    def frequency(self, number: int) -> int:
        """How many living rows hold the term."""
        return self.postings.frequency(number)


def widen(words: Words, query: Query, wanted: list[Wanted]) -> None:
    """Add to each word what else it may stand for."""
    if query.prefix:
        _complete(words, wanted, query.prefix)
    _join(words, query, wanted)
    small = sum(map(is_stop_word, query.surfaces))
    languages = languages_of(map(form_of, query.surfaces), STOP_TERMS)
    slips = _MAX_SLIPS if query.slips else 0
    phrased = {form for phrase in query.phrases for form in phrase}
    eligible = [one for one in wanted if _may_differ(one.form) and one.form not in phrased]
    for one in eligible[:_MAX_EXPANDED]:
        unknown = not one.numbers
        spoken = languages or _spoken(words, unknown=unknown, english=small > 0)
        for language in spoken:
            _inflect(words, one, language)
        if "de" in spoken:
            _find_in_compounds(words, one)
        unknown = not one.numbers
        if unknown and _split(words, one, some=query.slips):
            continue
        if slips and (unknown or _is_seldom(words, one)) and one.form != query.prefix:
            slips -= 1
            wanted.extend(_slips(words, one, unknown=unknown))


def _may_differ(form: str) -> bool:
    """It is a word of an alphabet, long enough to have forms."""
    return len(form) >= 4 and form.isalpha() and form[0] < "\u0600"


def _spoken(words: Words, *, unknown: bool, english: bool) -> tuple[str, ...]:
    """The languages a word may be in when the question does not tell.

    A word that nobody has said may be of any language that the vault has; one that was said is
    what it seems, unless English is seldom spoken here.
    """
    if not unknown and english:
        return ()
    holds = is_in_use if unknown else prevails
    return tuple(name for name in STEMMERS if holds(name, words.vocabulary.uses_of))


def _complete(words: Words, wanted: list[Wanted], prefix: str) -> None:
    """What the last word may become."""
    last = next((one for one in wanted if one.form == prefix), None)
    if last is None:
        return
    for form in words.lexicon.starting_with(prefix, _MAX_COMPLETIONS):
        last.add(words.term_number(form), _COMPLETED, words.vocabulary.names[form])


def _join(words: Words, query: Query, wanted: list[Wanted]) -> None:
    """Two words of the question that the vault writes as one stand for both of them."""
    by_form = {one.form: one for one in wanted}
    forms = [form_of(surface) for surface in query.surfaces[:200]]
    for first, second in pairwise(forms):
        if first in by_form and second in by_form and words.vocabulary.is_used(first + second):
            number = words.number_of(term_of_form(first + second))
            if number is not None:
                by_form[first].add(number, _JOINED, first + second)
                by_form[second].add(number, _JOINED, first + second)


def _inflect(words: Words, one: Wanted, language: str) -> None:
    """The forms of the vault that are the same word in a language."""
    stemmer = STEMMERS[language]
    stem = stemmer(one.form)
    fronts = (stem, "ge" + stem) if language == "de" else (stem,)
    for front in fronts if len(stem) >= 3 else ():
        for form in words.lexicon.starting_with(front, _SCANNED):
            name = words.vocabulary.names[form]
            if stemmer(name) == stem:
                one.add(words.term_number(form), 1.0, name)


def _find_in_compounds(words: Words, one: Wanted) -> None:
    """German compounds of which the word is the first or the last part."""
    stem = STEMMERS["de"](one.form)
    found = [
        *words.lexicon.starting_with(stem, _SCANNED),
        *words.lexicon.ending_with(one.form, _SCANNED),
    ]
    names = (words.vocabulary.names[form] for form in found if len(stem) >= 4)
    compounds = (name for name in names if _is_compound(words, name, stem))
    for name in islice(compounds, _MAX_COMPOUNDS):
        one.add(words.term_number(words.vocabulary.forms[name]), _WITHIN, name)


def _is_compound(words: Words, name: str, stem: str) -> bool:
    """Enough is left for another word, or both are words of the vault."""
    if len(stem) >= 5 and len(name) - len(stem) >= 4:
        return True
    return any(stem in part for parts in _splits(words, name) for part in parts)


def _split(words: Words, one: Wanted, *, some: bool) -> bool:
    """An unknown compound stands for its parts: together, or else, with `some`, for either."""
    best: tuple[int, tuple[str, ...]] = 0, ()
    for parts in _splits(words, one.form):
        numbers = [words.number_of(term_of_form(part)) for part in parts]
        known = tuple(n for n in numbers if n is not None)
        held = len(rows_with_all(words, known))
        if held > best[0]:
            best = held, parts
            one.together = known
    if best[0]:
        one.variants = dict.fromkeys(one.together, " ".join(best[1]))
        return True
    for parts in _splits(words, one.form):
        for part in parts if some and all(len(part) >= 4 for part in parts) else ():
            number = words.number_of(term_of_form(part))
            if number is not None:
                one.add(number, _SOME_PARTS, part)
    return bool(one.numbers)


def _splits(words: Words, form: str) -> Iterator[tuple[str, ...]]:
    """Two words of the vault that a word is made of, with a letter or two between them."""
    for at in range(3, len(form) - 2):
        left, right = form[:at], form[at:]
        if not _is_word(words, right):
            continue
        for link in LINKS:
            if left.endswith(link) and len(left) - len(link) >= 3:
                part = left.removesuffix(link)
                if _is_word(words, part):
                    yield part, right


def _is_word(words: Words, form: str) -> bool:
    return words.number_of(term_of_form(form)) is not None


def rows_with_all(words: Words, numbers: tuple[int, ...]) -> _Rows:
    rows = [words.postings.rows_of(number)[0] for number in numbers]
    found: _Rows = rows[0]
    for others in rows[1:]:
        found = np.intersect1d(found, others, assume_unique=True)
    return found[words.alive[found]]


def _is_seldom(words: Words, one: Wanted) -> bool:
    return sum(map(words.frequency, one.numbers)) <= _SELDOM


def _slips(words: Words, one: Wanted, *, unknown: bool) -> list[Wanted]:
    """An unknown word stands for those nearest to it; a rare one does so besides."""
    distance, near = words.lexicon.near(one.form, used=1 if unknown else _MUCH_COMMONER)
    weight = _ONE_SLIP if distance == 1 else _TWO_SLIPS
    if unknown:
        for form in near:
            label = f"near '{words.vocabulary.names[form]}'"
            one.add(words.term_number(form), weight, label)
        return []
    commoner = [
        form
        for form in near
        if words.vocabulary.names[form][0] == one.form[0]
        and words.term_number(form) not in one.numbers
    ]
    return [_guess(words, one, form) for form in commoner[:1]]


def _guess(words: Words, one: Wanted, form: int) -> Wanted:
    guess = Wanted(one.text, one.form, share=_SLIP_OF_KNOWN, is_guess=True)
    guess.add(words.term_number(form), 1.0, f"near '{words.vocabulary.names[form]}'")
    return guess
