"""How a contract says that something is refused, without a dependency on a test framework."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from holdfast.errors import HoldfastError

__all__ = ["refused_with"]


@contextmanager
def refused_with(error: type[HoldfastError]) -> Iterator[None]:
    """Expect exactly this error: a kind of it is another answer to the caller."""
    try:
        yield
    except HoldfastError as exc:
        if type(exc) is not error:
            raise
        return
    raise AssertionError(f"nothing was refused; {error.__name__} was expected")
