"""Holdfast keeps everything that was said to an assistant, sealed under its owner's own key.

    async with holdfast.open("sqlite:///data/holdfast.db") as keeper:
        ada = await keeper.user("ada")
        session = await ada.sessions.start(assistant="helper")
        async with session.turn("Remember, my favourite colour is blue") as turn:
            await turn.reply("Noted.")
        hits = await ada.recall("what colour do I like?")

Importing this does nothing: no file, no socket, no environment. `holdfast.sync` has the same names
without `await`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from holdfast.errors import HoldfastError

if TYPE_CHECKING:
    from pathlib import Path

    from holdfast.capture.checks import Limits
    from holdfast.capture.exchange import ToolRun
    from holdfast.capture.turn import Input, TurnRecorder
    from holdfast.clock import Clock, Ids
    from holdfast.index.remote import EmbeddingEndpoint
    from holdfast.keeper.erasing import Receipt
    from holdfast.keeper.keeper import Keeper
    from holdfast.keeper.learning import NewMemory
    from holdfast.keeper.opening import Embedding, Opening
    from holdfast.keeper.recalling import Hit, Hits
    from holdfast.keeper.recalling_sessions import SessionHit
    from holdfast.keeper.sessions import OpenSession
    from holdfast.keeper.users import User
    from holdfast.model import Memory, Message, Session, Source, Speech, Thought, Turn
    from holdfast.recall.reranking import Reranker
    from holdfast.vault.root import (
        GivenKey,
        KeyFile,
        OsKeyring,
        Passphrase,
        RootKey,
        RootKeySource,
    )

__version__ = "0.1.0"

__all__ = [
    "EmbeddingEndpoint",
    "GivenKey",
    "Hit",
    "Hits",
    "HoldfastError",
    "Input",
    "Keeper",
    "KeyFile",
    "Limits",
    "Memory",
    "Message",
    "NewMemory",
    "OpenSession",
    "OsKeyring",
    "Passphrase",
    "Receipt",
    "Session",
    "SessionHit",
    "Source",
    "Speech",
    "Thought",
    "ToolRun",
    "Turn",
    "TurnRecorder",
    "User",
    "__version__",
    "open",
]

_HOME = {
    "EmbeddingEndpoint": "holdfast.index.remote",
    "GivenKey": "holdfast.vault.root",
    "Hit": "holdfast.keeper.recalling",
    "Hits": "holdfast.keeper.recalling",
    "Input": "holdfast.capture.turn",
    "Keeper": "holdfast.keeper.keeper",
    "KeyFile": "holdfast.vault.root",
    "Limits": "holdfast.capture.checks",
    "Memory": "holdfast.model",
    "Message": "holdfast.model",
    "NewMemory": "holdfast.keeper.learning",
    "OpenSession": "holdfast.keeper.sessions",
    "OsKeyring": "holdfast.vault.root",
    "Passphrase": "holdfast.vault.root",
    "Receipt": "holdfast.keeper.erasing",
    "Session": "holdfast.model",
    "SessionHit": "holdfast.keeper.recalling_sessions",
    "Source": "holdfast.model",
    "Speech": "holdfast.model",
    "Thought": "holdfast.model",
    "ToolRun": "holdfast.capture.exchange",
    "Turn": "holdfast.model",
    "TurnRecorder": "holdfast.capture.turn",
    "User": "holdfast.keeper.users",
}


def __getattr__(name: str) -> Any:  # whatever the name stands for
    if name == "sync":
        return import_module("holdfast.sync")
    if name in _HOME:
        return getattr(import_module(_HOME[name]), name)
    raise AttributeError(f"module 'holdfast' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


def open(  # noqa: A001  # holdfast.open is the contract
    url: str,
    *,
    root_key: RootKeySource | RootKey | None = None,
    keys_path: Path | None = None,
    account: str = "local",
    embedder: Embedding = "static",
    index_dir: Path | None = None,
    index_memory_bytes: int = 2 << 30,
    reranker: Reranker | None = None,
    limits: Limits | None = None,
    busy_timeout_s: float = 5.0,
    migrate: bool = True,
    clock: Clock | None = None,
    ids: Ids | None = None,
) -> Opening:
    """Open a store: `async with holdfast.open(url) as keeper`, or await it for the keeper.

    Args:
        url: sqlite:///relative/path, sqlite:////absolute/path, or memory: (kept nowhere).
        root_key: a source (`KeyFile`, `GivenKey`, `Passphrase`, `OsKeyring`) or a KMS's `RootKey`;
            root.key in the user's configuration directory, made on first start, when left out.
        keys_path: the file of wrapped keys; beside the database when left out.
        account: the tenant whose users these are.
        embedder: "static" (bundled), "minilm" (extra), an `EmbeddingEndpoint` (which is sent
            everything in clear), or a function that makes one. All but the first and the last
            take over from "static" in the background.
        index_dir: where sealed index snapshots lie; beside the database when left out.
        index_memory_bytes: indexes of all vaults together stay below this.
        reranker: looks at the first hits again, see `holdfast.recall.reranking`; none by default.
        limits: how large one thing may be.
        busy_timeout_s: how long a write waits for another process.
        migrate: bring an older schema up to date, after a copy of the file, or refuse it.
        clock, ids: for tests.

    Raises, on entry:
        RootKeyMissing, RootKeyWrong, RootKeyExposed, VaultLocked: the keys do not fit.
        StorageFailed: or one of its kinds.
    """
    from holdfast.capture.checks import Limits as _Limits
    from holdfast.clock import system_clock
    from holdfast.keeper.opening import Opening, OpenOptions

    return Opening(
        OpenOptions(
            url=url,
            root_key=root_key,
            keys_path=keys_path,
            account=account,
            embedder=embedder,
            index_dir=index_dir,
            index_memory_bytes=index_memory_bytes,
            reranker=reranker,
            limits=limits or _Limits(),
            busy_timeout_s=busy_timeout_s,
            migrate=migrate,
            clock=clock or system_clock,
            ids=ids,
        )
    )
