"""The session that a request belongs to: by its client's name, or by how its history begins."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

from msgspec import Struct

from holdfast.capture.entries import titled
from holdfast.capture.log import create_session
from holdfast.clock import id_bytes, id_text
from holdfast.errors import Conflict, NotFound
from holdfast.model import SessionId
from holdfast.server.proxy.wire import ChatRequest, content_text
from holdfast.storage.protocol import OnceTag
from holdfast.vault.codec import SessionBody

if TYPE_CHECKING:
    from collections.abc import Sequence

    from holdfast.keeper.sessions import OpenSession
    from holdfast.keeper.store import Store
    from holdfast.keeper.users import User
    from holdfast.server.proxy.known import Histories
    from holdfast.server.proxy.wire import Unit

__all__ = ["INFERRED", "Asked", "Finder", "first_answer"]

INFERRED = "inferred"
"""The tag of a session that no client named."""
_AGAIN_S = 600.0
"""The same beginning again within this time is the same conversation; later it is a new one."""
_MAX_BEGINNINGS = 10_000
_MAX_ALIKE = 16
"""So many conversations that begin alike, first answer included, are told apart."""


class Asked(Struct, frozen=True, kw_only=True):
    """What leads to a session."""

    request: ChatRequest
    name: str | None
    """The client's."""
    own: bool
    """The name came in our own header: it may be a session's id, too."""
    key: str | None
    """The client's key of this very request."""
    assistant: str | None
    by: str = ""
    """Id of the credential: what one was answered is not told to another, which may read less."""


class Finder:
    """Finds sessions, and begins them."""

    def __init__(self, store: Store, histories: Histories) -> None:
        self._store = store
        self._histories = histories
        self._begun: OrderedDict[tuple[bytes, bytes], tuple[SessionId, float]] = OrderedDict()

    async def session(self, user: User, asked: Asked, now: float) -> OpenSession:
        """The session of a request; begun when there is none yet. Call it one after the other.

        Raises:
            StorageFailed: or one of its kinds.
        """
        if asked.name is not None:
            return await self._named(user, asked, asked.name)
        beginning = first_answer(asked.request.spoken)
        if beginning is not None:
            found = await self._alike(user, asked.request, beginning)
            if found is not None:
                return found
            return await self._start(user, asked, await self._free_tag(user, beginning))
        return await self._fresh(user, asked, now)

    async def remember(self, user: User, session: OpenSession, chain: bytes) -> None:
        """Note how the history of a session begins now that it has its first answer."""
        tag = await self._free_tag(user, chain)
        try:
            await user.vault.commit(once=OnceTag(tag=tag, id=id_bytes(session.id)))
        except Conflict:
            return

    async def _named(self, user: User, asked: Asked, name: str) -> OpenSession:
        if asked.own:
            try:
                return await user.sessions.open(name)
            except NotFound:
                pass  # a name of the client's, or somebody else's session, which is no session
        tag = self._tag(user, "session", name)
        return await self._open(user, tag) or await self._start(user, asked, tag)

    async def _fresh(self, user: User, asked: Asked, now: float) -> OpenSession:
        """A request that holds no answer yet: a new conversation, or the same one tried again."""
        place = (user.vault.raw, asked.request.units[-1].chain)
        found, at = self._begun.get(place, (None, 0.0))
        if found is not None and now - at < _AGAIN_S:
            try:
                return await user.sessions.open(found)
            except NotFound:
                del self._begun[place]
        if asked.key is None:
            session = await self._start(user, asked, None)
        else:
            tag = self._tag(user, "request", asked.key)
            session = await self._open(user, tag) or await self._start(user, asked, tag)
        self._begun[place] = (session.id, now)
        self._begun.move_to_end(place)
        while len(self._begun) > _MAX_BEGINNINGS:
            self._begun.popitem(last=False)
        return session

    async def _alike(
        self, user: User, request: ChatRequest, beginning: bytes
    ) -> OpenSession | None:
        """Of the conversations that begin like this one, that which it has most in common with."""
        best, most = None, 0
        for number in range(_MAX_ALIKE):
            found = await self._open(user, self._tag(user, f"begins/{number}", beginning.hex()))
            if found is None:
                break
            known = await self._histories.of(found)
            spoken = request.spoken
            common = next(
                (n for n in range(len(spoken), 0, -1) if known.find(spoken[n - 1].chain)), 0
            )
            if common >= most:
                best, most = found, common
        return best

    async def _free_tag(self, user: User, beginning: bytes) -> bytes:
        for number in range(_MAX_ALIKE):
            tag = self._tag(user, f"begins/{number}", beginning.hex())
            if await user.vault.storage.once(user.vault.raw, tag) is None:
                break
        return tag

    async def _open(self, user: User, tag: bytes) -> OpenSession | None:
        raw = await user.vault.storage.once(user.vault.raw, tag)
        if raw is None:
            return None
        try:
            return await user.sessions.open(id_text(raw))
        except NotFound:
            return None

    async def _start(self, user: User, asked: Asked, tag: bytes | None) -> OpenSession:
        vault, store = user.vault, self._store
        session_id = SessionId(store.ids())
        raw = id_bytes(session_id)
        first = next((u for u in asked.request.units if u.role == "user"), None)
        text = "" if first is None else content_text(first.raw.get("content"))
        title, preview = titled(text)
        body = SessionBody(
            title=title,
            preview=preview,
            assistant=asked.assistant,
            platform="api",
            tags=() if asked.name is not None else (INFERRED,),
        )
        try:
            await create_session(
                vault,
                session_id,
                body,
                kind="chat",
                assistant_id=await user.names.assistant(asked.assistant),
                project_id=None,
                started_at=store.clock(),
                once=None if tag is None else OnceTag(tag=tag, id=raw),
            )
        except Conflict:
            found = None if tag is None else await self._open(user, tag)
            if found is None:
                raise
            # The key was made before the write that lost: nothing is sealed under it.
            await vault.keyring.destroy(vault.raw, session_id=raw)
            return found
        return await user.sessions.open(session_id)

    def _tag(self, user: User, purpose: str, name: str) -> bytes:
        return user.vault.keyring.tag(user.vault.raw, f"wire/{purpose}", name)


def first_answer(spoken: Sequence[Unit]) -> bytes | None:
    """The place of the first answer in a history that goes on after it; None without one."""
    return next((unit.chain for unit in spoken[:-1] if unit.role == "assistant"), None)
