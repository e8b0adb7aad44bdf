"""The branch of a session that is shown: edits and regenerations lie beside each other."""

from __future__ import annotations

from holdfast.errors import NotFound
from holdfast.model import Message, Session
from holdfast.vault.reader import Reader

__all__ = ["branch_of"]


async def branch_of(reader: Reader, session: Session, leaf: str | None) -> list[Message]:
    """From a session's beginning to `leaf`, by parent links, without what was forgotten.

    Args:
        leaf: the message to end with; the session's current one for None.

    Raises:
        NotFound: there is no such message in this session.
    """
    by_id: dict[str, Message] = {}
    async for batch in reader.all_messages(session.id, forgotten=True):
        by_id.update((message.id, message) for message in batch)
    if not by_id and leaf is None:
        return []
    at = leaf or session.head or next(reversed(by_id))
    if at not in by_id:
        raise NotFound("message")
    path: list[Message] = []
    step: str | None = at
    while step is not None and (message := by_id.pop(step, None)) is not None:
        path.append(message)
        step = message.parent_id
    return [message for message in reversed(path) if not message.forgotten]
