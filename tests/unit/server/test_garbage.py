"""What a server's process is looked through for, and what it is not."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from holdfast.server.serve import _look_for_garbage_among_the_new


@pytest.fixture
def _as_before() -> Iterator[None]:
    """Garbage is looked for afterwards as it was before: the process is the tests' own."""
    before = gc.get_threshold()
    yield
    gc.unfreeze()
    gc.set_threshold(*before)


@pytest.mark.usefixtures("_as_before")
def test_what_is_loaded_at_the_start_is_not_looked_through_again() -> None:
    """A search for garbage in all there is would stop every turn: it sees only what came since."""
    before = len(gc.get_objects())

    _look_for_garbage_among_the_new()

    assert gc.get_freeze_count() >= before / 2
    assert len(gc.get_objects()) < before / 2


@pytest.mark.usefixtures("_as_before")
def test_what_came_since_is_collected() -> None:
    """Cycles of later objects go, however many were left out."""
    _look_for_garbage_among_the_new()
    gone: list[bool] = []

    class Cycle:
        def __init__(self) -> None:
            self.me = self

        def __del__(self) -> None:
            gone.append(True)

    Cycle()
    gc.collect()

    assert gone == [True]
