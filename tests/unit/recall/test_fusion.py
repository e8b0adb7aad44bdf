"""Weights as data."""

from __future__ import annotations

import numpy as np
import pytest

from holdfast.recall.confidence import CONFIDENCE_FEATURES
from holdfast.recall.features import FEATURES
from holdfast.recall.fusion import Fusion, SetFile, shipped_weights
from holdfast.recall.sessions import SESSION_FEATURES

SETS = {
    "people": SetFile(bias=-1.0, weights={"a": 2.0}),
    "assistant": SetFile(bias=-3.0, weights={"b": 5.0}),
}


def test_a_score_is_the_sum_of_its_parts_and_the_bias() -> None:
    """With the set that the candidate's conversation calls for."""
    fusion = Fusion(SETS, ["a", "b"])
    people = np.array([True, False])

    parts = fusion.parts(np.array([[1, 1], [1, 2]], np.float32), people)

    assert [[2, 0], [0, 10]] == parts.tolist()
    assert [1, 7] == fusion.scores(parts, people).tolist()


def test_a_given_weight_takes_the_place_of_a_learned_one_only_where_it_is_given() -> None:
    """Sessions and the confidence have features of the same names, with weights of their own."""
    people = np.array([True])
    features = np.ones((1, 2), np.float32)

    given = Fusion(SETS, ["a", "b"], given={"a": 7.0}).parts(features, people)
    learned = Fusion(SETS, ["a", "b"]).parts(features, people)

    assert [[7, 0]] == given.tolist()
    assert [[2, 0]] == learned.tolist()


def test_no_part_of_a_session_speaks_against_it() -> None:
    """What can only speak for a session, a time that fits, never carries it down."""
    for tier in shipped_weights().tiers.values():
        for of_kind in tier.sessions.values():
            assert min(of_kind.weights.values()) > 0


def test_weights_for_unknown_features_are_refused() -> None:
    """A renamed feature must not silently lose its weight."""
    with pytest.raises(ValueError, match="do not exist"):
        Fusion(SETS, ["a"])


def test_the_shipped_weights_fit_the_features_and_say_where_they_come_from() -> None:
    """Both stages, both kinds, with licence and cross-validated figures."""
    file = shipped_weights()

    for tier in file.tiers.values():
        Fusion(tier.messages, FEATURES)
        Fusion(tier.sessions, SESSION_FEATURES)
        Fusion(tier.confidence, CONFIDENCE_FEATURES)
    for kind in ("people", "assistant"):
        assert {"data", "licence"} <= file.provenance["sets"][kind].keys()
        for figures in file.provenance["figures"].values():
            assert {"cross_validated", "on_its_own_data", "confidence"} <= figures[kind].keys()
