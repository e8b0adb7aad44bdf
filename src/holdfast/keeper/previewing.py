"""What an import would bring, without writing anything."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from holdfast.clock import id_bytes
from holdfast.keeper.import_memories import imported_memory_tag
from holdfast.storage.protocol import ByIds
from holdfast.vault.vault import Vault

if TYPE_CHECKING:
    from holdfast.keeper.import_report import Progress
    from holdfast.portability.conversations import Broken, Conversation, ImportedMemory
    from holdfast.portability.reader import ExportReader
    from holdfast.portability.stored import Origin
    from holdfast.vault.foreign import ForeignKey

__all__ = ["Preview", "preview_import"]


class Preview(Struct, frozen=True, kw_only=True):
    """What a file holds. `broken` names each conversation that would not come in."""

    format: str
    conversations: int = 0
    """Those that are not here yet."""
    known: int = 0
    """Those that are here; they would come in only as far as they have grown."""
    messages: int = 0
    """Of the new conversations."""
    memories: int = 0
    """Versions of memories that are not here yet, as far as their ids tell."""
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

    found = Preview(format=export.format)
    items = iter(export)
    while (item := await asyncio.to_thread(next, items, None)) is not None:
        if isinstance(item, Broken):
            found = replace(found, broken=(*found.broken, item))
        elif isinstance(item, ImportedMemory):
            known = vault is not None and await _is_known_memory(vault, item)
            found = (
                replace(found, known=found.known + 1)
                if known
                else replace(found, memories=found.memories + 1)
            )
        elif vault is not None and await _is_known(vault, item):
            found = replace(found, known=found.known + 1)
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


async def _is_known_memory(vault: Vault, memory: ImportedMemory) -> bool:
    tag = imported_memory_tag(vault, memory.source, 0)
    return await vault.storage.once(vault.raw, tag) is not None


async def _is_known(vault: Vault, conversation: Conversation) -> bool:
    tag = vault.keyring.tag(vault.raw, "import", conversation.source)
    if await vault.storage.once(vault.raw, tag) is not None:
        return True
    prefix, _, session_id = conversation.source.partition(":")
    if prefix != "holdfast":
        return False
    # A session of a bundle that no other system knew keeps its own id.
    ask = ByIds(vault_id=vault.raw, ids=(id_bytes(session_id),))
    return bool(await vault.storage.rows_by_id(ask))
