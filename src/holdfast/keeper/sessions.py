"""Sessions: begin one, find one, talk in one."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from holdfast.capture.checks import Limits, checked_label, checked_tags, checked_text, checked_time
from holdfast.capture.exchange import (
    Exchange,
    ToolRun,
    exchange_entries,
    new_turn,
    record_exchange,
)
from holdfast.capture.log import SessionLog, create_session
from holdfast.capture.parts import check_same_input
from holdfast.capture.turn import Input
from holdfast.clock import id_bytes, id_text, to_ms
from holdfast.errors import BadInput, Conflict, NotFound
from holdfast.keeper.access import Gate, own
from holdfast.keeper.client_keys import client_key_tag
from holdfast.keeper.contexts import (
    Context,
    build_context,
    estimated_tokens,
    fence_of,
    profile_of,
    summary_of,
)
from holdfast.keeper.keeping import keep_session
from holdfast.keeper.learning import Learned, NewMemory, learn
from holdfast.keeper.listing import (
    MAX_PAGE,
    Page,
    SealedFilter,
    checked_limit,
    page_of_sessions,
    read_cursor,
)
from holdfast.keeper.memory_facts import offered_to
from holdfast.keeper.moments import edge
from holdfast.keeper.months import Months, months_of, zone_of
from holdfast.keeper.names import Names, checked_slug
from holdfast.keeper.outline import Found, Outline, find_in_session, outline_of
from holdfast.keeper.pausing import begun
from holdfast.keeper.recalling import recall
from holdfast.keeper.sorting import Sort, sorted_page
from holdfast.keeper.store import Store
from holdfast.keeper.temporary import temporary_vault
from holdfast.keeper.trash import (
    Kept,
    restore_sessions,
    trash_sessions,
    trashed_sessions,
)
from holdfast.keeper.trash_counts import Consequences, consequences_of
from holdfast.keeper.turn_opening import TurnOpening
from holdfast.keeper.unseen import mark_seen
from holdfast.model import Json, Message, MessageId, Session, SessionId, Turn
from holdfast.storage.protocol import HeadsQuery, Kind, OnceTag
from holdfast.vault.codec import SessionBody, open_body, seal_session
from holdfast.vault.reader import Reader
from holdfast.vault.vault import Vault

__all__ = ["LoggedExchange", "OpenSession", "Page", "Sessions"]

_NO_SEQ = 1 << 62
"""More than any session has; still an integer of the database when one is added."""


class LoggedExchange(Struct, frozen=True, kw_only=True):
    """What one call to `log_full_chat_interaction` made durable, linked to each other."""

    turn: Turn
    messages: tuple[Message, ...]
    learned: Learned
    replayed: bool = False
    """True when the client key was used before; nothing was written then."""


class Sessions:
    """The sessions of one vault. `gate` is asked before each call on a session opened here."""

    def __init__(self, store: Store, vault: Vault, *, gate: Gate = own) -> None:
        self._gate = gate
        self._store = store
        self._vault = vault
        self._reader = Reader(vault)
        self._names = Names(store, vault)

    async def start(
        self,
        *,
        assistant: str | None = None,
        project: str | None = None,
        kind: str = "chat",
        title: str = "",
        platform: str | None = None,
        tags: Sequence[str] = (),
        started_at: datetime | None = None,
        ephemeral: bool = False,
        client_key: str | None = None,
        watched: bool = False,
    ) -> OpenSession:
        """Begin a session; durable on return.

        Args:
            assistant: slug of whom it is held with; made when it is new.
            project: slug of what it is held for; made when it is new.
            kind: chat, room, marketer_chat, video_chat, personal_chat, or any other word.
            platform: where it takes place (TIKTOK, telegram, ...).
            started_at: for sessions held elsewhere before; now when left out.
            ephemeral: never stored: it lives in this process's memory, under a key of its own,
                and is not among the others.
            client_key: the caller's own key of this call: however often it is retried, one session
                is made. It stands for the kind, assistant, platform and start: with others it is
                refused.
            watched: what its owner has not seen of it counts as unseen, as after `see`.

        Raises:
            BadInput, TooLarge: something of it cannot be kept.
            StorageFailed: or one of its kinds.
        """
        if ephemeral:
            store, vault = await temporary_vault(self._store, "ephemeral")
            return await Sessions(store, vault, gate=self._gate).start(
                assistant=assistant,
                project=project,
                kind=kind,
                title=title,
                platform=platform,
                tags=tags,
                started_at=started_at,
            )
        limits = self._store.limits
        body = SessionBody(
            title=checked_text("title", title, limits),
            assistant=assistant,
            project=project,
            platform=checked_label("platform", platform, limits),
            tags=checked_tags(tags, limits),
            seen=-1 if watched else None,
        )
        checked_slug("kind", kind, self._store)
        begun = checked_time("started_at", started_at)
        once = client_key_tag(self._vault, limits, "session", client_key)
        known = await self._started(once, kind, body, begun)
        if known is not None:
            return known
        session_id = SessionId(self._store.ids())
        raw = id_bytes(session_id)
        try:
            await create_session(
                self._vault,
                session_id,
                body,
                kind=kind,
                assistant_id=await self._names.assistant(assistant),
                project_id=await self._names.project(project),
                started_at=begun or self._store.clock(),
                once=None if once is None else OnceTag(tag=once, id=raw),
            )
        except Conflict:
            known = await self._started(once, kind, body, begun)
            if known is None:
                raise
            # The key was made before the write that lost: nothing is sealed under it.
            await self._vault.keyring.destroy(self._vault.raw, session_id=raw)
            return known
        return OpenSession(self._store, self._vault, session_id, gate=self._gate)

    async def _started(
        self, once: bytes | None, kind: str, body: SessionBody, started_at: datetime | None
    ) -> OpenSession | None:
        """The session that was begun under a client key, None when there is none yet.

        Raises:
            BadInput: it is another one than is asked for now.
        """
        raw = None if once is None else await self._vault.storage.once(self._vault.raw, once)
        if raw is None:
            return None
        found = await self._reader.session(SessionId(id_text(raw)))
        then = (found.kind, found.assistant, found.platform, found.started_at)
        if then != (kind, body.assistant, body.platform, started_at or found.started_at):
            raise BadInput("client key", "it was used for another session: take a new one")
        return OpenSession(self._store, self._vault, found.id, gate=self._gate)

    async def trash(self, session_ids: str | Iterable[str], *, memories: Kept = "forget") -> None:
        """Put sessions into the trash, in one write: they are in no list and found by no search
        until they are restored, or erased when their time has come. No date changes.

        Args:
            memories: what becomes of those that rest on nothing else: they go along, or stay.

        Raises:
            NotFound: one is unknown, or somebody else's; nothing was changed.
        """
        ids = [session_ids] if isinstance(session_ids, str) else list(session_ids)
        await trash_sessions(self._store, self._vault, ids, memories=memories)

    async def restore(self, session_ids: str | Iterable[str]) -> None:
        """Take sessions out of the trash as they were, and the memories that went along.

        Raises:
            NotFound: one is unknown, or somebody else's; nothing was changed.
        """
        ids = [session_ids] if isinstance(session_ids, str) else list(session_ids)
        await restore_sessions(self._store, self._vault, ids)

    async def consequences(self, session_id: str) -> Consequences:
        """What would go with a session, counted.

        Raises:
            NotFound: unknown, or somebody else's.
        """
        return await consequences_of(self._store, self._vault, session_id)

    async def open(self, session_id: str) -> OpenSession:
        """A session to read or to go on with.

        Raises:
            NotFound: unknown, or somebody else's.
        """
        held = self.temporary(session_id)
        if held is not None:
            return held
        head = await self._reader.head(SessionId(session_id))
        found = SessionId(id_text(head.session_id))
        return OpenSession(self._store, self._vault, found, gate=self._gate)

    def hold(self, session: OpenSession) -> None:
        """Have this process hold a session that is not stored, so that `open` finds it: for two
        hours after it was last asked for, and not beyond the end of the process.

        Raises:
            Conflict: it holds twenty of this user.
        """
        self._store.temporaries.hold(self._vault.raw, session, self._store.clock())

    def temporary(self, session_id: str) -> OpenSession | None:
        """One of this user's sessions that are not stored, while this process still has it."""
        return self._store.temporaries.find(self._vault.raw, session_id, self._store.clock())

    async def keep(self, session_id: str) -> OpenSession:
        """Store a session that was not stored so far, whole and under its own id; durable on
        return. One that is stored is returned as it is.

        Raises:
            Conflict: something is being answered in it: wait until that has ended.
            NotFound: unknown, somebody else's, or not there any more.
        """
        held = self.temporary(session_id)
        if held is not None:
            await keep_session(self._store, self._vault, held)
            self._store.temporaries.drop(self._vault.raw, held.id)
        return await self.open(session_id)

    async def page(
        self,
        *,
        assistant: str | None = None,
        project: str | None = None,
        kind: str | None = None,
        archived: bool | None = None,
        platform: str | None = None,
        tag: str | None = None,
        pinned: bool | None = None,
        title: str | None = None,
        trashed: bool | None = False,
        since: datetime | str | None = None,
        until: datetime | str | None = None,
        sort: Sort = "last",
        cursor: str | None = None,
        limit: int = 50,
    ) -> Page:
        """Sessions by the time of their last message, newest first.

        Args:
            title: part of it, whatever the case of its letters.
            trashed: only those in the trash; those that are not when left out; None: both.
            sort: "started" and "messages" put those begun last, or with most messages, first;
                "title" sorts by title. A cursor is of one order.
            since, until: of the last message; aware times or words ("last week").

        `platform`, `tag`, `pinned` and `title` are sealed: sessions are opened to look for them, so
        many at a time, and a page may be short although more follow; `next_cursor` tells.

        Raises:
            BadInput: the cursor is none of ours, a filter makes no sense, or the limit is not 1 to
                1000.
            NotFound: there is no such assistant or project.
        """
        checked_limit(limit)
        names, clock = self._names, self._store.clock
        earliest, latest = edge(since, clock, end=False), edge(until, clock, end=True)
        only = tuple(map(id_bytes, await trashed_sessions(self._vault))) if trashed else None
        ask = HeadsQuery(
            vault_id=self._vault.raw,
            session_ids=only,
            kind=checked_label("kind", kind, self._store.limits),
            assistant_id=None if assistant is None else await names.find(Kind.ASSISTANT, assistant),
            project_id=None if project is None else await names.find(Kind.PROJECT, project),
            archived=archived,
            before=_before(cursor if sort == "last" else None, latest),
        )
        wanted = SealedFilter(
            platform=platform, tag=tag, pinned=pinned, title=title, trashed=trashed
        )
        since_ms = None if earliest is None else to_ms(earliest)
        if sort != "last":
            return await sorted_page(
                self._store,
                self._vault,
                ask,
                sort,
                cursor=cursor,
                limit=limit,
                wanted=wanted,
                since_ms=since_ms,
            )
        hidden = () if trashed is not False else await trashed_sessions(self._vault)
        return await page_of_sessions(
            self._vault,
            ask,
            limit=limit,
            wanted=wanted,
            since_ms=since_ms,
            hidden=frozenset(map(id_bytes, hidden)),
        )

    async def months(
        self,
        *,
        assistant: str | None = None,
        project: str | None = None,
        kind: str | None = None,
        archived: bool | None = None,
        zone: str = "UTC",
    ) -> Months:
        """How many sessions had their last message in each month, newest first.

        Raises:
            BadInput: there is no such time zone, or a filter makes no sense.
            NotFound: there is no such assistant or project.
        """
        names = self._names
        ask = HeadsQuery(
            vault_id=self._vault.raw,
            kind=checked_label("kind", kind, self._store.limits),
            assistant_id=None if assistant is None else await names.find(Kind.ASSISTANT, assistant),
            project_id=None if project is None else await names.find(Kind.PROJECT, project),
            archived=archived,
        )
        return await months_of(self._vault, ask, zone_of(zone))

    async def list(
        self,
        *,
        assistant: str | None = None,
        project: str | None = None,
        kind: str | None = None,
        archived: bool | None = None,
        limit: int = 50,
    ) -> list[Session]:
        """The first page of `page`, without the cursor."""
        page = await self.page(
            assistant=assistant, project=project, kind=kind, archived=archived, limit=limit
        )
        return page.sessions

    async def each(self, *, trashed: bool | None = False) -> AsyncIterator[Session]:
        """Every session of the vault, newest first, in bounded memory; `trashed` as in `page`."""
        cursor: str | None = None
        while True:
            page = await self.page(cursor=cursor, limit=MAX_PAGE, trashed=trashed)
            for session in page.sessions:
                yield session
            if page.next_cursor is None:
                return
            cursor = page.next_cursor


