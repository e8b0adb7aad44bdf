"""What an answer was given: noted by id with its turn, and looked up when somebody asks."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from holdfast.errors import NotFound
from holdfast.keeper.find_shown import shown_text
from holdfast.keeper.sessions import OpenSession
from holdfast.keeper.store import Store
from holdfast.model import Memory, Message, Session, SessionId, Used, UsedAs
from holdfast.vault.reader import Reader
from holdfast.vault.vault import Vault

__all__ = ["UsedPiece", "used_in"]

_SHOWN_CHARS = 280


class UsedPiece(Struct, frozen=True, kw_only=True):
    """Something that an answer was given: a message, a memory, or what is gone since."""

    section: UsedAs
    message: Message | None = None
    memory: Memory | None = None
    session_id: SessionId | None = None
    """Where it was said, or what the memory was made from."""
    session_title: str | None = None
    snippet: str = ""
    """How it begins."""

    @property
    def gone(self) -> bool:
        """It was forgotten or put into the trash since: nothing of it is told."""
        return self.message is None and self.memory is None


async def used_in(
    store: Store, vault: Vault, session: OpenSession, turn_id: str
) -> list[UsedPiece]:
    """What the answer of a turn was given, in the order of its context; see `User.used`.

    Args:
        vault: where it was taken from.

    Raises:
        NotFound: there is no such turn in the session.
    """
    found = await session.turns_by_id([turn_id])
    if not found:
        raise NotFound("turn")
    used = found[0].used
    if not used:
        return []
    ids = [one.id for one in used]
    messages = {str(m.id): m for m in await Reader(vault).messages_by_id(ids)}
    memories = {str(m.id): m for m in await store.known.memories(vault) if m.id in set(ids)}
    sessions = [known.session for known in await store.known.sessions(vault)]
    at_hand = {session.id: session for session in sessions if session.trashed_at is None}
    shown = {i: m for i, m in messages.items() if m.session_id in at_hand}
    return [_piece(one, shown.get(one.id), memories.get(one.id), at_hand) for one in used]


def _piece(
    used: Used,
    message: Message | None,
    memory: Memory | None,
    sessions: Mapping[SessionId, Session],
) -> UsedPiece:
    if message is not None:
        session_id: SessionId | None = message.session_id
        text = shown_text(message)
    else:
        session_id = None if memory is None else memory.session_id
        text = "" if memory is None else memory.text
    session = None if session_id is None else sessions.get(session_id)
    return UsedPiece(
        section=used.section,
        message=message,
        memory=memory,
        session_id=session_id,
        session_title=None if session is None else session.title,
        snippet=_beginning(text),
    )


def _beginning(text: str) -> str:
    line = " ".join(text[: 2 * _SHOWN_CHARS].split())
    return line if len(line) <= _SHOWN_CHARS else line[:_SHOWN_CHARS].rstrip() + "…"
