"""Rename a session, pin it, archive it, move it to a project. No date changes."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

from holdfast.capture.checks import checked_tags, checked_text
from holdfast.clock import id_bytes
from holdfast.keeper.names import Names
from holdfast.keeper.pausing import begun
from holdfast.keeper.session_record import change_record, read_record
from holdfast.keeper.store import Store
from holdfast.model import SessionId
from holdfast.storage.protocol import SessionHead
from holdfast.vault.codec import SessionBody
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
    raw, project_id = id_bytes(session_id), None
    if asked.project is not None:
        # What is refused makes no project either.
        _changed(store, (await read_record(vault, raw)).body, asked)
        project_id = await Names(store, vault).project(asked.project or None)

    def touched(head: SessionHead) -> SessionHead:
        if asked.archived is not None:
            head = replace(head, archived=asked.archived)
        return head if asked.project is None else replace(head, project_id=project_id)

    await change_record(vault, raw, lambda body: _changed(store, body, asked), touched=touched)


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
