"""The index of one vault: entries in, evidence about those that may answer a question out.

Everything is derived and exact: an index answers the same after any additions and removals as one
built afresh from what is left, and ties are settled by content, never by the order of additions.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from holdfast.index.embedder import Embedder, Floats
from holdfast.index.endpoint import EmbedderFailed
from holdfast.index.entries import Entry, Filter
from holdfast.index.evidence import Evidence
from holdfast.index.lexicon import Lexicon
from holdfast.index.lookup import wanted
from holdfast.index.naming import without_names
from holdfast.index.order import Places, SessionOrder
from holdfast.index.postings import Postings
from holdfast.index.queries import Query, parse
from holdfast.index.rows import Rows
from holdfast.index.search import Parts, find, living_speakers
from holdfast.index.snapshot import pack, unpack
from holdfast.index.tallies import Tallies
from holdfast.index.tiers import Compared, Tier, TierState
from holdfast.index.titles import Titles
from holdfast.index.vectors import Vectors
from holdfast.index.vocabulary import Vocabulary
from holdfast.index.widening import Words

__all__ = ["VaultIndex"]

_BATCH = 8192
"""Entries taken in at once: larger batches only need more memory for the time being."""
_MIN_DEAD = 2048
"""Removed rows are cleared away when they are this many and a quarter of all."""


class VaultIndex:
    """What can be found in one vault. Safe to use from several threads.

    `rev` is the caller's: the vault's revision up to which the index is current.
    """

    def __init__(self, embedder: Embedder, *, tiers: Sequence[Embedder] = ()) -> None:
        """`embedder` compares at once; `tiers` do when they have been paid for, the best first."""
        self.rev = 0
        self._tiers = [Tier(each) for each in tiers]
        self._numbering = 0
        self._embedder = embedder
        self._lock = threading.RLock()
        self._rows = Rows()
        self._vocabulary = Vocabulary()
        self._lexicon = Lexicon(self._vocabulary)
        self._postings = Postings(self._vocabulary)
        self._titles = Titles(self._vocabulary)
        self._order = SessionOrder()
        self._vectors = Vectors(embedder.dims)
        self._tallies = Tallies()

    def __len__(self) -> int:
        """How many entries can be found."""
        return self._rows.living

    @property
    def embedder(self) -> Embedder:
        """Makes the vectors of entries and questions."""
        return self._embedder

    @property
    def nbytes(self) -> int:
        """Resident bytes, about; the embedder's own are not counted."""
        words = self._vocabulary, self._lexicon, self._postings, self._titles
        parts = self._rows, *words, self._order, self._vectors, self._tallies
        return sum(part.nbytes for part in parts) + sum(tier.nbytes for tier in self._tiers)

    def add(self, entries: Iterable[Entry]) -> None:
        """Make entries findable at once; one whose id is known replaces the old one."""
        remaining = iter(entries)
        while batch := list({e.id: e for e in islice(remaining, _BATCH)}.values()):
            with self._lock:
                self.remove([entry.id for entry in batch])
                self._extend(batch)

    @property
    def tier(self) -> TierState:
        """Which embedder serves, and how far the one that is to serve has come."""
        with self._lock:
            serving, wanted = self._serving(), self._tiers[0] if self._tiers else None
            return TierState(
                serving=(serving or self).embedder.name,
                wanted=(wanted or self).embedder.name,
                owed=wanted.owed if wanted else 0,
                entries=len(self),
                failing=wanted.failing if wanted else "",
            )

    @property
    def is_tiered(self) -> bool:
        """Whether there is more than the index's own embedder: asking may then take a while."""
        return bool(self._tiers)

    @property
    def is_owing(self) -> bool:
        """Whether a tier has rows to embed, or failed: paying asks whether it is back."""
        return any(tier.owed or tier.failing for tier in self._tiers)

    def unread(self, count: int) -> list[str]:
        """Ids among the next `count` to be paid for whose texts are needed for it."""
        with self._lock:
            tier = self._next_to_pay()
            owed = tier.next_owed(count) if tier else {}
            rows = [row for row, text in owed.items() if text is None]
            return self._rows.ids_of(np.array(rows, np.intp))

    def pay(self, texts: Mapping[str, str], count: int) -> int:
        """Embed some of what a tier owes; `texts` are of those that `unread` named.

        Returns how many it was. Meant for a thread: questions are answered meanwhile.

        Raises:
            EmbedderFailed: the tier's embedder gave nothing; it does not serve until it does.
        """
        with self._lock:
            tier = self._next_to_pay()
            if tier is None:
                return 0
            numbering, rows = self._numbering, tier.next_owed(count)
            ids = self._rows.ids_of(np.array([*rows], np.intp))
        given = [
            texts.get(one, "") if text is None else text
            for one, text in zip(ids, rows.values(), strict=True)
        ]
        vectors = _embedded(tier, given or ["Is anybody there?"])
        with self._lock:
            if numbering != self._numbering:
                return 0  # the rows have other numbers now: next time
            for row, vector in zip(rows, vectors, strict=False):
                tier.pay(row, vector)
            if self._tiers and not self._tiers[0].owed:
                del self._tiers[1:]
        return len(rows)

    def _next_to_pay(self) -> Tier | None:
        """One that serves owes little: it comes first, lest it should stop serving."""
        owing = [tier for tier in self._tiers if tier.owed or tier.failing]
        return min(owing, key=lambda tier: not tier.serves, default=None)

    def _serving(self) -> Tier | None:
        return next((tier for tier in self._tiers if tier.serves), None)

    def remove(self, ids: Iterable[str]) -> None:
        """Forget entries; unknown ids are passed over."""
        with self._lock:
            self._forget(sorted(self._rows.rows_of(list(ids)).values()))

    def beside(self, ids: Sequence[str], count: int) -> dict[str, list[str]]:
        """The ids of the `count` messages on either side of each of these messages.

        A message is left out of the answer when the index does not hold all of them: those that
        have no words are not in it, and what follows a session's last message nobody knows.
        """
        with self._lock:
            found = {}
            for one, row in self._rows.rows_of(ids).items():
                rows = self._order.beside(row, self._places(), count)
                if rows is not None:
                    found[one] = self._rows.ids_of(np.array(rows, np.intp))
            return found

    def remove_session(self, session_id: str, *, memories: bool = True) -> None:
        """Forget a session's title, its messages and the memories distilled in it; those last
        stay with `memories=False`."""
        with self._lock:
            self._titles.drop(session_id)
            rows = self._rows.of_session(session_id)
            if not memories:
                rows = rows[~self._rows.column("is_memory")[rows]]
            self._forget(rows.tolist())

    def label_session(
        self,
        session_id: str,
        *,
        assistant: str | None,
        project: str | None,
        kind: str,
        tags: Sequence[str],
        platform: str | None,
    ) -> None:
        """What a session was held with and for has changed.

        Project, kind and platform also become those of the memories distilled in it; assistant
        and tags do not, for a memory has its own.
        """
        with self._lock:
            rows = self._rows.of_session(session_id)
            messages = rows[~self._rows.column("is_memory")[rows]]
            self._rows.label(rows, "project", project)
            self._rows.label(rows, "session_kind", kind)
            self._rows.label(rows, "platform", platform)
            self._rows.label(messages, "assistant", assistant)
            self._rows.label(messages, "tags", tuple(tags))

    def title_session(self, session_id: str, title: str) -> None:
        """A session is called so from now on; "" takes its title away."""
        with self._lock:
            self._titles.put(session_id, title)

    def titled(self, query: Query) -> list[str]:
        """Sessions whose titles hold every word of a query in some form; in no order.

        What it requires and excludes is not looked at.
        """
        with self._lock:
            parts = self._parts()
            alive = parts.rows.column("alive")
            known = parts.vocabulary, parts.lexicon, parts.postings, parts.titles.postings
            by_word: dict[str, list[tuple[int, ...]]] = {}
            for one in wanted(Words(*known, alive), query):
                by_word.setdefault(one.text, []).extend(one.alternatives)
            return self._titles.with_all(by_word.values())

    def search(
        self,
        question: str | Query,
        *,
        where: Filter | None = None,
        pool: int = 600,
        dated: bool = False,
    ) -> Evidence:
        """Evidence about the most promising entries that pass the filter.

        Args:
            question: any text, or one that is parsed already; only its rarest words are looked up
                when it is long.
            where: narrows the search before anything is cut off; None admits all.
            pool: about how many candidates to look at closely; all that are admitted when they
                are fewer.
            dated: find out of which times candidates speak: the question asks about one.
        """
        query = parse(question) if isinstance(question, str) else question
        with self._lock:
            speakers = living_speakers(self._parts())
            tier = self._serving()
        meant = without_names(query.text, speakers)
        vector = self._embedder.embed([meant])[0]
        by_tier = _asked(tier, meant) if tier else None
        with self._lock:
            parts = self._parts()
            if tier and by_tier is not None and tier in self._tiers and tier.serves:
                compared = Compared(tier, by_tier, self._vectors)
                parts = replace(parts, vectors=compared, embedder=tier.embedder.name)
            return find(parts, query, vector, where or Filter(), pool, dated=dated)

    def wordings(self, ids: Sequence[str]) -> list[bytes]:
        """For each entry what is equal for entries of the same words; b"" where it has none."""
        with self._lock:
            rows = self._rows.rows_of(ids)
            return [self._postings.wording(rows[one]) if one in rows else b"" for one in ids]

    def dump(self) -> bytes:
        """Everything but the embedder, for `load`. Plaintext: seal it before it is written.

        Nothing of what was removed is in it, neither a word nor a name.
        """
        with self._lock:
            self._compact()
            # What was removed must not live on as an entry of a list of words or names.
            self._titles.compact()
            self._prune_words()
            self._rows.prune()
            self._reorder()
            forms, terms, form_terms = self._vocabulary.state()
            titled, titles = self._titles.state()
            facts, columns = self._rows.state()
            facts |= {
                "forms": forms,
                "terms": terms,
                "titled": titled,
                "rev": self.rev,
                "embedder": self._embedder.name,
                "dims": self._embedder.dims,
                "tiers": [[tier.embedder.name, tier.embedder.dims] for tier in self._tiers],
            }
            groups = {
                "row": columns,
                "word": {"terms": form_terms},
                "posting": self._postings.state(),
                "title": titles,
                "vector": self._vectors.state(),
            } | {f"tier {at}": tier.state() for at, tier in enumerate(self._tiers)}
            return pack(facts, groups)

    @classmethod
    def load(
        cls,
        data: bytes,
        embedder: Embedder,
        *,
        tiers: Sequence[Embedder] = (),
        known: Callable[[str], Embedder | None] = lambda _: None,
    ) -> VaultIndex:
        """The index that was dumped.

        Args:
            data: of `dump`.
            embedder: the same as it had then.
            tiers: those it is to have; what it had not is owed.
            known: makes one it had and is not to have, by its name: it serves in the meantime.

        Raises:
            ValueError: the snapshot is damaged, or of another version or embedder: build anew.
        """
        facts, groups = unpack(data)
        if (facts["embedder"], facts["dims"]) != (embedder.name, embedder.dims):
            raise ValueError("the snapshot was made with another embedder")
        index = cls(embedder, tiers=tiers)
        index.rev = facts["rev"]
        index._rows.restore(facts, groups["row"])
        index._vocabulary.restore(facts["forms"], facts["terms"], groups["word"]["terms"])
        index._postings.restore(groups["posting"])
        index._titles.restore(facts["titled"], groups["title"])
        index._vectors.restore(**groups["vector"])
        for at, (name, dims) in enumerate(facts["tiers"]):
            index._take_tier(known, name, dims, groups[f"tier {at}"])
        for tier in index._tiers:
            if len(tier.vectors) < len(index._rows):
                tier.extend(0, [None] * len(index._rows))
        index._reorder()
        return index

    def _take_tier(
        self,
        known: Callable[[str], Embedder | None],
        name: str,
        dims: int,
        arrays: Mapping[str, NDArray[Any]],
    ) -> None:
        wanted = [tier for tier in self._tiers if tier.embedder.name == name]
        if not wanted and (old := known(name)) is not None:
            wanted = [Tier(old)]
            self._tiers += wanted
        if wanted and wanted[0].embedder.dims == dims:
            wanted[0].restore(**arrays)

    def _parts(self) -> Parts:
        return Parts(
            rows=self._rows,
            vocabulary=self._vocabulary,
            lexicon=self._lexicon,
            postings=self._postings,
            titles=self._titles,
            order=self._order,
            vectors=self._vectors,
            embedder=self._embedder.name,
            tallies=self._tallies,
        )

    def _prune_words(self) -> None:
        """Know only words in use; there must be no dead rows and titles."""
        every = self._postings, self._titles.postings
        pruned = self._vocabulary.prune(every[0].held_terms() | every[1].held_terms())
        if pruned is not None:
            for postings in every:
                postings.renumber(*pruned)

    def _extend(self, entries: list[Entry]) -> None:
        first = len(self._rows)
        texts = [_indexed_text(entry) for entry in entries]
        said = [entry.text for entry in entries]
        vectors = self._embedder.embed(said)
        for tier in self._tiers:
            tier.extend(first, said)
        self._rows.extend(entries)
        self._postings.extend(texts)
        self._vectors.extend(vectors)
        self._order.extend(self._places(), len(self._rows.sessions))
        self._tallies.add(self._rows, self._postings.lengths, np.arange(first, len(self._rows)))

    def _places(self) -> Places:
        """Where rows stand in their sessions; memories stand nowhere."""
        return Places(self._rows.column("place"), self._rows.column("seq"), self._rows.digests)

    def _reorder(self) -> None:
        """Find out afresh what follows from where rows stand; all are living."""
        self._order.rebuild(self._places(), len(self._rows.sessions))
        self._tallies.recount(self._rows, self._postings.lengths)

    def _forget(self, rows: list[int]) -> None:
        if not rows:
            return
        places = self._places()
        for row in rows:
            self._order.forget(row, places)
        self._tallies.forget(self._rows, self._postings.lengths, np.array(rows, np.intp))
        self._postings.forget(rows)
        self._vectors.forget(rows)
        for tier in self._tiers:
            tier.forget(rows)
        self._rows.forget(rows)
        dead = len(self._rows) - len(self)
        if dead > _MIN_DEAD and dead * 4 > len(self._rows):
            self._compact()

    def _compact(self) -> None:
        """Renumber the living rows without gaps."""
        if len(self) == len(self._rows):
            return
        kept = np.flatnonzero(self._rows.column("alive"))
        self._numbering += 1
        self._rows.keep(kept)
        self._postings.keep(kept)
        self._vectors.keep(kept)
        for tier in self._tiers:
            tier.keep(kept)
        self._reorder()


def _asked(tier: Tier, question: str) -> Floats | None:
    """A question's vector, None when its embedder fails: then the index's own compares."""
    try:
        vector: Floats = _embedded(tier, [question])[0]
    except EmbedderFailed:
        return None
    return vector


def _embedded(tier: Tier, texts: list[str]) -> Floats:
    """The tier's vectors; whether there were any is noted in it."""
    try:
        vectors = tier.embedder.embed(texts)
    except EmbedderFailed as exc:
        tier.failing = str(exc)
        raise
    tier.failing = ""
    return vectors


def _indexed_text(entry: Entry) -> str:
    """People are asked about by name, so a person's name belongs to what the person said."""
    named = entry.speaker and entry.role == "user" and not entry.is_memory
    return f"{entry.speaker}: {entry.text}" if named else entry.text
