"""Opening a store: keys first, then data, then what a crash left over; only then it is served."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Generator
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from msgspec import Struct

from holdfast.capture.checks import Limits
from holdfast.clock import Clock, Ids, system_clock, uuid7_ids
from holdfast.errors import MissingExtra, StorageReadOnly
from holdfast.index.remote import EmbeddingEndpoint
from holdfast.keeper.backups import clear_staging, staging_of
from holdfast.keeper.indexes import Indexes
from holdfast.keeper.keeper import Keeper
from holdfast.keeper.store import Store
from holdfast.storage import StorageUrl, keys_path_of, open_keys, open_storage
from holdfast.storage.protocol import KeyStorage
from holdfast.vault.keyring import Keyring
from holdfast.vault.root import GivenKey, KeyFile, RootKey, RootKeySource, key_text

if TYPE_CHECKING:
    from holdfast.index.embedder import Embedder
    from holdfast.recall.reranking import Reranker

__all__ = [
    "Embedding",
    "OpenOptions",
    "Opening",
    "embedder_of",
    "index_dir_of",
    "known_tier",
    "open_keeper",
    "source_of",
    "tier_of",
]

Embedding: TypeAlias = "Literal['static', 'minilm'] | EmbeddingEndpoint | Callable[[], Embedder]"
_MEMORY = "memory:"


class OpenOptions(Struct, frozen=True, kw_only=True):
    """How a store is opened; every field has a default that works."""

    url: str
    root_key: RootKeySource | RootKey | None = None
    keys_path: Path | None = None
    account: str = "local"
    embedder: Embedding = "static"
    index_dir: Path | None = None
    index_memory_bytes: int = 2 << 30
    reranker: Reranker | None = None
    limits: Limits = Limits()
    busy_timeout_s: float = 5.0
    migrate: bool = True
    clock: Clock = system_clock
    ids: Ids | None = None


class _Given:
    """A root key that the caller holds, such as a KMS."""

    def __init__(self, root: RootKey) -> None:
        self._root = root

    def load(self, saved: bytes | None, *, expected: bytes | None) -> tuple[RootKey, bytes | None]:
        return self._root, None


class Opening:
    """What `holdfast.open` returns: await it, or enter it, for the keeper."""

    def __init__(self, options: OpenOptions) -> None:
        self._options = options
        self._keeper: Keeper | None = None

    def __await__(self) -> Generator[Any, None, Keeper]:
        return open_keeper(self._options).__await__()

    async def __aenter__(self) -> Keeper:
        self._keeper = await open_keeper(self._options)
        return self._keeper

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._keeper is not None:
            await self._keeper.__aexit__(kind, error, trace)


async def open_keeper(options: OpenOptions) -> Keeper:
    """Open a store and finish what a crash or a restore left over.

    Raises:
        RootKeyMissing, RootKeyWrong, RootKeyExposed, VaultLocked: the keys do not fit.
        StorageFailed: or one of its kinds.
    """
    where = StorageUrl(
        url=options.url,
        keys_path=options.keys_path,
        busy_timeout_s=options.busy_timeout_s,
        migrate=options.migrate,
    )
    async with contextlib.AsyncExitStack() as undo:
        source = source_of(options)
        keys, keyring = await _open_keys(where, source, options.clock)
        undo.push_async_callback(keys.close)
        storage = await open_storage(
            StorageUrl(
                url=where.url,
                page_key=keyring.page_key,
                busy_timeout_s=where.busy_timeout_s,
                migrate=where.migrate,
            )
        )
        undo.push_async_callback(storage.close)
        file = where.file
        store = Store(
            storage=storage,
            keyring=keyring,
            indexes=Indexes(
                embedder_of(options.embedder),
                tier=tier_of(options.embedder),
                known=known_tier,
                folder=index_dir_of(options, file),
                max_bytes=options.index_memory_bytes,
            ),
            source=source,
            clock=options.clock,
            ids=options.ids or uuid7_ids(),
            limits=options.limits,
            writer=(await storage.writers()).mine,
            account=options.account,
            data_path=file,
            keys_path=None if file is None else where.keys_path or keys_path_of(file),
            reranker=options.reranker,
        )
        keeper = Keeper(store)
        await keeper.finish_start()
        undo.pop_all()
        return keeper
    raise AssertionError("unreachable")  # pragma: no cover


async def _open_keys(
    where: StorageUrl, source: RootKeySource, clock: Clock
) -> tuple[KeyStorage, Keyring]:
    """Open the key storage and the root key; two processes starting at once make one of each."""
    from filelock import FileLock

    file = where.file
    lock: contextlib.AbstractContextManager[object] = contextlib.nullcontext()
    if file is not None:
        try:
            file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as exc:
            raise StorageReadOnly(str(file.parent)) from exc
        # Taken in a worker thread and released here: a lock of the thread would stay taken.
        lock = FileLock(file.with_name(f".{file.name}.opening"), mode=0o600, thread_local=False)
    try:
        await asyncio.to_thread(lock.__enter__)
    except OSError as exc:
        raise StorageReadOnly(str(file)) from exc
    try:
        if file is not None:
            # Nobody restores while we hold the lock: what lies there is a killed one's, with keys.
            await asyncio.to_thread(clear_staging, staging_of(file))
        data_exists = file is not None and file.exists() and file.stat().st_size > 0
        keys = await open_keys(where)
        try:
            keyring = await Keyring.open(keys, source, data_exists=data_exists, clock=clock)
        except BaseException:
            await keys.close()
            raise
    finally:
        lock.__exit__(None, None, None)
    return keys, keyring


def source_of(options: OpenOptions) -> RootKeySource:
    """Where the root key comes from."""
    given = options.root_key
    if given is None:
        if options.url.startswith(_MEMORY):
            # Nothing outlives the process, so its key need not either.
            from holdfast.vault.envelope import new_secret

            return GivenKey(key_text(new_secret()))
        from holdfast.settings import default_config_dir

        return KeyFile(default_config_dir() / "root.key")
    return _Given(given) if isinstance(given, RootKey) else given


def index_dir_of(options: OpenOptions, file: Path | None) -> Path | None:
    """Where index snapshots lie; None when they are not kept."""
    if options.index_dir is not None or file is None:
        return options.index_dir
    return file.with_name(file.stem + ".index")


def embedder_of(embedding: Embedding) -> Callable[[], Embedder]:
    """What makes the embedder that every index has, when the first one needs it."""
    if callable(embedding):
        return embedding

    def make() -> Embedder:
        from holdfast.index.embedder import StaticEmbedder

        return StaticEmbedder()

    return make


def tier_of(embedding: Embedding) -> Callable[[], Embedder] | None:
    """What makes the more accurate embedder that indexes get in the background; None without."""
    if isinstance(embedding, EmbeddingEndpoint):
        endpoint = embedding

        def make() -> Embedder:
            from holdfast.index.endpoint import EndpointEmbedder

            return EndpointEmbedder(endpoint)

        return make
    return _minilm if embedding == "minilm" else None


def known_tier(name: str) -> Embedder | None:
    """The embedder of this name, when it is here: it serves until another has taken over."""
    try:
        embedder = _minilm()
    except MissingExtra:
        return None
    return embedder if embedder.name == name else None


def _minilm() -> Embedder:
    from holdfast.index.minilm import MiniLMEmbedder

    return MiniLMEmbedder()
