"""Memories that another system kept: each version once, the newer one closing the older."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias

from msgspec.structs import replace

from holdfast.capture.checks import checked_text
from holdfast.clock import id_bytes
from holdfast.errors import Conflict
from holdfast.keeper.learning import NewMemory, new_memory
from holdfast.keeper.remembered import memory_links, seal_memory, to_memory
from holdfast.keeper.store import Store
from holdfast.model import Memory
from holdfast.storage.protocol import ByIds, Kind, OnceTag, SealedRow, State
from holdfast.vault.codec import MemoryBody
from holdfast.vault.vault import Vault

if TYPE_CHECKING:
    from holdfast.portability.conversations import ImportedMemory

__all__ = ["MemoryImport", "Outcome", "imported_memory_tag"]

Outcome: TypeAlias = Literal["new", "grown", "unchanged"]
_MOST_VERSIONS = 1000
_TAGS = 20


def imported_memory_tag(vault: Vault, source: str, number: int) -> bytes:
    """What one version of a foreign memory is known by, counted from 0."""
    return vault.keyring.tag(vault.raw, "import-memory", f"{number}/{source}")


class MemoryImport:
    """Brings memories into a vault. They rest on no message: their origin says "import"."""

    def __init__(self, store: Store, vault: Vault) -> None:
        self._store = store
        self._vault = vault

    async def take(self, found: ImportedMemory, *, assistant: str | None) -> Outcome:
        """Import one version of a memory; a version that is known changes nothing.

        What was forgotten here stays forgotten, in every version.

        Raises:
            BadInput, TooLarge: it cannot be kept.
            StorageFailed: or one of its kinds.
        """
        chain = await self._chain(found.source)
        if chain is None:
            return "unchanged"
        rows = [row for row, _ in chain]
        memories = [memory for _, memory in chain]
        latest = max(memories, key=_since, default=None)
        text = checked_text("memory", found.text, self._store.limits, required=True)
        for row, memory in chain:
            if memory.text == text and (memory is latest or memory.valid_from == found.since):
                return await self._closed(row, memory, found)
        return await self._added(found, latest, rows, memories, assistant)

    async def _chain(self, source: str) -> list[tuple[SealedRow, Memory]] | None:
        """The versions that came in before; None when one of them was forgotten."""
        ids: list[bytes] = []
        while len(ids) < _MOST_VERSIONS:
            raw = await self._vault.storage.once(
                self._vault.raw, imported_memory_tag(self._vault, source, len(ids))
            )
            if raw is None:
                break
            ids.append(raw)
        ask = ByIds(vault_id=self._vault.raw, ids=tuple(ids))
        there = await self._vault.storage.rows_by_id(ask) if ids else []
        rows = [row for row in there if row.kind is Kind.MEMORY and row.state is State.LIVE]
        if len(rows) < len(ids) or len(ids) == _MOST_VERSIONS:
            return None
        bodies = await self._vault.open_records(rows, MemoryBody)
        return [(row, to_memory(row, body)) for row, body in zip(rows, bodies, strict=True)]

    async def _closed(self, row: SealedRow, memory: Memory, found: ImportedMemory) -> Outcome:
        """A version that is here, and may have come to its end since."""
        if found.until is None or memory.valid_to is not None or memory.corrected:
            return "unchanged"
        ended = replace(memory, valid_to=max(found.until, memory.valid_from or found.until))
        try:
            sealed = await seal_memory(self._vault, ended, version=row.version + 1)
            await self._vault.commit(put=(sealed,))
        except Conflict:
            return "unchanged"
        return "grown"

    async def _added(
        self,
        found: ImportedMemory,
        latest: Memory | None,
        rows: list[SealedRow],
        memories: list[Memory],
        assistant: str | None,
    ) -> Outcome:
        made = self._made(found, assistant)
        put: list[SealedRow] = []
        if latest is not None and _since(made) >= _since(latest):
            made = replace(made, supersedes=latest.id)
            if latest.valid_to is None and not latest.corrected:
                row = rows[memories.index(latest)]
                closed = replace(latest, valid_to=made.valid_from)
                put.append(await seal_memory(self._vault, closed, version=row.version + 1))
        elif latest is not None and made.valid_to is None:
            made = replace(made, valid_to=latest.valid_from)
        put.append(await seal_memory(self._vault, made))
        once = OnceTag(
            tag=imported_memory_tag(self._vault, found.source, len(rows)), id=id_bytes(made.id)
        )
        try:
            await self._vault.commit(put=tuple(put), links=tuple(memory_links(made)), once=once)
        except Conflict:
            return "unchanged"  # Another import of the same was faster.
        return "new"

    def _made(self, found: ImportedMemory, assistant: str | None) -> Memory:
        until = found.until
        if until is not None and found.since is not None:
            until = max(until, found.since)
        new = NewMemory(
            text=found.text,
            kind="fact",
            tags=[tag for tag in found.tags if tag.strip()][:_TAGS],
            valid_from=found.since or until,
            valid_to=until,
            origin="import",
        )
        made = new_memory(self._store, new, sources=(), assistant=assistant, session=None)
        return replace(made, made_by=found.source.partition(":")[0])


def _since(memory: Memory) -> float:
    return (memory.valid_from or memory.created_at).timestamp()
