"""What was said in a turn: its input, the text of its speech, and which input to answer again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from holdfast.assistant.events import Transcribed
from holdfast.assistant.speech.media_types import media_type_of
from holdfast.capture.inputs import transcript_of
from holdfast.errors import BadInput, NotAudio, NoTranscriber

if TYPE_CHECKING:
    from collections.abc import Sequence

    from holdfast.assistant.speech.transcribing import Transcriber
    from holdfast.capture.turn import TurnRecorder
    from holdfast.keeper.sessions import OpenSession
    from holdfast.model import Message, MessageId

__all__ = ["Heard", "heard_in", "input_before", "transcribed"]

_AROUND = 100
"""A transcript follows its speech at once, or when it is answered again soon after."""


class Heard(Struct, frozen=True, kw_only=True):
    """An input that is recorded."""

    message: Message
    transcript: Message | None = None
    """What the message says in text, when it is speech that was heard before."""
    audio: bytes | None = None
    """The speech, where it is at hand."""

    @property
    def text(self) -> str:
        """What was said; empty for speech that has no text yet."""
        return self.message.text if self.transcript is None else self.transcript.text

    @property
    def answered_id(self) -> MessageId:
        """What another answer follows: below the words, so that the branch shown holds them."""
        return self.message.id if self.transcript is None else self.transcript.id

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
    return Heard(message=message, transcript=_transcript_of(message, messages), audio=audio)


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
        return Heard(message=message, transcript=_transcript_of(message, around))
    raise BadInput("answers", "nothing was said there that could be answered")


async def transcribed(
    session: OpenSession, turn: TurnRecorder, heard: Heard, by: Transcriber | None
) -> Transcribed:
    """Put the speech of an input into words, and record them.

    Raises:
        NotAudio: it is none; nobody else gets to see it.
        NoTranscriber: there is nothing that could.
        TranscriptionFailed: it could not be done; the speech is kept.
    """
    audio = heard.audio
    if audio is None:
        audio = await session.read_file(heard.message.id)
    media_type = media_type_of(audio)
    if media_type is None:
        raise NotAudio
    if by is None:
        raise NoTranscriber
    transcript = await by.transcribe(audio, media_type)
    message = await turn.transcript(transcript.text, transcript.speech)
    return Transcribed(turn_id=turn.id, message=message)


def _transcript_of(message: Message, around: Sequence[Message]) -> Message | None:
    if message.kind != "audio" or message.text.strip():
        return None
    return transcript_of(around, message)
