"""A store in memory for each test."""

from __future__ import annotations

import pytest

from holdfast.vault.vault import Vault
from unit.vault.world import World


@pytest.fixture
def world() -> World:
    """An empty store."""
    return World()


@pytest.fixture
async def vault(world: World) -> Vault:
    """A new vault in it."""
    return await world.create()
