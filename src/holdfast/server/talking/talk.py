"""One session that somebody listens to or that is being answered."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from typing import TYPE_CHECKING, TypeAlias

from msgspec.structs import replace

from holdfast.assistant.events import Event, Failed, Finished, Recalled, Started
from holdfast.capture.parts import finish
from holdfast.errors import Conflict, HoldfastError
from holdfast.model import TurnId, TurnStatus
from holdfast.server.failures import Refused
from holdfast.server.removals import removed_since, rev_of
from holdfast.server.schemas.events import ServerEvent
from holdfast.server.talking.listeners import Listener
from holdfast.server.talking.run import Happening, Run
from holdfast.server.talking.told import SHOWN_HITS, Replay, Told

if TYPE_CHECKING:
    from holdfast.keeper.sessions import OpenSession
    from holdfast.server.talking.talks import Talks

__all__ = ["Check", "Seat", "Talk"]

_logger = logging.getLogger(__name__)
_MAX_WAITING = 16
"""Turns of one session that are answered or wait; a person types no faster."""

Check: TypeAlias = Callable[[], Awaitable[None]]


class Seat:
    """A listener's place in a talk.

    `check` is asked whenever the vault has changed, before the next event is passed on: when it
    raises, the listener hears nothing more of this talk, and `lost` is called. None: what belongs
    to the caller alone. `only`: of this turn and of nothing else it hears.
    """

    __slots__ = ("check", "lost", "only")

    def __init__(
        self,
        *,
        check: Check | None = None,
        lost: Callable[[], None] | None = None,
        only: Run | None = None,
    ) -> None:
        self.check = check
        self.lost = lost
        self.only = only


class Talk:
    """What happens in one session, in order, to whoever listens; for a while to who comes back.

    `seq` grows by one with each event. It begins at the present microsecond, so that it grows over
    restarts too, and over a talk that nobody needed for a while.

    Args:
        side_by_side: turns do not wait for each other, as in a room.
    """

    def __init__(self, session: OpenSession, talks: Talks, *, side_by_side: bool = False) -> None:
        self.session = session
        self.seq = talks.now_us()
        self.idle_since = 0.0
        self._talks = talks
        self._replay = Replay(self.seq)
        self._seats: dict[Listener, Seat] = {}
        self._runs: dict[Run, None] = {}
        self._turns = asyncio.Semaphore(_MAX_WAITING if side_by_side else 1)
        self._telling = asyncio.Lock()
        self._checked_rev = -1
        self._clean_rev: int | None = None
        """Nothing of what is kept was removed up to there; None before anything was kept."""
        self._presence: Callable[[list[str]], ServerEvent] | None = None
        self._told_present: list[str] = []

    @property
    def idle(self) -> bool:
        """Nobody listens and nothing is being answered."""
        return not self._seats and not self._runs

    @property
    def listeners(self) -> list[Listener]:
        """Who listens."""
        return list(self._seats)

    @property
    def present(self) -> list[str]:
        """The users who listen to all of it, by name."""
        return sorted({who.caller.user_id for who, s in self._seats.items() if s.only is None})

    @property
    def runs(self) -> list[Run]:
        """What is being answered or waits, in the order it was said."""
        return list(self._runs)

    # Listening

    def mark(self, after_seq: int | None) -> tuple[int, bool]:
        """From where on a client has to be told, and whether that is all it missed."""
        if after_seq is not None and self._replay.covers(after_seq):
            return after_seq, True
        before = self._replay.before_running()
        return (self.seq if before is None else before), False

    def join(self, listener: Listener, after_seq: int, *, seat: Seat, first: Told) -> bool:
        """Begin to listen: to `first`, to what came after that place, and to what comes.

        False when what came is not kept any more; then nothing was changed.
        """
        if not self._replay.covers(after_seq):
            return False
        listener.catch_up([first, *self._replay.after(after_seq)])
        self._seats[listener] = seat
        # Somebody new is asked in any case, whatever was asked before.
        self._checked_rev = -1
        return True

    def follow(self, listener: Listener, run: Run) -> None:
        """Begin to listen to a turn, from its beginning as far as it is kept."""
        listener.catch_up(self._replay.of(run))
        self._seats[listener] = Seat(only=run)

    def run_of(self, seq: int) -> Run | None:
        """The turn that a kept event belongs to."""
        return self._replay.run_of(seq) if self._replay.covers(seq) else None

    def can_resume(self, run: Run, after_seq: int) -> bool:
        """Whether a turn is kept from its first event on, and more of it came or comes."""
        kept = self._replay.of(run)
        if not kept or not isinstance(kept[0].event, Started):
            return False
        return run.running or kept[-1].seq > after_seq

    def leave(self, listener: Listener) -> None:
        """Stop listening; turns go on."""
        self._seats.pop(listener, None)
        self._talks.tidy(self)

    def forget_ended(self) -> None:
        """Keep no event of turns that have ended: something of the session was removed."""
        self._replay.clear()

    async def forget_removed(self) -> None:
        """As `forget_ended`, if something of the vault was removed, by whichever process. To be
        asked before a client is told of what it missed; one read when nothing was written.

        Raises:
            NotFound: the vault was erased.
            StorageFailed: or one of its kinds.
        """
        before, vault = self._clean_rev, self.session.vault
        if before is None or (now := await rev_of(vault)) == before:
            return
        if await removed_since(vault, before):
            self.forget_ended()
            if self._runs:
                # What they have told may be of what went: asked again when they have ended.
                return
        self._clean_rev = now

    # Talking

    def say(
        self, happening: Happening, *, client_key: str | None, by: Listener | None, who: str
    ) -> Run:
        """Have an input recorded and answered, after those before it.

        Args:
            by: told when it is refused, and of an answer that comes again. who: the user.

        Raises:
            Conflict: too many wait already; nothing was recorded.
            Refused: too many wait in all, or the server stops; nothing was recorded.
        """
        if len(self._runs) >= _MAX_WAITING:
            raise Conflict("too many messages wait for their answer in this session")
        self._talks.admit((self.session.vault.account, who))
        run = Run(client_key=client_key, by=by, who=who)
        run.task = asyncio.create_task(self._run(run, happening))
        self._runs[run] = None
        run.task.add_done_callback(lambda _: self._ended(run))
        return run

    def cancel(self, turn_id: str | None = None, *, of: str | None = None) -> list[Run]:
        """Cancel one turn, or all that are answered or wait; returns them, before they have ended.

        Args:
            of: only what this user began.
        """
        chosen = [
            run for run in self._runs if turn_id in (None, run.turn_id) and of in (None, run.who)
        ]
        for run in chosen:
            run.cancel()
        return chosen

    def show_presence(self, shown: Callable[[list[str]], ServerEvent]) -> None:
        """Tell those who listen who does, from now on and whenever that changes."""
        self._presence = shown

    async def check_seats(self) -> bool:
        """Let go of whoever may not listen any more; tells, and returns, whether others are there
        now than were told of last."""
        async with self._telling:
            await self._check_seats()
            return self._tell_presence()

    async def tell_others(self, shown: ServerEvent, *, but: Listener) -> None:
        """Pass on something that is not kept."""
        async with self._telling:
            await self._check_seats()
            told = Told(self.seq, self.session.id, shown=shown)
            for listener in self._seats:
                if listener is not but:
                    # Whoever lags misses it: it is of the moment.
                    listener.offer(told)

    # Inside

    def _ended(self, run: Run) -> None:
        self._runs.pop(run, None)
        self._talks.leave((self.session.vault.account, run.who))
        if run.turn_id is None and run.error is None:
            # Cancelled before its task took a step.
            run.refuse(self._talks.refusal())
        run.running = False
        self._talks.tidy(self)

    async def _run(self, run: Run, happening: Happening) -> None:
        try:
            async with self._turns, aclosing(happening()) as events:
                if self._clean_rev is None:
                    self._clean_rev = await rev_of(self.session.vault)
                async for event in events:
                    run.saw(event)
                    if not self._published_at_once(run, event):
                        # To the end: who is told half of the events misses one for ever.
                        await finish(self._publish(run, event))
        except (HoldfastError, Refused) as exc:
            await self._broke(run, exc)
        except asyncio.CancelledError:
            if run.turn_id is None:
                run.refuse(self._talks.refusal())
                self._tell_refusal(run)
            elif run.final is None:
                await self._publish(run, self._cut_off(run.turn_id))
            raise
        except Exception:
            # The task's boundary: a fault of ours, which nobody else would see.
            _logger.exception("turn broke", extra={"action": "turn.run"})
            await self._broke(run, Refused(500, "internal", "the server failed: see its log"))

    def _cut_off(self, turn_id: TurnId) -> Finished:
        status: TurnStatus = "interrupted" if self._talks.stopping.is_set() else "cancelled"
        return Finished(turn_id=turn_id, status=status, message=None)

    async def _broke(self, run: Run, error: HoldfastError | Refused) -> None:
        if run.turn_id is None:
            run.refuse(error)
            self._tell_refusal(run)
        else:
            failed = Failed(turn_id=run.turn_id, code=error.code, message=str(error))
            await self._publish(run, failed)

    def _tell_refusal(self, run: Run) -> None:
        error = run.error
        if run.by is not None and isinstance(error, HoldfastError | Refused):
            run.by.tell_error(
                error.code,
                str(error),
                run.client_key,
                seq=self.seq,
                session_id=self.session.id,
            )

    def _published_at_once(self, run: Run, event: Event) -> bool:
        """Publish, when nobody has to be waited for or asked about: without a task of its own,
        which would cost more than all the rest. False when nothing was done."""
        if run.replayed or self._telling.locked():
            return False
        if any(seat.check is not None or not who.has_room for who, seat in self._seats.items()):
            return False
        told = self._kept(run, event)
        for listener in self._hearing(run):
            listener.offer(told)
        return True

    def _tell_presence(self) -> bool:
        present = self.present
        if self._presence is None or present == self._told_present:
            return False
        self._told_present = present
        told = Told(self.seq, self.session.id, shown=self._presence(present))
        for listener, seat in self._seats.items():
            if seat.only is None:
                # Whoever lags misses it: it is of the moment.
                listener.offer(told)
        return True

    def _kept(self, run: Run, event: Event) -> Told:
        """The event at the next place, kept for who comes back."""
        self.seq += 1
        told = Told(self.seq, self.session.id, event=_shown(event), run=run)
        self._replay.add(told)
        return told

    def _hearing(self, run: Run) -> list[Listener]:
        return [who for who, seat in self._seats.items() if seat.only in (None, run)]

    async def _publish(self, run: Run, event: Event) -> None:
        async with self._telling:
            if run.replayed:
                # The others have heard it when it happened.
                told = Told(self.seq, self.session.id, event=_shown(event), run=run)
                if run.by is not None:
                    await run.by.hear(told)
                return
            told = self._kept(run, event)
            await self._check_seats()
            lagging = [who for who in self._hearing(run) if not who.offer(told)]
            if lagging:
                await asyncio.gather(*(listener.hear(told) for listener in lagging))

    async def _check_seats(self) -> None:
        """Ask again who may listen, when the vault has changed since: members are part of it."""
        guarded = [(who, seat) for who, seat in self._seats.items() if seat.check is not None]
        if not guarded:
            return
        vault = self.session.vault
        with contextlib.suppress(HoldfastError):
            row = await vault.storage.vault(vault.raw)
            if row is not None and row.rev == self._checked_rev:
                return
            await self._ask(guarded)
            self._checked_rev = -1 if row is None else row.rev
            return
        # It cannot be known who may listen, so nobody may.
        for listener, seat in guarded:
            self._lose(listener, seat)

    async def _ask(self, guarded: list[tuple[Listener, Seat]]) -> None:
        for listener, seat in guarded:
            assert seat.check is not None  # only those are guarded
            try:
                await seat.check()
            except HoldfastError:
                self._lose(listener, seat)

    def _lose(self, listener: Listener, seat: Seat) -> None:
        self._seats.pop(listener, None)
        if seat.lost is not None:
            seat.lost()
        self._talks.tidy(self)


def _shown(event: Event) -> Event:
    """The event without what no client is shown."""
    if isinstance(event, Recalled):
        return replace(event, hits=event.hits[:SHOWN_HITS])
    return event
