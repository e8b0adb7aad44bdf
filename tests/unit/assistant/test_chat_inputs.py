"""What a chat turn is about: text, speech, edits and regenerations, rooms, and what came before."""

from __future__ import annotations

from contextlib import aclosing

import pytest

import holdfast
from holdfast.assistant.chat import ChatOptions, chat
from holdfast.assistant.events import Failed, Finished, Started, Transcribed
from holdfast.assistant.speech.transcribing import Transcript
from holdfast.errors import BadInput, NotAudio, NotFound
from holdfast.keeper.contexts import estimated_tokens
from holdfast.model import Assistant, AssistantId

from .conftest import Call, Scripted, Step, events_of, said_in

SPEECH = b"RIFF\x24\0\0\0WAVEfmt speech"
CHEF = Assistant(id=AssistantId("1"), slug="chef", name="Chef", purpose="cooks")
POET = Assistant(id=AssistantId("2"), slug="poet", name="Poet", purpose="rhymes")


class Hears:
    """A transcriber that hears what a test says, or raises it."""

    name = "ears"

    def __init__(self, heard: str | Exception) -> None:
        self._heard = heard
        self.given: list[tuple[bytes, str]] = []

    async def transcribe(self, audio: bytes, media_type: str) -> Transcript:
        """What was said."""
        self.given.append((audio, media_type))
        if isinstance(self._heard, Exception):
            raise self._heard
        return Transcript(text=self._heard, engine="ears:1", language="en", duration_s=1.5)

    async def close(self) -> None:
        """Nothing to let go of."""


def spoken(text: str = "") -> holdfast.Input:
    """An input that was spoken."""
    return holdfast.Input(text=text, audio=SPEECH, media_type="audio/wav")


async def test_promise_02_every_path_speech_is_put_into_words_and_answered(
    ada: holdfast.User, session: holdfast.OpenSession
) -> None:
    """The audio is kept, then its transcript, and the answer is to what was said."""
    answerer, ears = Scripted("Blue."), Hears("Which colour?")

    events = await events_of(ada, session, given=spoken(), answerer=answerer, transcriber=ears)

    audio, transcript, answer = await session.messages()
    assert (audio.kind, audio.text, await session.read_file(audio.id)) == ("audio", "", SPEECH)
    assert (transcript.kind, transcript.text, answer.text) == ("text", "Which colour?", "Blue.")
    assert transcript.speech is not None
    assert (transcript.speech.engine, transcript.speech.language) == ("ears:1", "en")
    assert ears.given == [(SPEECH, "audio/wav")]
    [asked] = answerer.asked
    assert asked.text == "Which colour?"
    [turn] = await session.turns()
    assert events[:2] == [
        Started(turn_id=turn.id, session_id=session.id, message=audio),
        Transcribed(turn_id=turn.id, message=transcript),
    ]


@pytest.mark.parametrize(
    ("transcriber", "code"), [(None, "no_transcriber"), (Hears(NotAudio()), "not_audio")]
)
async def test_speech_that_cannot_be_transcribed_is_a_failed_turn_that_holds_it(
    ada: holdfast.User, session: holdfast.OpenSession, transcriber: Hears | None, code: str
) -> None:
    """Nothing is lost, nobody answers what nobody heard."""
    answerer = Scripted("never")

    events = await events_of(
        ada, session, given=spoken(), answerer=answerer, transcriber=transcriber
    )

    audio, error = await session.messages()
    assert await session.read_file(audio.id) == SPEECH
    assert (error.kind, error.error_code) == ("error", code)
    assert isinstance(events[-1], Failed)
    assert [turn.status for turn in await session.turns()] == ["failed"]
    assert answerer.asked == []


async def test_speech_that_came_with_its_text_needs_no_transcriber(
    ada: holdfast.User, session: holdfast.OpenSession
) -> None:
    """Who sends both is taken at their word."""
    answerer = Scripted("Blue.")
    await events_of(ada, session, given=spoken("Which colour?"), answerer=answerer)

    assert answerer.asked[0].text == "Which colour?"
    assert [m.kind for m in await session.messages()] == ["audio", "text"]


