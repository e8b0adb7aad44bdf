"""Many numbers to one: a weighted sum, with weights learned and kept as data.

The sum is linear on purpose: on conversations of kinds it was not trained on it kept what it had
learned, boosted trees did not; and each part of it can be named to the person who asks why.
People among themselves and a person with an assistant talk differently, so there are two sets of
weights; which one counts is decided for each candidate by whether an assistant speaks in its
session. `bench/recall_fusion.py` learns them; `weights.json` says from what.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from holdfast.index.embedder import Floats

__all__ = ["GIVEN", "Fusion", "SetFile", "TierFile", "WeightsFile", "shipped_weights"]


GIVEN = {"title": 5.0, "newer": 0.8, "coverage": 0.5}
"""Weights of messages' features that are not learned: no conversation to learn from has a title,
few questions ask how things are now, and none is a word or two. A title that says all of the
question counts about as much as a message that does; of two statements that answer about as well,
the newer one comes first; and of two neighbours the one that has the word."""


class SetFile(msgspec.Struct):
    """Weights for one kind of conversation."""

    bias: float
    weights: dict[str, float]


class TierFile(msgspec.Struct):
    """Weights for one embedder: for each sum the sets "people" and "assistant"."""

    messages: dict[str, SetFile]
    sessions: dict[str, SetFile]
    confidence: dict[str, SetFile]


class WeightsFile(msgspec.Struct):
    """What `weights.json` holds."""

    format: int
    provenance: dict[str, Any]
    tiers: dict[str, TierFile]
    """By the name of the embedder; the first counts for embedders that are not there."""

    def tier(self, embedder: str) -> TierFile:
        """The weights for what this embedder compares."""
        return self.tiers.get(embedder) or next(iter(self.tiers.values()))


class Fusion:
    """Weighted sums of named features."""

    def __init__(
        self,
        sets: dict[str, SetFile],
        features: Iterable[str],
        *,
        given: Mapping[str, float] = MappingProxyType({}),
    ) -> None:
        """Takes the sets "people" and "assistant"; `features` in the order of the matrix; `given`
        are weights in place of those of the sets.

        Raises:
            ValueError: a weight is for a feature that does not exist.
        """
        names = list(features)
        chosen = sets["assistant"], sets["people"]
        unknown = {name for each in chosen for name in each.weights} - set(names)
        if unknown:
            raise ValueError(f"weights for features that do not exist: {sorted(unknown)}")
        self._weights = np.array(
            [[given.get(n, s.weights.get(n, 0.0)) for n in names] for s in chosen], np.float32
        )
        self._biases = np.array([s.bias for s in chosen], np.float64)

    def parts(self, features: Floats, among_people: NDArray[np.bool_]) -> Floats:
        """What each feature adds to each candidate's score; shape (c, f)."""
        parts: Floats = features * self._weights[among_people.astype(np.intp)]
        return parts

    def scores(self, parts: Floats, among_people: NDArray[np.bool_]) -> NDArray[np.float64]:
        """The sums, as log-odds of being evidence; shape (c,)."""
        sums: NDArray[np.float64] = parts.sum(axis=1, dtype=np.float64)
        return sums + self._biases[among_people.astype(np.intp)]


@cache
def shipped_weights() -> WeightsFile:
    """The weights that come with the package."""
    raw = files("holdfast.recall").joinpath("weights.json").read_bytes()
    return msgspec.json.decode(raw, type=WeightsFile)
