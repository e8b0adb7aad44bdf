"""Vectors from an endpoint over HTTP."""

from __future__ import annotations

import numpy as np
import pytest

from holdfast.index.endpoint import EmbedderFailed

from .conftest import DIMS, Served


def test_texts_become_unit_vectors_in_their_order(served: Served) -> None:
    """Whatever order the answer has; a blank text is not sent and has no direction."""
    embedder = served.embedder()

    vectors = embedder.embed(["red boat", " ", "boat red", "the moon"])

    assert (4, DIMS) == vectors.shape
    assert np.allclose([1, 0, 1, 1], np.linalg.norm(vectors, axis=1), atol=1e-6)
    assert np.allclose(vectors[0], vectors[2])
    assert not np.allclose(vectors[0], vectors[3], atol=0.1)
    assert [["red boat", "boat red", "the moon"]] == served.asked()


def test_many_texts_go_in_batches(served: Served) -> None:
    """No request is longer than an endpoint takes."""
    served.embedder().embed([f"text {number}" for number in range(150)])

    assert [64, 64, 22] == [len(texts) for texts in served.asked()]


def test_a_busy_endpoint_is_tried_again(served: Served) -> None:
    """A batch comes through when the endpoint recovers meanwhile."""
    served.fail_with(503)
    embedder = served.embedder()

    assert (2, DIMS) == embedder.embed(["one", "two"]).shape
    assert 2 == len(served.asked())


def test_a_question_is_asked_once_and_then_not_for_a_while(served: Served) -> None:
    """Somebody waits for it."""
    served.fail_with(503)
    embedder = served.embedder()

    for _ in range(3):
        with pytest.raises(EmbedderFailed):
            embedder.embed(["when did we go?"])

    assert 1 == len(served.asked())


def test_a_wrong_key_is_not_tried_again(served: Served) -> None:
    """Nothing of the key or of the texts is in what is raised."""
    embedder = served.embedder(api_key="wr0ng")

    with pytest.raises(EmbedderFailed) as raised:
        embedder.embed(["secret one", "secret two"])

    assert "it answered 401" == str(raised.value)
    assert 1 == len(served.asked())


def test_an_endpoint_that_is_not_there_fails(served: Served) -> None:
    """With the kind of the failure, and no address."""
    gone = served.embedder()
    gone._url = gone._url._replace(netloc="127.0.0.1:1")

    with pytest.raises(EmbedderFailed, match=r"^ConnectionRefusedError$"):
        gone.embed(["one", "two"])


def test_vectors_of_another_length_are_refused(served: Served) -> None:
    """They would be compared with vectors of another model."""
    other = served.embedder(dimensions=8)

    with pytest.raises(EmbedderFailed, match="numbers came"):
        other.embed(["one"])
