"""Promise 7: somebody else's id is an unknown id, in every public call that takes one."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from fix_keeper import World, talk
from holdfast.capture.streaming import AnswerStream
from holdfast.capture.tools import ToolCall
from holdfast.capture.turn import Input, TurnRecorder
from holdfast.errors import HoldfastError, NotFound
from holdfast.keeper.exporting import Exports
from holdfast.keeper.found import Found
from holdfast.keeper.importing import Imports
from holdfast.keeper.keeper import Keeper
from holdfast.keeper.memories import Memories, MemoryPage
from holdfast.keeper.memory_changes import ChangePage
from holdfast.keeper.names import Names
from holdfast.keeper.rooms import OpenRoom, Rooms
from holdfast.keeper.sessions import OpenSession, Sessions
from holdfast.keeper.thoughts import ThoughtPage, Thoughts
from holdfast.keeper.tokens import Tokens
from holdfast.keeper.users import User
from holdfast.model import Message, MessageId, SessionId, Source

FACES = (
    Keeper,
    User,
    Sessions,
    OpenSession,
    Memories,
    Thoughts,
    Names,
    Rooms,
    OpenRoom,
    Imports,
    Exports,
    Tokens,
    TurnRecorder,
    ToolCall,
    AnswerStream,
)
"""All that an application holds in its hands."""

_NAMES_RECORDS = (
    "session",
    "message",
    "memory",
    "room",
    "turn",
    "file",
    "thought",
    "record",
    "token",
)
_ID_WORDS = {"edits", "answers", "leaf", "sources", "messages", "sessions", "given", "cursor"}


def _takes_ids(name: str) -> bool:
    """Whether a parameter of this name names records."""
    if name in _ID_WORDS:
        return True
    stem = name.removesuffix("_ids").removesuffix("_id")
    return stem != name and stem in _NAMES_RECORDS


def _public_parameters() -> set[str]:
    found = set()
    for face in FACES:
        for name, method in inspect.getmembers(face, inspect.isfunction):
            if name.startswith("_"):
                continue
            for parameter in inspect.signature(method).parameters:
                if _takes_ids(parameter):
                    found.add(f"{face.__name__}.{name}({parameter})")
    return found


_KINDS = ("session", "message", "turn", "memory", "thought", "room", "file", "cursor", "token")


class Theirs:
    """What Ben has, by kind of id; or ids of nothing at all."""

    def __init__(self, **ids: str) -> None:
        self.session = ids["session"]
        self.message = ids["message"]
        self.turn = ids["turn"]
        self.memory = ids["memory"]
        self.thought = ids["thought"]
        self.room = ids["room"]
        self.file = ids["file"]
        self.cursor = ids["cursor"]
        self.token = ids["token"]

    def as_message(self, mine: Message) -> Message:
        """Ada's own message, made to name another's."""
        return msgspec.structs.replace(
            mine, id=MessageId(self.message), session_id=SessionId(self.session)
        )


class Hers:
    """What Ada has, for the calls that need something of the caller's too."""

    def __init__(
        self, user: User, session: OpenSession, message: Message, folder: Path, tokens: Tokens
    ) -> None:
        self.user = user
        self.tokens = tokens
        self.session = session
        self.message = message
        self.folder = folder


Attempt = Callable[[Hers, Theirs], Awaitable[Any]]


async def _enter(turn: Any) -> str:
    async with turn:
        return "entered"


async def _as_it_is(found: object) -> object:
    return found or []


