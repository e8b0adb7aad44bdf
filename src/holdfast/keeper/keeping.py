"""A session that was not stored becomes one that is: through the one recorder, under its own id."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from holdfast.capture.entries import Entry, TurnChange
from holdfast.capture.log import create_session
from holdfast.errors import Conflict
from holdfast.keeper.names import Names
from holdfast.keeper.session_record import body_of
from holdfast.keeper.store import Store
from holdfast.model import Message, Turn
from holdfast.vault.reader import Reader
from holdfast.vault.vault import Vault

if TYPE_CHECKING:
    from holdfast.keeper.sessions import OpenSession

__all__ = ["keep_session"]

_ALL = 1_000_000


async def keep_session(store: Store, vault: Vault, held: OpenSession) -> None:
    """Write a session that this process holds into a vault, whole, in one durable write. Somebody
    who does the same at the same time finds it done.

    Raises:
        Conflict: a turn of it is still open.
        StorageFailed: or one of its kinds; nothing was written.
    """
    session, reader, names = await held.info(), Reader(held.vault), Names(store, vault)
    turns = await reader.turns(held.id, limit=_ALL)
    if any(turn.status == "open" for turn in turns):
        raise Conflict("something is being answered in it: wait until that has ended")
    messages = [m async for part in reader.all_messages(held.id, forgotten=True) for m in part]
    entries = [await _entry(reader, message) for message in messages]
    body = replace(body_of(session), seen=len(messages) - 1)

    def history(_: object) -> tuple[list[Entry], list[TurnChange]]:
        return entries, [_begun(turn) for turn in turns]

    try:
        await create_session(
            vault,
            held.id,
            body,
            kind=session.kind,
            assistant_id=await names.assistant(session.assistant),
            project_id=await names.project(session.project),
            started_at=session.started_at,
            last_at=session.last_at,
            archived=session.archived,
            log=store.log_of(vault, held.id),
            history=history,
        )
    except Conflict:
        # Kept by somebody else in the same moment; if not, there is no such session to read.
        await Reader(vault).head(held.id)


async def _entry(reader: Reader, message: Message) -> Entry:
    content = None if message.file is None else await reader.file_content(message)
    return Entry(message=message, content=content, follows_leaf=False)


def _begun(turn: Turn) -> TurnChange:
    return TurnChange(turn=turn, begins=True)
