"""Check that everything opens where it stands and that every session is whole."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct

from holdfast.clock import id_text, to_ms
from holdfast.errors import HoldfastError, NotFound, TamperedRecord
from holdfast.keeper.names import AssistantBody, ProjectBody
from holdfast.keeper.store import Store
from holdfast.model import SessionId
from holdfast.storage.protocol import (
    NO_SCOPE,
    Anchor,
    HeadsQuery,
    Kind,
    RowSpan,
    SealedRow,
    SessionHead,
    State,
)
from holdfast.vault.chain import chain_start, extend_chain
from holdfast.vault.codec import MemoryBody, ThoughtBody
from holdfast.vault.envelope import SealKey, open_sealed
from holdfast.vault.reader import Reader
from holdfast.vault.vault import Vault

__all__ = ["Problem", "Verified", "verify"]

_ALL = 1_000_000
_MAX_TRIES = 5
_VAULT_KINDS: tuple[tuple[Kind, type[Struct]], ...] = (
    (Kind.MEMORY, MemoryBody),
    (Kind.THOUGHT, ThoughtBody),
    (Kind.ASSISTANT, AssistantBody),
    (Kind.PROJECT, ProjectBody),
)

_BY_SEAL = (
    Kind.MEMBER,
    Kind.ROOM,
    Kind.PROFILE,
    Kind.TOKEN,
    Kind.LOGIN,
    Kind.FILE,
    Kind.LEARNING,
    Kind.SETTING,
)
"""Kinds whose bodies belong to other modules: it is enough that they open where they stand."""


class Problem(Struct, frozen=True, kw_only=True):
    """One thing that does not hold; ids and codes, never content."""

    vault_id: str
    session_id: str | None
    code: str
    what: str


class Verified(Struct, frozen=True, kw_only=True):
    """What was checked, and what does not hold."""

    vaults: int
    sessions: int
    turns: int
    messages: int
    memories: int
    files: int
    audit_entries: int
    problems: tuple[Problem, ...]

    @property
    def ok(self) -> bool:
        """Whether everything holds."""
        return not self.problems


class _Found:
    """What one pass over a session came to; thrown away when the session moved meanwhile."""

    def __init__(self) -> None:
        self.turns = self.messages = self.files = 0
        self.problems: list[tuple[str, str]] = []
        self.anchor: Anchor | None = None


class _Count:
    def __init__(self) -> None:
        self.vaults = self.sessions = self.turns = 0
        self.messages = self.memories = self.files = self.audit = 0
        self.problems: list[Problem] = []

    def note(self, vault: Vault | None, session_id: str | None, code: str, what: str) -> None:
        """Name something that does not hold."""
        vault_id = "" if vault is None else vault.id
        self.problems.append(
            Problem(vault_id=vault_id, session_id=session_id, code=code, what=what)
        )

    def take(self, vault: Vault, session_id: str, found: _Found) -> None:
        """Add what a session came to."""
        self.sessions += 1
        self.turns += found.turns
        self.messages += found.messages
        self.files += found.files
        for code, what in found.problems:
            self.note(vault, session_id, code, what)


async def verify(
    store: Store, vaults: list[Vault], *, progress: Callable[[int], None] | None = None
) -> Verified:
    """Open everything of `vaults`, check each session's chain, and name what does not hold.

    Where everything holds, how far each session has come is kept apart from the data, so that the
    next verification sees a session that was rolled back as a whole.

    Args:
        progress: called with the number of messages checked so far.
    """
    count = _Count()
    try:
        count.audit = len(await store.keyring.check_audit())
    except HoldfastError as exc:
        count.note(None, None, exc.code, str(exc))
    for vault in vaults:
        count.vaults += 1
        await _VaultCheck(store, vault, count).run(progress)
    return Verified(
        vaults=count.vaults,
        sessions=count.sessions,
        turns=count.turns,
        messages=count.messages,
        memories=count.memories,
        files=count.files,
        audit_entries=count.audit,
        problems=tuple(count.problems),
    )


class _VaultCheck:
    """The verification of one vault, while others may be writing to it."""

    def __init__(self, store: Store, vault: Vault, count: _Count) -> None:
        self._store = store
        self._vault = vault
        self._count = count
        self._reader = Reader(vault)
        self._anchors: dict[bytes, Anchor] = {}

    async def run(self, progress: Callable[[int], None] | None) -> None:
        try:
            self._anchors = await self._vault.keyring.anchors(self._vault.raw)
        except HoldfastError as exc:
            self._count.note(self._vault, None, exc.code, str(exc))
        await self._check_records()
        before: tuple[int, bytes] | None = None
        unseen = set(self._anchors)
        while heads := await self._vault.storage.heads(
            HeadsQuery(vault_id=self._vault.raw, before=before, limit=500)
        ):
            before = (heads[-1].last_ms, heads[-1].session_id)
            checked = [await self._check_session(head) for head in heads]
            unseen -= {head.session_id for head in heads}
            sound = [f.anchor for f in checked if f.anchor is not None and not f.problems]
            await self._vault.keyring.put_anchors(sound)
            if progress is not None:
                progress(self._count.messages)
        await self._check_unseen(unseen)

    async def _check_records(self) -> None:
        for kind, body in _VAULT_KINDS:
            span = RowSpan(vault_id=self._vault.raw, kind=kind, scope=NO_SCOPE, limit=_ALL)
            for row in await self._vault.storage.rows(span):
                try:
                    await self._vault.open_records([row], body)
                except HoldfastError as exc:
                    self._count.note(self._vault, None, exc.code, str(exc))
                self._count.memories += kind is Kind.MEMORY
        for kind in _BY_SEAL:
            span = RowSpan(vault_id=self._vault.raw, kind=kind, scope=NO_SCOPE, limit=_ALL)
            for row in await self._vault.storage.rows(span):
                try:
                    await self._check_seal(row)
                except HoldfastError as exc:
                    self._count.note(self._vault, None, exc.code, str(exc))

    async def _check_seal(self, row: SealedRow) -> None:
        vault = self._vault
        rows, keys = await vault.openable([row], row.scope)
        for found in rows:
            place = vault.place(found.kind, found.scope)
            open_sealed(found.sealed, place.of(found.id, found.ord, found.version), keys)

    async def _check_unseen(self, sessions: set[bytes]) -> None:
        """Sessions that were there and are not: erased ones are entered as such, others are not."""
        for raw in sorted(sessions):
            session_id = SessionId(id_text(raw))
            try:
                head = await self._reader.head(session_id)
            except NotFound:
                # Erasing removes the anchor with the key: the one still there was not erased.
                if raw in await self._vault.keyring.anchors(self._vault.raw):
                    what = (
                        "the session is gone, but it was not erased: it was removed or rolled back"
                    )
                    self._count.note(self._vault, session_id, "broken_chain", what)
                continue
            await self._check_session(head)

    async def _check_session(self, head: SessionHead) -> _Found:
        session_id = SessionId(id_text(head.session_id))
        found = _Found()
        for _ in range(_MAX_TRIES):
            found = _Found()
            await self._check_once(head, session_id, found)
            try:
                again = await self._reader.head(session_id)
            except NotFound:
                return _Found()
            if again.rev == head.rev or not found.problems:
                break
            head = again  # Written to meanwhile: what looked wrong may be only newer.
        self._count.take(self._vault, session_id, found)
        return found

    async def _check_once(self, head: SessionHead, session_id: SessionId, found: _Found) -> None:
        try:
            await self._reader.join([head])
            turns = await self._reader.turns(session_id, last=head.turns, limit=_ALL)
            found.turns = len(turns)
            if [turn.index for turn in turns] != list(range(head.turns)):
                raise TamperedRecord("turns of session", session_id)
        except HoldfastError as exc:
            found.problems.append((exc.code, str(exc)))
        for row in await self._vault.storage.rows(
            RowSpan(vault_id=self._vault.raw, kind=Kind.DRAFT, scope=head.session_id, limit=_ALL)
        ):
            try:
                await self._check_seal(row)
            except HoldfastError as exc:
                found.problems.append((exc.code, str(exc)))
        rows = await self._vault.storage.rows(
            RowSpan(
                vault_id=self._vault.raw,
                kind=Kind.MESSAGE,
                scope=head.session_id,
                last=head.next_seq,
                limit=_ALL,
            )
        )
        await self._check_messages(rows, head, found)
        if sum(row.state is State.LIVE for row in rows) != head.messages:
            # A forgotten message keeps its link: the chain alone does not see that it came back.
            what = "other messages can be read than the head counts: a forgotten one was put back"
            found.problems.append(("broken_chain", what))
        places = [row.ord for row in rows]
        if places != list(range(head.next_seq)):
            missing = sorted(set(range(head.next_seq)) - set(places))
            what = f"messages missing at seq {_ranges(missing)}"
            found.problems.append(("broken_chain", what if missing else "messages out of order"))
            return
        await self._check_chain(rows, head, found)

    async def _check_messages(
        self, rows: list[SealedRow], head: SessionHead, found: _Found
    ) -> None:
        for row in rows:
            found.messages += 1
            try:
                for message in await self._reader.open_messages([row], head.session_id):
                    if message.file is not None:
                        await self._reader.file_content(message)
                        found.files += 1
            except HoldfastError as exc:
                found.problems.append((exc.code, str(exc)))

    async def _check_chain(self, rows: list[SealedRow], head: SessionHead, found: _Found) -> None:
        vault = self._vault
        try:
            keys = await vault.session_keys(head.session_id, fresh=True)
        except HoldfastError as exc:
            found.problems.append((exc.code, str(exc)))
            return
        links = [(row.ord, row.link) for row in rows]
        anchor = self._anchors.get(head.session_id)
        for key in keys.by_commitment.values():
            start = chain_start(key.chain_key, vault.account, vault.raw, head.session_id)
            if extend_chain(key.chain_key, start, links) != head.chain:
                continue
            if anchor is not None and not _continues(anchor, key, start, links):
                what = "the session was rolled back: it does not continue what was verified before"
                found.problems.append(("broken_chain", what))
            found.anchor = Anchor(
                vault_id=vault.raw,
                session_id=head.session_id,
                next_seq=head.next_seq,
                chain=head.chain,
                commitment=key.commitment,
                at_ms=to_ms(self._store.clock()),
                digest=b"",
            )
            return
        what = "the chain does not end where the head says: a message was replaced or removed"
        found.problems.append(("broken_chain", what))


def _continues(anchor: Anchor, key: SealKey, start: bytes, links: list[tuple[int, bytes]]) -> bool:
    """Whether a session has come at least as far as its anchor, on the same way."""
    if len(links) < anchor.next_seq:
        return False
    if anchor.commitment != key.commitment:
        return True  # The key was rotated since: its chain is another one, of the same length.
    return extend_chain(key.chain_key, start, links[: anchor.next_seq]) == anchor.chain


def _ranges(numbers: list[int]) -> str:
    shown = ", ".join(str(n) for n in numbers[:10])
    return shown + (f" and {len(numbers) - 10} more" if len(numbers) > 10 else "")