MATRIX: dict[str, Attempt] = {
    "User.recall(session_id)": lambda a, b: a.user.recall("secret", session_id=b.session),
    "User.create_memory_from_chat(session_id)": lambda a, b: a.user.create_memory_from_chat(
        b.session, "helper"
    ),
    "User.create_memory_from_chat(messages)": lambda a, b: a.user.create_memory_from_chat(
        a.session.id, "helper", "", 5, [b.as_message(a.message)]
    ),
    "User.forget(message_ids)": lambda a, b: a.user.forget([a.message.id, b.message]),
    "User.erase_session(session_id)": lambda a, b: a.user.erase_session(b.session),
    "Sessions.open(session_id)": lambda a, b: a.user.sessions.open(b.session),
    "Sessions.page(cursor)": lambda a, b: a.user.sessions.page(cursor=b.cursor),
    "Sessions.trash(session_ids)": lambda a, b: a.user.sessions.trash([a.session.id, b.session]),
    "Sessions.restore(session_ids)": lambda a, b: a.user.sessions.restore(b.session),
    "Sessions.consequences(session_id)": lambda a, b: a.user.sessions.consequences(b.session),
    "Sessions.keep(session_id)": lambda a, b: a.user.sessions.keep(b.session),
    "Sessions.temporary(session_id)": lambda a, b: _as_it_is(a.user.sessions.temporary(b.session)),
    "OpenSession.turn(edits)": lambda a, b: _enter(a.session.turn("x", edits=b.message)),
    "OpenSession.turn(answers)": lambda a, b: _enter(a.session.turn(answers=b.message)),
    "OpenSession.turn(given)": lambda a, b: _enter(
        a.session.turn(given=Input(text="x", edits=MessageId(b.message)))
    ),
    "OpenSession.branch(leaf)": lambda a, b: a.session.branch(b.message),
    "OpenSession.turns_by_id(turn_ids)": lambda a, b: a.session.turns_by_id([b.turn]),
    "OpenSession.message(message_id)": lambda a, b: a.session.message(b.message),
    "OpenSession.read_file(message_id)": lambda a, b: a.session.read_file(b.file),
    "Memories.list(session_id)": lambda a, b: a.user.memories.list(session_id=b.session),
    "Memories.page(session_id)": lambda a, b: a.user.memories.page(session_id=b.session),
    "Memories.page(cursor)": lambda a, b: a.user.memories.page(cursor=b.cursor),
    "Memories.of_messages(message_ids)": lambda a, b: a.user.memories.of_messages([b.message]),
    "Memories.get(memory_id)": lambda a, b: a.user.memories.get(b.memory),
    "Memories.by_ids(memory_ids)": lambda a, b: a.user.memories.by_ids([b.memory]),
    "Memories.add(sources)": lambda a, b: a.user.memories.add("mine", sources=[b.message]),
    "Memories.of_message(message_id)": lambda a, b: a.user.memories.of_message(b.message),
    "Memories.source_messages(memory_id)": lambda a, b: a.user.memories.source_messages(b.memory),
    "Memories.forget(memory_ids)": lambda a, b: a.user.memories.forget(b.memory),
    "Memories.edit(memory_id)": lambda a, b: a.user.memories.edit(b.memory, "mine"),
    "Memories.pin(memory_id)": lambda a, b: a.user.memories.pin(b.memory),
    "Memories.merge(memory_ids)": lambda a, b: a.user.memories.merge([b.memory, b.session]),
    "Memories.undo(memory_id)": lambda a, b: a.user.memories.undo(b.memory),
    "Memories.trash(memory_id)": lambda a, b: a.user.memories.trash(b.memory),
    "Memories.restore(memory_id)": lambda a, b: a.user.memories.restore(b.memory),
    "Memories.changes(cursor)": lambda a, b: a.user.memories.changes(cursor=b.cursor),
    "User.find(session_id)": lambda a, b: a.user.find("secret", session_id=b.session),
    "User.used(turn_id)": lambda a, b: a.user.used(a.session, b.turn),
    "Memories.history(memory_id)": lambda a, b: a.user.memories.history(b.memory),
    "Memories.receipts(session_id)": lambda a, b: a.user.memories.receipts(b.session),
    "User.messages(message_ids)": lambda a, b: a.user.messages([a.message.id, b.message]),
    "Thoughts.get(thought_id)": lambda a, b: a.user.thoughts.get(b.thought),
    "Thoughts.list(turn_id)": lambda a, b: a.user.thoughts.list(turn_id=b.turn),
    "Thoughts.list(memory_id)": lambda a, b: a.user.thoughts.list(memory_id=b.memory),
    "Thoughts.page(turn_id)": lambda a, b: a.user.thoughts.page(turn_id=b.turn),
    "Thoughts.page(memory_id)": lambda a, b: a.user.thoughts.page(memory_id=b.memory),
    "Thoughts.of_turn(turn_id)": lambda a, b: a.user.thoughts.of_turn(b.turn),
    "Thoughts.of_turns(turn_ids)": lambda a, b: a.user.thoughts.of_turns([b.turn]),
    "Thoughts.of_memory(memory_id)": lambda a, b: a.user.thoughts.of_memory(b.memory),
    "Thoughts.log(session_id)": lambda a, b: a.user.thoughts.log("h", "x", session_id=b.session),
    "Thoughts.log(turn_id)": lambda a, b: a.user.thoughts.log("h", "x", turn_id=b.turn),
    "Thoughts.log(memory_id)": lambda a, b: a.user.thoughts.log("h", "x", memory_id=b.memory),
    "Thoughts.add(session_id)": lambda a, b: a.user.thoughts.add(
        "x", assistant="helper", session_id=b.session
    ),
    "Thoughts.list(session_id)": lambda a, b: a.user.thoughts.list(session_id=b.session),
    "Thoughts.page(session_id)": lambda a, b: a.user.thoughts.page(session_id=b.session),
    "Thoughts.page(cursor)": lambda a, b: a.user.thoughts.page(cursor=b.cursor),
    "Thoughts.add(memory_id)": lambda a, b: a.user.thoughts.add(
        "x", assistant="helper", memory_id=b.memory
    ),
    "Thoughts.add(turn_id)": lambda a, b: a.user.thoughts.add(
        "x", assistant="helper", turn_id=b.turn
    ),
    "Rooms.page(cursor)": lambda a, b: a.user.rooms.page(cursor=b.room),
    "Rooms.open(room_id)": lambda a, b: a.user.rooms.open(b.room),
    "Exports.file(sessions)": lambda a, b: a.user.exports.file(
        a.folder / "out.zip", sessions=[a.session.id, b.session]
    ),
    "Exports.total_messages(sessions)": lambda a, b: a.user.exports.total_messages(
        [a.session.id, b.session]
    ),
    "Tokens.revoke(token_id)": lambda a, b: a.tokens.revoke(b.token),
    "Exports.stream(sessions)": lambda a, b: anext(
        a.user.exports.stream(sessions=[a.session.id, b.session])
    ),
}

