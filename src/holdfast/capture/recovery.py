"""After a crash: open turns of processes that are gone become `interrupted`, with what they had."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable

from msgspec.structs import replace

from holdfast.capture.entries import Entry, TurnChange
from holdfast.capture.log import SessionLog
from holdfast.clock import id_bytes, id_text
from holdfast.errors import NotFound, TurnEnded
from holdfast.model import SessionId, TurnId
from holdfast.storage.protocol import Kind, RowSpan, State
from holdfast.vault.vault import Vault

__all__ = ["interrupt_turn", "recover_vault"]

_logger = logging.getLogger(__name__)
_ALL = 1_000_000


async def recover_vault(
    vault: Vault, owners: Iterable[int], log_of: Callable[[Vault, SessionId], SessionLog]
) -> int:
    """End the turns that `owners` left open in a vault; returns how many.

    May run twice and on several nodes at once: a turn that somebody else ended is left alone.
    """
    ended = 0
    for owner in owners:
        span = RowSpan(
            vault_id=vault.raw, kind=Kind.TURN, state=State.OPEN, owner=owner, limit=_ALL
        )
        for row in await vault.storage.rows(span):
            log = log_of(vault, SessionId(id_text(row.scope)))
            try:
                await interrupt_turn(log, TurnId(id_text(row.id)))
            except (TurnEnded, NotFound):
                continue
            ended += 1
    if ended:
        extra = {"action": "turns.recover", "vault": vault.id, "count": ended}
        _logger.info("open turns interrupted", extra=extra)
    return ended


async def interrupt_turn(log: SessionLog, turn_id: TurnId) -> None:
    """End one open turn as interrupted; its drafts become messages in the same write.

    Raises:
        TurnEnded: it has its final status already.
    """
    turn = await log.read_turn(turn_id)
    if turn.status != "open":
        raise TurnEnded(turn.status)
    drafts = await log.drafts(turn_id)
    _, said = await log.recorded_turn(id_bytes(turn_id))
    last = said[-1].id if said else None
    entries = []
    for _, message in drafts:
        # A draft knows what it followed when it was written; the turn may have gone on since.
        entries.append(Entry(message=replace(message, parent_id=last or message.parent_id)))
        last = message.id
    ended = replace(turn, status="interrupted", ended_at=log.clock())
    change = TurnChange(turn=ended, base=turn)
    await log.append(entries, (change,), remove=tuple(key for key, _ in drafts))
