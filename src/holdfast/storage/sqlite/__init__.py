"""The embedded backend: SQLite through APSW, its pages encrypted."""

from __future__ import annotations

from holdfast.storage.sqlite.backend import SqliteStorage
from holdfast.storage.sqlite.keys import SqliteKeyStorage

__all__ = ["SqliteKeyStorage", "SqliteStorage"]
