"""What the worker learns: once, in order of time, in one write, and never against the owner."""

from __future__ import annotations

import asyncio
import contextlib
from datetime import UTC, datetime
from typing import Any

import pytest

from fix_keeper import HandClock, World, talk, texts
from holdfast.errors import Conflict
from holdfast.keeper.correcting import Correction
from holdfast.keeper.distilling import Progress, distill_vault, way_of
from holdfast.keeper.keeper import Keeper
from holdfast.keeper.pacing import Pace
from holdfast.keeper.users import User
from holdfast.model import Memory
from holdfast.storage.protocol import Kind, RowSpan


async def _said(keeper: Keeper, *lines: str, user: str = "ada") -> tuple[User, Any]:
    ada = await keeper.user(user)
    session = await ada.sessions.start(assistant="helper")
    await talk(session, *((line, "I see.") for line in lines))
    return ada, session


async def _of(user: User, attribute: str) -> list[Memory]:
    found = [m for m in await user.memories.list() if m.attribute == attribute]
    return sorted(found, key=lambda m: m.valid_from or m.created_at)


async def test_a_change_closes_what_was_and_both_answer(keeper: Keeper, clock: HandClock) -> None:
    """What is it now, what was it then, and the history of either: with dates and sources."""
    ada, session = await _said(keeper, "My favourite colour is blue.")
    await keeper.distill()
    then = clock.now
    clock.pass_by(days=60)
    await talk(session, ("Actually it is green now.", "Noted."))
    await keeper.distill()

    blue, green = await _of(ada, "favourite colour")
    assert [(m.value, m.valid_to) for m in (blue, green)] == [
        ("blue", green.valid_from),
        ("green", None),
    ]
    assert green.supersedes == blue.id
    now = [m.value for m in await ada.memories.list(valid_at=clock.now) if m.value]
    was = [m.value for m in await ada.memories.list(valid_at=then) if m.value]
    assert (now, was) == (["green"], ["blue"])
    assert [m.id for m in await ada.memories.history(blue.id)] == [blue.id, green.id]
    said = {m.id: m.text for m in await session.messages()}
    for memory in (blue, green):
        (source,) = memory.sources
        assert memory.value in said[source.message_id][source.start : source.end]
        assert (memory.origin, memory.made_by.split("/")[0]) == ("said", "rules")


async def test_what_is_said_again_is_one_more_source(keeper: Keeper) -> None:
    """In another session: no second memory."""
    ada, _ = await _said(keeper, "I live in Oslo.")
    await keeper.distill()
    await _said(keeper, "As I said, I live in Oslo.")
    await keeper.distill()

    (home,) = await _of(ada, "home")
    assert len({source.session_id for source in home.sources}) == 2


async def test_an_imported_chat_of_last_year_closes_nothing(keeper: Keeper) -> None:
    """It takes its place in the past, whenever it comes in."""
    ada, _ = await _said(keeper, "I live in Oslo.")
    await keeper.distill()
    old = await ada.sessions.start(assistant="helper", started_at=datetime(2024, 5, 1, tzinfo=UTC))
    await old.log_full_chat_interaction(
        "I live in Bergen.", "I see.", at=datetime(2024, 5, 1, tzinfo=UTC)
    )
    await keeper.distill()

    bergen, oslo = await _of(ada, "home")
    assert (bergen.value, bergen.valid_to) == ("Bergen", oslo.valid_from)
    assert (oslo.value, oslo.valid_to, oslo.supersedes) == ("Oslo", None, bergen.id)


async def test_an_ending_leaves_no_successor(keeper: Keeper) -> None:
    """And the receipt says what was closed."""
    ada, session = await _said(keeper, "I live in Oslo.")
    await keeper.distill()
    await talk(session, ("I no longer live in Oslo.", "I see."))
    await keeper.distill()

    (home,) = await _of(ada, "home")
    last = (await ada.memories.receipts(session.id))[-1]
    assert home.valid_to is not None
    assert home.closed_by is not None
    assert last.closed == (home.id,)
    assert last.learned == ()


