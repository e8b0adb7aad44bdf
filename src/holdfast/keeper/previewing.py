"""What an import would bring, without writing anything."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from holdfast.clock import id_text
from holdfast.keeper.forgetting import source_tag
from holdfast.keeper.import_memories import imported_memory_tag
from holdfast.keeper.linking import known_forms
from holdfast.model import SessionId
from holdfast.storage.protocol import ByIds
from holdfast.vault.reader import Reader
from holdfast.vault.vault import Vault

if TYPE_CHECKING:
    from holdfast.keeper.import_report import Progress
    from holdfast.portability.conversations import (
        Broken,
        Conversation,
        ImportedFile,
        ImportedMemory,
    )
    from holdfast.portability.reader import ExportReader
    from holdfast.portability.stored import Origin
    from holdfast.portability.whole import Lack, WholeExport
    from holdfast.vault.foreign import ForeignKey

__all__ = ["Inside", "Preview", "missing_files", "preview_import"]


_TITLES = 10
_TITLE = 200
"""Characters of one that are shown."""


class Inside(Struct, frozen=True, kw_only=True):
    """What a file holds, whether it is here already or not."""

    conversations: int = 0
    messages: int = 0
    memories: int = 0
    files: int = 0
    """Whose content it holds."""
    missing_files: int = 0
    """That it only names: they come in by their names."""
    first_at: datetime | None = None
    last_at: datetime | None = None
    titles: tuple[str, ...] = ()
    """Of the first conversations that have one."""


class Preview(Struct, frozen=True, kw_only=True):
    """What a file holds. `broken` names each conversation that would not come in."""

    format: str
    conversations: int = 0
    """Those that are not here yet."""
    known: int = 0
    """Those that are here; they would come in only as far as they have grown."""
    grown: int = 0
    """Of the known conversations those that would gain messages."""
    messages: int = 0
    """Of the new conversations."""
    memories: int = 0
    """Versions of memories that are not here yet, as far as their ids tell."""
    inside: Inside = Inside()
    lacks: tuple[Lack, ...] = ()
    """What files of this format cannot hold."""
    broken: tuple[Broken, ...] = ()


async def preview_import(
    vault: Vault | None,
    path: str | Origin,
    *,
    progress: Callable[[Progress], None] | None = None,
    key: ForeignKey | None = None,
    only: str | None = None,
) -> Preview:
    """Read a file as an import would and count what is in it; bounded memory, nothing written.

    Args:
        vault: where it would be imported; None when that is yet to be made.
        key: what the program that wrote the file encrypted it under.
        only: as an import.

    Raises:
        UnknownFormat, HostileFile, ImportFailed, BundleDamaged: as an import.
    """
    from holdfast.portability.reader import open_export

    export = await asyncio.to_thread(open_export, path, key=key, only=only)
    try:
        return await _counted(vault, export, progress)
    finally:
        await asyncio.to_thread(export.close)


async def _counted(
    vault: Vault | None, export: ExportReader, progress: Callable[[Progress], None] | None
) -> Preview:
    from holdfast.keeper.import_report import Progress
    from holdfast.portability.conversations import Broken, ImportedMemory

    bundle = export.bundle
    found = Preview(format=export.format)
    if bundle is not None:
        found = await _of_whole(found, bundle)
    items = iter(export)
    while (item := await asyncio.to_thread(next, items, None)) is not None:
        if isinstance(item, Broken):
            found = replace(found, broken=(*found.broken, item))
            continue
        found = replace(found, inside=_with(found.inside, item))
        if isinstance(item, ImportedMemory):
            known = vault is not None and await _is_known_memory(vault, item)
            found = (
                replace(found, known=found.known + 1)
                if known
                else replace(found, memories=found.memories + 1)
            )
        elif vault is not None and (session_id := await _known(vault, item)) is not None:
            # What an export of ours brings back stays as it is here.
            gains = bundle is None and await _gains(vault, session_id, item)
            found = replace(found, known=found.known + 1, grown=found.grown + gains)
        else:
            found = replace(
                found,
                conversations=found.conversations + 1,
                messages=found.messages + len(item.messages),
            )
        if progress is not None:
            progress(
                Progress(
                    bytes_read=export.bytes_read,
                    total_bytes=export.total_bytes,
                    conversations=found.conversations + found.known,
                    messages=found.messages,
                )
            )
    return found


async def _of_whole(found: Preview, export: WholeExport) -> Preview:
    """What an export of this program tells beside its conversations."""
    from holdfast.portability.conversations import Broken

    memories = list(await asyncio.to_thread(export.memories))
    broken = tuple(one for one in memories if isinstance(one, Broken))
    inside = Inside(memories=len(memories) - len(broken))
    return replace(found, inside=inside, lacks=export.lacks, broken=broken)


def missing_files(conversation: Conversation) -> list[ImportedFile]:
    """The files that a conversation names and its export does not hold."""
    named = (message.file for message in conversation.messages)
    return [file for file in named if file is not None and file.data is None]


async def _is_known_memory(vault: Vault, memory: ImportedMemory) -> bool:
    tag = imported_memory_tag(vault, memory.source, 0)
    return await vault.storage.once(vault.raw, tag) is not None


def _with(inside: Inside, item: Conversation | ImportedMemory) -> Inside:
    from holdfast.portability.conversations import ImportedMemory

    if isinstance(item, ImportedMemory):
        return replace(inside, memories=inside.memories + 1)
    times = [t for t in (item.started_at, item.last_at, inside.first_at, inside.last_at) if t]
    times += [message.at for message in item.messages if message.at is not None]
    title = " ".join(item.title.split())[:_TITLE]
    missing = len(missing_files(item))
    named = sum(message.file is not None for message in item.messages)
    return replace(
        inside,
        conversations=inside.conversations + 1,
        messages=inside.messages + len(item.messages),
        files=inside.files + named - missing,
        missing_files=inside.missing_files + missing,
        first_at=min(times, default=None),
        last_at=max(times, default=None),
        titles=(*inside.titles, *([title] if title else ()))[:_TITLES],
    )


async def _known(vault: Vault, conversation: Conversation) -> SessionId | None:
    """The session that a conversation is already here; None when it is new."""
    tag = vault.keyring.tag(vault.raw, "import", conversation.source)
    if (raw := await vault.storage.once(vault.raw, tag)) is not None:
        return SessionId(id_text(raw))
    prefix, _, session_id = conversation.source.partition(":")
    if prefix != "holdfast":
        return None
    # A session of an export of ours that no other system knew keeps its own id.
    ask = ByIds(vault_id=vault.raw, ids=tuple(known_forms([session_id])))
    return SessionId(session_id) if ask.ids and await vault.storage.rows_by_id(ask) else None


async def _gains(vault: Vault, session_id: SessionId, conversation: Conversation) -> bool:
    """Whether an import would add messages to a session that is here."""
    known: set[str | None] = set()
    async for batch in Reader(vault).all_messages(session_id, forgotten=True):
        known.update(message.source for message in batch)
    return any(
        message.source not in known and source_tag(vault, message.source) not in known
        for message in conversation.messages
    )
