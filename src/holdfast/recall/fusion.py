"""Many numbers to one: a weighted sum, with weights learned and kept as data.

The sum is linear on purpose: on conversations of kinds it was not trained on it kept what it had
learned, boosted trees did not; and each part of it can be named to the person who asks why.
People among themselves and a person with an assistant talk differently, so there are two sets of
weights; which one counts is decided for each candidate by whether an assistant speaks in its
session.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any

import msgspec
import numpy as np

from holdfast.index.embedder import Floats
from holdfast.recall.features import FEATURES

__all__ = ["Fusion", "shipped"]


class _Set(msgspec.Struct):
    weights: dict[str, float]
    bias: float


class _File(msgspec.Struct):
    format: int
    provenance: dict[str, Any]
    sets: dict[str, _Set]


class Fusion:
    """Weighted sums of features."""

    def __init__(self, people: Floats, assistant: Floats, biases: tuple[float, float]) -> None:
        """Weights in the order of `FEATURES`, and what is added for each kind (people first)."""
        self._weights = np.stack([assistant, people])
        self._biases = np.array(biases[::-1], np.float64)

    def parts(self, features: Floats, among_people: Any) -> Floats:
        """What each feature adds to each candidate's score; shape (c, f)."""
        parts: Floats = features * self._weights[among_people.astype(np.intp)]
        return parts

    def scores(self, parts: Floats, among_people: Any) -> Any:
        """Log-odds, float64, shape (c,)."""
        return parts.sum(axis=1, dtype=np.float64) + self._biases[among_people.astype(np.intp)]


@cache
def shipped() -> Fusion:
    """The weights that come with the package; see `weights.json` for where they come from."""
    raw = files("holdfast.recall").joinpath("weights.json").read_bytes()
    return load(raw)


def load(raw: bytes) -> Fusion:
    """Weights from the JSON form of `weights.json`.

    Raises:
        ValueError: another format, or a feature that does not exist (msgspec's error is one).
    """
    file = msgspec.json.decode(raw, type=_File)
    if file.format != 1:
        raise ValueError("weights of another format")
    people, assistant = file.sets["people"], file.sets["assistant"]
    return Fusion(_row(people), _row(assistant), (people.bias, assistant.bias))


def _row(weights: _Set) -> Floats:
    unknown = weights.weights.keys() - FEATURES.keys()
    if unknown:
        raise ValueError(f"weights for features that do not exist: {sorted(unknown)}")
    return np.array([weights.weights.get(name, 0.0) for name in FEATURES], np.float32)