async def test_a_retry_of_speech_that_was_not_understood_transcribes_it_again(
    ada: holdfast.User, session: holdfast.OpenSession
) -> None:
    """The audio that is kept is what is heard; it stands once."""
    first = Hears(NotAudio())
    await events_of(ada, session, given=spoken(), client_key="k", transcriber=first)

    ears, answerer = Hears("Which colour?"), Scripted("Blue.")
    events = await events_of(
        ada, session, given=spoken(), client_key="k", transcriber=ears, answerer=answerer
    )

    assert isinstance(events[-1], Finished)
    assert answerer.asked[0].text == "Which colour?"
    assert len([m for m in await session.messages() if m.kind == "audio"]) == 1
    branch = [(m.kind, m.text) for m in await session.branch()]
    assert branch == [("audio", ""), ("text", "Which colour?"), ("text", "Blue.")]


async def test_answering_speech_again_uses_its_transcript(
    ada: holdfast.User, session: holdfast.OpenSession
) -> None:
    """Whether the audio, its transcript or the answer is named."""
    ears = Hears("Which colour?")
    await events_of(ada, session, given=spoken(), transcriber=ears, answerer=Scripted("Red."))
    audio, transcript, answer = await session.messages()

    for named in (audio, transcript, answer):
        answerer = Scripted("Blue.")
        await events_of(ada, session, answers=named.id, answerer=answerer)
        assert answerer.asked[0].text == "Which colour?"

    assert len(ears.given) == 1


async def said(user: holdfast.User, session: holdfast.OpenSession, *texts: str) -> None:
    """An exchange for each text, answered with the text in capitals."""
    for text in texts:
        await events_of(user, session, text, answerer=Scripted(text.upper()))


async def test_what_was_said_just_before_comes_with_the_input(
    ada: holdfast.User, session: holdfast.OpenSession
) -> None:
    """The latest messages, oldest first, without the input itself."""
    await said(ada, session, "a", "b")
    answerer = Scripted("C")
    await events_of(ada, session, "c", answerer=answerer, options=ChatOptions(context_messages=3))

    [asked] = answerer.asked
    assert [(m.role, m.text) for m in asked.recent] == [
        ("assistant", "A"),
        ("user", "b"),
        ("assistant", "B"),
    ]
    assert (asked.text, asked.assistant) == ("c", "helper")


async def test_an_edit_is_answered_from_what_stood_before_it(
    ada: holdfast.User, session: holdfast.OpenSession
) -> None:
    """What was said after the message that is edited never happened in this branch."""
    await said(ada, session, "a", "b", "c")
    second = next(m for m in await session.messages() if m.text == "b")
    answerer = Scripted("B2")

    await events_of(ada, session, "b2", edits=second.id, answerer=answerer)

    assert [m.text for m in answerer.asked[0].recent] == ["a", "A"]
    assert [m.text for m in await session.branch()] == ["a", "A", "b2", "B2"]


async def test_an_input_far_back_is_answered_from_its_own_branch(
    ada: holdfast.User, session: holdfast.OpenSession
) -> None:
    """However much was said since."""
    await said(ada, session, "a", "b")
    second = next(m for m in await session.messages() if m.text == "b")
    for number in range(40):
        await session.log_full_chat_interaction(f"q{number}", f"a{number}")
    answerer = Scripted("B2")

    await events_of(
        ada,
        session,
        "b2",
        edits=second.id,
        answerer=answerer,
        options=ChatOptions(context_messages=2),
    )

    assert [m.text for m in answerer.asked[0].recent] == ["a", "A"]


