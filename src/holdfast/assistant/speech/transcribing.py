"""What turns speech into text: the one interface, and which of them the settings ask for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from msgspec import Struct

from holdfast.errors import BadSettings
from holdfast.model import Speech

if TYPE_CHECKING:
    from holdfast.settings import Settings

__all__ = ["Transcriber", "Transcript", "transcriber_of"]


class Transcript(Struct, frozen=True, kw_only=True):
    """What was heard. `text` is never blank."""

    text: str
    engine: str
    """Which engine and model, as in whisper:base."""
    language: str | None = None
    """BCP 47, as the engine reported it."""
    duration_s: float | None = None

    @property
    def speech(self) -> Speech:
        """How it is noted with the message."""
        return Speech(engine=self.engine, language=self.language, duration_s=self.duration_s)


class Transcriber(Protocol):
    """Turns speech into text. It records nothing: whoever calls it does."""

    @property
    def name(self) -> str:
        """Which engine and model."""
        ...

    async def transcribe(self, audio: bytes, media_type: str) -> Transcript:
        """What is said in an audio file. May be called side by side, and cancelled at any time.

        Args:
            audio: the whole file, as hostile as it may be; its first bytes decide what it is.
            media_type: what the sender says it is; a hint.

        Raises:
            NotAudio: it is none, or none that can be read.
            NothingHeard: no words are in it.
            TranscriberBusy: too many are waiting.
            TranscriptionFailed: the engine did not do it.
        """
        ...

    async def close(self) -> None:
        """Let go of processes and connections. Running calls fail; it may be called twice."""
        ...


def transcriber_of(settings: Settings) -> Transcriber | None:
    """The transcriber of the settings, None when they name none. Nothing is started yet.

    Raises:
        BadSettings: they do not say enough.
        MissingExtra: Whisper without its packages.
    """
    if settings.transcriber == "whisper":
        from holdfast.assistant.speech.models import model_at
        from holdfast.assistant.speech.whisper import WhisperTranscriber

        if settings.transcriber_model and model_at(settings.transcriber_model) is None:
            raise BadSettings(("transcriber_model: no folder with a Whisper model in it",))
        return WhisperTranscriber(settings.transcriber_model)
    if settings.transcriber == "openai":
        from holdfast.assistant.speech.endpoint import EndpointTranscriber

        if not settings.transcriber_base_url:
            # No default: a forgotten setting must not send what somebody said to a third party.
            raise BadSettings(("transcriber_base_url: name the endpoint that openai stands for",))
        return EndpointTranscriber(
            settings.transcriber_base_url,
            model=settings.transcriber_model or None,
            api_key=settings.transcriber_api_key,
        )
    return None
