"""A transcriber per test where one is broken on purpose, one for all where none is."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest_asyncio

from holdfast.assistant.speech.whisper import WhisperTranscriber


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def whisper() -> AsyncIterator[WhisperTranscriber]:
    """whisper-base as it is installed, its process started once for the module."""
    transcriber = WhisperTranscriber()
    yield transcriber
    await transcriber.close()