@pytest.mark.parametrize("named", ["b", "B"])
async def test_an_input_is_answered_again_by_its_own_id_or_its_answer_s(
    ada: holdfast.User, session: holdfast.OpenSession, named: str
) -> None:
    """A regeneration stands beside the first answer, made of what the first was made of."""
    await said(ada, session, "a", "b")
    message = next(m for m in await session.messages() if m.text == named)
    answerer = Scripted("B2")

    events = await events_of(ada, session, answers=message.id, answerer=answerer)

    [asked] = answerer.asked
    assert (asked.text, [m.text for m in asked.recent]) == ("b", ["a", "A"])
    assert [m.text for m in await session.branch()] == ["a", "A", "b", "B2"]
    assert isinstance(events[0], Started)
    assert events[0].message is not None
    assert events[0].message.text == "b"


async def test_a_regeneration_that_failed_is_made_anew_by_its_key(
    ada: holdfast.User, session: holdfast.OpenSession
) -> None:
    """As with any other turn: the same key gets an answer, once."""
    await said(ada, session, "a")
    heard = (await session.messages())[0]
    means = {"answers": heard.id, "client_key": "again"}
    await events_of(ada, session, answerer=Scripted(ValueError()), **means)

    second = await events_of(ada, session, answerer=Scripted("A2"), **means)
    third = await events_of(ada, session, answerer=Scripted("never"), **means)

    assert (said_in(second), said_in(third)) == ("A2", "A2")
    assert isinstance(third[-1], Finished)
    assert third[-1].replayed


async def test_what_is_not_there_cannot_be_answered_again(
    keeper: holdfast.Keeper, ada: holdfast.User, session: holdfast.OpenSession
) -> None:
    """Unknown, another session's, another person's: one answer, and no turn."""
    await said(ada, session, "a")
    ben = await keeper.user("ben")
    theirs = await ben.sessions.start()
    await said(ben, theirs, "b")
    foreign = (await theirs.messages())[0].id

    for message_id in (foreign, "01a1f838-633a-71b1-9f2d-7099f167bfd2", "none"):
        with pytest.raises(NotFound):
            await events_of(ada, session, answers=message_id)
    assert len(await session.turns()) == 1


async def test_an_answer_to_nothing_cannot_be_made_again(
    ada: holdfast.User, session: holdfast.OpenSession
) -> None:
    """Where nobody said anything there is nothing to answer."""
    async with session.turn(given=holdfast.Input(text="be kind", role="system")):
        pass
    [note] = await session.messages()

    with pytest.raises(BadInput):
        await events_of(ada, session, answers=note.id)


async def test_recent_and_recalled_stay_within_the_budget_together(
    ada: holdfast.User, session: holdfast.OpenSession
) -> None:
    """However much there is; a long message is cut rather than driving out all others."""
    for number in range(30):
        await session.log_full_chat_interaction(f"ferry {number} " * 20, f"island {number} " * 20)
    await session.log_full_chat_interaction("ferry " * 5_000, "Long.")
    answerer = Scripted("ok")
    options = ChatOptions(context_tokens=600)

    await events_of(ada, session, "Which ferry?", answerer=answerer, options=options)

    [asked] = answerer.asked
    recent = sum(estimated_tokens(message.text) for message in asked.recent)
    assert recent + estimated_tokens(asked.context) <= 600
    assert asked.recent[-1].text == "Long."
    assert asked.recent[-2].text.startswith("ferry ")
    assert asked.recent[-2].text.endswith("…")
    assert asked.context


async def test_what_is_shown_as_recent_is_not_recalled_once_more(
    ada: holdfast.User, session: holdfast.OpenSession
) -> None:
    """A model reads everything once."""
    await said(ada, session, "The ferry goes at noon")
    other = await ada.sessions.start(assistant="other")
    answerer = Scripted("ok")

    await events_of(ada, session, "When does the ferry go?", answerer=answerer)
    await events_of(ada, other, "When does the ferry go?", answerer=answerer)

    here, elsewhere = answerer.asked
    assert "noon" not in here.context
    assert "noon" in elsewhere.context
    assert "instruction" in elsewhere.context


