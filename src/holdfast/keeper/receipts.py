"""What distilling has taken in of a session, and what came of it: sealed, without a word of it.

One record per session, under an id that follows from the session's, so that two processes write the
same one: whoever comes second finds its version changed and begins again from what is there now.
It holds ids, places, counts and digests. What a memory or a message said is read from there, so
nothing here has to be cleared when it is forgotten.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from holdfast.clock import id_bytes, to_ms
from holdfast.model import MemoryId, SessionId, Source
from holdfast.storage.protocol import ByIds, Kind, Link, SealedRow
from holdfast.vault.vault import Vault

__all__ = [
    "DroppedSpan",
    "Learning",
    "LearningBody",
    "LearningReceipt",
    "ModelRun",
    "learning_id",
    "merged",
    "opened_learnings",
    "read_receipts",
    "seal_learning",
    "taken_key",
    "with_receipt",
]

_KEPT_RECEIPTS = 30
_KEPT_DROPPED = 100
_KEY_BYTES = 8


class DroppedSpan(Struct, frozen=True, kw_only=True):
    """Something that looked like a memory and was left out."""

    reason: str
    source: Source


class ModelRun(Struct, frozen=True, kw_only=True):
    """What a model was asked for, and what it took."""

    name: str
    """As memories name it: "model NAME prompt/1"."""
    requests: int = 0
    proposed: int = 0
    kept: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: float | None = None
    """None when its price is not known."""
    failed: str | None = None
    """The code of its failure. The rules' result stands, and it is asked again later."""


class LearningReceipt(Struct, frozen=True, kw_only=True):
    """What one run learned from one session."""

    session_id: SessionId
    at: datetime
    first: int
    """The seq of the first message that was read."""
    last: int
    """End exclusive."""
    rules: str
    learned: tuple[MemoryId, ...] = ()
    changed: tuple[MemoryId, ...] = ()
    """Memories that got a source or another time."""
    closed: tuple[MemoryId, ...] = ()
    """Those of them that no longer hold."""
    removed: tuple[MemoryId, ...] = ()
    """Memories of what was taken back."""
    dropped: tuple[DroppedSpan, ...] = ()
    """The first hundred."""
    reasons: dict[str, int] = {}
    """How much was dropped, by reason."""
    summary: bool = False
    """Whether the running summary was made anew."""
    named: bool = False
    """Whether the session got its title or tags."""
    model: ModelRun | None = None

    @property
    def nothing_new(self) -> bool:
        """Whether the run left everything as it was."""
        return not (self.learned or self.changed or self.removed or self.summary or self.named)

    @property
    def is_empty(self) -> bool:
        """Whether there was nothing to read and nothing came of it."""
        return self.first == self.last and self.nothing_new and self.model is None


class LearningBody(Struct, omit_defaults=True):
    """The sealed part of what was learned of a session."""

    session_id: str = ""
    head_rev: int = 0
    """The revision of the session's head that it was made from: another one, and there is more."""
    covers: int = 0
    """How many of its messages the rules have taken in."""
    rules: str = ""
    copied: int = 0
    """How many of its messages came in with what was learned of them elsewhere: other rules read
    those no more, since what was forgotten of them there is not known here."""
    model: str = ""
    model_covers: int = 0
    failures: int = 0
    """Of the model, one after the other."""
    retry_at: datetime | None = None
    taken: bytes = b""
    """A digest for each statement that was ever taken in: one whose memory was forgotten is not
    learned again when the rules change and the session is read anew."""
    title: str = ""
    tags: tuple[str, ...] = ()
    """Title and tags that distilling gave the session: those it may take back."""
    receipts: tuple[LearningReceipt, ...] = ()
    """Oldest first; the latest so many."""


class Learning(Struct, frozen=True, kw_only=True):
    """A session's record and the version that the next one has to follow."""

    body: LearningBody
    version: int = -1
    """-1 when there is none yet."""

    def knows(self, key: bytes) -> bool:
        """Whether a statement was taken in before."""
        taken = self.body.taken
        at = taken.find(key)
        while at >= 0 and at % _KEY_BYTES:
            at = taken.find(key, at + 1)
        return at >= 0


def learning_id(vault: Vault, session: bytes) -> bytes:
    """The id of a session's record; of the vault's own for the empty session."""
    return vault.keyring.tag(vault.raw, "learning", session.hex())[:16]


