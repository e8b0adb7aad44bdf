"""Where words stand in a text."""

from __future__ import annotations

import string

from hypothesis import given
from hypothesis import strategies as st

from holdfast.index.words import surface_spans, surfaces


@given(st.text(alphabet=string.printable))
def test_a_plain_text_has_the_spans_of_its_surfaces(text: str) -> None:
    """In ASCII the spans are the surfaces in order, each where it says, in any case."""
    spans = surface_spans(text)

    assert [surface for surface, _, _ in spans] == surfaces(text)
    assert [text[start:end].lower() for _, start, end in spans] == surfaces(text)


def test_one_foreign_letter_changes_no_other_span() -> None:
    """A text that is not ASCII finds its ASCII words where the same text in ASCII has them."""
    plain = "Meet me at 10.30, it's the Cafe near 5,000 Oaks"

    assert surface_spans(plain) == [
        (surface.replace("é", "e"), start, end)
        for surface, start, end in surface_spans(plain.replace("Cafe", "Café"))
    ]
