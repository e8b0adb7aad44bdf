"""Speech and its transcript in the record: two messages, one thing said."""

from __future__ import annotations

import pytest

import holdfast
from holdfast.capture.turn import Input
from holdfast.errors import BadInput, TurnEnded
from holdfast.model import Message, Speech

HEARD = Speech(engine="whisper:base", language="en", duration_s=2.5)
SPOKEN = Input(audio=b"RIFF....", media_type="audio/wav", author="Ada")


def _said(messages: list[Message]) -> list[tuple[str, str, str, str | None, bool]]:
    return [(m.role, m.kind, m.text, m.author, m.speech is not None) for m in messages]


async def test_a_transcript_follows_the_audio_it_is_of(session: holdfast.OpenSession) -> None:
    """The audio message stays as it was; the text after it is by the same person, with engine,
    language and duration, and the session is named after it."""
    async with session.turn(given=SPOKEN) as turn:
        audio = turn.messages[0]
        said = await turn.transcript("My favourite colour is blue.", HEARD)
        await turn.reply("Noted.")

    found = await session.messages()
    info = await session.info()
    assert _said(found) == [
        ("user", "audio", "", "Ada", False),
        ("user", "text", "My favourite colour is blue.", "Ada", True),
        ("assistant", "text", "Noted.", None, False),
    ]
    assert found[0] == audio
    assert (found[1], said.speech, said.parent_id) == (said, HEARD, audio.id)
    assert (info.title, info.preview) == (said.text, said.text)


async def test_recall_finds_what_was_spoken(
    ada: holdfast.User, session: holdfast.OpenSession
) -> None:
    """The transcript is found like typed text, and only once."""
    async with session.turn(given=SPOKEN) as turn:
        said = await turn.transcript("My favourite colour is blue.", HEARD)

    hits = await ada.recall("favourite colour")

    assert [hit.message for hit in hits] == [said]


@pytest.mark.parametrize("text", ["", "  \n"])
async def test_a_blank_transcript_is_refused(text: str, session: holdfast.OpenSession) -> None:
    """A transcript says something, or there is none: the audio alone is kept then."""
    async with session.turn(given=SPOKEN) as turn:
        with pytest.raises(BadInput):
            await turn.transcript(text, HEARD)

    assert [m.kind for m in await session.messages()] == ["audio"]


@pytest.mark.parametrize(
    "given", [Input(text="typed"), Input(text="told with it", audio=b"RIFF", speech=HEARD)]
)
async def test_only_speech_without_a_text_gets_one(
    given: Input, session: holdfast.OpenSession
) -> None:
    """Typed text has no transcript, and audio that came with one keeps that."""
    async with session.turn(given=given) as turn:
        with pytest.raises(BadInput):
            await turn.transcript("something else", HEARD)

    assert [m.text for m in await session.messages()] == [given.text]


async def test_speech_has_one_transcript(session: holdfast.OpenSession) -> None:
    """A second one is refused: what was said once is not shown twice."""
    async with session.turn(given=SPOKEN) as turn:
        await turn.transcript("blue", HEARD)
        with pytest.raises(BadInput):
            await turn.transcript("blew", HEARD)

    assert [m.text for m in await session.messages()] == ["", "blue"]


async def test_a_turn_that_has_ended_takes_no_transcript(session: holdfast.OpenSession) -> None:
    """A transcript that comes too late changes nothing."""
    async with session.turn(given=SPOKEN) as turn:
        pass

    with pytest.raises(TurnEnded):
        await turn.transcript("blue", HEARD)


async def test_speech_that_stayed_without_text_can_get_it_in_another_turn(
    session: holdfast.OpenSession,
) -> None:
    """Answering the audio again, the transcript follows it: that is the branch shown."""
    async with session.turn(given=SPOKEN) as failed:
        await failed.error("the engine is away", code="transcription_failed")
        await failed.end("failed")
    audio = failed.messages[0]

    async with session.turn(answers=audio.id) as again:
        said = await again.transcript("My favourite colour is blue.", HEARD)
        await again.reply("Noted.")

    assert said.author == "Ada"
    assert [m.id for m in await session.branch()][:2] == [audio.id, said.id]


async def test_a_retry_with_a_client_key_gets_the_recorded_turn(
    session: holdfast.OpenSession,
) -> None:
    """The same audio under the same key writes nothing, also when it is transcribed again."""
    async with session.turn(given=SPOKEN, client_key="k") as turn:
        await turn.transcript("blue", HEARD)
    before = await session.messages()

    async with session.turn(given=SPOKEN, client_key="k") as retry:
        await retry.transcript("blue", HEARD)

    assert retry.replayed
    assert retry.messages == before == await session.messages()


async def test_a_client_key_stands_for_one_recording(session: holdfast.OpenSession) -> None:
    """Other audio under a used key is refused, not answered with what the first one said."""
    async with session.turn(given=SPOKEN, client_key="k"):
        pass

    with pytest.raises(BadInput):
        async with session.turn(given=Input(audio=b"other"), client_key="k"):
            pass


async def test_a_failure_names_no_session(session: holdfast.OpenSession) -> None:
    """What went wrong with the first recording is not what the conversation is called."""
    async with session.turn(given=SPOKEN) as turn:
        await turn.error("the engine is away")
        await turn.end("failed")

    info = await session.info()
    assert (info.title, info.preview) == ("", "")


@pytest.mark.parametrize("half", [0, 1], ids=["the audio", "the transcript"])
async def test_who_forgets_one_half_forgets_both(
    half: int, ada: holdfast.User, session: holdfast.OpenSession
) -> None:
    """Audio and transcript hold the same words: neither stays when the other goes."""
    async with session.turn(given=SPOKEN) as turn:
        await turn.transcript("My favourite colour is blue.", HEARD)
        await turn.reply("Noted.")

    gone = await ada.forget(turn.messages[half].id)

    info = await session.info()
    assert gone.messages == 2
    assert [m.text for m in await session.messages()] == ["Noted."]
    assert info.title == "Noted."
    assert {hit.text for hit in await ada.recall("favourite colour")} <= {"Noted."}


async def test_forgetting_what_was_typed_takes_nothing_along(
    ada: holdfast.User, session: holdfast.OpenSession
) -> None:
    """Speech stays when the answer to it goes."""
    async with session.turn(given=SPOKEN) as turn:
        await turn.transcript("blue", HEARD)
        answer = await turn.reply("Noted.")

    await ada.forget(answer.id)

    assert [m.text for m in await session.messages()] == ["", "blue"]
