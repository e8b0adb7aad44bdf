"""The step of a turn in which speech becomes text, durably."""

from __future__ import annotations

from typing import TYPE_CHECKING

from holdfast.assistant.speech.media_types import media_type_of
from holdfast.errors import NotAudio, NoTranscriber

if TYPE_CHECKING:
    from holdfast.assistant.speech.transcribing import Transcriber
    from holdfast.capture.turn import TurnRecorder
    from holdfast.model import Message

__all__ = ["hear"]


async def hear(turn: TurnRecorder, audio: bytes, transcriber: Transcriber | None) -> Message:
    """Transcribe the speech that began a turn and record what it says; durable on return.

    Whatever this raises, the audio was recorded before: end the turn as failed with it.

    Args:
        audio: the bytes that the turn recorded as its input.
        transcriber: None when none is configured.

    Raises:
        NotAudio, NoTranscriber, NothingHeard, TranscriberBusy, TranscriptionFailed: there is no
            transcript; nothing was written.
        StorageFailed: or one of its kinds.
    """
    media_type = media_type_of(audio)
    if media_type is None:
        raise NotAudio
    if transcriber is None:
        raise NoTranscriber
    found = await transcriber.transcribe(audio, media_type)
    return await turn.transcript(found.text, found.speech)
