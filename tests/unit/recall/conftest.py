"""Entries and an embedder for the tests of recall."""

from __future__ import annotations

import pytest

from holdfast.index.embedder import StaticEmbedder


@pytest.fixture(scope="session")
def static() -> StaticEmbedder:
    """Reads 18 MB; the vectors never change."""
    return StaticEmbedder()
