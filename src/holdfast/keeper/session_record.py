"""A session's own record, read and changed: title, tags, what was seen of it, since when in the
trash. Its messages and dates stay as they are."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct

from holdfast.clock import id_text
from holdfast.errors import Conflict, NotFound
from holdfast.model import Session, SessionId
from holdfast.storage.protocol import Kind, SealedRow, SessionHead
from holdfast.vault.codec import SessionBody, open_body, seal_session
from holdfast.vault.reader import Reader
from holdfast.vault.vault import Vault

__all__ = ["SessionRecord", "body_of", "change_record", "read_record"]


class SessionRecord(Struct, frozen=True):
    """A session's own record as it was read; a change that is decided on it is written on it."""

    vault: Vault
    row: SealedRow
    body: SessionBody

    async def sealed(self, body: SessionBody) -> SealedRow:
        """The row that puts a body in its place, and conflicts with whatever else does."""
        raw = self.row.id
        return seal_session(
            body,
            raw,
            (await self.vault.session_keys(raw)).current,
            self.vault.place(Kind.SESSION, raw),
            version=self.row.version + 1,
            at_ms=self.row.at_ms,
        )


def body_of(session: Session) -> SessionBody:
    """What a session that was held elsewhere is sealed with here; it is not in the trash.

    Its pauses belong to it: without them what was said while nothing was to be learned would be
    learned after all.
    """
    return SessionBody(
        title=session.title,
        preview=session.preview,
        assistant=session.assistant,
        project=session.project,
        platform=session.platform,
        tags=session.tags,
        pinned=session.pinned,
        source=session.source,
        head=session.head,
        pauses=session.pauses,
        seen=session.seen,
    )


async def read_record(vault: Vault, session_id: bytes) -> SessionRecord:
    """The record of a session.

    Raises:
        NotFound: there is none in this vault.
        TamperedRecord, UnknownEnvelope: it does not open where it stands.
    """
    read = await Reader(vault).session_row(session_id)
    rows, keys = await vault.openable((read,), session_id)
    if not rows:
        raise NotFound("session")
    place = vault.place(Kind.SESSION, session_id)
    return SessionRecord(vault, rows[0], open_body(rows[0], place, keys, SessionBody))


async def change_record(
    vault: Vault,
    session_id: bytes,
    changed: Callable[[SessionBody], SessionBody],
    *,
    touched: Callable[[SessionHead], SessionHead] | None = None,
) -> None:
    """Change a session's record over whatever others change in it at the same time.

    Args:
        changed: what it is to be, of what it is; asked again when somebody was quicker. Where only
            this is given, nothing is written when it is so already.
        touched: the kind, assistant, project and archived flag that its head is to have.

    Raises:
        NotFound: there is none in this vault.
    """
    while True:
        record = await read_record(vault, session_id)
        body = changed(record.body)
        if touched is None and body == record.body:
            return
        # Read after the record, whose version then guards both.
        head = None if touched is None else touched(await _head(vault, session_id))
        try:
            await vault.commit(put=(await record.sealed(body),), touch=head)
        except Conflict:
            await vault.session_keys(session_id, fresh=True)
            continue
        return


async def _head(vault: Vault, session_id: bytes) -> SessionHead:
    return await Reader(vault).head(SessionId(id_text(session_id)))
