"""What `session.turn` returns: it reads what it must, then the recorder begins."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from msgspec.structs import replace

from holdfast.capture.exchange import Exchange, new_turn
from holdfast.capture.turn import CutOff, Input, TurnRecorder
from holdfast.errors import NotFound
from holdfast.keeper.access import own
from holdfast.model import Message
from holdfast.vault.reader import Reader

if TYPE_CHECKING:
    from holdfast.keeper.sessions import OpenSession

__all__ = ["TurnOpening"]


class TurnOpening:
    """The context manager that `session.turn` returns: reads what it must, then records."""

    def __init__(self, session: OpenSession, what: Input, about: Exchange) -> None:
        self._session = session
        self._what = what
        self._about = about
        self._recorder: TurnRecorder | None = None
        self._cut_off: CutOff | None = None

    def when_cut_off(self, status: CutOff) -> Self:
        """Have the turn end with this status, instead of as cancelled, when its task is cancelled,
        also while it begins."""
        self._cut_off = status
        return self

    async def __aenter__(self) -> TurnRecorder:
        session, limits = self._session, self._session.limits
        await session.gate("write")
        turn = replace(new_turn(session.log, self._about, limits), status="open", ended_at=None)
        self._recorder = TurnRecorder(
            session.log,
            self._what,
            turn,
            limits=limits,
            answered=await self._answered(),
            # What is the caller's own has nobody to ask, so nothing to wait for either.
            gate=None if session.gate is own else session.gate,
            cut_off=self._cut_off,
        )
        return await self._recorder.__aenter__()

    async def _answered(self) -> Message | None:
        named = self._what.edits or self._what.answers
        if named is None:
            return None
        found = await Reader(self._session.vault).messages_by_id([named])
        if not found or found[0].session_id != self._session.id:
            raise NotFound("message")
        return found[0]

    async def __aexit__(self, *raised: object) -> None:
        if self._recorder is not None:
            await self._recorder.__aexit__(*raised)  # type: ignore[arg-type]  # passed through
