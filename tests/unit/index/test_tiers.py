"""Vectors that are owed, paid and compared by."""

from __future__ import annotations

import numpy as np
import pytest

from holdfast.index.embedder import Floats, StaticEmbedder
from holdfast.index.endpoint import EmbedderFailed
from holdfast.index.entries import Entry
from holdfast.index.tiers import Tier
from holdfast.index.vault_index import VaultIndex


class Lettered:
    """A direction for each first letter; counts what it was given, fails when told to."""

    dims = 26

    def __init__(self, name: str = "lettered") -> None:
        self.name = name
        self.given: list[str] = []
        self.fails = False

    def embed(self, texts: list[str]) -> Floats:
        if self.fails:
            raise EmbedderFailed("away")
        self.given += texts
        rows = np.zeros((len(texts), self.dims), np.float32)
        for row, text in enumerate(texts):
            rows[row, ord(text[0].lower()) % 26] = 1
        return rows


def entry(number: int, text: str) -> Entry:
    return Entry(id=f"m{number}", session_id="s", seq=number, at_ms=number, text=text)


def many(count: int) -> list[Entry]:
    return [entry(number, f"{'abc'[number % 3]} word{number}") for number in range(count)]


def paid(index: VaultIndex, entries: list[Entry]) -> VaultIndex:
    texts = {one.id: one.text for one in entries}
    while index.is_owing:
        index.pay(texts, 50)
    return index


def test_the_tier_serves_when_it_owes_little(static: StaticEmbedder) -> None:
    """The index's own embedder does until then."""
    tier = Lettered()
    index = VaultIndex(static, tiers=[tier])
    index.add(many(200))
    assert (static.name, 200) == (index.tier.serving, index.tier.owed)

    index.pay({}, 140)

    assert ("lettered", 60) == (index.tier.serving, index.tier.owed)
    assert 1.0 == pytest.approx(index.search("alpha").cosine[0].max(), abs=1e-3)


def test_what_is_owed_is_compared_by_the_other_one(static: StaticEmbedder) -> None:
    """A message that was just added is near to its own words at once."""
    entries = many(100)
    index = paid(VaultIndex(static, tiers=[Lettered()]), entries)
    index.add(entries)
    paid(index, entries)
    index.add([entry(500, "quick zebra lunch")])

    evidence = index.search("quick zebra lunch")

    assert 1.0 == pytest.approx(evidence.cosine[0][evidence.ids.index("m500")], abs=0.01)


def test_removed_rows_are_not_paid_for(static: StaticEmbedder) -> None:
    """Nor do the others lose their place, after rows were renumbered."""
    tier = Lettered()
    index = VaultIndex(static, tiers=[tier])
    entries = many(90)
    index.add(entries)
    index.remove([one.id for one in entries[::3]])
    index.dump()

    paid(index, entries)

    assert not any(text.startswith("a") for text in tier.given)
    evidence = index.search("b")
    assert {True} == {
        (evidence.cosine[0][at] > 0.9) == (int(one[1:]) % 3 == 1)
        for at, one in enumerate(evidence.ids)
    }


def test_a_snapshot_keeps_what_was_paid_and_what_is_owed(static: StaticEmbedder) -> None:
    """Texts are asked for again only of what is owed."""
    entries = many(150)
    index = VaultIndex(static, tiers=[Lettered()])
    index.add(entries)
    index.pay({}, 100)
    tier = Lettered()

    loaded = VaultIndex.load(index.dump(), static, tiers=[tier])

    unread = loaded.unread(1000)
    assert 50 == loaded.tier.owed == len(unread)
    paid(loaded, entries)
    assert sorted(tier.given) == sorted(one.text for one in entries if one.id in unread)


def test_an_old_tier_serves_until_the_new_one_is_paid(static: StaticEmbedder) -> None:
    """Then it is let go of."""
    entries = many(150)
    index = paid_first = VaultIndex(static, tiers=[Lettered("old")])
    index.add(entries)
    paid(paid_first, entries)
    new = Lettered("new")

    index = VaultIndex.load(index.dump(), static, tiers=[new], known=lambda name: Lettered(name))
    assert ("old", "new", 150) == (index.tier.serving, index.tier.wanted, index.tier.owed)
    paid(index, entries)

    assert ("new", 0) == (index.tier.serving, index.tier.owed)
    assert static.name == VaultIndex.load(index.dump(), static).tier.serving


def test_a_failing_tier_stands_back_and_returns(static: StaticEmbedder) -> None:
    """Its failure is told; paying asks whether it is back."""
    entries, tier = many(100), Lettered()
    index = VaultIndex(static, tiers=[tier])
    index.add(entries)
    paid(index, entries)
    tier.fails = True

    evidence = index.search("word7")
    assert "m7" in evidence.ids
    assert (static.name, "away") == (index.tier.serving, index.tier.failing)
    tier.fails = False
    index.pay({}, 10)

    assert ("lettered", "") == (index.tier.serving, index.tier.failing)


def test_texts_of_a_great_debt_are_not_held(static: StaticEmbedder) -> None:
    """They would double the index: they are read again."""
    tier = Tier(Lettered())
    tier.extend(0, ["text"] * 5_000)

    texts = tier.next_owed(5_000)
    assert 2_000 == sum(text is not None for text in texts.values())
