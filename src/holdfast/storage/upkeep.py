"""Questions about a database that is not opened: who has it open, which schema it has.

For upkeep (`migrate`, `restore`, `doctor`), chosen by the URL's scheme as backends are.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

from msgspec import Struct

from holdfast.errors import BadInput
from holdfast.storage import StorageUrl

__all__ = ["SchemaFound", "file_of", "is_in_use", "schema_of"]


class SchemaFound(Struct, frozen=True, kw_only=True):
    """The schema of a database, and the one this release knows."""

    found: int
    """0 when the file is empty."""
    known: int


def file_of(where: StorageUrl) -> Path:
    """The file of a database.

    Raises:
        BadInput: this storage has no file.
    """
    if where.file is None or not where.url.startswith("sqlite:"):
        raise BadInput(
            "storage url", "this needs a database in a file: use the storage's own tools"
        )
    return where.file


def is_in_use(where: StorageUrl) -> bool:
    """Whether another process, or this one, has the database open for writing.

    Raises:
        BadInput: this storage has no file.
    """
    from holdfast.storage.sqlite.presence import is_anybody_there

    return is_anybody_there(file_of(where))


async def schema_of(where: StorageUrl) -> SchemaFound:
    """The schema of the data file, without changing anything.

    Raises:
        BadInput: this storage has no file.
        RootKeyWrong: the page key does not open it.
        StorageFailed: or one of its kinds.
    """
    from holdfast.storage.sqlite.connection import OpenFile
    from holdfast.storage.sqlite.migrate import DATA_SCHEMA, version_of

    file = OpenFile(
        path=file_of(where), page_key=where.page_key, busy_timeout_s=where.busy_timeout_s
    )
    found = await asyncio.to_thread(version_of, file, DATA_SCHEMA)
    return SchemaFound(found=found, known=DATA_SCHEMA.version)