async def test_a_correction_stays_won(keeper: Keeper) -> None:
    """What its owner changed is not superseded; the receipt names the reason."""
    ada, session = await _said(keeper, "My favourite colour is blue.")
    await keeper.distill()
    (blue,) = await _of(ada, "favourite colour")
    await ada.memories.edit(blue.id, Correction(text="Favourite colour: teal"))
    await talk(session, ("My favourite colour is red.", "I see."))
    await keeper.distill()

    (kept,) = await _of(ada, "favourite colour")
    last = (await ada.memories.receipts(session.id))[-1]
    assert (kept.text, kept.valid_to) == ("Favourite colour: teal", None)
    assert last.reasons["corrected"] == 1


async def test_what_was_forgotten_is_not_learned_again(
    keeper: Keeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also not when the rules change and every session is read anew; what is new then is."""
    ada, session = await _said(keeper, "I live in Oslo.", "My favourite colour is blue.")
    await keeper.distill()
    (home,) = await _of(ada, "home")
    await ada.memories.forget(home.id)
    before = [m.id for m in await _of(ada, "favourite colour")]

    monkeypatch.setattr("holdfast.distill.finding.RULES_VERSION", "rules/999")
    await talk(session, ("I see.", "Yes."))
    await keeper.distill()

    assert await _of(ada, "home") == []
    assert [m.id for m in await _of(ada, "favourite colour")] == before


async def test_receipts_say_what_was_learned_and_left_out(keeper: Keeper) -> None:
    """By run and with reasons; idle runs share one, and nothing in them quotes anybody."""
    ada, session = await _said(keeper, "Do I live in Oslo?", "If I lived in Rome, I would sing.")
    await keeper.distill()
    await talk(session, ("I live in Bergen.", "I see."))
    await keeper.distill()
    await talk(session, ("Hm.", "Yes?"))
    await keeper.distill()
    await keeper.distill()

    receipts = await ada.memories.receipts(session.id)
    (home,) = await _of(ada, "home")
    assert [r.learned for r in receipts if r.learned] == [(home.id,)]
    assert [(r.first, r.last) for r in receipts] == [(0, 4), (4, 6), (6, 8)]
    assert "Oslo" not in str(receipts)
    assert "Bergen" not in str(receipts)


async def test_forgetting_the_later_words_makes_the_former_true_again(keeper: Keeper) -> None:
    """And forgetting the first leaves the others, told by what they said themselves."""
    ada, session = await _said(
        keeper, "My favourite colour is blue.", "My favourite colour is green now."
    )
    await keeper.distill()
    messages = [m for m in await session.messages() if m.role == "user"]
    went = await ada.forget(messages[1].id)

    (blue,) = await _of(ada, "favourite colour")
    assert (blue.value, blue.valid_to) == ("blue", None)
    assert went.memories >= 1
    await ada.distill()
    assert [m.value for m in await _of(ada, "favourite colour")] == ["blue"]
    assert "green" not in str([await session.info(), await ada.memories.list()])


async def test_forgetting_an_ending_takes_it_back(keeper: Keeper) -> None:
    """What had ended holds again."""
    ada, session = await _said(keeper, "I live in Oslo.", "I no longer live in Oslo.")
    await keeper.distill()
    ended = [m for m in await session.messages() if m.role == "user"][1]
    await ada.forget(ended.id)

    (home,) = await _of(ada, "home")
    assert (home.valid_to, home.closed_by) == (None, None)


async def test_erasing_a_session_takes_its_record_and_what_it_closed(keeper: Keeper) -> None:
    """Another session's memory holds again; nothing is left of what was learned there."""
    ada, _ = await _said(keeper, "My favourite colour is blue.")
    _, other = await _said(keeper, "My favourite colour is green.")
    await keeper.distill()
    await ada.erase_session(other.id)

    (blue,) = await _of(ada, "favourite colour")
    assert blue.valid_to is None
    assert await keeper.distill() == 0
    assert (await keeper.verify()).problems == ()


async def test_a_session_without_a_title_gets_one_and_an_owners_stays(keeper: Keeper) -> None:
    """The first thing said by the person; tags only as long as the owner set none."""
    ada = await keeper.user("ada")
    bare = await ada.sessions.start(assistant="helper")
    await talk(bare, ("Hello! Which violin should I buy in Ravenna?", "A fine violin."))
    named = await ada.sessions.start(assistant="helper")
    await talk(named, ("Which violin should I buy?", "A fine violin."))
    await named.change(title="Mine", tags=["own"])
    await bare.change(title="")
    await keeper.distill()

    assert "violin" in (await bare.info()).title.casefold()
    info = await named.info()
    assert (info.title, info.tags) == ("Mine", ("own",))


@pytest.mark.parametrize("moment", ["before", "after"])
async def test_killed_at_any_write_it_goes_on_where_it_was(moment: str, world: World) -> None:
    """Cut at each commit in turn, then run again: the same as without a cut, nothing twice."""
    lines = ("I live in Oslo.", "My favourite colour is blue.", "My favourite colour is green now.")
    cut = 0
    while True:
        keeper = await world.open("tapped-memory")
        ada, _ = await _said(keeper, *lines, user=f"ada{cut}")
        seen = 0

        async def stop(call: str, asked: Any, at: int = cut) -> None:
            nonlocal seen
            if call == "data.commit" and any(row.kind is Kind.LEARNING for row in asked.put):
                seen += 1
                if seen == at + 1:
                    raise asyncio.CancelledError

        setattr(world.tap, moment, stop)
        with contextlib.suppress(asyncio.CancelledError):
            await ada.distill()
        world.tap.still()
        await ada.distill()

        found = [(m.value, m.valid_to is None) for m in await _of(ada, "favourite colour")]
        assert found == [("blue", False), ("green", True)]
        assert [m.value for m in await _of(ada, "home")] == ["Oslo"]
        assert len(await ada.memories.list(kind="summary")) == 1
        if seen <= cut:
            break
        cut += 1

    assert cut >= 1


async def test_nodes_at_the_same_sessions_learn_everything_once(world: World) -> None:
    """Four runs at once over sessions that contradict each other: one chain, one value now."""
    here, there = await world.open(), await world.open()
    for number, colour in enumerate(("red", "green", "blue", "black", "white")):
        ada, _ = await _said(here, f"My favourite colour is {colour}.", "I live in Oslo.")
        world.clock.pass_by(hours=number)

    with contextlib.suppress(Conflict):
        await asyncio.gather(*(keeper.distill() for keeper in (here, there) * 2))
    await here.distill()

    chain = await _of(ada, "favourite colour")
    assert [m.value for m in chain] == ["red", "green", "blue", "black", "white"]
    assert [m.valid_to is None for m in chain] == [False] * 4 + [True]
    assert [m.supersedes for m in chain] == [None, *(m.id for m in chain[:-1])]
    (home,) = await _of(ada, "home")
    assert len(home.sources) == 5
    assert (await there.verify()).problems == ()


async def test_only_what_is_new_is_read(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A later run asks for the messages behind those it covers and some before, else for none."""
    monkeypatch.setattr("holdfast.keeper.session_distilling._BEFORE_READ", 24)
    keeper = await world.open("tapped-memory")
    ada, session = await _said(keeper, *(f"I have number {n}." for n in range(60)))
    await keeper.distill()
    await talk(session, ("I live in Oslo.", "I see."))
    asked: list[Any] = []

    async def note(call: str, given: Any) -> None:
        if call == "data.rows" and given.kind is Kind.MESSAGE and not given.newest:
            asked.append((given.first, given.last))

    world.tap.before = note
    await keeper.distill()
    after, asked[:] = list(asked), []
    await keeper.distill()

    assert (120, 122) in after
    assert all(first is not None and first >= 96 for first, _ in after)
    assert asked == []
    assert [m.value for m in await _of(ada, "home")] == ["Oslo"]


async def test_the_work_takes_its_share_of_the_time() -> None:
    """At a tenth it rests nine times as long as it worked; alone it only lets others pass."""
    now = [0.0]
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(round(seconds, 6))

    gentle, alone = (Pace(share, clock=lambda: now[0], sleep=sleep) for share in (0.1, 1.0))
    now[0] = 0.02
    await gentle.rest()
    await alone.rest()

    assert slept == [0.18, 0.0]


async def test_a_room_remembers_who_said_what(keeper: Keeper) -> None:
    """Each person has a home of their own; their words lie in the room alone."""
    ada = await keeper.user("ada")
    room = await ada.rooms.create("team", members=["ben"])
    await room.post("I live in Oslo.")
    await (await (await keeper.user("ben")).rooms.open(room.id)).post("I live in Rome.")
    await keeper.distill()

    homes = {m.value: m.subject for m in await (await room.memories()).list() if m.value}
    assert homes == {"Oslo": "ada", "Rome": "ben"}
    assert texts(await ada.memories.list()) == []


async def test_two_nodes_that_decide_on_the_same_ground_do_not_both_win(world: World) -> None:
    """About one thing, from two sessions: the second is refused, and decides again."""
    here, there = await world.open("tapped"), await world.open()
    ada, _ = await _said(here, "My favourite colour is red.")
    rev = (await ada.stats()).rev

    async def other_first(call: str, asked: Any) -> None:
        if call == "data.commit" and any(row.kind is Kind.LEARNING for row in asked.put):
            world.tap.before = None
            other, _ = await _said(there, "My favourite colour is green.")
            # As a node that has been running for long: what came before is not looked at.
            before = Progress(rev=rev, way=way_of(None, Pace()))
            await distill_vault(other.store, other.vault, since=before)

    world.tap.before = other_first
    await here.distill()

    assert world.tap.before is None
    red, green = await _of(ada, "favourite colour")
    assert (red.value, red.valid_to) == ("red", green.valid_from)
    assert (green.value, green.valid_to, green.supersedes) == ("green", None, red.id)


@pytest.mark.parametrize("meanwhile", [False, True])
async def test_an_erased_session_leaves_no_record(world: World, meanwhile: bool) -> None:
    """Neither when it is erased afterwards nor while it is being distilled."""
    keeper = await world.open("tapped-memory")
    ada = await keeper.user("ada")
    session = await ada.sessions.start()
    async with session.turn("Hm."):
        pass

    async def erase_first(call: str, asked: Any) -> None:
        if call == "data.commit" and any(row.kind is Kind.LEARNING for row in asked.put):
            world.tap.before = None
            await ada.erase_session(session.id)

    world.tap.before = erase_first if meanwhile else None
    await keeper.distill()
    if not meanwhile:
        await ada.erase_session(session.id)

    span = RowSpan(vault_id=ada.vault.raw, kind=Kind.LEARNING)
    assert await ada.vault.storage.rows(span) == []
    assert await ada.memories.list() == []


async def test_what_is_forgotten_while_it_is_read_gives_no_tag_or_title(world: World) -> None:
    """Also a message that nothing would have quoted: the page is read again without it."""
    keeper = await world.open("tapped-memory")
    ada, session = await _said(keeper, "Swordfish swordfish.", "The rain falls on Ravenna.")
    await session.change(title="")
    secret = (await session.messages())[0]

    async def forget_first(call: str, asked: Any) -> None:
        if call == "data.commit" and any(row.kind is Kind.LEARNING for row in asked.put):
            world.tap.before = None
            await ada.forget(secret.id)

    world.tap.before = forget_first
    await keeper.distill()
    await keeper.distill()

    left = f"{await session.info()} {await ada.memories.list()}".casefold()
    assert "swordfish" not in left
    assert "ravenna" in left


async def test_forgetting_what_nobody_quotes_refuses_what_was_read_with_it(world: World) -> None:
    """What was made while it was there is not written: the page is read again."""
    keeper = await world.open("tapped-memory")
    ada, session = await _said(
        keeper, "The rain falls on Ravenna.", "The violin sings in Ravenna.", "Hm."
    )
    unquoted = (await session.messages())[1]
    tries = 0

    async def forget_first(call: str, asked: Any) -> None:
        nonlocal tries
        if call == "data.commit" and any(row.kind is Kind.MEMORY for row in asked.put):
            tries += 1
            if tries == 1:
                await ada.forget(unquoted.id)

    world.tap.before = forget_first
    await keeper.distill()

    assert tries == 2
    assert len(await ada.memories.list(kind="summary")) == 1
