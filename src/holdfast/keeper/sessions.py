"""Sessions: begin one, find one, list them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import datetime

from msgspec.structs import replace

from holdfast.capture.checks import checked_label, checked_tags, checked_text, checked_time
from holdfast.capture.log import create_session
from holdfast.clock import id_bytes, id_text, to_ms
from holdfast.errors import BadInput, Conflict
from holdfast.keeper.access import Gate, own
from holdfast.keeper.client_keys import client_key_tag
from holdfast.keeper.keeping import keep_session
from holdfast.keeper.listing import (
    MAX_PAGE,
    Page,
    SealedFilter,
    checked_limit,
    page_of_sessions,
    read_cursor,
)
from holdfast.keeper.moments import edge
from holdfast.keeper.months import Months, months_of, zone_of
from holdfast.keeper.names import Names, checked_slug
from holdfast.keeper.open_session import LoggedExchange, OpenSession
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
from holdfast.model import Session, SessionId
from holdfast.storage.protocol import HeadsQuery, Kind, OnceTag
from holdfast.vault.codec import SessionBody
from holdfast.vault.reader import Reader
from holdfast.vault.vault import Vault

__all__ = ["LoggedExchange", "OpenSession", "Page", "Sessions"]


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
        clock = self._store.clock
        earliest, latest = edge(since, clock, end=False), edge(until, clock, end=True)
        only = tuple(map(id_bytes, await trashed_sessions(self._vault))) if trashed else None
        ask = replace(
            await self._asked(assistant, project, kind, archived),
            session_ids=only,
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
        ask = await self._asked(assistant, project, kind, archived)
        return await months_of(self._vault, ask, zone_of(zone))

    async def _asked(
        self, assistant: str | None, project: str | None, kind: str | None, archived: bool | None
    ) -> HeadsQuery:
        names = self._names
        return HeadsQuery(
            vault_id=self._vault.raw,
            kind=checked_label("kind", kind, self._store.limits),
            assistant_id=None if assistant is None else await names.find(Kind.ASSISTANT, assistant),
            project_id=None if project is None else await names.find(Kind.PROJECT, project),
            archived=archived,
        )

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