FILTERS = {
    "User.recall(session_id)",
    "Sessions.page(cursor)",
    "Sessions.temporary(session_id)",
    "Rooms.page(cursor)",
    "OpenSession.turns_by_id(turn_ids)",
    "Memories.list(session_id)",
    "Memories.page(session_id)",
    "Memories.page(cursor)",
    "Memories.by_ids(memory_ids)",
    "Memories.changes(cursor)",
    "User.find(session_id)",
    "Memories.of_message(message_id)",
    "Memories.of_messages(message_ids)",
    "Thoughts.list(session_id)",
    "Thoughts.list(turn_id)",
    "Thoughts.list(memory_id)",
    "Thoughts.page(turn_id)",
    "Thoughts.page(memory_id)",
    "Thoughts.of_turn(turn_id)",
    "Thoughts.of_turns(turn_ids)",
    "Thoughts.of_memory(memory_id)",
    "Thoughts.page(session_id)",
    "Thoughts.page(cursor)",
}
"""These narrow an answer: for an unknown id it is empty (a cursor only says from when on)."""

EMPTY = (
    [],
    (),
    {},
    MemoryPage(memories=[]),
    ThoughtPage(thoughts=[]),
    ChangePage(changes=[]),
    Found(),
)

EXPLAINED = {
    "TurnRecorder.draft_message(message_id)": "an id that a stream gives to what it will become",
    "Names.restore(record_id)": "an id that an import gives to a new record of one's own",
    "User.prefer(answers)": "a word that says who answers; no record",
    "User.recall_sessions(messages)": "how many come with each session",
    "OpenRoom.memory_page(cursor)": "from when on; the room itself is asked for in ROOM_CALLS",
    "Tokens.used(token_id)": "for servers, which found the key of whichever account by its secret",
}


def test_promise_07_yours_alone_no_public_call_is_left_out_of_the_matrix() -> None:
    """Whoever adds a call that takes an id adds the attempt to give it another's."""
    assert _public_parameters() == MATRIX.keys() | EXPLAINED.keys()


async def _people(
    keeper: Keeper, folder: Path, *, account: str = "local", name: str = "ben"
) -> tuple[Hers, Theirs, User]:
    """Ada with what she has, and somebody else, of another account perhaps, with one of all."""
    ada, ben = await keeper.user("ada"), await keeper.account(account).user(name)
    token, _ = await keeper.account("acme").tokens.create(name)
    session = await ada.sessions.start()
    await talk(session, ("my own", "yes"))
    theirs = await ben.sessions.start(assistant="helper")
    async with theirs.turn("secret of ben") as turn:
        file = await turn.file("secret", b"secret", media_type="text/plain")
        await turn.reply("kept")
    logged = await theirs.log_full_chat_interaction(
        "secret", "kept", memory="ben has a secret", thought="a secret"
    )
    room = await ben.rooms.create("hidden")
    await room.post("secret of the room")
    assert logged.learned.memory is not None
    assert logged.learned.thought is not None
    return (
        Hers(ada, session, (await session.messages())[0], folder, keeper.tokens),
        Theirs(
            session=theirs.id,
            message=turn.messages[0].id,
            turn=turn.messages[0].turn_id,
            memory=logged.learned.memory.id,
            thought=logged.learned.thought.id,
            room=room.id,
            file=file.id,
            cursor=f"0.{theirs.id.replace('-', '')}",
            token=token.id,
        ),
        ben,
    )


