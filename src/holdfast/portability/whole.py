"""What a whole export of this program gives, whichever file it comes from, and what is wrong."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Literal, Protocol, TypeAlias

from holdfast.clock import id_bytes
from holdfast.model import Assistant, Memory, Project, Thought
from holdfast.portability.bundle import BundledSession
from holdfast.portability.conversations import Broken

__all__ = ["Lack", "WholeExport", "fault_in"]

Lack: TypeAlias = Literal["files", "checksums"]
"""files: the content of the files that it names. checksums: what shows whether it was altered."""


class WholeExport(Protocol):
    """Everything of one owner with its own ids; what cannot be read of it is told in its place."""

    @property
    def format(self) -> str:
        """Its name: "holdfast-bundle"."""

    @property
    def total_bytes(self) -> int:
        """Bytes of its conversations."""

    @property
    def bytes_read(self) -> int:
        """How many of them were read."""

    @property
    def lacks(self) -> tuple[Lack, ...]:
        """What its kind of file cannot hold."""

    def sessions(self) -> Iterator[BundledSession | Broken]:
        """One in memory at a time."""

    def memories(self) -> Iterable[Memory | Broken]:
        """In the order they were written."""

    def thoughts(self) -> Iterable[Thought | Broken]:
        """In the order they were written."""

    def assistants(self) -> Iterable[Assistant | Broken]:
        """All of them."""

    def projects(self) -> Iterable[Project | Broken]:
        """All of them."""

    def has_file(self, sha256: str) -> bool:
        """Whether it holds a content."""

    def file(self, sha256: str) -> bytes:
        """That content."""

    def close(self) -> None:
        """Let go of the file. May be called twice."""


def fault_in(bundled: BundledSession) -> str | None:
    """Why a session cannot be kept as it stands; None when it can."""
    session, turns, messages = bundled.session, bundled.turns, bundled.messages
    if not _are_ids([session.id, *(t.id for t in turns), *(m.id for m in messages)]):
        return "has an id that is no UUID, or one twice"
    owners = {*(turn.session_id for turn in turns), *(m.session_id for m in messages)}
    if not owners <= {session.id}:
        return "holds turns or messages of another conversation"
    of = {turn.id for turn in turns}
    if any(message.turn_id not in of for message in messages):
        return "holds messages of no turn"
    seen: set[str | None] = {None}
    for message in messages:
        if message.parent_id not in seen:
            return "holds a message that follows one that is not before it"
        seen.add(message.id)
    if session.head not in seen:
        return "shows a branch that it does not hold"
    times = [session.started_at, session.last_at, *(message.at for message in messages)]
    times += [] if session.trashed_at is None else [session.trashed_at]
    times += [at for turn in turns for at in (turn.started_at, turn.ended_at) if at is not None]
    times += [at for pause in session.pauses for at in (pause.since, pause.until) if at is not None]
    return None if all(map(_is_time, times)) else "has a time without a zone, or before 1970"


def _are_ids(ids: list[str]) -> bool:
    """Whether they are UUIDs, each once."""
    try:
        return len({id_bytes(one) for one in ids}) == len(ids)
    except ValueError:
        return False


def _is_time(at: datetime) -> bool:
    return at.tzinfo is not None and at.year >= 1970
