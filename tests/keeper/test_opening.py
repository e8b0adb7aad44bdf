"""Opening a store again and again, also after it failed."""

from __future__ import annotations

import pytest

import holdfast
from fix_keeper import World
from holdfast.errors import RootKeyWrong
from holdfast.vault.envelope import new_secret
from holdfast.vault.root import key_text


async def test_a_failed_opening_does_not_stand_in_the_way(world: World) -> None:
    """While somebody still looks at the error, the next opening goes through."""
    await (await world.open()).close()

    with pytest.raises(RootKeyWrong) as held:
        await world.open(root_key=holdfast.GivenKey(key_text(new_secret())))
    keeper = await world.open()

    assert held.value.__traceback__ is not None
    assert [] == await keeper.users()
