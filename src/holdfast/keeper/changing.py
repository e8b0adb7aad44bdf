"""Rename a session, pin it, archive it, move it to a project. No date changes."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

from holdfast.capture.checks import checked_tags, checked_text
from holdfast.clock import id_bytes
from holdfast.errors import Conflict, NotFound
from holdfast.keeper.names import Names
from holdfast.keeper.pausing import begun
from holdfast.keeper.store import Store
from holdfast.model import SessionId
from holdfast.storage.protocol import Kind
from holdfast.vault.codec import SessionBody, open_body, seal_session
from holdfast.vault.reader import Reader
from holdfast.vault.vault import Vault

__all__ = ["SessionChange", "change_session"]


class SessionChange(Struct, frozen=True, kw_only=True):
    """What a session is to be; what is None stays. The project "" is none."""

    title: str | None = None
    pinned: bool | None = None
    archived: bool | None = None
    project: str | None = None
    tags: Sequence[str] | None = None
    learning: bool | None = None


async def change_session(
    store: Store, vault: Vault, session_id: SessionId, asked: SessionChange
) -> None:
    """Change one session, over whatever others change in it at the same time.

    Raises:
        BadInput, TooLarge: something of it cannot be kept.
        NotFound: the session is not there.
    """
    raw, reader = id_bytes(session_id), Reader(vault)
    place = vault.place(Kind.SESSION, raw)
    while True:
        row = await reader.session_row(raw)
        read, keys = await vault.openable((row,), raw)
        if not read:
            raise NotFound("session")
        changed = _changed(store, open_body(read[0], place, keys, SessionBody), asked)
        head = await reader.head(session_id)
        if asked.archived is not None:
            head = replace(head, archived=asked.archived)
        if asked.project is not None:
            names = Names(store, vault)
            head = replace(head, project_id=await names.project(asked.project or None))
        key = (await vault.session_keys(raw)).current
        sealed = seal_session(
            changed, raw, key, place, version=read[0].version + 1, at_ms=read[0].at_ms
        )
        try:
            await vault.commit(put=(sealed,), touch=head)
        except Conflict:
            await vault.session_keys(raw, fresh=True)
            continue
        return


def _changed(store: Store, body: SessionBody, asked: SessionChange) -> SessionBody:
    limits = store.limits
    pauses = body.pauses
    if asked.learning is not None:
        pauses = begun(body.pauses, store.clock(), learning=asked.learning)
    return replace(
        body,
        title=body.title if asked.title is None else checked_text("title", asked.title, limits),
        pinned=body.pinned if asked.pinned is None else asked.pinned,
        project=body.project if asked.project is None else asked.project or None,
        tags=body.tags if asked.tags is None else checked_tags(asked.tags, limits),
        pauses=pauses,
    )
