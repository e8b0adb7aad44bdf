"""From a request to a turn: whose it is, of which session, and what of it is new. Heard first."""

from __future__ import annotations

import asyncio
import contextlib
from collections import OrderedDict
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING
from weakref import WeakValueDictionary

from msgspec import Struct

from holdfast.capture.entries import Entry
from holdfast.capture.inputs import Input
from holdfast.clock import id_bytes
from holdfast.errors import Conflict
from holdfast.model import Message, MessageId, TurnId
from holdfast.server.proxy.entries import Writing
from holdfast.server.proxy.finding import Asked, Finder, first_answer
from holdfast.server.proxy.known import Histories, Known
from holdfast.server.proxy.planning import Plan, plan
from holdfast.server.proxy.wire import ChatRequest, no_chain

if TYPE_CHECKING:
    from holdfast.capture.turn import CutOff, TurnRecorder
    from holdfast.keeper.sessions import OpenSession
    from holdfast.keeper.store import Store
    from holdfast.keeper.users import User
    from holdfast.model import Json, JsonObject, Turn

__all__ = ["Opened", "Opening", "Repeated", "Run"]

_MAX_RECENT = 1024
_MAX_TRIES = 8
_ENDING_TIMEOUT_S = 10.0
"""How long a request waits until the answer it goes on with is recorded."""
_FORGOTTEN = "(asked again; what was asked is forgotten)"


class Run:
    """One turn while it is being answered, as those that come after it see it."""

    def __init__(self, session_id: str, turn_id: TurnId) -> None:
        self.session_id = session_id
        self.turn_id = turn_id
        self.ending = False
        """Its client may have all of the answer, but it is not recorded yet."""
        self.ended = asyncio.Event()


class Opened(Struct, frozen=True, kw_only=True):
    """A turn whose input is durable."""

    user: User
    session: OpenSession
    turn: TurnRecorder
    run: Run
    follows: MessageId | None
    """The message that is to be answered."""
    chain: bytes
    """Its place on the wire."""
    asked: Asked


class Repeated(Struct, frozen=True, kw_only=True):
    """A request that was answered before."""

    turn: Turn
    messages: tuple[Message, ...]


class Opening:
    """Opens turns. One per process and account."""

    def __init__(self, store: Store) -> None:
        self._histories = Histories()
        self._finder = Finder(store, self._histories)
        self._locks: WeakValueDictionary[tuple[bytes, object], asyncio.Lock] = WeakValueDictionary()
        self._running: dict[bytes, set[Run]] = {}
        self._recent: OrderedDict[tuple[bytes, str, bytes, str], Run] = OrderedDict()

    async def open(
        self, stack: AsyncExitStack, user: User, asked: Asked, *, again: bool, cut_off: CutOff
    ) -> Opened | Repeated:
        """Record what is new of a request; durable on return. The turn ends with the stack.

        Args:
            again: the client says that it tries this very request again.
            cut_off: how a turn ends whose task is cancelled.

        Raises:
            BadInput, TooLarge: something of it cannot be kept; nothing was written.
            Conflict: it is being answered just now.
            StorageFailed: or one of its kinds; nothing was written.
        """
        async with self.place(user, asked) as session:
            key = (user.vault.raw, session.id, asked.request.digest, asked.by)
            before = self._recent.get(key) if again and asked.key is None else None
            if before is not None:
                await before.ended.wait()
                repeated = await _repeated(session, before.turn_id)
                if repeated.turn.status == "complete":
                    return repeated
            return await self._turn(stack, user, session, asked, cut_off)

    @asynccontextmanager
    async def place(self, user: User, asked: Asked) -> AsyncIterator[OpenSession]:
        """The session of a request, in which nobody else plans as long as the block lasts.

        Raises:
            StorageFailed: or one of its kinds.
        """
        request, raw = asked.request, user.vault.raw
        named = asked.name or first_answer(request.spoken) or request.units[-1].chain
        lock = self._locks.setdefault((raw, named), asyncio.Lock())
        async with lock:
            await self._until_recorded(raw)
            now = asyncio.get_running_loop().time()
            yield await self._finder.session(user, asked, now)

    async def planned(self, session: OpenSession, asked: Asked) -> tuple[Input, str | None]:
        """What a turn of this request begins with, and the client key it has."""
        known = await self._histories.of(session)
        found = plan(asked.request.units, known)
        return _input(session, asked.request, found, known), _client_key(asked, found, 1)

    async def answered(self, user: User, session: OpenSession, asked: Asked, place: bytes) -> None:
        """Note that a session has an answer: by the first one its history is known again."""
        if asked.name is None and first_answer(asked.request.spoken) is None:
            await self._finder.remember(user, session, place)

    def ended(self, opened: Opened) -> None:
        """The turn has its final status."""
        runs = self._running.get(opened.user.vault.raw, set())
        runs.discard(opened.run)
        if not runs:
            self._running.pop(opened.user.vault.raw, None)
        opened.run.ended.set()

    async def _until_recorded(self, raw: bytes) -> None:
        """Wait for answers that clients have but the vault has not: they come back right away."""
        ending = [run.ended.wait() for run in self._running.get(raw, ()) if run.ending]
        if ending:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_ENDING_TIMEOUT_S):
                    await asyncio.gather(*ending)

    async def _turn(
        self,
        stack: AsyncExitStack,
        user: User,
        session: OpenSession,
        asked: Asked,
        cut_off: CutOff,
    ) -> Opened | Repeated:
        attempt = 1
        for _ in range(_MAX_TRIES):
            known = await self._histories.of(session)
            found = plan(asked.request.units, known)
            turn = await stack.enter_async_context(
                session.turn(
                    given=_input(session, asked.request, found, known),
                    client_key=_client_key(asked, found, attempt),
                    model=asked.request.model,
                    entities={"request": _parameters(asked.request.raw)},
                ).when_cut_off(cut_off)
            )
            if not turn.replayed:
                return self._opened(user, session, asked, found, turn)
            if asked.key is None:
                continue  # another process was faster: its message is known now
            repeated = Repeated(turn=turn.record, messages=tuple(turn.messages))
            if turn.record.status == "complete":
                return repeated
            if turn.record.status == "open":
                raise Conflict("this request is being answered just now")
            attempt += 1
        raise Conflict("this session is being written by too many at once")

    def _opened(
        self, user: User, session: OpenSession, asked: Asked, found: Plan, turn: TurnRecorder
    ) -> Opened:
        raw, spoken = user.vault.raw, asked.request.spoken
        run = Run(session.id, turn.id)
        self._running.setdefault(raw, set()).add(run)
        self._recent[raw, session.id, asked.request.digest, asked.by] = run
        while len(self._recent) > _MAX_RECENT:
            self._recent.popitem(last=False)
        follows = turn.messages[-1].id if turn.messages else None
        if follows is None and found.after is not None:
            follows = found.after.id
        return Opened(
            user=user,
            session=session,
            turn=turn,
            run=run,
            follows=follows,
            chain=spoken[-1].chain if spoken else no_chain(),
            asked=asked,
        )