async def _outcome(attempt: Attempt, hers: Hers, theirs: Theirs) -> tuple[object, ...]:
    try:
        return ("answer", await attempt(hers, theirs))
    except HoldfastError as exc:
        return (type(exc), str(exc))


@pytest.mark.parametrize(("account", "name"), [("local", "ben"), ("acme", "ada")])
@pytest.mark.parametrize("call", MATRIX)
async def test_promise_07_yours_alone_a_foreign_id_is_an_unknown_id(
    call: str, account: str, name: str, keeper: Keeper, tmp_path: Path
) -> None:
    """The same error with the same words, or the same empty answer; the other's vault is as it
    was. The other may have the very same name, in another account."""
    hers, theirs, ben = await _people(keeper, tmp_path, account=account, name=name)
    before = (await ben.stats(), await hers.user.stats())
    new = keeper.store.ids
    nothing = Theirs(
        session=new(),
        message=new(),
        turn=new(),
        memory=new(),
        thought=new(),
        room=new(),
        file=new(),
        cursor=f"0.{new().replace('-', '')}",
        token=new(),
    )

    foreign = await _outcome(MATRIX[call], hers, theirs)
    unknown = await _outcome(MATRIX[call], hers, nothing)

    assert foreign == unknown
    if call in FILTERS:
        assert foreign[0] == "answer"
    else:
        assert issubclass(foreign[0], HoldfastError)  # type: ignore[arg-type]  # a class
    assert (await ben.stats(), await hers.user.stats()) == before
    assert not list(tmp_path.glob("out*"))


@pytest.mark.parametrize("call", MATRIX)
@pytest.mark.parametrize("garbage", ["", "x", "'; --", "0" * 31, "\0", "é" * 32])
async def test_promise_07_yours_alone_garbage_is_an_unknown_id(
    call: str, garbage: str, world: World, tmp_path: Path
) -> None:
    """What is no id at all is answered with an error of ours, or an empty answer."""
    keeper = await world.open("memory")
    hers, _, _ = await _people(keeper, tmp_path)
    nothing = Theirs(**dict.fromkeys(_KINDS, garbage))

    outcome = await _outcome(MATRIX[call], hers, nothing)

    if call in FILTERS and outcome[0] == "answer":
        assert outcome[1] in EMPTY or call == "User.recall(session_id)"


async def test_promise_07_yours_alone_recall_stays_in_the_vault(keeper: Keeper) -> None:
    """The same words said by two people: each finds their own and nothing else."""
    users = [await keeper.user(name) for name in ("ada", "ben", "cy")]
    for user in users:
        session = await user.sessions.start()
        await talk(session, ("the password is swordfish", f"kept for {user.id}"))

    for user in users:
        mine = {session.id for session in await user.sessions.list()}
        hits = await user.recall("what is the password?")
        assert hits
        assert {hit.session_id for hit in hits} <= mine


async def test_promise_07_yours_alone_the_keys_of_one_open_nothing_of_another(
    keeper: Keeper,
) -> None:
    """Every row of every vault, tried with every other vault's keys: none opens."""
    from holdfast.errors import TamperedRecord
    from holdfast.storage.protocol import ChangesQuery
    from holdfast.vault.envelope import open_sealed

    vaults = []
    for n in range(8):
        user = await keeper.user(f"user {n}")
        session = await user.sessions.start()
        await session.log_full_chat_interaction("said", "heard", memory="kept", thought="so")
        vaults.append(user.vault)
    for vault in vaults:
        rows = await vault.storage.changes(ChangesQuery(vault_id=vault.raw, after=0))
        assert len(rows) >= 6
        for other in vaults:
            if other is vault:
                continue
            keys = dict((await other.keys()).records.by_commitment)
            for of_session in (await other.keyring.all_session_keys(other.raw)).values():
                keys.update(of_session.by_commitment)
            for row in rows:
                place = vault.place(row.kind, row.scope).of(row.id, row.ord, row.version)
                with pytest.raises(TamperedRecord):
                    open_sealed(row.sealed, place, keys)


