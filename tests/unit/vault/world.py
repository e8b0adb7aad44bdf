"""A small store in memory, and ways to look at all of it at once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from msgspec.structs import replace

from holdfast.capture.entries import Draft, Entry, TurnChange
from holdfast.capture.log import SessionLog, create_session
from holdfast.clock import id_bytes, uuid7_ids
from holdfast.errors import Conflict
from holdfast.model import (
    FileId,
    FilePart,
    Message,
    MessageId,
    Session,
    SessionId,
    Turn,
    TurnId,
)
from holdfast.storage.memory import MemoryKeyStorage, MemoryStorage
from holdfast.storage.protocol import (
    ByIds,
    ChangesQuery,
    HeadMove,
    HeadsQuery,
    Kind,
    Link,
    RowKey,
    RowSpan,
    SealedRow,
    State,
    VaultRow,
)
from holdfast.vault.chain import chain_start, extend_chain
from holdfast.vault.codec import MemoryBody, SessionBody, seal_forgotten
from holdfast.vault.envelope import commitment_of
from holdfast.vault.keyring import Keyring
from holdfast.vault.reader import Reader
from holdfast.vault.root import GivenKey, key_text
from holdfast.vault.vault import Vault, create_vault

START = datetime(2026, 1, 9, 12, tzinfo=UTC)
ROOT = key_text(bytes(range(32)))
ACCOUNT = bytes([0xAC]) * 16
_ALL = 10_000_000


class Killed(Exception):
    """The process died here."""


class Deadly:
    """A storage that dies at its nth call: before it did anything, or just after it did all."""

    def __init__(self, inner: Any, countdown: Countdown) -> None:
        self._inner = inner
        self._countdown = countdown

    def __getattr__(self, name: str) -> Any:
        call = getattr(self._inner, name)

        async def counted(*args: Any, **kwargs: Any) -> Any:
            self._countdown.step(before=True)
            answer = await call(*args, **kwargs)
            self._countdown.step(before=False)
            return answer

        return counted


class Countdown:
    """Counts the calls of several storages together; each call has two steps to die at."""

    def __init__(self, dies_at: int | None = None) -> None:
        self.steps = 0
        self._dies_at = dies_at

    def step(self, *, before: bool) -> None:
        self.steps += 1
        if self._dies_at is not None and self.steps > self._dies_at:
            raise Killed


class World:
    """One data storage and one key storage, opened by any number of processes."""

    def __init__(self) -> None:
        self.storage: Any = MemoryStorage()
        self.key_storage: Any = MemoryKeyStorage()
        self.ids = uuid7_ids()
        self.now = START
        self.vault_id = id_bytes(self.ids())
        self._files: dict[str, bytes] = {}

    def clock(self) -> datetime:
        self.now += timedelta(milliseconds=7)
        return self.now

    async def keyring(self, key_storage: Any = None) -> Keyring:
        """The keys as another process sees them: nothing cached."""
        return await Keyring.open(
            key_storage or self.key_storage, GivenKey(ROOT), data_exists=False, clock=self.clock
        )

    async def create(self) -> Vault:
        keyring = await self.keyring()
        row = VaultRow(
            vault_id=self.vault_id,
            account_id=ACCOUNT,
            owner_tag=keyring.owner_tag(ACCOUNT, "user", "ada"),
            kind="user",
            created_ms=0,
        )
        return await create_vault(row, self.storage, keyring)

    async def open(self, storage: Any = None, key_storage: Any = None) -> Vault:
        """The vault as another process opens it."""
        row = await self.storage.vault(self.vault_id)
        return Vault(row, storage or self.storage, await self.keyring(key_storage))

    def log(self, vault: Vault, session_id: SessionId, *, writer: int = 1) -> SessionLog:
        return SessionLog(vault, session_id, clock=self.clock, ids=self.ids, writer=writer)

    async def start(self, vault: Vault, title: str = "") -> SessionId:
        session_id = SessionId(self.ids())
        await create_session(
            vault,
            session_id,
            SessionBody(title=title),
            kind="chat",
            assistant_id=None,
            project_id=None,
            started_at=self.clock(),
        )
        return session_id

    def message(self, log: SessionLog, turn: Turn, text: str, **parts: Any) -> Message:
        fields = {"role": "user", **parts}
        return Message(
            id=MessageId(self.ids()),
            session_id=log.session_id,
            turn_id=turn.id,
            seq=0,
            text=text,
            at=self.clock(),
            **fields,
        )

    def turn(self, log: SessionLog, status: Any = "complete") -> Turn:
        turn_id = TurnId(self.ids())
        return Turn(
            id=turn_id, session_id=log.session_id, index=0, status=status, started_at=self.clock()
        )

    async def say(self, log: SessionLog, *texts: str) -> tuple[Message, ...]:
        """A finished turn of these messages."""
        turn = self.turn(log)
        entries = [Entry(message=self.message(log, turn, text)) for text in texts]
        return (await log.append(entries, (TurnChange(turn=turn, begins=True),))).messages

    async def stream(self, log: SessionLog, text: str) -> Turn:
        """A turn that is open, with a draft of its answer."""
        turn = self.turn(log, "open")
        draft = Draft(id=id_bytes(self.ids()), message=self.message(log, turn, text))
        appended = await log.append(
            [Entry(message=self.message(log, turn, "what now?"))],
            (TurnChange(turn=turn, begins=True),),
            drafts=(draft,),
        )
        return appended.turns[0]

    async def keep_file(self, log: SessionLog, content: bytes) -> Message:
        turn = self.turn(log)
        part = FilePart(
            id=FileId(self.ids()), name="a", media_type="b", size=len(content), sha256=""
        )
        entry = Entry(message=self.message(log, turn, "", kind="file", file=part), content=content)
        return (await log.append([entry], (TurnChange(turn=turn, begins=True),))).messages[0]

    async def forget(self, vault: Vault, message: Message) -> None:
        """Forget a message as the keeper does: its place stays, the head's revision moves."""
        scope = id_bytes(message.session_id)
        while True:
            head = await Reader(vault).head(message.session_id)
            row = (await self.storage.rows_by_id(_by_id(vault, message.id)))[0]
            key = (await vault.session_keys(scope)).current
            place = vault.place(Kind.MESSAGE, scope)
            gone = seal_forgotten(row, message.parent_id, key, place)
            move = HeadMove(
                expected_next_seq=head.next_seq,
                expected_turns=head.turns,
                expected_chain=head.chain,
                head=replace(head, messages=head.messages - 1),
            )
            try:
                await vault.commit(put=(gone,), head=move, remove=await self._chunks(message))
            except Conflict:
                await vault.session_keys(scope, fresh=True)
                continue
            return

    async def _chunks(self, message: Message) -> tuple[RowKey, ...]:
        span = RowSpan(vault_id=self.vault_id, kind=Kind.CHUNK, scope=id_bytes(message.session_id))
        rows = await self.storage.rows(span)
        return tuple(RowKey(id=r.id) for r in rows if r.parent == id_bytes(message.id))

    async def remember(self, vault: Vault, text: str, source: Message | None = None) -> bytes:
        record_id = id_bytes(self.ids())
        body = MemoryBody(kind="fact", text=text, created_at=self.clock())
        row = await vault.seal_record(Kind.MEMORY, record_id, body, at_ms=0)
        links = ()
        if source is not None:
            links = (Link(kind="source", from_id=record_id, to_id=id_bytes(source.id)),)
        await vault.commit(put=(row,), links=links)
        return record_id

    async def fill(self, vault: Vault) -> None:
        """A bit of everything: a file, a forgotten message, an open turn, memories."""
        first = self.log(vault, await self.start(vault, "one"))
        said = await self.say(first, "blue is my colour", "noted", "and green")
        await self.keep_file(first, bytes(range(256)) * 3000)
        await self.forget(vault, said[1])
        first.invalidate()
        second = self.log(vault, await self.start(vault, "two"))
        await self.say(second, "hello")
        await self.stream(second, "an answer so f")
        await self.start(vault, "empty")
        await self.remember(vault, "likes blue", said[0])
        doomed = await self.remember(vault, "likes red")
        row = (await self.storage.rows_by_id(ByIds(vault_id=vault.raw, ids=(doomed,))))[0]
        await vault.commit(put=(vault.gone(row),))

    # Looking at everything

    async def everything(self, vault: Vault) -> dict[str, Any]:
        """All that can be read in the vault, through the code that people read it with."""
        reader = Reader(vault)
        found: dict[str, Any] = {}
        for session in await self.sessions(vault):
            messages = await reader.messages(session.id, forgotten=True, limit=_ALL)
            turns = await reader.turns(session.id, limit=_ALL)
            drafts = await self.log(vault, session.id).drafts()
            files = [await reader.file_content(m) for m in messages if m.file is not None]
            found[session.id] = (session, messages, turns, drafts, files)
        rows = await vault.storage.rows(RowSpan(vault_id=vault.raw, kind=Kind.MEMORY))
        found["memories"] = await vault.open_records(rows, MemoryBody)
        return found

    async def sessions(self, vault: Vault) -> list[Session]:
        heads = await vault.storage.heads(HeadsQuery(vault_id=vault.raw, limit=_ALL))
        return await Reader(vault).join(heads)

    async def chains_hold(self, vault: Vault) -> bool:
        """Whether each session's chain holds under the key that is in force."""
        for session in await self.sessions(vault):
            head = await Reader(vault).head(session.id)
            key = (await vault.session_keys(head.session_id)).current.chain_key
            span = RowSpan(vault_id=vault.raw, kind=Kind.MESSAGE, scope=head.session_id, limit=_ALL)
            rows = await vault.storage.rows(span)
            start = chain_start(key, vault.account, vault.raw, head.session_id)
            if extend_chain(key, start, [(row.ord, row.link) for row in rows]) != head.chain:
                return False
        return True

    async def rows(self) -> list[SealedRow]:
        """Every row of the vault that holds something."""
        ask = ChangesQuery(vault_id=self.vault_id, after=-1, limit=10_000_000)
        return [row for row in await self.storage.changes(ask) if row.state is not State.GONE]

    async def commitments(self) -> set[bytes]:
        """The keys that rows say they are sealed under."""
        return {commitment_of(row.sealed) for row in await self.rows()}

    async def wrapped(self) -> set[bytes]:
        """The commitments of all keys that are stored, session and vault keys."""
        return {key.commitment for key in await self.key_storage.keys(self.vault_id)}

    async def record_key(self) -> bytes:
        """The commitment of the key that the vault's own records are sealed under."""
        return (await (await self.keyring()).vault_keys(self.vault_id)).records.current.commitment

    async def versions(self) -> dict[bytes, list[int]]:
        """The versions of the keys that are stored, by session; NO_SCOPE is the vault."""
        found: dict[bytes, list[int]] = {}
        for key in await self.key_storage.keys(self.vault_id):
            found.setdefault(key.session_id, []).append(key.version)
        return found


def _by_id(vault: Vault, text: str) -> ByIds:
    return ByIds(vault_id=vault.raw, ids=(id_bytes(text),))