async def _repeated(session: OpenSession, turn_id: TurnId) -> Repeated:
    turn, messages = await session.log.recorded_turn(id_bytes(turn_id))
    return Repeated(turn=turn, messages=tuple(messages))


def _input(session: OpenSession, request: ChatRequest, found: Plan, known: Known) -> Input:
    """What the turn begins with, and before it what was said elsewhere."""
    after = found.after
    if not found.inputs and after is not None and not after.forgotten:
        return Input(answers=after.id)
    writing = Writing(session.log, session.limits, calls=_call_names(request))
    follows = None if after is None else after.id
    # A message that follows none would otherwise be put behind the newest.
    root = after is None and known.root is not None
    entries = writing.history(found.history, follows=follows, root=root)
    if entries:
        follows, root = entries[-1].message.id, False
    entries += writing.inputs(found.inputs, follows=follows, root=root)
    if not found.inputs:
        entries.append(_placeholder(session, follows))
    return Input(entries=tuple(entries), turns=tuple(writing.turns))


def _placeholder(session: OpenSession, follows: MessageId | None) -> Entry:
    """Stands for a question that was forgotten: it does not come back with its repetition."""
    message = Message(
        id=MessageId(session.log.ids()),
        session_id=session.id,
        turn_id=TurnId(""),
        seq=0,
        parent_id=follows,
        role="system",
        text=_FORGOTTEN,
        at=session.log.clock(),
    )
    return Entry(message=message)


def _client_key(asked: Asked, found: Plan, attempt: int) -> str | None:
    if asked.key is not None:
        return f"request/{asked.key}" + (f"/answer-{attempt}" if attempt > 1 else "")
    # What is said at one place of the wire is recorded once, whoever else is faster.
    return f"wire/{found.inputs[-1].chain.hex()}" if found.inputs else None


def _call_names(request: ChatRequest) -> Mapping[str, str]:
    """The names of the tools that were called, by the ids of their calls."""
    names: dict[str, str] = {}
    for unit in request.units:
        calls = unit.raw.get("tool_calls")
        for call in calls if isinstance(calls, list) else ():
            function = call.get("function") if isinstance(call, dict) else None
            if isinstance(call, dict) and isinstance(function, dict):
                names[str(call.get("id"))] = str(function.get("name"))
    return names


def _parameters(raw: JsonObject) -> Json:
    """What was asked for beside the messages: tools, format, temperature, and all the rest."""
    return {name: value for name, value in raw.items() if name != "messages"}
