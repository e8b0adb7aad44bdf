"""The words of a vault: what stands in its texts, folded, and the terms these are looked up by."""

from __future__ import annotations

from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from holdfast.index.growing import Growing
from holdfast.index.shapes import shape_of_term
from holdfast.index.words import form_of, is_pair, term_of_form

__all__ = ["Vocabulary"]

_MAX_KNOWN_SURFACES = 300_000


class _Surfaces(dict[str, int]):
    """Surface to form number; a surface not seen before gets its form, a new form its number."""

    def __init__(self, forms: dict[str, int]) -> None:
        super().__init__()
        self._forms = forms

    def __missing__(self, surface: str) -> int:
        form = form_of(surface)
        number = self[surface] = self._forms.setdefault(form, len(self._forms))
        return number


class Vocabulary:
    """Forms and terms by number, in order of first appearance; shared by all postings of a vault.

    `uses` counts the places where living texts have a form: what is no longer used is not there,
    though its number stays until `prune`.
    """

    def __init__(self) -> None:
        self.forms: dict[str, int] = {}
        self.names: list[str] = []
        """Forms by number."""
        self.terms: dict[str, int] = {}
        self._term_names: list[str] = []
        self._surfaces = _Surfaces(self.forms)
        self._form_terms = Growing(np.int32)
        self._pairs = Growing(np.bool_)
        self._uses = Growing(np.int64)
        self._term_shapes = Growing(np.uint8)

    @property
    def nbytes(self) -> int:
        arrays = self._form_terms, self._pairs, self._uses, self._term_shapes
        # A dictionary entry takes about 60 bytes, a string as many; most surfaces are their form.
        words = 130 * len(self.forms) + 80 * len(self._surfaces) + 80 * len(self.terms)
        return sum(array.nbytes for array in arrays) + words

    @property
    def form_terms(self) -> NDArray[np.int32]:
        """Form to term."""
        return self._form_terms.used

    @property
    def pairs(self) -> NDArray[np.bool_]:
        """Which forms are pairs of characters: looked up, but no place of their own in a text."""
        return self._pairs.used

    @property
    def uses(self) -> NDArray[np.int64]:
        """Places by form; 0 for pairs."""
        return self._uses.used

    @property
    def term_shapes(self) -> NDArray[np.uint8]:
        """Bits of `holdfast.index.shapes` by term."""
        return self._term_shapes.used

    def numbers(self, surfaces: Any, count: int) -> NDArray[np.int64]:
        """The form of each of `count` surfaces; new ones get a number."""
        if len(self._surfaces) > _MAX_KNOWN_SURFACES:
            self._surfaces.clear()
        found = np.fromiter(map(self._surfaces.__getitem__, surfaces), np.int64, count)
        self._take_in_new_forms()
        return found

    def count(self, forms: NDArray[Any], change: int) -> None:
        """Places with these forms have come (+1) or gone (-1)."""
        _add(self._uses.used, forms, change)

    def uses_of(self, form: str) -> int:
        """In how many places living texts have the form."""
        number = self.forms.get(form)
        return 0 if number is None else int(self._uses.used[number])

    def is_used(self, form: str) -> bool:
        """Whether a living text has the form."""
        return self.uses_of(form) > 0

    def terms_named(self, numbers: set[int]) -> set[str]:
        """Terms by their numbers."""
        return {self._term_names[number] for number in numbers}

    def prune(
        self, held_terms: NDArray[np.bool_]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]] | None:
        """Know only what is used; return the new numbers of forms and of terms, None if all is.

        Args:
            held_terms: which terms anything living is looked up by; shape (terms,). The numbers
                of what is left out mean nothing.
        """
        used = (self._uses.used > 0) | (self._pairs.used & held_terms[self._form_terms.used])
        if used.all():
            return None
        kept = [name for name, is_used in zip(self.names, used.tolist(), strict=True) if is_used]
        old_terms = self._form_terms.used
        used_terms = np.zeros(len(self.terms), bool)
        used_terms[old_terms[used]] = True
        new_forms, new_terms = np.cumsum(used) - 1, np.cumsum(used_terms) - 1
        uses = self._uses.used[used]
        terms = [t for t, is_used in zip(self.terms, used_terms.tolist(), strict=True) if is_used]
        self.restore(kept, terms, new_terms[old_terms[used]].astype(np.int32))
        self._uses.replace(uses)
        return new_forms, new_terms

    def state(self) -> tuple[list[str], list[str], NDArray[np.int32]]:
        """What `restore` takes."""
        return self.names, self._term_names, self._form_terms.used

    def restore(self, names: list[str], terms: list[str], form_terms: NDArray[np.int32]) -> None:
        """Hold these forms and terms; nothing is used until it is counted."""
        self.names = list(names)
        self.forms = {name: number for number, name in enumerate(names)}
        self.terms = {term: number for number, term in enumerate(terms)}
        self._term_names = list(terms)
        self._surfaces = _Surfaces(self.forms)
        self._form_terms.replace(form_terms)
        self._pairs.replace(np.array([is_pair(name) for name in names], bool))
        self._uses.replace(np.zeros(len(names), np.int64))
        self._term_shapes.replace(np.array([shape_of_term(term) for term in terms], np.uint8))

    def _take_in_new_forms(self) -> None:
        first = len(self.names)
        if first == len(self.forms):
            return
        new = list(islice(self.forms, first, None))
        known = len(self.terms)
        terms = [self.terms.setdefault(term_of_form(form), len(self.terms)) for form in new]
        self.names += new
        self._form_terms.extend(np.array(terms, np.int32))
        self._pairs.extend(np.array([is_pair(form) for form in new], bool))
        self._uses.extend(np.zeros(len(new), np.int64))
        new_terms = list(islice(self.terms, known, None))
        self._term_names += new_terms
        self._term_shapes.extend(np.array([shape_of_term(term) for term in new_terms], np.uint8))


def _add(counts: NDArray[np.int64], numbers: NDArray[Any], change: int) -> None:
    if len(numbers) < 1000:
        np.add.at(counts, numbers, change)
    else:
        counts += change * np.bincount(numbers, minlength=len(counts))
