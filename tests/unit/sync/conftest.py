"""A store in memory for threads."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import holdfast.sync


@pytest.fixture
def keeper() -> Iterator[holdfast.sync.Keeper]:
    """An empty store; nothing of it outlives the test."""
    with holdfast.sync.open("memory:") as keeper:
        yield keeper
