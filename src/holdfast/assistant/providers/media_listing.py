"""The talks with memories.ai: those recorded here, and those that only the provider has.

What is here is the source of truth. A session that was recorded here is never read back; one that
only the provider knows is taken over as an import, once, and grows when it has grown there. What
has vanished there stays here, and what was erased here stays erased.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import AsyncIterator
from datetime import datetime
from typing import TYPE_CHECKING

from holdfast.assistant.providers.memories_ai import MediaKind, MemoriesAi
from holdfast.assistant.providers.recorded_media import (
    PROVIDER,
    PROVIDER_TAG,
    note_session,
    owner_id,
)
from holdfast.keeper.seen import was_seen
from holdfast.portability.conversations import Conversation, ImportedMessage

if TYPE_CHECKING:
    from holdfast.assistant.providers.memories_replies import Listed, Said
    from holdfast.keeper.users import User

__all__ = ["TAKEN_OVER_TAG", "conversation_of", "take_over"]

TAKEN_OVER_TAG = "taken-over"
_KIND: MediaKind = "marketer_chat"
"""Of all that is taken over: the provider's list does not tell it."""
_MAX_PAGES = 10
"""Of the provider's list, 20 sessions each: the newest."""
_MAX_READ = 40
"""Histories in one go: more would take minutes of the provider's limits. The next call goes on."""


async def take_over(user: User, provider: MemoriesAi, *, now: datetime) -> int:
    """Import what only the provider has; returns how many messages came in.

    Raises:
        ProviderFailed: or one of its kinds; what came in before stays.
        StorageFailed: or one of its kinds.
    """
    here = {name async for name in _taken_over(user)}
    known, new = [], []
    async for listed in _listed(provider, owner_id(user)):
        if listed.session_id in here:
            known.append(listed)
        elif not await was_seen(user.vault, PROVIDER, listed.session_id):
            new.append(listed)
    added = 0
    for listed in (new + known)[:_MAX_READ]:
        title, said = await provider.history(owner_id(user), listed.session_id)
        found = conversation_of(listed.session_id, title or listed.title, said, now=now)
        if found.messages:
            added += (await user.imports.conversation(found)).messages
            await note_session(user, listed.session_id)
    return added


def conversation_of(
    session_id: str, title: str, said: list[Said], *, now: datetime
) -> Conversation:
    """A history of the provider as a conversation.

    It has no ids and no times there: a message is known by its session, place, role and text, and
    what is new was said at `now` at the latest.
    """
    messages: list[ImportedMessage] = []
    parent = None
    for place, message in enumerate(said):
        told = json.dumps([session_id, place, message.role, message.text])
        source = f"{PROVIDER_TAG}{hashlib.sha256(told.encode()).hexdigest()[:32]}"
        messages.append(
            ImportedMessage(
                source=source,
                parent=parent,
                role=message.role,
                text=message.text,
                at=now,
                item=message.raw,
                model=None if message.role == "user" else PROVIDER,
            )
        )
        parent = source
    return Conversation(
        source=PROVIDER_TAG + session_id,
        title=title,
        started_at=now,
        assistant=PROVIDER,
        kind=_KIND,
        tags=(TAKEN_OVER_TAG,),
        messages=tuple(messages),
    )


async def _taken_over(user: User) -> AsyncIterator[str]:
    """The provider's sessions that were taken over and are still here."""
    cursor = None
    while True:
        page = await user.sessions.page(kind=_KIND, cursor=cursor, limit=500)
        for session in page.sessions:
            if (session.source or "").startswith(PROVIDER_TAG):
                yield (session.source or "").removeprefix(PROVIDER_TAG)
        cursor = page.next_cursor
        if cursor is None:
            return


async def _listed(provider: MemoriesAi, unique_id: str) -> AsyncIterator[Listed]:
    """The provider's sessions, until its list ends or repeats itself."""
    seen: set[str] = set()
    for page in range(1, _MAX_PAGES + 1):
        sessions, total = await provider.sessions(unique_id, page=page)
        new = [listed for listed in sessions if listed.session_id not in seen]
        seen.update(listed.session_id for listed in new)
        for listed in new:
            yield listed
        if not new or (total is not None and len(seen) >= total):
            return