def _before(cursor: str | None, until: datetime | None) -> tuple[int, bytes] | None:
    """The place a page begins behind: that of the cursor, or of the time, whichever is earlier."""
    places = [] if cursor is None else [read_cursor(cursor)]
    if until is not None:
        places.append((to_ms(until), b""))
    return min(places, default=None)


def _checked_counts(**counts: int | None) -> None:
    """Refuse what no count or place of a message can be: a database reads -1 as "all"."""
    for field, count in counts.items():
        least = -1 if field == "after_seq" else 0  # -1: from the first message on
        if count is not None and not least <= count < _NO_SEQ:
            raise BadInput(field, "it is below 0, or more than there can be")


class OpenSession:
    """One session to talk in and to read. Cheap: it holds nothing but where it is."""

    def __init__(
        self, store: Store, vault: Vault, session_id: SessionId, *, gate: Gate = own
    ) -> None:
        self.gate = gate
        self._store = store
        self._vault = vault
        self._reader = Reader(vault)
        self._log = store.log_of(vault, session_id)
        self.id = session_id

    def __repr__(self) -> str:
        return f"OpenSession({self.id})"

    @property
    def vault(self) -> Vault:
        """Where it is kept."""
        return self._vault

    @property
    def limits(self) -> Limits:
        """What may be recorded."""
        return self._store.limits

    @property
    def log(self) -> SessionLog:
        """The recorder of this session."""
        return self._log

    async def info(self) -> Session:
        """What is known of the session: title, counts, times.

        Raises:
            NotFound: it was forgotten.
        """
        await self.gate("read")
        return await self._reader.session(self.id)

    @property
    def store(self) -> Store:
        """What it is kept in; for the layers of this library, not for applications."""
        return self._store

    async def see(self, seq: int) -> None:
        """Note that its owner has seen it up to a message; it never goes back. No date changes.

        Raises:
            BadInput: the seq is below 0.
            NotFound: the session is not there.
        """
        _checked_counts(seq=seq)
        await self.gate("write")
        await mark_seen(self._vault, self.id, seq)
        self._log.invalidate()

    def turn(
        self,
        text: str = "",
        *,
        client_key: str | None = None,
        author: str | None = None,
        intent: str | None = None,
        intent_confidence: float | None = None,
        entities: dict[str, Json] | None = None,
        tags: Sequence[str] = (),
        model: str | None = None,
        edits: str | None = None,
        answers: str | None = None,
        given: Input | None = None,
    ) -> TurnOpening:
        """Record one exchange: `async with session.turn("...") as turn`. Input durable on entry.

        Args:
            text: what was said; `given` instead carries audio, times and provider items.
            client_key: the caller's own key of this exchange: however often it is retried, one
                turn is made; a retry gets the recorded one, with `turn.replayed` set. It stands
                for this text: with another one it is refused.
            edits: id of a message that this one is another version of (a branch beside it).
            answers: id of a message to answer again (a regeneration); then there is no text.

        Raises, on entry:
            BadInput, TooLarge: it cannot be kept; nothing was written.
            NotFound: the session or the named message is not there.
            StorageFailed: or one of its kinds; nothing was written.
        """
        what = given or Input(
            text=text,
            author=author,
            edits=None if edits is None else MessageId(edits),
            answers=None if answers is None else MessageId(answers),
        )
        about = Exchange(
            user_text=what.text,
            assistant_text="",
            intent=intent,
            intent_confidence=intent_confidence,
            entities=entities,
            tags=tags,
            model=model,
            at=what.at,
            client_key=client_key,
        )
        return TurnOpening(self, what, about)

    async def log_full_chat_interaction(
        self,
        user_message: str,
        assistant_message: str,
        *,
        reasoning: str | None = None,
        tools: Sequence[ToolRun] = (),
        author: str | None = None,
        intent: str | None = None,
        intent_confidence: float | None = None,
        entities: dict[str, Json] | None = None,
        tags: Sequence[str] = (),
        model: str | None = None,
        at: datetime | None = None,
        memory: NewMemory | str | None = None,
        thought: str | None = None,
        client_key: str | None = None,
    ) -> LoggedExchange:
        """Record a finished exchange in one durable write: messages, memory and thought, linked.

        Args:
            memory: what to remember of it, with the exchange's messages as sources.
            thought: an entry for the assistant's thought log, linked to turn and memory.
            client_key: as in `turn`; a retry writes nothing and returns what was recorded.

        Raises:
            BadInput, TooLarge: something of it cannot be kept; nothing was written.
            NotFound: the session is not there.
            StorageFailed: or one of its kinds; nothing was written.
        """
        await self.gate("write")
        exchange = Exchange(
            user_text=user_message,
            assistant_text=assistant_message,
            reasoning=reasoning,
            tools=tools,
            author=author,
            intent=intent,
            intent_confidence=intent_confidence,
            entities=entities,
            tags=tags,
            model=model,
            at=at,
            client_key=client_key,
        )
        limits = self._store.limits
        turn = new_turn(self._log, exchange, limits)
        entries = exchange_entries(self._log, exchange, turn, limits)
        learned = Learned()
        if memory is not None or thought is not None:
            info = await self.info()
            learned = await learn(
                self._store, self._vault, info, turn, [e.message for e in entries], memory, thought
            )
        try:
            done = await record_exchange(
                self._log, entries, turn, extra=learned.rows, links=learned.links
            )
        except Conflict:
            return await self._recorded(client_key, user_message)
        return LoggedExchange(turn=done.turns[0], messages=done.messages, learned=learned)

    async def _recorded(self, client_key: str | None, user_message: str) -> LoggedExchange:
        if client_key is None:
            raise Conflict
        tag = self._log.client_key_tag(client_key)
        raw = await self._vault.storage.once(self._vault.raw, tag)
        if raw is None:
            raise Conflict
        turn, messages = await self._log.recorded_turn(raw)
        check_same_input(messages, "user", user_message)
        return LoggedExchange(turn=turn, messages=tuple(messages), learned=Learned(), replayed=True)

    async def messages(
        self,
        *,
        last: int | None = None,
        after_seq: int | None = None,
        limit: int = 1000,
        forgotten: bool = False,
    ) -> list[Message]:
        """Messages in order of `seq`: the `last` so many, or those after a seq.

        Raises:
            BadInput: a count is below 0.
            TamperedRecord, UnknownEnvelope: one does not open where it stands.
            NotFound: the session is not there.
        """
        _checked_counts(last=last, after_seq=after_seq, limit=limit)
        await self.gate("read")
        if last is not None:
            found = await self._reader.messages(
                self.id, newest=True, limit=last, forgotten=forgotten
            )
        else:
            first = None if after_seq is None else after_seq + 1
            found = await self._reader.messages(
                self.id, first=first, limit=limit, forgotten=forgotten
            )
        if not found:
            await self._reader.head(self.id)
        return found

    async def turns(
        self, *, last: int | None = None, first: int = 0, limit: int = 1000
    ) -> list[Turn]:
        """Turns in order of their index: the `last` so many, or those from `first` on.

        Raises:
            BadInput: a count is below 0.
        """
        _checked_counts(last=last, first=first, limit=limit)
        await self.gate("read")
        if last is not None:
            return await self._reader.turns(self.id, newest=True, limit=last)
        return await self._reader.turns(self.id, first=first, limit=limit)

    async def turns_by_id(self, turn_ids: Iterable[str]) -> list[Turn]:
        """Those of these turns that are of this session, by index."""
        await self.gate("read")
        return await self._reader.turns_by_id(self.id, turn_ids)

    async def outline(self) -> Outline:
        """The shape of the whole session in columns, forgotten messages among them.

        Raises:
            NotFound: the session is not there.
        """
        await self.gate("read")
        return await outline_of(self._vault, self.id)

    async def find(self, words: str) -> Found:
        """Every place where these characters stand, whatever their case and accents.

        Raises:
            BadInput: there is nothing to look for.
            NotFound: the session is not there.
        """
        await self.gate("read")
        return await find_in_session(self._vault, self.id, words)

    async def branch(self, leaf: str | None = None) -> list[Message]:
        """The conversation as it is shown: from its beginning to `leaf`, by parent links.

        Args:
            leaf: the message to end with; the session's current one when left out.

        Raises:
            NotFound: there is no such message in this session.
        """
        await self.gate("read")
        info = await self.info()
        by_id: dict[str, Message] = {}
        async for batch in self._reader.all_messages(self.id, forgotten=True):
            by_id.update((message.id, message) for message in batch)
        if not by_id and leaf is None:
            return []
        at = leaf or info.head or next(reversed(by_id))
        if at not in by_id:
            raise NotFound("message")
        path: list[Message] = []
        step: str | None = at
        while step is not None and (message := by_id.pop(step, None)) is not None:
            path.append(message)
            step = message.parent_id
        return [message for message in reversed(path) if not message.forgotten]

    async def context(
        self,
        question: str,
        *,
        budget_tokens: int = 2000,
        recent: int = 20,
        recalled: int = 12,
        count: Callable[[str], int] = estimated_tokens,
    ) -> Context:
        """What a model should see before it answers: what is valid now, what the session came to so
        far, what was recalled, and the recent messages; fenced, labelled, each with its id.

        In a session of a project nothing of another project is among it.

        Args:
            budget_tokens: the text is never longer.
            recent: so many of the session's latest messages, newest kept first.
            recalled: so many hits from all of the vault, best kept first.
            count: the model's own tokenizer; a safe estimate when left out.

        Raises:
            BadInput: the question is empty, or the budget is below 1.
        """
        await self.gate("read")
        if budget_tokens < 1:
            raise BadInput("budget_tokens", "it is at least 1")
        latest = await self.messages(last=recent)
        store, vault, project = self._store, self._vault, (await self.info()).project
        hits = await recall(
            store,
            vault,
            question,
            limit=recalled,
            neighbours=0,
            within_project=project,
            operators=False,
        )
        remembered = await store.known.memories(vault)
        known = await offered_to(store, vault, remembered, project)
        return build_context(
            latest,
            hits,
            budget_tokens=budget_tokens,
            count=count,
            profile=profile_of(known, self._store.clock()),
            summary=summary_of(known, self.id),
            fence=fence_of(self._vault, self.id),
        )

    async def message(self, message_id: str) -> Message:
        """One message of this session.

        Raises:
            NotFound: there is no such message here, or it was forgotten.
        """
        await self.gate("read")
        found = await self._reader.messages_by_id([message_id])
        if not found or found[0].session_id != self.id:
            raise NotFound("message")
        return found[0]

    async def read_file(self, message_id: str) -> bytes:
        """The bytes of a message's file.

        Raises:
            NotFound: no such message here, or it has no file.
            TamperedRecord: a part is missing or does not open.
        """
        return await self._reader.file_content(await self.message(message_id))

    async def change(
        self,
        *,
        title: str | None = None,
        pinned: bool | None = None,
        archived: bool | None = None,
        project: str | None = None,
        tags: Sequence[str] | None = None,
        learning: bool | None = None,
    ) -> Session:
        """Rename, pin, archive, or move to a project; what is None stays. No date changes.

        Args:
            project: its slug; "" for none.
            learning: False: nothing that is said from now on is distilled, until True takes it up
                again. It is recorded and recalled all the same.

        Raises:
            BadInput, TooLarge: something of it cannot be kept.
            NotFound: the session is not there.
        """
        await self.gate("write")
        limits = self._store.limits
        names = Names(self._store, self._vault)
        while True:
            row = await self._reader.session_row(self._log.raw)
            read, keys = await self._vault.openable((row,), self._log.raw)
            if not read:
                raise NotFound("session")
            row = read[0]
            place = self._vault.place(Kind.SESSION, self._log.raw)
            body = open_body(row, place, keys, SessionBody)
            changed = replace(
                body,
                title=body.title if title is None else checked_text("title", title, limits),
                pinned=body.pinned if pinned is None else pinned,
                project=body.project if project is None else project or None,
                tags=body.tags if tags is None else checked_tags(tags, limits),
                pauses=body.pauses
                if learning is None
                else begun(body.pauses, self._store.clock(), learning=learning),
            )
            head = await self._reader.head(self.id)
            touch = replace(
                head,
                archived=head.archived if archived is None else archived,
                project_id=head.project_id
                if project is None
                else await names.project(project or None),
            )
            key = (await self._vault.session_keys(self._log.raw)).current
            sealed = seal_session(
                changed, self._log.raw, key, place, version=row.version + 1, at_ms=row.at_ms
            )
            try:
                await self._vault.commit(put=(sealed,), touch=touch)
            except Conflict:
                await self._vault.session_keys(self._log.raw, fresh=True)
                continue
            self._log.invalidate()
            return await self.info()
