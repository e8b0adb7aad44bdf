"""A whole export seen as any other: for merging it into an account that has its own history.

Bringing it back as it was goes through `keeper.bundles`; here turns and forgotten marks are
not carried, because an import is recorded anew.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from holdfast.model import FilePart, Message
from holdfast.portability.bundle import BundledSession
from holdfast.portability.conversations import (
    Broken,
    Conversation,
    ImportedFile,
    ImportedMessage,
)
from holdfast.portability.filenames import bare_name
from holdfast.portability.whole import WholeExport

__all__ = ["bundled_conversations"]


def bundled_conversations(bundle: WholeExport) -> Iterator[Conversation | Broken]:
    """Yield the sessions of a whole export as conversations, one in memory at a time.

    Raises:
        BundleDamaged: a record of a bundle cannot be read.
        ImportFailed: the export is damaged as a whole.
    """
    for bundled in bundle.sessions():
        yield bundled if isinstance(bundled, Broken) else _conversation(bundled, bundle)


def _conversation(bundled: BundledSession, bundle: WholeExport) -> Conversation:
    session = bundled.session
    models = {turn.id: turn.model for turn in bundled.turns}
    stands_for: dict[str | None, str | None] = {None: None}
    messages: list[ImportedMessage] = []
    for message in bundled.messages:
        parent = stands_for.get(message.parent_id)
        stands_for[message.id] = parent if message.forgotten else message.id
        if not message.forgotten:
            model = models.get(message.turn_id)
            messages.append(_message(message, parent, model, bundle))
    return Conversation(
        source=session.source or f"holdfast:{session.id}",
        title=session.title,
        started_at=session.started_at,
        last_at=session.last_at,
        assistant=session.assistant,
        project=session.project,
        platform=session.platform,
        kind=session.kind,
        archived=session.archived,
        pinned=session.pinned,
        tags=session.tags,
        head=stands_for.get(session.head),
        messages=tuple(messages),
    )


def _message(
    message: Message, parent: str | None, model: str | None, bundle: WholeExport
) -> ImportedMessage:
    return ImportedMessage(
        source=message.id,
        parent=parent,
        role=message.role,
        kind=message.kind,
        text=message.text,
        at=message.at,
        author=message.author,
        tool=message.tool,
        speech=message.speech,
        error_code=message.error_code,
        item=message.item,
        file=_file(message.file, bundle) if message.file else None,
        model=model if message.role == "assistant" else None,
    )


def _file(part: FilePart, bundle: WholeExport) -> ImportedFile:
    held = bundle.has_file(part.sha256)
    return ImportedFile(
        name=bare_name(part.name),
        media_type=part.media_type,
        data=partial(bundle.file, part.sha256) if held else None,
    )