async def test_promise_07_yours_alone_a_source_keeps_its_own_session(keeper: Keeper) -> None:
    """A source that names one's own message but somebody's session is set right or refused."""
    ada = await keeper.user("ada")
    session = await ada.sessions.start()
    await talk(session, ("mine", "yes"))
    message = (await session.messages())[0]
    elsewhere = SessionId(keeper.store.ids())

    memory = await ada.memories.add(
        "mine", sources=[Source(session_id=elsewhere, message_id=message.id)]
    )

    assert memory.sources == (Source(session_id=session.id, message_id=message.id),)


async def _room(keeper: Keeper) -> tuple[OpenRoom, OpenRoom]:
    ada = await keeper.user("ada")
    room = await ada.rooms.create("team", members=["ben"])
    await room.post("before")
    theirs = await (await keeper.user("ben")).rooms.open(room.id)
    return room, theirs


ROOM_CALLS: dict[str, Callable[[OpenRoom], Awaitable[Any]]] = {
    "info": lambda room: room.info(),
    "rename": lambda room: room.rename("after"),
    "members": lambda room: room.members(),
    "assistants": lambda room: room.assistants(),
    "session": lambda room: room.session(),
    "post": lambda room: room.post("after"),
    "messages": lambda room: room.messages(),
    "recall": lambda room: room.recall("before"),
    "memories": lambda room: room.memories(),
    "memory_page": lambda room: room.memory_page(),
    "visible": lambda room: room.visible([]),
    "window": lambda room: room.window(),
    "distill": lambda room: room.distill(),
    "leave": lambda room: room.leave(),
    "invite": lambda room: room.invite("eve"),
    "remove": lambda room: room.remove("ada"),
    "erase": lambda room: room.erase(),
    "check": lambda room: room.check("read"),
}


def test_promise_07_yours_alone_every_room_call_is_tried() -> None:
    """Whoever adds a call to a room adds it to the table."""
    calls = {
        name
        for name, method in inspect.getmembers(OpenRoom, inspect.iscoroutinefunction)
        if not name.startswith("_")
    }
    assert calls == ROOM_CALLS.keys()


@pytest.mark.parametrize("how", ["removed", "left"])
@pytest.mark.parametrize("call", ROOM_CALLS)
async def test_promise_07_yours_alone_who_is_out_of_a_room_is_a_stranger_at_once(
    call: str, how: str, world: World
) -> None:
    """Removed or gone: the very next call, through what they held before, knows no such room."""
    keeper = await world.open("memory")
    room, theirs = await _room(keeper)
    await (room.remove("ben") if how == "removed" else theirs.leave())

    with pytest.raises(NotFound) as caught:
        await ROOM_CALLS[call](theirs)

    with pytest.raises(NotFound) as unknown:
        await (await keeper.user("eve")).rooms.open(keeper.store.ids())
    assert str(caught.value) == str(unknown.value)
    assert len(await room.messages()) == 1


async def test_promise_07_yours_alone_what_was_opened_in_a_room_closes_with_the_access(
    keeper: Keeper,
) -> None:
    """The session and the memories of a room, held since before, are closed to who was removed."""
    room, theirs = await _room(keeper)
    session, memories = await theirs.session(), await theirs.memories()
    await room.remove("ben")

    for attempt in (
        session.messages(),
        session.info(),
        session.turns(),
        session.branch(),
        _enter(session.turn("after")),
        session.log_full_chat_interaction("after", "x"),
        session.change(title="mine now"),
        memories.list(),
        memories.add("after"),
    ):
        with pytest.raises(NotFound):
            await attempt
    assert len(await room.messages()) == 1


TURN_CALLS: dict[str, Callable[[TurnRecorder], Awaitable[Any]]] = {
    "reply": lambda turn: turn.reply("after"),
    "reasoning": lambda turn: turn.reasoning("after"),
    "say": lambda turn: turn.say("user", "after"),
    "file": lambda turn: turn.file("after", b"after", media_type="text/plain"),
    "audio": lambda turn: turn.audio(b"after", media_type="audio/ogg"),
    "error": lambda turn: turn.error("after"),
    "tool": lambda turn: _enter(turn.tool("after", {"after": 1})),
    "annotate": lambda turn: turn.annotate(intent="after", tags=("after",)),
    "stream": lambda turn: _streamed(turn.stream()),
    "flush": lambda turn: _flushed(turn.stream()),
}


