"""The accurate embedder."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from holdfast.errors import MissingExtra
from holdfast.index.minilm import MiniLMEmbedder


@pytest.fixture(scope="module")
def minilm() -> MiniLMEmbedder:
    return MiniLMEmbedder()


def test_similar_meaning_is_nearer_than_similar_letters(minilm: MiniLMEmbedder) -> None:
    """No word in common, yet the same thing said."""
    car, automobile, cart = minilm.embed(
        ["I bought a red car", "She purchased a crimson automobile", "I brought a bed cart"]
    )

    assert car @ automobile > car @ cart


def test_a_vector_does_not_depend_on_the_company(minilm: MiniLMEmbedder) -> None:
    """The same bits alone and among longer texts, or indexes would differ."""
    texts = ["short", "a much longer text that would pad the short one", "短い"]

    together = minilm.embed(texts)

    assert [minilm.embed([text])[0].tobytes() for text in texts] == [
        row.tobytes() for row in together
    ]


def test_rows_have_length_one_and_odd_texts_are_taken(minilm: MiniLMEmbedder) -> None:
    """Empty is zero; lone surrogates, NUL and 10,000 words are embedded."""
    rows = minilm.embed(["", "  ", "\ud800", "a\x00b", "word " * 10_000])

    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), [0, 0, 1, 1, 1], atol=1e-5)
    assert (0, 384) == minilm.embed([]).shape


def test_without_onnxruntime_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error says what to install."""
    monkeypatch.setitem(sys.modules, "onnxruntime", None)

    with pytest.raises(MissingExtra, match="minilm"):
        MiniLMEmbedder()
