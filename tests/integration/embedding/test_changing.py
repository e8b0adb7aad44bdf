"""Another embedder takes over in the background, from the state that there is."""

from __future__ import annotations

from pathlib import Path

import pytest

import holdfast
from holdfast.index.tiers import TierState
from holdfast.keeper.keeper import Keeper
from holdfast.keeper.opening import Embedding, Opening
from holdfast.keeper.users import User

from .conftest import Served

TALKS = ["the red boat leaks", "violin lessons on Monday", "a birthday cake with plums"]


def opened(folder: Path, embedder: Embedding) -> Opening:
    return holdfast.open(
        f"sqlite:///{folder / 'holdfast.db'}",
        root_key=holdfast.KeyFile(folder / "root.key"),
        embedder=embedder,
    )


async def told(user: User, count: int = 1) -> None:
    session = await user.sessions.start()
    for number in range(count):
        for text in TALKS:
            await session.log_full_chat_interaction(f"{text} {number}", f"noted: {text}")


async def embedded(keeper: Keeper, user: User) -> list[TierState]:
    steps: list[TierState] = []
    steps.append(await keeper.store.indexes.embed_all(user.vault, told=steps.append))
    return steps


async def test_static_serves_until_the_endpoint_has_all(tmp_path: Path, served: Served) -> None:
    """A history is searched at once, then by the new embedder; its progress can be watched."""
    async with opened(tmp_path, "static") as keeper:
        user = await keeper.user("ada")
        await told(user, 20)
        await user.recall("boat")

    async with opened(tmp_path, served.at) as keeper:
        user = await keeper.user("ada")
        first = await keeper.store.indexes.tier(user.vault)
        assert (120, 120) == (first.owed, first.entries)
        assert "wordllama" in first.serving
        assert "boat" in (await user.recall("red boat"))[0].text
        last = (await embedded(keeper, user))[-1]

    assert (0, "") == (last.owed, last.failing)
    assert last.serving == last.wanted == f"endpoint {served.at.base_url[7:-3]} words"


async def test_what_was_embedded_is_not_sent_again(tmp_path: Path, served: Served) -> None:
    """After a restart only what is new goes to the endpoint, and questions."""
    async with opened(tmp_path, served.at) as keeper:
        user = await keeper.user("ada")
        await told(user)
        await embedded(keeper, user)
    before = len(served.asked())

    async with opened(tmp_path, served.at) as keeper:
        user = await keeper.user("ada")
        assert 0 == (await keeper.store.indexes.tier(user.vault)).owed
        session = await user.sessions.start()
        await session.log_full_chat_interaction("the moon is full", "so it is")
        await embedded(keeper, user)

    sent = [text for texts in served.asked()[before:] for text in texts]
    assert ["the moon is full", "so it is"] == sent


async def test_a_failing_endpoint_leaves_static_serving(
    tmp_path: Path, served: Served, caplog: pytest.LogCaptureFixture
) -> None:
    """Everything is found all the same; the state says what is wrong, the log no text."""
    served.fail_with(500)
    async with opened(tmp_path, served.at) as keeper:
        user = await keeper.user("ada")
        await told(user)
        assert "violin" in (await user.recall("violin lessons"))[0].text
        state = (await embedded(keeper, user))[-1]

    assert "wordllama" in state.serving
    assert "it answered 500" == state.failing or "half a minute" in state.failing
    assert 0 == sum("violin" in record.getMessage() for record in caplog.records)


async def test_a_removed_message_is_not_sent(tmp_path: Path, served: Served) -> None:
    """What was forgotten before its turn came leaves the machine no more."""
    async with opened(tmp_path, "static") as keeper:
        user = await keeper.user("ada")
        await told(user)
        found = (await user.recall("violin", role="user"))[0]
        assert found.message is not None
        await user.forget(found.message.id)

    async with opened(tmp_path, served.at) as keeper:
        user = await keeper.user("ada")
        await embedded(keeper, user)

    sent = [text for texts in served.asked() for text in texts]
    assert "violin lessons on Monday 0" not in sent
    assert "the red boat leaks 0" in sent


async def test_snapshots_with_a_tier_are_sealed(tmp_path: Path, served: Served) -> None:
    """Its vectors are treated as plaintext."""
    async with opened(tmp_path, served.at) as keeper:
        user = await keeper.user("ada")
        await told(user)
        await embedded(keeper, user)

    raw = b"".join(path.read_bytes() for path in tmp_path.glob("*.index/*"))
    assert len(raw) > 1_000
    assert b"HFINDEX" not in raw
    assert b"words" not in raw