async def _room(keeper: holdfast.Keeper, ada: holdfast.User) -> tuple[holdfast.User, str]:
    """A room of Ada's with Ben in it, in which something was said."""
    await (await ada.sessions.start(assistant="helper")).log_full_chat_interaction(
        "The treasure is under the oak", "Noted."
    )
    ben = await keeper.user("ben")
    room = await ada.rooms.create("Harbour", members=["ben"])
    await room.post("The treasure is in the harbour")
    return ben, room.id


async def test_promise_07_yours_alone_a_room_s_answer_knows_the_room_and_nothing_else(
    keeper: holdfast.Keeper, ada: holdfast.User
) -> None:
    """Recall, tools and what came before are the room's; nothing of the caller's own is shown."""
    _, room_id = await _room(keeper, ada)
    room = await ada.rooms.open(room_id)
    steps: list[Step] = [
        Call("search_conversation_history", {"query": "treasure"}),
        Call("recall_context", {"query": "treasure"}),
        Call("list_conversations", {}),
        "In the harbour.",
    ]
    answerer = Scripted(*steps)

    turn = chat(
        *(ada, await room.session(), "Where is the treasure?"),
        author="ada",
        room=room,
        assistants=[CHEF],
        answerer=answerer,
    )
    async with aclosing(turn) as happening:
        events = [event async for event in happening]

    [asked] = answerer.asked
    shown = f"{events} {asked} {answerer.outcomes}"
    assert "harbour" in shown
    assert "oak" not in shown
    assert (asked.author, asked.assistant, asked.purpose) == ("ada", "Chef", "cooks")
    assert answerer.offered == ["search_conversation_history", "recall_context", "add_memory"]
    assert answerer.outcomes[2].failed
    messages = await room.messages()
    assert (messages[-1].author, messages[-1].text) == ("chef", "In the harbour.")


async def test_what_a_model_notes_in_a_room_is_the_room_s(
    keeper: holdfast.Keeper, ada: holdfast.User
) -> None:
    """Not a word of it lands in the vault of the one who asked."""
    _, room_id = await _room(keeper, ada)
    room = await ada.rooms.open(room_id)
    answerer = Scripted(Call("add_memory", {"text": "Ferry at noon"}), "Noted.")
    await events_of(ada, await room.session(), "Note it", room=room, answerer=answerer)

    assert [m.text for m in await (await room.memories()).list()] == ["Ferry at noon"]
    assert await ada.memories.list() == []


async def test_several_assistants_answer_one_after_the_other_in_one_turn(
    keeper: holdfast.Keeper, ada: holdfast.User
) -> None:
    """Each under their own name."""
    _, room_id = await _room(keeper, ada)
    room = await ada.rooms.open(room_id)
    answerer = Scripted("Hello.")
    await events_of(
        *(ada, await room.session(), "Hello both"),
        room=room,
        author="ada",
        assistants=[CHEF, POET],
        answerer=answerer,
    )

    posted = [(m.author, m.text) for m in await room.messages()][1:]
    assert posted == [("ada", "Hello both"), ("chef", "Hello."), ("poet", "Hello.")]
    assert [asked.purpose for asked in answerer.asked] == ["cooks", "rhymes"]


async def test_who_is_removed_while_an_assistant_answers_gets_nothing_more(
    keeper: holdfast.Keeper, ada: holdfast.User
) -> None:
    """The turn ends, and what came after the removal is not recorded in their name."""
    ben, room_id = await _room(keeper, ada)
    theirs = await ben.rooms.open(room_id)
    answerer = Scripted("before", "after")
    turn = chat(ben, await theirs.session(), "Where?", room=theirs, author="ben", answerer=answerer)

    async def listen() -> None:
        async with aclosing(turn) as events:
            async for event in events:
                if type(event).__name__ == "Recalled":
                    await (await ada.rooms.open(room_id)).remove("ben")

    with pytest.raises(NotFound):
        await listen()

    room = await ada.rooms.open(room_id)
    assert [turn.status for turn in await (await room.session()).turns()][-1] == "failed"
    assert "after" not in [m.text for m in await room.messages()]
