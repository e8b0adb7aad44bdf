"""From settings to an opened store: the one place where the command line and the server agree."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, cast

from holdfast.capture.checks import Limits
from holdfast.index.remote import EmbeddingEndpoint
from holdfast.keeper.opening import Embedding, Opening, OpenOptions
from holdfast.vault.root import GivenKey, KeyFile, OsKeyring, Passphrase, RootKeySource

if TYPE_CHECKING:
    from holdfast.settings import Settings

__all__ = ["open_configured", "options_of", "root_key_of"]

_MIB = 1 << 20


def root_key_of(settings: Settings, *, file: Path | None = None) -> RootKeySource:
    """Where the settings say the root key is; `file` names another key file instead.

    Raises:
        RootKeyWrong: a given key is not in the form of one.
        BadInput: a passphrase is too short.
    """
    if file is not None:
        return KeyFile(file)
    if settings.root_key is not None:
        return GivenKey(settings.root_key.reveal())
    if settings.root_passphrase is not None:
        return Passphrase(settings.root_passphrase.reveal())
    if settings.root_keyring:
        return OsKeyring()
    return KeyFile(settings.key_file)


def options_of(settings: Settings, *, migrate: bool = True) -> OpenOptions:
    """How the store of these settings is opened.

    Raises:
        RootKeyWrong, BadInput: as `root_key_of`.
    """
    return OpenOptions(
        url=settings.url,
        root_key=root_key_of(settings),
        keys_path=settings.keys_path,
        account=settings.account,
        embedder=_embedding(settings),
        index_dir=settings.index_dir,
        index_memory_bytes=settings.index_memory_mb * _MIB,
        limits=Limits(
            max_text_bytes=settings.max_text_mb * _MIB, max_file_bytes=settings.max_file_mb * _MIB
        ),
        busy_timeout_s=settings.busy_timeout_s,
        migrate=migrate,
    )


def _embedding(settings: Settings) -> Embedding:
    if settings.embedder != "endpoint":
        return cast("Embedding", settings.embedder)  # the settings allow no other word
    key = settings.embedder_api_key
    return EmbeddingEndpoint(
        base_url=settings.embedder_base_url,
        model=settings.embedder_model,
        dimensions=settings.embedder_dimensions,
        api_key=key.reveal() if key is not None else "",
        shorten=settings.embedder_shorten,
        timeout_s=settings.embedder_timeout_s,
    )


def open_configured(settings: Settings, *, migrate: bool = True) -> Opening:
    """Open the store of these settings: `async with open_configured(settings) as keeper`.

    Raises, on entry: as `holdfast.open`.
    """
    return Opening(options_of(settings, migrate=migrate))
