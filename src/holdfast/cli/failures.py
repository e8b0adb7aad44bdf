"""Exit codes, and how a failure is told: one sentence, its code, never what somebody said."""

from __future__ import annotations

import json
import sys
import traceback
from collections.abc import Iterator
from typing import Final

from holdfast.errors import (
    BadInput,
    HoldfastError,
    ImportFailed,
    KeyFailure,
    NotFound,
    StorageFailed,
    TamperedRecord,
)

__all__ = ["EXIT_CODES", "Exit", "exit_code_of", "tell", "tell_unexpected"]


class Exit:
    """The codes a command can end with."""

    OK = 0
    FAILED = 1
    USAGE = 2
    NOT_FOUND = 3
    KEYS = 4
    TAMPERED = 5
    STORAGE = 6
    IMPORT = 7
    INTERRUPTED = 130
    PIPE_CLOSED = 141


EXIT_CODES: Final[dict[int, str]] = {
    Exit.OK: "done",
    Exit.FAILED: "failed: anything that has no code of its own, `doctor` found a failure, or you "
    "said no",
    Exit.USAGE: "wrong usage, bad input or wrong settings",
    Exit.NOT_FOUND: "there is no such thing, or it is somebody else's",
    Exit.KEYS: "a key is missing, wrong, exposed, used up or was destroyed",
    Exit.TAMPERED: "a record does not open where it stands; `verify` or `restore` found problems",
    Exit.STORAGE: "the storage failed: full, read-only, busy, damaged, or of a newer schema",
    Exit.IMPORT: "an import could not read the file, or some of its conversations",
    Exit.INTERRUPTED: "interrupted with Ctrl-C; what was acknowledged is kept",
    Exit.PIPE_CLOSED: "the program that read the output went away",
}
"""Every code with its meaning, for the reference page."""

_BY_CLASS: Final[tuple[tuple[type[HoldfastError], int], ...]] = (
    (BadInput, Exit.USAGE),
    (NotFound, Exit.NOT_FOUND),
    (KeyFailure, Exit.KEYS),
    (TamperedRecord, Exit.TAMPERED),
    (StorageFailed, Exit.STORAGE),
    (ImportFailed, Exit.IMPORT),
)


def exit_code_of(error: HoldfastError) -> int:
    """The exit code of a failure."""
    return next((code for kind, code in _BY_CLASS if isinstance(error, kind)), Exit.FAILED)


def tell(code: str, message: str, *, as_json: bool) -> None:
    """Write one failure to stderr.

    With `as_json` as {"error": {"code", "message"}}, else as a sentence with the code behind it.
    """
    from holdfast.cli.shown import printable

    if as_json:
        document = {"error": {"code": code, "message": message}}
        sys.stderr.write(json.dumps(document, ensure_ascii=False) + "\n")
    else:
        sys.stderr.write(f"holdfast: {printable(message)} [{code}]\n")
    sys.stderr.flush()


def tell_unexpected(error: BaseException, *, as_json: bool, debug: bool) -> None:
    """Tell of a failure that nobody foresaw; its own words are kept back.

    An exception's text may quote what somebody said, so that even the traceback names only
    classes and places in the source.
    """
    place = next(reversed(traceback.extract_tb(error.__traceback__)), None)
    where = "" if place is None else f" in {_module_path(place.filename)}:{place.lineno}"
    advice = "" if debug else "; run it again with --debug to see where, and report it"
    tell("unexpected", f"{type(error).__name__}{where}: this is a bug{advice}", as_json=as_json)
    if debug:
        sys.stderr.write("".join(_trace(error)))
        sys.stderr.flush()


def _module_path(file: str) -> str:
    _, found, rest = file.rpartition("/holdfast/")
    return f"holdfast/{rest}" if found else file.rpartition("/")[2]


def _trace(error: BaseException) -> Iterator[str]:
    chain: list[BaseException] = []
    step: BaseException | None = error
    while step is not None and step not in chain:
        chain.append(step)
        step = step.__cause__ or step.__context__
    for one in reversed(chain):
        yield "Traceback, without messages:\n"
        yield from traceback.format_tb(one.__traceback__)
        yield f"{type(one).__module__}.{type(one).__qualname__}\n\n"
