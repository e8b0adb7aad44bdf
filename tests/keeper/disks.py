"""File systems that are small or may only be read, mounted for a test and taken away after it."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)


@contextmanager
def small_disk(at: Path, size_kb: int) -> Iterator[Path]:
    """A file system in memory of so many kilobytes; needs the right to mount."""
    at.mkdir(parents=True)
    _run("mount", "-t", "tmpfs", "-o", f"size={size_kb}k", "tmpfs", str(at))
    try:
        yield at
    finally:
        _run("umount", "--lazy", str(at))


@contextmanager
def read_only(folder: Path) -> Iterator[Path]:
    """A folder as a mount that nobody can write to, not even root."""
    _run("mount", "--bind", str(folder), str(folder))
    try:
        _run("mount", "-o", "remount,bind,ro", str(folder))
        yield folder
    finally:
        _run("umount", "--lazy", str(folder))
