"""Check that everything opens where it stands and that every session is whole."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct

from holdfast.clock import id_text
from holdfast.errors import HoldfastError, TamperedRecord
from holdfast.keeper.names import AssistantBody, ProjectBody
from holdfast.keeper.store import Store
from holdfast.model import SessionId
from holdfast.storage.protocol import HeadsQuery, Kind, RowSpan, SessionHead
from holdfast.vault.chain import chain_start, extend_chain
from holdfast.vault.codec import MemoryBody, ThoughtBody
from holdfast.vault.reader import Reader
from holdfast.vault.vault import Vault

__all__ = ["Problem", "Verified", "verify"]

_ALL = 1_000_000
_VAULT_KINDS: tuple[tuple[Kind, type[Struct]], ...] = (
    (Kind.MEMORY, MemoryBody),
    (Kind.THOUGHT, ThoughtBody),
    (Kind.ASSISTANT, AssistantBody),
    (Kind.PROJECT, ProjectBody),
)


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


class _Count:
    def __init__(self) -> None:
        self.vaults = self.sessions = self.turns = 0
        self.messages = self.memories = self.files = self.audit = 0
        self.problems: list[Problem] = []


async def verify(
    store: Store, vaults: list[Vault], *, progress: Callable[[int], None] | None = None
) -> Verified:
    """Open everything of `vaults`, check each session's chain, and name what does not hold.

    Args:
        progress: called with the number of messages checked so far.
    """
    count = _Count()
    try:
        count.audit = len(await store.keyring.check_audit())
    except HoldfastError as exc:
        count.problems.append(Problem(vault_id="", session_id=None, code=exc.code, what=str(exc)))
    for vault in vaults:
        count.vaults += 1
        await _verify_vault(vault, count, progress)
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


async def _verify_vault(
    vault: Vault, count: _Count, progress: Callable[[int], None] | None
) -> None:
    for kind, body in _VAULT_KINDS:
        span = RowSpan(vault_id=vault.raw, kind=kind, limit=_ALL)
        for row in await vault.storage.rows(span):
            try:
                await vault.open_records([row], body)
            except HoldfastError as exc:
                _note(count, vault, None, exc)
            count.memories += kind is Kind.MEMORY
    before: tuple[int, bytes] | None = None
    while heads := await vault.storage.heads(
        HeadsQuery(vault_id=vault.raw, before=before, limit=500)
    ):
        before = (heads[-1].last_ms, heads[-1].session_id)
        for head in heads:
            count.sessions += 1
            await _verify_session(vault, head, count)
            if progress is not None:
                progress(count.messages)


async def _verify_session(vault: Vault, head: SessionHead, count: _Count) -> None:
    session_id = SessionId(id_text(head.session_id))
    reader = Reader(vault)
    try:
        await reader.join([head])
        turns = await reader.turns(session_id, limit=_ALL)
        count.turns += len(turns)
        if [turn.index for turn in turns] != list(range(head.turns)):
            raise TamperedRecord("turns of session", session_id)
    except HoldfastError as exc:
        _note(count, vault, session_id, exc)
    await _verify_messages(vault, head, session_id, count)


async def _verify_messages(
    vault: Vault, head: SessionHead, session_id: SessionId, count: _Count
) -> None:
    rows = await vault.storage.rows(
        RowSpan(vault_id=vault.raw, kind=Kind.MESSAGE, scope=head.session_id, limit=_ALL)
    )
    reader = Reader(vault)
    for row in rows:
        try:
            for message in await reader.open_messages([row], head.session_id):
                if message.file is not None:
                    await reader.file_content(message)
                    count.files += 1
        except HoldfastError as exc:
            _note(count, vault, session_id, exc)
        count.messages += 1
    places = [row.ord for row in rows]
    if places != list(range(head.next_seq)):
        missing = sorted(set(range(head.next_seq)) - set(places))
        what = f"messages missing at seq {_ranges(missing)}" if missing else "messages out of order"
        _problem(count, vault, session_id, "broken_chain", what)
        return
    try:
        keys = await vault.session_keys(head.session_id, fresh=True)
    except HoldfastError as exc:
        _note(count, vault, session_id, exc)
        return
    links = [(row.ord, row.link) for row in rows]
    for key in keys.by_commitment.values():
        start = chain_start(key.chain_key, vault.account, vault.raw, head.session_id)
        if extend_chain(key.chain_key, start, links) == head.chain:
            return
    what = "the chain does not end where the head says: a message was replaced, moved or removed"
    _problem(count, vault, session_id, "broken_chain", what)


def _ranges(numbers: list[int]) -> str:
    shown = ", ".join(str(n) for n in numbers[:10])
    return shown + (f" and {len(numbers) - 10} more" if len(numbers) > 10 else "")


def _note(count: _Count, vault: Vault, session_id: str | None, exc: HoldfastError) -> None:
    _problem(count, vault, session_id, exc.code, str(exc))


def _problem(count: _Count, vault: Vault, session_id: str | None, code: str, what: str) -> None:
    count.problems.append(Problem(vault_id=vault.id, session_id=session_id, code=code, what=what))