def taken_key(message_id: str, attribute: str, value: str, *, ends: bool) -> bytes:
    """What a statement is known by, wherever in its message the rules find it."""
    said = "\0".join((message_id, attribute, value, str(ends)))
    return hashlib.blake2b(said.encode("utf-8", "surrogatepass"), digest_size=_KEY_BYTES).digest()


def merged(one: LearningReceipt, other: LearningReceipt) -> LearningReceipt:
    """The receipt of two parts of one run, the earlier first."""
    reasons = Counter(one.reasons)
    reasons.update(other.reasons)
    learned = tuple(dict.fromkeys((*one.learned, *other.learned)))
    removed = tuple(dict.fromkeys((*one.removed, *other.removed)))
    return replace(
        one,
        first=min(one.first, other.first),
        last=max(one.last, other.last),
        learned=tuple(m for m in learned if m not in removed),
        changed=tuple(dict.fromkeys(m for m in (*one.changed, *other.changed) if m not in learned)),
        closed=tuple(dict.fromkeys((*one.closed, *other.closed))),
        removed=tuple(m for m in removed if m not in one.learned),
        dropped=(*one.dropped, *other.dropped)[:_KEPT_DROPPED],
        reasons=dict(reasons),
        summary=one.summary or other.summary,
        named=one.named or other.named,
        model=_both(one.model, other.model),
    )


def _both(one: ModelRun | None, other: ModelRun | None) -> ModelRun | None:
    if one is None or other is None:
        return one or other
    known = [run.cost_usd for run in (one, other) if run.cost_usd is not None]
    return replace(
        one,
        requests=one.requests + other.requests,
        proposed=one.proposed + other.proposed,
        kept=one.kept + other.kept,
        input_tokens=one.input_tokens + other.input_tokens,
        output_tokens=one.output_tokens + other.output_tokens,
        cost_usd=sum(known) if known else None,
        failed=other.failed,
    )


def with_receipt(body: LearningBody, receipt: LearningReceipt) -> LearningBody:
    """The record with the receipt of a run: a run has one, and idle runs in a row share one."""
    if receipt.is_empty:
        return body
    kept = list(body.receipts)
    last = kept[-1] if kept else None
    if last is not None and last.at == receipt.at:
        kept[-1] = merged(last, receipt)
    elif last is not None and _is_idle(last) and _is_idle(receipt):
        kept[-1] = replace(merged(last, receipt), at=receipt.at, model=receipt.model)
    else:
        kept.append(replace(receipt, dropped=receipt.dropped[:_KEPT_DROPPED]))
    return replace(body, receipts=tuple(kept[-_KEPT_RECEIPTS:]))


def _is_idle(receipt: LearningReceipt) -> bool:
    return receipt.nothing_new and not receipt.reasons


async def opened_learnings(vault: Vault, sessions: Sequence[bytes]) -> dict[bytes, Learning]:
    """What was learned of each session; all of them are in the answer."""
    ids = {learning_id(vault, session): session for session in sessions}
    rows = await vault.storage.rows_by_id(ByIds(vault_id=vault.raw, ids=tuple(ids)))
    bodies = await vault.open_records(rows, LearningBody)
    found = {session: Learning(body=LearningBody()) for session in sessions}
    for row, body in zip(rows, bodies, strict=True):
        found[ids[row.id]] = Learning(body=body, version=row.version)
    return found


async def seal_learning(
    vault: Vault, session: bytes, known: Learning, body: LearningBody, at: datetime
) -> tuple[SealedRow, tuple[Link, ...]]:
    """The record as it is from now on, with what binds it to its session.

    The link is refused when the session was erased meanwhile, and with it the whole write.
    """
    raw = learning_id(vault, session)
    row = await vault.seal_record(
        Kind.LEARNING, raw, body, at_ms=to_ms(at), version=known.version + 1
    )
    return row, (Link(kind="learned", from_id=raw, to_id=session),)


async def read_receipts(vault: Vault, session_ids: Iterable[str]) -> list[LearningReceipt]:
    """The receipts of sessions, oldest first."""
    sessions = [id_bytes(session_id) for session_id in session_ids]
    known = await opened_learnings(vault, sessions)
    return sorted((r for one in known.values() for r in one.body.receipts), key=lambda r: r.at)
