"""Moving in from another store: once, whole, and marked for what it is; under its key alone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet

from fix_keeper import HandClock, texts
from holdfast.errors import ImportKeyWrong
from holdfast.keeper.keeper import Keeper
from holdfast.keeper.users import User
from holdfast.vault.foreign import ForeignKey
from unit.portability.legacy_shapes import (
    AGENT_ITEMS,
    agent_database,
    blob,
    fernet_file,
    said,
    sealed_item,
)

KEY = Fernet.generate_key()
_BLUE = {"id": "m1", "memory": "Likes blue", "created_at": "2026-01-01T10:00:00"}


def _written(path: Path, value: Any) -> Path:
    path.write_text(json.dumps(value), "utf-8")
    return path


async def _holds(user: User) -> tuple[list[list[str]], list[str]]:
    """All texts of a user, by session, and the memories."""
    sessions = []
    async for info in user.sessions.each():
        session = await user.sessions.open(info.id)
        sessions.append(texts(await session.messages()))
    return sorted(sessions), sorted(memory.text for memory in await user.memories.list())


def _stores(folder: Path) -> list[tuple[Path, ForeignKey | None]]:
    """One store of each kind."""
    ai = [said("user", "Where should we eat?", 1), said("assistant", "At the opera", 2)]
    log = {"chat:ada:1": [json.dumps(one) for one in ai]}
    items = [sealed_item(item, "secret", "s") for item in AGENT_ITEMS]
    general = [said("user", "Hi all", 3, sender="ada")]
    return [
        (fernet_file(folder / "ada.enc", KEY, blob(ai, general)), ForeignKey(KEY)),
        (_written(folder / "redis.json", log), None),
        (_written(folder / "mem0.json", {"results": [_BLUE]}), None),
        (agent_database(folder / "agents.db", {"s": items}), ForeignKey("secret")),
    ]


async def test_importing_each_store_twice_is_importing_it_once(
    keeper: Keeper, tmp_path: Path
) -> None:
    """The second time everything is known, and what is kept is the same."""
    ada = await keeper.user("ada")
    stores = _stores(tmp_path)
    first = [await ada.imports.file(path, key=key) for path, key in stores]
    before = await _holds(ada)

    second = [await ada.imports.file(path, key=key) for path, key in stores]

    assert [(r.conversations, r.messages, r.memories, r.broken) for r in first] == [
        (2, 3, 0, ()),
        (1, 2, 0, ()),
        (0, 0, 1, ()),
        (1, 5, 0, ()),
    ]
    assert [(0, 0, 0, n) for n in (2, 1, 1, 1)] == [
        (r.conversations, r.messages, r.memories, r.unchanged) for r in second
    ]
    assert before == await _holds(ada)


async def test_an_encrypted_store_is_known_when_it_was_encrypted_anew(
    keeper: Keeper, tmp_path: Path
) -> None:
    """Each encryption makes other bytes; what is in them decides."""
    ada = await keeper.user("ada")
    value = blob([said("user", "Hello", 1)])
    key = ForeignKey(KEY)
    await ada.imports.file(fernet_file(tmp_path / "a", KEY, value), key=key)

    report = await ada.imports.file(fernet_file(tmp_path / "b", KEY, value), key=key)

    assert (report.conversations, report.unchanged) == (0, 1)


async def test_a_window_that_moved_on_adds_what_is_new_and_loses_nothing(
    keeper: Keeper, tmp_path: Path
) -> None:
    """A store that keeps its last messages only leaves a whole conversation here."""
    ada = await keeper.user("ada")
    items = [said("user" if n % 2 == 0 else "assistant", f"n{n}", n) for n in range(8)]
    await ada.imports.file(_written(tmp_path / "a", blob(items[:5])))

    report = await ada.imports.file(_written(tmp_path / "b", blob(items[3:])))

    assert (report.grown, report.messages) == (1, 3)
    assert (await _holds(ada))[0] == [[f"n{n}" for n in range(8)]]


@pytest.mark.parametrize("at", [0, 3])
async def test_a_wrong_key_writes_nothing(keeper: Keeper, tmp_path: Path, at: int) -> None:
    """It is said, and there is nothing to be found afterwards."""
    ada = await keeper.user("ada")
    path = _stores(tmp_path)[at][0]

    with pytest.raises(ImportKeyWrong):
        await ada.imports.file(path, key=ForeignKey(Fernet.generate_key()))

    assert await _holds(ada) == ([], [])


async def test_imported_messages_are_found(keeper: Keeper, tmp_path: Path) -> None:
    """On return, as everything that is acknowledged."""
    ada = await keeper.user("ada")
    path, key = _stores(tmp_path)[0]
    await ada.imports.file(path, key=key)

    hits = await ada.recall("where did we want to eat?")

    assert hits[0].text in ("Where should we eat?", "At the opera")


async def test_items_of_the_agents_sdk_come_back_as_they_stood(
    keeper: Keeper, tmp_path: Path
) -> None:
    """Kept beside what was understood of them, in their order."""
    ada = await keeper.user("ada")
    await ada.imports.file(agent_database(tmp_path / "x.db", {"s": AGENT_ITEMS}))

    (found,) = [info async for info in ada.sessions.each()]
    session = await ada.sessions.open(found.id)
    messages = await session.messages()
    assert [json.loads(m.item or "") for m in messages] == AGENT_ITEMS
    assert len({m.turn_id for m in messages}) == 1


async def test_an_imported_memory_says_that_it_was_imported(keeper: Keeper, tmp_path: Path) -> None:
    """Nobody said it here: it is no preference, and it rests on no message."""
    ada = await keeper.user("ada")
    await ada.imports.file(_written(tmp_path / "x", {"results": [_BLUE]}))

    (memory,) = await ada.memories.list()

    assert (memory.origin, memory.made_by, memory.kind) == ("import", "mem0", "fact")
    assert (memory.sources, memory.valid_to) == ((), None)
    assert memory.valid_from is not None
    assert memory.valid_from.isoformat() == "2026-01-01T10:00:00+00:00"


async def test_a_memory_that_changed_there_is_closed_and_superseded(
    keeper: Keeper, tmp_path: Path
) -> None:
    """A later export of the same memory is its next version, not a second memory."""
    ada = await keeper.user("ada")
    green = {**_BLUE, "memory": "Likes green", "updated_at": "2026-02-01T10:00:00"}
    await ada.imports.file(_written(tmp_path / "a", [_BLUE]))

    await ada.imports.file(_written(tmp_path / "b", [green]))
    again = await ada.imports.file(_written(tmp_path / "b", [green]))

    new, old = sorted(await ada.memories.list(), key=lambda m: m.text, reverse=True)
    assert (new.text, new.supersedes, new.valid_to) == ("Likes green", old.id, None)
    assert (old.text, old.valid_to) == ("Likes blue", new.valid_from)
    assert again.unchanged == 1


async def test_a_history_imported_after_the_memories_puts_the_past_behind_them(
    keeper: Keeper, tmp_path: Path
) -> None:
    """What is valid now stays so, and what was before has its end."""
    ada = await keeper.user("ada")
    green = {**_BLUE, "memory": "Likes green", "updated_at": "2026-02-01T10:00:00"}
    history = [
        {"event": "ADD", "new_memory": "Likes blue", "created_at": _BLUE["created_at"]},
        {"event": "UPDATE", "new_memory": "Likes green", "updated_at": green["updated_at"]},
    ]
    rows = [{"id": f"h{n}", "memory_id": "m1", **one} for n, one in enumerate(history)]
    await ada.imports.file(_written(tmp_path / "a", [green]))

    report = await ada.imports.file(_written(tmp_path / "b", rows))

    assert (report.memories, report.unchanged) == (1, 1)
    assert [("Likes blue", True), ("Likes green", False)] == [
        (m.text, m.valid_to is not None)
        for m in sorted(await ada.memories.list(), key=lambda m: m.text)
    ]


async def test_a_memory_that_was_forgotten_here_stays_forgotten(
    keeper: Keeper, tmp_path: Path
) -> None:
    """Importing the same file again does not bring it back, nor a newer version of it."""
    ada = await keeper.user("ada")
    path = _written(tmp_path / "x", [_BLUE])
    await ada.imports.file(path)
    await ada.memories.forget((await ada.memories.list())[0].id)

    await ada.imports.file(path)
    await ada.imports.file(_written(path, [{**_BLUE, "memory": "Likes green"}]))

    assert await ada.memories.list() == []


async def test_a_preview_counts_what_would_come_in(
    keeper: Keeper, tmp_path: Path, clock: HandClock
) -> None:
    """Memories too; nothing is written."""
    ada = await keeper.user("ada")
    path = _stores(tmp_path)[2][0]

    before = await ada.imports.preview(path)
    await ada.imports.file(path)
    after = await ada.imports.preview(path)

    assert ((before.memories, before.known), (after.memories, after.known)) == ((1, 0), (0, 1))


async def test_files_that_an_export_only_names_are_not_promised(
    keeper: Keeper, tmp_path: Path
) -> None:
    """Claude's export holds no file: preview and report count them as missing, and they are known
    by their names."""
    ada = await keeper.user("ada")
    said = {"uuid": "m", "sender": "human", "text": "see", "created_at": "2026-01-09T10:00:00Z"}
    attached = {"attachments": [{"file_name": "a.txt", "extracted_content": "words"}]}
    message = {**said, **attached, "files": [{"file_name": "b.png"}]}
    path = tmp_path / "conversations.json"
    path.write_text(json.dumps([{"uuid": "c", "name": "n", "chat_messages": [message]}]))

    seen = await ada.imports.preview(path)
    done = await ada.imports.file(path)

    assert (seen.format, seen.inside.files, seen.inside.missing_files) == ("claude", 0, 2)
    assert (done.files, done.missing_files) == (0, 2)
    assert len(await ada.recall("words")) > 0


async def test_only_one_persons_keys_are_taken_from_a_dump(keeper: Keeper, tmp_path: Path) -> None:
    """A dump holds everybody's; each goes to its own vault."""
    ada, ben = await keeper.user("ada"), await keeper.user("ben")
    log = {f"chat:{who}:1": [json.dumps(said("user", who))] for who in ("ada", "ben")}
    path = _written(tmp_path / "x", log)

    for user in (ada, ben):
        await user.imports.file(path, only=f"chat:{user.id}:*")

    assert [await _holds(user) for user in (ada, ben)] == [([["ada"]], []), ([["ben"]], [])]
