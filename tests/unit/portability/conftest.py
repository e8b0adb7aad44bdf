"""Fixtures for reading exports."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from holdfast.portability.conversations import Broken, Conversation, Item
from holdfast.portability.limits import Limits
from holdfast.portability.reader import open_export

ReadAll = Callable[..., list[Item]]


@pytest.fixture
def read_all() -> ReadAll:
    """Reads everything an export yields."""

    def read(path: Path, limits: Limits | None = None) -> list[Item]:
        with open_export(path, limits=limits) as reader:
            return list(reader)

    return read


@pytest.fixture
def read_one(read_all: ReadAll) -> Callable[..., Conversation]:
    """Reads an export that holds one good conversation."""

    def read(path: Path, limits: Limits | None = None) -> Conversation:
        (item,) = read_all(path, limits)
        assert isinstance(item, Conversation), item
        return item

    return read


@pytest.fixture
def read_broken(read_all: ReadAll) -> Callable[..., Broken]:
    """Reads an export whose only conversation is broken."""

    def read(path: Path, limits: Limits | None = None) -> Broken:
        (item,) = read_all(path, limits)
        assert isinstance(item, Broken), item
        return item

    return read
