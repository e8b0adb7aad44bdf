"""A reranker looks at the first hits of a store."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice

import holdfast
from holdfast.bench.texts import Talk


class Backwards:
    """Turns the order round."""

    name = "backwards"

    def __init__(self) -> None:
        self.seen: list[Sequence[str]] = []

    def scores(self, question: str, texts: Sequence[str]) -> Sequence[float]:
        self.seen.append(texts)
        return list(range(len(texts)))


async def test_a_reranker_orders_the_first_hits_and_pages_fit_together() -> None:
    """It sees fifty texts for each question, and the pages are cut from what it made of them."""
    backwards = Backwards()
    async with (
        holdfast.open("memory:") as plain,
        holdfast.open("memory:", reranker=backwards) as reranked,
    ):
        users = [await keeper.user("ada") for keeper in (plain, reranked)]
        for user in users:
            session = await user.sessions.start()
            for one in islice(Talk(seed=5).exchanges(), 60):
                await session.log_full_chat_interaction(one.question, one.answer)
        question = next(Talk(seed=6).questions())
        before = [hit.text for hit in await users[0].recall(question, limit=50)]
        pages = [await users[1].recall(question, limit=n) for n in (3, 50)]

    assert before[:-4:-1] == [hit.text for hit in pages[0]]
    assert before[::-1] == [hit.text for hit in pages[1]]
    assert {"reranked by backwards"} == {hit.reasons[-1].name for hit in pages[1]}
    assert [50, 50] == [len(texts) for texts in backwards.seen]
