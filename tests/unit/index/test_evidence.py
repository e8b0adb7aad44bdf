"""What a search found out."""

from __future__ import annotations

import numpy as np

from holdfast.index.evidence import Spread


def test_a_lone_word_of_a_big_vault_is_far_but_not_a_thousand_deviations() -> None:
    """Weights are learned in small vaults: whatever they say of it must not drown all else."""
    spread = Spread(mean=0.0, deviation=0.01, best=10.0)

    standard = spread.standard(np.array([10.0, 0.1, -0.1], np.float32))

    assert np.allclose([30.0, 10.0, -10.0], standard)
