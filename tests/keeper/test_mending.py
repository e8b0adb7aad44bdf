"""What changes by hand, and what goes, leaves everything else true."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

from fix_keeper import HandClock, talk
from holdfast.keeper.correcting import Correction
from holdfast.keeper.keeper import Keeper
from holdfast.keeper.users import User
from holdfast.model import Memory
from unit.portability.legacy_shapes import said


async def _colours(user: User) -> list[Memory]:
    """What is known of the favourite colour, by time."""
    found = [m for m in await user.memories.list() if m.attribute == "favourite colour"]
    return sorted(found, key=lambda memory: memory.valid_from or memory.created_at)


async def _said(keeper: Keeper, user: User, clock: HandClock, text: str) -> None:
    session = await user.sessions.start(assistant="helper")
    await talk(session, (text, "I see."))
    await keeper.distill()
    clock.pass_by(days=1)


def _spans(memories: list[Memory]) -> list[tuple[str, datetime | None]]:
    return [(memory.value, memory.valid_to) for memory in memories]


async def test_undoing_an_end_leaves_one_value_at_a_time(keeper: Keeper, clock: HandClock) -> None:
    """What was ended by hand and never was ends where the next one begins."""
    ada = await keeper.user("ada")
    await _said(keeper, ada, clock, "My favourite colour is blue.")
    (blue,) = await _colours(ada)
    await ada.memories.edit(blue.id, Correction(valid_to=clock.now))
    clock.pass_by(days=1)
    await _said(keeper, ada, clock, "My favourite colour is green.")
    _, green = await _colours(ada)

    back = await ada.memories.undo(blue.id)

    assert (back.corrected, back.valid_to) == (False, green.valid_from)
    assert _spans(await _colours(ada)) == [("blue", green.valid_from), ("green", None)]


async def test_undoing_a_merge_leaves_one_value_at_a_time(keeper: Keeper, clock: HandClock) -> None:
    """What comes back out of it takes its place among what was said meanwhile."""
    ada = await keeper.user("ada")
    await _said(keeper, ada, clock, "My favourite colour is blue.")
    (blue,) = await _colours(ada)
    note = await ada.memories.add("Paint the room")
    await ada.memories.merge([note.id, blue.id])
    assert await _colours(ada) == []
    await _said(keeper, ada, clock, "My favourite colour is green.")
    (green,) = await _colours(ada)

    await ada.memories.undo(note.id)

    former, now = await _colours(ada)
    assert _spans([former, now]) == [("blue", green.valid_from), ("green", None)]
    assert now.supersedes == former.id
    assert await ada.memories.get(note.id) == note


async def test_only_what_is_about_something_is_found_about_it(keeper: Keeper) -> None:
    """However little there is besides: what shares no word with it is not offered."""
    ada = await keeper.user("ada")
    session = await ada.sessions.start(assistant="helper")
    await talk(
        session,
        ("The doctor says my rash is harmless.", "Good."),
        ("I like blue.", "Noted."),
        ("The ferry to Bergen leaves on Friday.", "Noted."),
    )
    await ada.memories.add("Likes blue")

    about = await ada.find_about("rash doctor", limit=10)

    assert [m.text for m in about.messages] == ["The doctor says my rash is harmless."]
    assert about.memories == ()
    assert len(await ada.find_about("swordfish", limit=10)) == 0


async def test_a_summary_of_others_words_is_not_its_owners(keeper: Keeper) -> None:
    """It quotes the assistant too, so it does not count as said by the person."""
    ada = await keeper.user("ada")
    session = await ada.sessions.start(assistant="helper")
    await talk(
        session,
        ("ok", "The ferry to Bergen leaves the harbour of Stavanger on Friday at nine."),
        ("ok", "The hotel in Bergen has a garden and a view of the fjord."),
    )
    alone = await ada.sessions.start(assistant="helper")
    await talk(
        alone,
        ("The ferry to Bergen leaves the harbour of Stavanger on Friday at nine.", "ok"),
        ("The hotel in Bergen has a garden and a view of the fjord.", "ok"),
    )
    await keeper.distill()

    found = {m.session_id: m.origin for m in await ada.memories.list(kind="summary")}

    assert found == {session.id: "assistant", alone.id: "said"}


async def test_a_summary_of_an_imported_chat_says_so(keeper: Keeper, tmp_path: Path) -> None:
    """Whoever wrote the file may have written anything into it."""
    ada = await keeper.user("ada")
    said_then = [
        said("user", "The ferry to Bergen leaves the harbour on Friday.", 1),
        said("assistant", "ok", 2),
    ]
    log = tmp_path / "redis.json"
    log.write_text(json.dumps({"chat:ada:1": [json.dumps(one) for one in said_then]}), "utf-8")
    await ada.imports.file(log)
    await keeper.distill()

    assert [m.origin for m in await ada.memories.list(kind="summary")] == ["import"]


async def test_an_answer_that_only_repeats_goes_with_what_it_repeats(keeper: Keeper) -> None:
    """Of the same turn, and nothing but the same words."""
    ada = await keeper.user("ada")
    session = await ada.sessions.start(assistant="helper")
    secret = "My rash is back"
    await talk(
        session,
        (secret, f'Kept: "{secret}"'),
        ("What did I say?", f'Kept: "{secret}"'),
        (secret, f'Kept: "{secret}", and I am sorry.'),
    )
    messages = await session.messages()

    done = await ada.forget(messages[0].id)

    left = [message.id for message in await session.messages()]
    assert done.messages == 2
    assert left == [message.id for message in messages[2:]]
