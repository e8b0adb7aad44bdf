"""The cut to candidates: exactly the best, whatever way they are looked for."""

from __future__ import annotations

import numpy as np
import pytest

from holdfast.index.candidates import Admitted, best_rows, best_windows
from holdfast.index.order import Places, SessionOrder
from holdfast.index.scoring import AFTER_SHARE, BEFORE_SHARE

ROWS = 20_000


@pytest.fixture(scope="module")
def order() -> SessionOrder:
    numbers = np.arange(ROWS)
    places = Places(
        (numbers // 37).astype(np.int32), numbers.astype(np.int32), numbers.astype(np.uint64)
    )
    made = SessionOrder()
    made.extend(places, int(numbers[-1] // 37) + 1)
    return made


def windows(scores: np.ndarray, order: SessionOrder) -> np.ndarray:
    """Every row's, looked at one by one."""
    padded = np.append(scores, np.float32(0))
    return (
        scores
        + np.float32(BEFORE_SHARE) * padded[order.before]
        + np.float32(AFTER_SHARE) * padded[order.after]
    )


def highest(values: np.ndarray, mask: np.ndarray, size: int) -> list[int]:
    rows = [row for row in np.argsort(-values, kind="stable").tolist() if mask[row]]
    return sorted(row for row in rows[:size] if values[row] > 0)


def first(rows: np.ndarray, count: int) -> np.ndarray:
    return np.sort(rows)[:count]


@pytest.mark.parametrize("kind", ["dense", "sparse", "negative", "equal", "few"])
@pytest.mark.parametrize("share", [1.0, 0.5, 0.001])
def test_the_best_rows_and_windows_are_found(order: SessionOrder, kind: str, share: float) -> None:
    """Of scores of any shape, with all rows admitted, half of them, or hardly any."""
    random = np.random.default_rng(3)
    scores = random.random(ROWS).astype(np.float32)
    if kind == "sparse":
        scores[random.random(ROWS) > 0.01] = 0
    elif kind == "negative":
        scores -= np.float32(0.9)
    elif kind == "equal":
        scores[:] = 0.25
    elif kind == "few":
        scores[7:] = 0
    mask = random.random(ROWS) < share
    admitted = Admitted(mask)

    rows = best_rows(scores, admitted, size=200, first=first)
    near = best_windows(scores, order, admitted, size=100, first=first)

    assert highest(scores, mask, 200) == sorted(rows.tolist())
    assert highest(windows(scores, order), mask, 100) == sorted(near.tolist())
