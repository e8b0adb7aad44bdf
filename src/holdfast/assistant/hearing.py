"""What was said in a turn: its input, the text of its speech, and which input to answer again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from holdfast.assistant.events import Transcribed
from holdfast.capture.inputs import transcript_of
from holdfast.errors import BadInput, NoTranscriber

if TYPE_CHECKING:
    from collections.abc import Sequence

    from holdfast.assistant.speech.transcribing import Transcriber
    from holdfast.capture.turn import TurnRecorder
    from holdfast.keeper.sessions import OpenSession
    from holdfast.model import Message

__all__ = ["Heard", "heard_in", "input_before", "transcribed"]

_AROUND = 100
"""A transcript follows its speech at once, or when it is answered again soon after."""


class Heard(Struct, frozen=True, kw_only=True):
    """An input that is recorded."""

    message: Message
    text: str
    """What was said; empty for speech that has no text yet."""
    audio: bytes | None = None
    """The speech, where it is at hand."""

    @property
    def is_unheard_speech(self) -> bool:
        """Whether it is speech that nobody put into words yet."""
        return self.message.kind == "audio" and not self.text.strip()


def heard_in(messages: Sequence[Message], *, audio: bytes | None = None) -> Heard | None:
    """The input among the messages of a turn, None when the turn has none of its own."""
    message = next((m for m in messages if m.role == "user"), None)
    if message is None:
        # Whoever speaks with another role begins the turn all the same.
        message = next(iter(messages), None)
        if message is None or message.role != "system" or message.kind == "error":
            return None
    return Heard(message=message, text=_text_of(message, messages), audio=audio)


async def input_before(session: OpenSession, message_id: str) -> Heard:
    """The input to answer again: the message itself, or the input that it answers.

    Raises:
        NotFound: there is no such message in this session.
        BadInput: nothing was said before it.
    """
    for message in reversed(await session.branch(message_id)):
        if message.role != "user" or (message.speech is not None and message.kind == "text"):
            # A transcript is not what was said but what it says: the speech comes before it.
            continue
        around = await session.messages(after_seq=message.seq, limit=_AROUND)
        return Heard(message=message, text=_text_of(message, around))
    raise BadInput("answers", "nothing was said there that could be answered")


async def transcribed(
    session: OpenSession, turn: TurnRecorder, heard: Heard, by: Transcriber | None
) -> Transcribed:
    """Put the speech of an input into words, and record them.

    Raises:
        NoTranscriber: there is nothing that could.
        NotAudio, TranscriptionFailed: it could not be done; the speech is kept.
    """
    if by is None:
        raise NoTranscriber
    audio = heard.audio
    if audio is None:
        audio = await session.read_file(heard.message.id)
    file = heard.message.file
    transcript = await by.transcribe(audio, "" if file is None else file.media_type)
    message = await turn.transcript(transcript.text, transcript.speech)
    return Transcribed(turn_id=turn.id, message=message)


def _text_of(message: Message, around: Sequence[Message]) -> str:
    if message.kind != "audio" or message.text.strip():
        return message.text
    transcript = transcript_of(around, message)
    return "" if transcript is None else transcript.text
