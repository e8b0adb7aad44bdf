"""What a failure of the driver means to a caller. Nothing above this folder imports apsw."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import apsw

from holdfast.errors import (
    Conflict,
    HoldfastError,
    StorageBusy,
    StorageCorrupt,
    StorageFailed,
    StorageFull,
    StorageReadOnly,
)

__all__ = ["MEANING", "lost_its_disk", "translated", "translated_errors"]

MEANING: dict[type[apsw.Error], Callable[[], HoldfastError]] = {
    # A caller can act on these.
    apsw.BusyError: StorageBusy,
    apsw.LockedError: StorageBusy,
    apsw.FullError: StorageFull,
    apsw.ReadOnlyError: StorageReadOnly,
    apsw.CantOpenError: StorageReadOnly,
    apsw.PermissionsError: StorageReadOnly,
    apsw.CorruptError: StorageCorrupt,
    apsw.NotADBError: StorageCorrupt,
    apsw.FormatError: StorageCorrupt,
    apsw.ConstraintError: Conflict,
    # These are the machine's or ours; the traceback says which.
    apsw.Error: StorageFailed,
    apsw.IOError: StorageFailed,
    apsw.NoMemError: StorageFailed,
    apsw.InterruptError: StorageFailed,
    apsw.AbortError: StorageFailed,
    apsw.ProtocolError: StorageFailed,
    apsw.SchemaChangeError: StorageFailed,
    apsw.InternalError: StorageFailed,
    apsw.TooBigError: StorageFailed,
    apsw.NoLFSError: StorageFailed,
    apsw.EmptyError: StorageFailed,
    apsw.AuthError: StorageFailed,
    apsw.SQLError: StorageFailed,
    apsw.MismatchError: StorageFailed,
    apsw.MisuseError: StorageFailed,
    apsw.RangeError: StorageFailed,
    apsw.NotFoundError: StorageFailed,
    apsw.BindingsError: StorageFailed,
    apsw.ThreadingViolationError: StorageFailed,
    apsw.ForkingViolationError: StorageFailed,
    apsw.IncompleteExecutionError: StorageFailed,
    apsw.ExecutionCompleteError: StorageFailed,
    apsw.ExecTraceAbort: StorageFailed,
    apsw.ExtensionLoadingError: StorageFailed,
    apsw.ConnectionNotClosedError: StorageFailed,
    apsw.ConnectionClosedError: StorageFailed,
    apsw.CursorClosedError: StorageFailed,
    apsw.VFSNotImplementedError: StorageFailed,
    apsw.VFSFileClosedError: StorageFailed,
    apsw.NoFTS5Error: StorageFailed,
    apsw.InvalidContextError: StorageFailed,
}
"""Every error class of the driver; a test fails when a new one has no entry."""

_LOST = frozenset(
    (apsw.SQLITE_IOERR_FSYNC, apsw.SQLITE_IOERR_DIR_FSYNC, apsw.SQLITE_IOERR_CORRUPTFS)
)


def translated(exc: Exception) -> Exception:
    """The domain error for a driver error, caused by it; anything else comes back as it is."""
    if not isinstance(exc, apsw.Error):
        return exc
    meaning = MEANING.get(type(exc), StorageFailed)()
    meaning.__cause__ = exc
    return meaning


@contextmanager
def translated_errors() -> Iterator[None]:
    """Raise domain errors in place of the driver's.

    Raises:
        StorageFailed: or one of its kinds, or Conflict, caused by the driver's error.
    """
    try:
        yield
    except apsw.Error as exc:
        raise MEANING.get(type(exc), StorageFailed)() from exc


def lost_its_disk(exc: BaseException | None) -> bool:
    """True when the system could not say that what was written is on the disk.

    After a failed fsync the kernel may take the pages for clean, so that a later fsync succeeds
    without them (Rebello et al., "Can Applications Recover from fsync Failures?", ATC 2020).
    """
    return isinstance(exc, apsw.IOError) and getattr(exc, "extendedresult", 0) in _LOST
