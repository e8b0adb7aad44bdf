"""Sealed rows and wrapped keys, behind a narrow protocol; a backend is chosen by a URL."""

from __future__ import annotations

from holdfast.storage.opening import (
    BACKENDS,
    Backend,
    StorageUrl,
    keys_path_of,
    open_keys,
    open_storage,
)

__all__ = ["BACKENDS", "Backend", "StorageUrl", "keys_path_of", "open_keys", "open_storage"]
