"""What a session is called when nobody named it: the first words said in it, and its subjects."""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace

from holdfast.capture.entries import titled
from holdfast.clock import id_bytes
from holdfast.keeper.pausing import learnable
from holdfast.keeper.receipts import LearningBody
from holdfast.keeper.session_record import read_record
from holdfast.keeper.summing import Summed
from holdfast.model import Session
from holdfast.storage.protocol import SealedRow
from holdfast.vault.reader import Reader
from holdfast.vault.vault import Vault

__all__ = ["Named", "named"]

_FIRST = 40
"""So many messages are looked at for words that may stand as a title."""
_MAX_TAGS = 5


class Named(Struct, frozen=True, kw_only=True):
    """What a session gets; "" and () where it keeps what it has."""

    title: str = ""
    tags: tuple[str, ...] = ()
    put: tuple[SealedRow, ...] = ()


async def named(
    vault: Vault, reader: Reader, session: Session, known: LearningBody, summed: Summed
) -> Named:
    """A title for a session without one, and tags as long as its owner has set none.

    Args:
        known: what distilling gave it before; that much may be replaced.
        summed: the summary that was just made, with its tags.

    Raises:
        NotFound: the session is gone.
    """
    tags = summed.tags[:_MAX_TAGS] if session.tags in ((), known.tags) else ()
    wants_title = not session.title
    if not wants_title and tags in ((), session.tags):
        return Named()
    title, preview = await _words(vault, reader, session) if wants_title else ("", "")
    record = await read_record(vault, id_bytes(session.id))
    body = record.body
    changed = replace(
        body,
        title=body.title or title,
        preview=body.preview or preview,
        tags=tags if tags and body.tags == session.tags else body.tags,
    )
    if changed == body:
        return Named()
    return Named(
        title=title if changed.title != body.title else "",
        tags=tags if changed.tags != body.tags else (),
        put=(await record.sealed(changed),),
    )


async def _words(vault: Vault, reader: Reader, session: Session) -> tuple[str, str]:
    from holdfast.distill.titles import title_of

    messages = await reader.messages(session.id, last=_FIRST)
    allowed = await learnable(vault, session, messages)
    first = next((m.text for m in allowed if m.kind != "error" and m.text.strip()), "")
    return title_of(allowed), titled(first)[1]
