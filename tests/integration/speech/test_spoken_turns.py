"""A spoken turn, from the recording to an answer that rests on it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

import pytest
import pytest_asyncio

import holdfast
from fix_speech import BLUE, contained, spoken, wav
from holdfast.assistant.answering import NO_TOOLS, Answerer, Asked, Piece, Toolbox
from holdfast.assistant.chat import chat
from holdfast.assistant.events import Event, Failed, Finished, Started, Transcribed
from holdfast.assistant.speech.transcribing import Transcriber, Transcript
from holdfast.assistant.speech.whisper import WhisperTranscriber
from holdfast.capture.turn import Input
from holdfast.errors import TranscriptionFailed

pytestmark = pytest.mark.asyncio(loop_scope="module")


class Written:
    """A transcriber that knows what was said; an exception is raised instead."""

    name = "written:1"

    def __init__(self, said: str | Exception = BLUE) -> None:
        self.said = said
        self.heard: list[tuple[bytes, str]] = []

    async def transcribe(self, audio: bytes, media_type: str) -> Transcript:
        """What it was given."""
        self.heard.append((audio, media_type))
        if isinstance(self.said, Exception):
            raise self.said
        return Transcript(text=self.said, engine=self.name, language="en", duration_s=1.7)

    async def close(self) -> None:
        """Nothing to let go of."""


class Broken:
    """An answerer that is away."""

    name = "broken"

    async def answer(self, asked: Asked, tools: Toolbox = NO_TOOLS) -> AsyncIterator[Piece]:
        """Nothing."""
        raise ConnectionError
        yield ""


@pytest_asyncio.fixture(loop_scope="module")
async def ada() -> AsyncIterator[holdfast.User]:
    """Somebody in an empty store."""
    async with holdfast.open("memory:") as keeper:
        yield await keeper.user("ada")


async def _spoken_turn(
    ada: holdfast.User,
    session: holdfast.OpenSession,
    audio: bytes,
    transcriber: Transcriber | None,
    *,
    answerer: Answerer | None = None,
    client_key: str | None = None,
    media_type: str | None = "audio/webm",
) -> list[Event]:
    given = Input(audio=audio, media_type=media_type)
    told: list[Any] = []
    async with aclosing(
        chat(
            ada,
            session,
            given=given,
            transcriber=transcriber,
            answerer=answerer,
            client_key=client_key,
        )
    ) as events:
        async for event in events:
            told.append(event)
    return told


def _one(events: list[Event], kind: type[Any]) -> Any:
    (found,) = [event for event in events if isinstance(event, kind)]
    return found


async def test_what_was_spoken_is_recalled_in_another_conversation(
    ada: holdfast.User, whisper: WhisperTranscriber
) -> None:
    """Speech of espeak-ng, heard by whisper-base: the turn holds the recording and its words, and
    a question in a later conversation is answered with them."""
    audio = contained("WebM with Opus")
    first = await ada.sessions.start(assistant="helper")
    events = await _spoken_turn(ada, first, audio, whisper)
    second = await ada.sessions.start(assistant="helper")

    question = spoken("What is my favourite colour?")
    answered = await _spoken_turn(ada, second, question, whisper, media_type="audio/wav")

    heard, said = _one(events, Started).message, _one(events, Transcribed).message
    assert [m.id for m in await first.messages()][:2] == [heard.id, said.id]
    assert "blue" in said.text
    assert (said.speech.engine, said.speech.language) == ("whisper:base", "en")
    assert await first.read_file(heard.id) == audio
    assert (await first.info()).title == said.text
    assert "blue" in _one(answered, Finished).message.text


async def test_the_first_bytes_say_what_was_recorded(ada: holdfast.User) -> None:
    """What the client calls its recording is a hint: it is kept, and heard, as what it is."""
    session, written = await ada.sessions.start(), Written()

    events = await _spoken_turn(
        ada, session, contained("Ogg with Opus"), written, media_type="text/html"
    )

    assert _one(events, Started).message.file.media_type == "audio/ogg"
    assert written.heard[0][1] == "audio/ogg"


@pytest.mark.parametrize("transcriber", [None, Written()], ids=["without one", "with one"])
async def test_what_is_no_audio_is_a_failed_turn_that_keeps_it(
    transcriber: Written | None, ada: holdfast.User
) -> None:
    """Said before anything else is tried; nobody gets the bytes, and they are not lost."""
    session = await ada.sessions.start()

    events = await _spoken_turn(ada, session, b"MZ\x90\0 a program", transcriber)

    failed = _one(events, Failed)
    (turn,) = await session.turns()
    messages = await session.messages()
    assert (failed.code, turn.status) == ("not_audio", "failed")
    assert [(m.kind, m.error_code) for m in messages] == [("audio", None), ("error", "not_audio")]
    assert await session.read_file(messages[0].id) == b"MZ\x90\0 a program"
    assert transcriber is None or transcriber.heard == []


@pytest.mark.parametrize(
    ("audio", "transcriber", "code"),
    [
        (wav(b"\1\0" * 100), None, "no_transcriber"),
        (wav(b"\1\0" * 100), Written(TranscriptionFailed("away")), "transcription_failed"),
        (wav(b"\1\0" * 100), Written(ValueError("secret words")), "error"),
    ],
    ids=["no transcriber", "a failing one", "a broken one"],
)
async def test_speech_without_words_is_a_failed_turn_that_keeps_it(
    audio: bytes, transcriber: Transcriber | None, code: str, ada: holdfast.User
) -> None:
    """Whatever was in the way: the recording is there to be heard again."""
    session = await ada.sessions.start()

    events = await _spoken_turn(ada, session, audio, transcriber)

    failed = _one(events, Failed)
    (turn,) = await session.turns()
    messages = await session.messages()
    assert (failed.code, turn.status) == (code, "failed")
    assert "secret" not in failed.message
    assert await session.read_file(messages[0].id) == audio


async def test_a_retry_hears_what_could_not_be_heard(ada: holdfast.User) -> None:
    """The same client key, once the transcriber is back: one recording, then its words."""
    session, audio = await ada.sessions.start(), spoken()
    away = Written(TranscriptionFailed("away"))
    await _spoken_turn(ada, session, audio, away, client_key="k")

    events = await _spoken_turn(ada, session, audio, Written(), client_key="k")

    messages = await session.messages()
    assert [m.kind for m in messages].count("audio") == 1
    assert _one(events, Finished).status == "complete"
    assert [m.text for m in await session.branch()][:2] == ["", BLUE]


async def test_an_answer_that_is_tried_again_stands_below_the_words(ada: holdfast.User) -> None:
    """The model was away after the words were there: they are not heard a second time, and the
    branch that is shown holds recording, words and answer."""
    session, audio, written = await ada.sessions.start(), spoken(), Written()
    await _spoken_turn(ada, session, audio, written, answerer=Broken(), client_key="k")

    await _spoken_turn(ada, session, audio, written, client_key="k")

    branch = await session.branch()
    assert [(m.role, m.kind) for m in branch] == [
        ("user", "audio"),
        ("user", "text"),
        ("assistant", "text"),
    ]
    assert (branch[1].text, len(written.heard)) == (BLUE, 1)


async def test_an_answer_can_be_asked_for_again(ada: holdfast.User) -> None:
    """By the id of the recording, of its words, or of the answer: always the same place."""
    session = await ada.sessions.start()
    events = await _spoken_turn(ada, session, spoken(), Written())
    answer = _one(events, Finished).message
    audio, said = (await session.branch())[:2]

    for named in (audio.id, said.id, answer.id):
        async with aclosing(chat(ada, session, answers=named)) as again:
            finished = _one([event async for event in again], Finished)
        assert finished.message.parent_id == said.id


async def test_words_that_a_retry_found_are_found_by_the_next(ada: holdfast.User) -> None:
    """Heard in the second attempt, answered in the third: nobody hears it a third time."""
    session, audio, written = await ada.sessions.start(), spoken(), Written()
    away = Written(TranscriptionFailed("away"))
    await _spoken_turn(ada, session, audio, away, client_key="k")
    await _spoken_turn(ada, session, audio, written, answerer=Broken(), client_key="k")

    await _spoken_turn(ada, session, audio, written, client_key="k")

    assert len(written.heard) == 1
    assert [m.role for m in await session.branch()] == ["user", "user", "assistant"]


async def test_speech_that_failed_is_heard_when_it_is_answered_again(ada: holdfast.User) -> None:
    """By the id of the recording, or of the error below it, once the transcriber is back: the words
    come first, then the answer, and the recording is there once."""
    for named in (0, 1):
        session, audio, back = await ada.sessions.start(), spoken(), Written()
        failed = await _spoken_turn(ada, session, audio, Written(TranscriptionFailed("away")))
        messages = await session.messages()
        told = [
            event
            async for event in chat(
                ada, session, answers=messages[named].id, transcriber=back, answerer=None
            )
        ]

        assert _one(failed, Failed).code == "transcription_failed"
        assert back.heard == [(audio, "audio/wav")]
        assert _one(told, Transcribed).message.text == BLUE
        assert _one(told, Finished).status == "complete"
        kinds = [message.kind for message in await session.messages()]
        assert kinds.count("audio") == 1
