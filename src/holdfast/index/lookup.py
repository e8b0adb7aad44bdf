"""From the words of a question to the rows that hold them, in the forms they have in the vault.

A word that the vault knows is looked up as it is. What else it may stand for is added: the word
that is being typed, the same word in another case or gender, a compound in its parts, a slip of the
pen. Everything depends on the words in use alone, so that an index answers as one built afresh.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice, pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from holdfast.index.embedder import Floats
from holdfast.index.evidence import Term, Variants
from holdfast.index.lexicon import Lexicon
from holdfast.index.postings import Postings
from holdfast.index.queries import Phrase, Query, is_stop_word
from holdfast.index.scoring import rarity
from holdfast.index.stems import LINKS, STEMMERS, STOP_FORMS, is_in_use, languages_of, prevails
from holdfast.index.vocabulary import Vocabulary
from holdfast.index.words import STOP_TERMS, form_of, term_of, term_of_form

__all__ = ["Asked", "Looked", "look_up"]

_MAX_TERMS = 24
"""The rarest words of a long question say all of it; each costs a pass over its postings."""
_COMMON_SHARE = 0.1
"""A word in more than this share of a big vault is left out when the question has rarer ones."""
_BIG = 5_000
_MAX_EXPANDED = 12
"""So many words of a question are looked up in other forms too."""
_MAX_COMPLETIONS = 32
_MAX_COMPOUNDS = 16
_SCANNED = 256
"""Words with the same beginning that are compared by their stems."""
_MAX_SLIPS = 4

_COMPLETED, _JOINED, _PARTS, _SOME_PARTS, _WITHIN = 0.8, 1.0, 0.9, 0.5, 0.6
_ONE_SLIP, _TWO_SLIPS = 0.7, 0.5
"""What an occurrence of something else than the word itself counts."""
_SELDOM, _MUCH_COMMONER, _SLIP_OF_KNOWN = 2, 20, 0.3
"""A word in at most so many entries may be a slip, when a near one is so much commoner; the near
one is then asked for as well, with this share of its rarity."""

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


@dataclass(slots=True)
class _Wanted:
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


def look_up(words: Words, query: Query, alive: NDArray[np.bool_], living: int) -> Looked:
    """Find the rows for every word of a query; `alive` says which rows count, `living` how many."""
    wanted = _wanted(words, query)
    marks = {one.text for one in wanted}
    _widen(words, query, wanted)
    found = [_asked(words, one, alive, living) for one in wanted if one.numbers or one.together]
    known = [(holding, one.term.text, n, one) for n, (holding, one) in enumerate(found)]
    known.sort(key=lambda each: each[:3])
    if living > _BIG:
        known = [k for k in known if k[0] <= living * _COMMON_SHARE] or known[:1]
    asked = tuple(one for *_, one in known[:_MAX_TERMS])
    terms = {number for one in asked for number, _ in one.numbers}
    marks |= _names_of(words.vocabulary, terms)
    plain = sum(not one.is_guess for one in wanted)
    places = {one.term.text: at for at, one in enumerate(asked) if not one.term.is_guess}
    order = [places[one.text] for one in wanted if one.text in places and not one.is_guess]
    return Looked(
        asked=asked,
        asked_words=plain,
        marks=frozenset(marks),
        pairs=tuple(pairwise(order)),
        required=_required(words, query, len(alive)),
    )


def _wanted(words: Words, query: Query) -> list[_Wanted]:
    """Distinct terms in the order of the question; stop words only when there is nothing else."""
    telling = query.telling
    for language in languages_of(map(form_of, query.surfaces), STOP_TERMS):
        stops = STOP_FORMS[language]
        telling = tuple(s for s in telling if form_of(s) not in stops) or telling
    if query.prefix and form_of(query.surfaces[-1]) == query.prefix:
        telling = (*telling, query.surfaces[-1])  # "th" may go on as no stop word
    found: dict[str, _Wanted] = {}
    for surface in telling:
        term = term_of(surface)
        found.setdefault(term, _Wanted(term, form_of(surface)))
    for one in found.values():
        number = words.number_of(one.text)
        if number is not None:
            one.numbers[number] = 1.0
    return list(found.values())


def _widen(words: Words, query: Query, wanted: list[_Wanted]) -> None:
    """Add to each word what else it may stand for."""
    if query.prefix:
        _complete(words, wanted, query.prefix)
    _join(words, query, wanted)
    small = sum(map(is_stop_word, query.surfaces))
    languages = languages_of(map(form_of, query.surfaces), STOP_TERMS)
    slips = _MAX_SLIPS if query.slips else 0
    phrased = {form for phrase in query.phrases for form in phrase}
    for one in wanted[:]:
        if not _may_differ(one.form) or one.form in phrased:
            continue
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


def _complete(words: Words, wanted: list[_Wanted], prefix: str) -> None:
    """What the last word may become."""
    last = next((one for one in wanted if one.form == prefix), None)
    if last is None:
        return
    for form in words.lexicon.starting_with(prefix, _MAX_COMPLETIONS):
        last.add(words.term_number(form), _COMPLETED, words.vocabulary.names[form])


def _join(words: Words, query: Query, wanted: list[_Wanted]) -> None:
    """Two words of the question that the vault writes as one stand for both of them."""
    by_form = {one.form: one for one in wanted}
    forms = [form_of(surface) for surface in query.surfaces[:200]]
    for first, second in pairwise(forms):
        if first in by_form and second in by_form and words.vocabulary.is_used(first + second):
            number = words.number_of(term_of_form(first + second))
            if number is not None:
                by_form[first].add(number, _JOINED, first + second)
                by_form[second].add(number, _JOINED, first + second)


def _inflect(words: Words, one: _Wanted, language: str) -> None:
    """The forms of the vault that are the same word in a language."""
    stemmer = STEMMERS[language]
    stem = stemmer(one.form)
    fronts = (stem, "ge" + stem) if language == "de" else (stem,)
    for front in fronts if len(stem) >= 3 else ():
        for form in words.lexicon.starting_with(front, _SCANNED):
            name = words.vocabulary.names[form]
            if stemmer(name) == stem:
                one.add(words.term_number(form), 1.0, name)


def _find_in_compounds(words: Words, one: _Wanted) -> None:
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


def _split(words: Words, one: _Wanted, *, some: bool) -> bool:
    """An unknown compound stands for its parts: together, or else, with `some`, for either."""
    best: tuple[int, tuple[str, ...]] = 0, ()
    for parts in _splits(words, one.form):
        numbers = [words.number_of(term_of_form(part)) for part in parts]
        known = tuple(n for n in numbers if n is not None)
        held = len(_rows_with_all(words, known))
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


def _rows_with_all(words: Words, numbers: tuple[int, ...]) -> _Rows:
    rows = [words.postings.rows_of(number)[0] for number in numbers]
    found: _Rows = rows[0]
    for others in rows[1:]:
        found = np.intersect1d(found, others, assume_unique=True)
    return found[words.alive[found]]


def _is_seldom(words: Words, one: _Wanted) -> bool:
    return sum(map(words.frequency, one.numbers)) <= _SELDOM


def _slips(words: Words, one: _Wanted, *, unknown: bool) -> list[_Wanted]:
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


def _guess(words: Words, one: _Wanted, form: int) -> _Wanted:
    guess = _Wanted(one.text, one.form, share=_SLIP_OF_KNOWN, is_guess=True)
    guess.add(words.term_number(form), 1.0, f"near '{words.vocabulary.names[form]}'")
    return guess


def _asked(words: Words, one: _Wanted, alive: NDArray[np.bool_], living: int) -> tuple[int, Asked]:
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
    numbers = numbers or tuple((number, _PARTS) for number in one.together)
    return holding, Asked(term, rows, counts, numbers, tuple(shown))


def _together(words: Words, numbers: tuple[int, ...]) -> tuple[_Rows, Floats]:
    """Rows that hold all of the terms, and how often they hold the rarest."""
    rows = _rows_with_all(words, numbers)
    counts = np.full(len(rows), 255, np.float32)
    for number in numbers:
        of_term, of_counts = words.postings.rows_of(number)
        counts = np.minimum(counts, of_counts[np.searchsorted(of_term, rows)])
    return rows, counts * np.float32(_PARTS)


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
