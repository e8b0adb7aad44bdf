"""The static embedder."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from holdfast.errors import MissingExtra
from holdfast.index.embedder import StaticEmbedder, packaged_file

TEXTS = [
    "hello world",
    "My favourite colour is blue, and yours?",
    " two leading  and  double   spaces",
    "trailing ",
    "trailing two  ",
    "lines\n\nand\ttabs",
    "我喜欢蓝色",
    "emoji 🍕 and ▁ the mark itself",
    "word " * 300,
]


def test_vectors_equal_wordllamas_own(static: StaticEmbedder) -> None:
    """Reading the files ourselves changes nothing but the time it takes."""
    import wordllama

    own = wordllama.WordLlama.load(
        cache_dir=Path(wordllama.__file__).parent, disable_download=True
    ).embed(TEXTS, norm=True)

    np.testing.assert_allclose(static.embed(TEXTS), own, atol=1e-6)


def test_a_vector_does_not_depend_on_the_company(static: StaticEmbedder) -> None:
    """Alone, with others and in another order: the same bits, or indexes would differ."""
    together = static.embed(TEXTS * 4)

    for at, text in enumerate(TEXTS):
        assert static.embed([text])[0].tobytes() == together[at].tobytes()


def test_rows_have_length_one_and_empty_texts_length_zero(static: StaticEmbedder) -> None:
    """A text without content is similar to nothing."""
    lengths = np.linalg.norm(static.embed(["something", ""]), axis=1)

    np.testing.assert_allclose(lengths, [1, 0], atol=1e-6)
    assert (0, 256) == static.embed([]).shape


@pytest.mark.parametrize("text", ["\ud800", "a\x00b", "\x00", "x" * 1_000_000, "<s>", "\u0301"])
def test_odd_text_is_embedded(static: StaticEmbedder, text: str) -> None:
    """Lone surrogates, NUL, a megabyte without a space: a finite vector."""
    assert np.isfinite(static.embed([text])).all()


def test_a_missing_package_is_named() -> None:
    """The error says what to install."""
    with pytest.raises(MissingExtra) as caught:
        packaged_file("no_such_package", "x", feature="search", extra="minilm")

    assert "minilm" == caught.value.extra


def test_threads_may_embed_at_the_same_time() -> None:
    """New words from several threads at once: no error, the same vectors as alone."""
    shared = StaticEmbedder()
    texts = [[f"word{n} new{n}{thread} text" for n in range(200)] for thread in range(4)]

    with ThreadPoolExecutor(4) as threads:
        rows = list(threads.map(lambda lot: np.vstack([shared.embed([t]) for t in lot]), texts))

    for lot, together in zip(texts, rows, strict=True):
        assert shared.embed(lot).tobytes() == together.tobytes()