async def _streamed(stream: AnswerStream) -> None:
    async with stream:
        await stream.write("after")


async def _flushed(stream: AnswerStream) -> None:
    await stream.write("after")
    await stream.flush()


async def _all_said(room: OpenRoom) -> str:
    """Every word of the room's conversation, of its turns, and of answers still being made."""
    session = await room.session()
    drafts = await session.log.drafts()
    return repr((await session.messages(), await session.turns(), drafts))


@pytest.mark.parametrize("call", TURN_CALLS)
async def test_promise_07_yours_alone_an_open_turn_closes_with_the_access(
    call: str, keeper: Keeper
) -> None:
    """Removed inside a turn: nothing more is written through it, and it ends as failed."""
    room, theirs = await _room(keeper)
    session = await theirs.session()

    async def removed_while_talking() -> None:
        async with session.turn("said") as turn:
            await turn.reply("answered")
            await room.remove("ben")
            await TURN_CALLS[call](turn)

    with pytest.raises(NotFound):
        await removed_while_talking()
    messages = await room.messages()
    assert [m.text for m in messages[:3]] == ["before", "said", "answered"]
    assert [m.kind for m in messages[3:]] == ["error"]
    assert "after" not in await _all_said(room)
    assert (await (await room.session()).turns())[-1].status == "failed"


async def test_promise_07_yours_alone_a_stream_keeps_what_was_durable_before(
    keeper: Keeper,
) -> None:
    """Removed while an answer is being made: what had been flushed stays, what follows does not."""
    room, theirs = await _room(keeper)
    session = await theirs.session()

    async def removed_while_answering() -> None:
        async with session.turn("said") as turn, turn.stream() as answer:
            await answer.write("until here")
            await answer.flush()
            await room.remove("ben")
            await answer.write(" and after")

    with pytest.raises(NotFound):
        await removed_while_answering()
    texts = [m.text for m in await room.messages() if m.kind == "text"]
    assert texts == ["before", "said", "until here"]
    assert "after" not in await _all_said(room)


async def test_promise_07_yours_alone_a_tool_ends_without_its_result(keeper: Keeper) -> None:
    """Removed while a tool runs: that it ended is on record, what it returned is not."""
    room, theirs = await _room(keeper)
    session = await theirs.session()

    async def removed_while_a_tool_runs() -> None:
        async with session.turn("said") as turn, turn.tool("lookup") as call:
            await room.remove("ben")
            call.result("after")

    with pytest.raises(NotFound):
        await removed_while_a_tool_runs()
    kinds = [m.kind for m in await room.messages()]
    assert kinds == ["text", "text", "tool_call", "tool_result", "error"]
    assert "after" not in await _all_said(room)


async def test_promise_07_yours_alone_an_error_of_a_stranger_is_kept_without_its_words(
    keeper: Keeper,
) -> None:
    """What an exception says could be anything: of it only the kind is kept."""
    room, theirs = await _room(keeper)
    session = await theirs.session()

    async def removed_before_it_fails() -> None:
        async with session.turn("said") as turn, turn.tool("lookup"):
            await room.remove("ben")
            raise RuntimeError("after")

    with pytest.raises(RuntimeError):
        await removed_before_it_fails()
    assert (await room.messages())[-1].text == "RuntimeError"
    assert "after" not in await _all_said(room)


@pytest.mark.parametrize("status", ["complete", "cancelled", "failed"])
async def test_promise_07_yours_alone_a_turn_ends_although_the_access_has(
    status: Any, keeper: Keeper
) -> None:
    """It gets its one final status, with nothing in it that was said since."""
    room, theirs = await _room(keeper)
    session = await theirs.session()
    async with session.turn("said") as turn:
        await room.remove("ben")
        await turn.end(status)

    assert (await (await room.session()).turns())[-1].status == status
    assert [m.text for m in await room.messages()] == ["before", "said"]


async def test_promise_07_yours_alone_members_do_not_do_what_owners_do(keeper: Keeper) -> None:
    """A member may read and write; inviting, removing and erasing are the owner's."""
    from holdfast.errors import NotAllowed

    room, theirs = await _room(keeper)
    await theirs.post("hello")
    for attempt in (theirs.invite("eve"), theirs.remove("ada"), theirs.erase()):
        with pytest.raises(NotAllowed):
            await attempt
    assert [member.user_id for member in await room.members()] == ["ada", "ben"]
