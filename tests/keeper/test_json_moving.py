"""The JSON export comes back in: what JSON can carry is what it was, the rest is told."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fix_keeper import World, talk
from fix_lives import full_life
from holdfast.errors import ImportFailed, UnknownFormat
from holdfast.keeper.keeper import Keeper
from holdfast.keeper.users import User


async def _json_of(user: User, path: Path) -> dict[str, Any]:
    await user.exports.file(path, format="json")
    found: dict[str, Any] = json.loads(path.read_text())
    return found


def _carried(document: dict[str, Any]) -> dict[str, Any]:
    """What has to be equal: all but the vault's own id, the hour, and the files' lost content."""
    document.pop("exported_at")
    for session in document["sessions"]:
        session.pop("vault_id")
        for message in session["messages"]:
            if message["file"] is not None:
                message["file"] = {**message["file"], "size": 0, "sha256": ""}
    return document


async def test_json_into_a_new_store_and_out_again_is_the_same(
    world: World, tmp_path: Path
) -> None:
    """Conversations, turns, tool calls, reasoning, times, titles, memories with their sources and
    validity, thoughts and links: equal, up to what JSON cannot carry."""
    ada = await (await world.open()).user("ada")
    await full_life(ada)
    before = await _json_of(ada, tmp_path / "ada.json")
    there = World(tmp_path / "there")
    try:
        keeper = await there.open()
        again = await keeper.user("ada")
        report = await again.imports.file(tmp_path / "ada.json")

        assert _carried(await _json_of(again, tmp_path / "again.json")) == _carried(before)
        assert report.broken == ()
        assert (report.format, report.files, report.missing_files) == ("holdfast-json", 0, 2)
        assert report.lacks == ("files", "checksums")
        assert (await keeper.verify()).problems == ()
        assert len(await again.recall("picture", limit=5)) > 0
    finally:
        await there.close()


async def test_what_json_brought_can_be_taken_along_in_a_bundle(
    keeper: Keeper, tmp_path: Path
) -> None:
    """Files that are known by their names alone keep no later export from being written."""
    ada, ben, cem = [await keeper.user(name) for name in ("ada", "ben", "cem")]
    await full_life(ada)
    await ada.exports.file(tmp_path / "ada.json", format="json")
    await ben.imports.file(tmp_path / "ada.json")
    await ben.exports.file(tmp_path / "ben.zip")

    report = await cem.imports.file(tmp_path / "ben.zip")

    assert (report.conversations, report.broken) == (2, ())


async def test_what_a_tool_was_given_comes_back_however_deep_it_is(
    keeper: Keeper, tmp_path: Path
) -> None:
    """What could be recorded can be taken along."""
    ada, ben = await keeper.user("ada"), await keeper.user("ben")
    deep: Any = "end"
    for _ in range(400):
        deep = [deep]
    session = await ada.sessions.start()
    async with session.turn("look") as turn, turn.tool("look", {"at": deep}) as call:
        call.result(1)
    before = await _json_of(ada, tmp_path / "ada.json")

    report = await ben.imports.file(tmp_path / "ada.json")

    assert report.broken == ()
    assert _carried(await _json_of(ben, tmp_path / "ben.json")) == _carried(before)


async def test_importing_json_twice_doubles_nothing(keeper: Keeper, tmp_path: Path) -> None:
    """Into another vault, into the one it came from, and beside the bundle of the same."""
    ada, ben = await keeper.user("ada"), await keeper.user("ben")
    await full_life(ada)
    mine = await _json_of(ada, tmp_path / "ada.json")
    await ada.exports.file(tmp_path / "ada.zip")
    await ben.imports.file(tmp_path / "ada.json")
    theirs = await _json_of(ben, tmp_path / "ben.json")

    for user, held in ((ben, theirs), (ada, mine)):
        for name in ("ada.json", "ada.zip"):
            report = await user.imports.file(tmp_path / name)
            assert (report.conversations, report.messages, report.memories) == (0, 0, 0)
            assert report.unchanged == len(held["sessions"])
        assert _carried(await _json_of(user, tmp_path / "now.json")) == _carried(dict(held))


async def test_a_preview_says_what_json_brings_and_what_it_lacks(
    keeper: Keeper, tmp_path: Path
) -> None:
    """The counts of the import, before it; files that are only named are told apart."""
    ada, ben = await keeper.user("ada"), await keeper.user("ben")
    await full_life(ada)
    document = await _json_of(ada, tmp_path / "ada.json")

    found = await ben.imports.preview(tmp_path / "ada.json")

    messages = [m for s in document["sessions"] for m in s["messages"] if not m["forgotten"]]
    assert (found.format, found.lacks) == ("holdfast-json", ("files", "checksums"))
    assert (found.conversations, found.messages) == (len(document["sessions"]), len(messages))
    assert found.inside.memories == len(document["memories"])
    assert (found.inside.files, found.inside.missing_files) == (0, 2)
    await ben.imports.file(tmp_path / "ada.json")
    assert (await ben.imports.preview(tmp_path / "ada.json")).known == len(document["sessions"])


async def test_links_lead_both_ways(keeper: Keeper, tmp_path: Path) -> None:
    """A message and a session name their memories, a memory and a turn their thoughts, and each is
    named back; none leads nowhere."""
    ada = await keeper.user("ada")
    await full_life(ada)

    document = await _json_of(ada, tmp_path / "ada.json")

    memories = {memory["id"]: memory for memory in document["memories"]}
    thoughts = {thought["id"]: thought for thought in document["thoughts"]}
    for session in document["sessions"]:
        held = {m for message in session["messages"] for m in message["memories"]}
        assert held <= set(session["memories"]) <= memories.keys()
        for message in session["messages"]:
            found = await ada.memories.of_message(message["id"])
            assert set(message["memories"]) == {memory.id for memory in found}
        for turn in session["turns"]:
            logged = await ada.thoughts.of_turn(turn["id"])
            assert turn["thoughts"] == [thought.id for thought in logged]
            assert set(turn["thoughts"]) <= set(session["thoughts"]) <= thoughts.keys()
    for thought in thoughts.values():
        if thought["linked_memory"] is not None:
            assert thought["id"] in memories[thought["linked_memory"]]["thoughts"]
    assert any(memory["thoughts"] for memory in memories.values())
    assert any(memory["sources"] for memory in memories.values())


async def test_a_packed_and_sorted_document_is_known_too(keeper: Keeper, tmp_path: Path) -> None:
    """In a ZIP, and as another program writes the same JSON: members sorted, nothing indented."""
    ada, ben, cem = [await keeper.user(name) for name in ("ada", "ben", "cem")]
    await full_life(ada)
    document = await _json_of(ada, tmp_path / "ada.json")
    text = json.dumps(document, sort_keys=True)
    with zipfile.ZipFile(tmp_path / "ada.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("ada.json", text)
    (tmp_path / "sorted.json").write_text(text)

    for user, name in ((ben, "ada.zip"), (cem, "sorted.json")):
        await user.imports.file(tmp_path / name)
        assert _carried(await _json_of(user, tmp_path / "now.json")) == _carried(
            json.loads(json.dumps(document))
        )


def _without_id(document: dict[str, Any]) -> None:
    document["sessions"][0]["messages"][0]["id"] = "me"


def _of_another(document: dict[str, Any]) -> None:
    document["sessions"][0]["messages"][0]["session_id"] = document["sessions"][1]["id"]


def _in_no_turn(document: dict[str, Any]) -> None:
    document["sessions"][0]["turns"].pop(0)


def _follows_the_next(document: dict[str, Any]) -> None:
    messages = document["sessions"][0]["messages"]
    messages[0]["parent_id"] = messages[1]["id"]


def _shows_nothing(document: dict[str, Any]) -> None:
    document["sessions"][0]["head"] = document["sessions"][1]["id"]


def _at_no_zone(document: dict[str, Any]) -> None:
    document["sessions"][0]["messages"][0]["at"] = "2026-01-09T10:00:00"


def _of_no_role(document: dict[str, Any]) -> None:
    document["sessions"][0]["messages"][0]["role"] = "canary"


def _twice(document: dict[str, Any]) -> None:
    messages = document["sessions"][0]["messages"]
    messages[1]["id"] = messages[0]["id"]


@pytest.mark.parametrize(
    "spoil",
    [
        _without_id,
        _of_another,
        _in_no_turn,
        _follows_the_next,
        _shows_nothing,
        _at_no_zone,
        _of_no_role,
        _twice,
    ],
)
async def test_a_conversation_that_cannot_be_kept_is_told_and_the_rest_comes_in(
    keeper: Keeper, tmp_path: Path, spoil: Callable[[dict[str, Any]], None]
) -> None:
    """JSON has no checksums: each record is looked at for itself, and its text is in no report."""
    ada, ben = await keeper.user("ada"), await keeper.user("ben")
    for _ in range(2):
        await talk(await ada.sessions.start(), ("my home is Oslo", "Noted."))
    document = await _json_of(ada, tmp_path / "ada.json")
    spoil(document)
    (tmp_path / "spoilt.json").write_text(json.dumps(document))

    preview = await ben.imports.preview(tmp_path / "spoilt.json")
    report = await ben.imports.file(tmp_path / "spoilt.json")

    assert [one.place for one in report.broken] == ["spoilt.json, conversation 1"]
    assert preview.broken == report.broken
    assert "canary" not in report.broken[0].reason
    assert (report.conversations, preview.conversations) == (1, 1)
    assert (await keeper.verify()).problems == ()


async def test_a_memory_that_cannot_be_kept_is_told_and_the_rest_comes_in(
    keeper: Keeper, tmp_path: Path
) -> None:
    """One of no kind, one of too much weight, one without an id."""
    ada, ben = await keeper.user("ada"), await keeper.user("ben")
    for n in range(4):
        await ada.memories.add(f"by hand {n}")
    document = await _json_of(ada, tmp_path / "ada.json")
    for memory, spoilt in zip(
        document["memories"], [{"kind": "x"}, {"importance": 11}, {"id": "y"}], strict=False
    ):
        memory.update(spoilt)
    (tmp_path / "spoilt.json").write_text(json.dumps(document))

    report = await ben.imports.file(tmp_path / "spoilt.json")

    assert (report.memories, len(report.broken)) == (1, 3)
    assert [memory.text for memory in await ben.memories.list()] == ["by hand 3"]


async def test_what_bears_a_time_without_a_zone_is_told_and_the_rest_comes_in(
    keeper: Keeper, tmp_path: Path
) -> None:
    """Wherever it stands: it could be compared with no other, and distilling would end there."""
    ada, ben = await keeper.user("ada"), await keeper.user("ben")
    session = await ada.sessions.start()
    await talk(session, ("I live in Oslo.", "Noted."), ("I work as a baker.", "Noted."))
    await ada.thoughts.log("helper", "one")
    await ada.thoughts.log("helper", "two")
    await ada.distill()
    document = await _json_of(ada, tmp_path / "ada.json")
    bare = "2026-01-09T10:00:00"
    facts = [memory for memory in document["memories"] if memory["kind"] == "fact"]
    facts[0]["sources"][0]["at"] = bare
    document["thoughts"][0]["at"] = bare
    (tmp_path / "spoilt.json").write_text(json.dumps(document))

    report = await ben.imports.file(tmp_path / "spoilt.json")

    places = [f"memory {facts[0]['id']}", f"thought {document['thoughts'][0]['id']}"]
    assert [one.place for one in report.broken] == places
    copy = await ben.sessions.open(session.id)
    await talk(copy, ("I live in Bergen.", "Noted."))
    await ben.distill()
    texts = {memory.text for memory in await ben.memories.list(kind="fact")}
    assert texts == {"Lives in Bergen", facts[1]["text"]}


async def test_what_a_mac_packs_beside_a_document_is_passed_over(
    keeper: Keeper, tmp_path: Path
) -> None:
    """A ZIP made there holds a second file for what the system notes of the first."""
    ada, ben = await keeper.user("ada"), await keeper.user("ben")
    await talk(await ada.sessions.start(), ("hello", "hi"))
    await ada.exports.file(tmp_path / "ada.json", format="json")
    with zipfile.ZipFile(tmp_path / "ada.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(tmp_path / "ada.json", "ada.json")
        archive.writestr("__MACOSX/._ada.json", b"\0\5\x16\7\0\2\0\0Mac OS X")

    report = await ben.imports.file(tmp_path / "ada.zip")

    assert (report.format, report.conversations) == ("holdfast-json", 1)


async def test_a_log_in_which_our_format_is_named_stays_what_it_is(
    keeper: Keeper, tmp_path: Path
) -> None:
    """Only the outermost object of a document says what it is."""
    ada = await keeper.user("ada")
    line = {"role": "user", "content": "hello", "with": {"format": "holdfast-json"}}
    path = tmp_path / "log.jsonl"
    path.write_text(f"{json.dumps(line)}\n{json.dumps({**line, 'role': 'assistant'})}\n")

    report = await ada.imports.file(path)

    assert (report.format, report.messages) == ("chat-log", 2)


async def test_a_document_that_is_cut_off_or_newer_is_refused(
    keeper: Keeper, tmp_path: Path
) -> None:
    """Before anything of it comes in."""
    ada, ben = await keeper.user("ada"), await keeper.user("ben")
    await talk(await ada.sessions.start(), ("hello", "hi"))
    await ada.exports.file(tmp_path / "ada.json", format="json")
    text = (tmp_path / "ada.json").read_text()
    (tmp_path / "cut.json").write_text(text[: len(text) // 2])
    (tmp_path / "newer.json").write_text(text.replace('"version":1', '"version":2', 1))

    with pytest.raises(ImportFailed, match="ends in the middle"):
        await ben.imports.file(tmp_path / "cut.json")
    with pytest.raises(UnknownFormat, match="upgrade"):
        await ben.imports.file(tmp_path / "newer.json")
    assert (await ben.stats()).messages == 0


@pytest.mark.parametrize("kind", ["json", "bundle"])
async def test_what_was_not_to_be_learned_is_not_learned_from_a_copy_either(
    keeper: Keeper, tmp_path: Path, kind: Any
) -> None:
    """A session's pauses come along, so that distilling it elsewhere passes over the same words."""
    ada, ben = await keeper.user("ada"), await keeper.user("ben")
    session = await ada.sessions.start()
    await session.change(learning=False)
    await talk(session, ("my home is Oslo", "Noted."), ("I work as a baker", "Good."))
    await ada.exports.file(tmp_path / "ada", format=kind)
    await ben.imports.file(tmp_path / "ada")

    await ben.distill()

    assert await ben.memories.list() == []


@pytest.mark.parametrize("kind", ["json", "bundle"])
@pytest.mark.parametrize("goes_on", [True, False])
async def test_what_was_said_while_nothing_at_all_was_to_be_learned_stays_so_in_a_copy(
    keeper: Keeper, tmp_path: Path, kind: Any, goes_on: bool
) -> None:
    """A pause of the whole vault goes with the conversations that were held in it; a copy learns
    from what is said there afterwards."""
    ada, ben = await keeper.user("ada"), await keeper.user("ben")
    await ada.pause_learning()
    session = await ada.sessions.start()
    await talk(session, ("my home is Oslo", "Noted."), ("I work as a baker", "Good."))
    if not goes_on:
        await ada.resume_learning()
    later = await ada.sessions.start()
    await ada.exports.file(tmp_path / "ada", format=kind)
    await ben.imports.file(tmp_path / "ada")
    await ben.distill()

    assert await ben.memories.list() == []
    assert len((await (await ben.sessions.open(later.id)).info()).pauses) == goes_on
    await talk(await ben.sessions.open(session.id), ("My sister is called Mia.", "Noted."))
    await ben.distill()
    assert [m.text for m in await ben.memories.list(kind="fact")] == ["Sister: Mia"]


@pytest.mark.parametrize("kind", ["json", "bundle"])
async def test_a_memory_that_was_forgotten_is_not_learned_again_from_a_copy(
    keeper: Keeper, tmp_path: Path, kind: Any
) -> None:
    """A copy knows up to where it was distilled, and goes on from there."""
    ada, ben = await keeper.user("ada"), await keeper.user("ben")
    session = await ada.sessions.start()
    await talk(session, ("I live in Oslo.", "Noted."), ("I work as a baker.", "Noted."))
    await ada.distill()
    (home,) = await ada.memories.list(q="Oslo", kind="fact")
    await ada.memories.forget(home.id)
    before = [memory.text for memory in await ada.memories.list()]
    await ada.exports.file(tmp_path / "ada", format=kind)
    await ben.imports.file(tmp_path / "ada")

    assert await ben.distill() == 0
    assert [memory.text for memory in await ben.memories.list()] == before
    copy = await ben.sessions.open(session.id)
    await talk(copy, ("My sister is called Mia.", "Noted."))
    await ben.distill()

    texts = {memory.text for memory in await ben.memories.list(kind="fact")}
    assert texts == {"Works as baker", "Sister: Mia"}


@pytest.mark.parametrize("kind", ["json", "bundle"])
async def test_a_memory_that_was_forgotten_is_not_learned_from_a_copy_by_newer_rules(
    keeper: Keeper, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: Any
) -> None:
    """A release with other rules reads no copy anew: it cannot know what was forgotten of it."""
    ada, ben = await keeper.user("ada"), await keeper.user("ben")
    session = await ada.sessions.start()
    await talk(session, ("I live in Oslo.", "Noted."), ("I work as a baker.", "Noted."))
    await ada.distill()
    (home,) = await ada.memories.list(q="Oslo", kind="fact")
    await ada.memories.forget(home.id)
    await ada.exports.file(tmp_path / "ada", format=kind)
    monkeypatch.setattr("holdfast.distill.finding.RULES_VERSION", "rules/next")
    await ben.imports.file(tmp_path / "ada")
    await talk(await ben.sessions.open(session.id), ("My sister is called Mia.", "Noted."))

    for user in (ada, ben):
        await user.distill()

    assert [m.text for m in await ada.memories.list(kind="fact")] == ["Works as baker"]
    texts = {memory.text for memory in await ben.memories.list(kind="fact")}
    assert texts == {"Works as baker", "Sister: Mia"}


@pytest.mark.parametrize("kind", ["json", "bundle"])
async def test_a_copy_of_chosen_conversations_is_learned_from(
    keeper: Keeper, tmp_path: Path, kind: Any
) -> None:
    """Such an export holds no memories, so that there is everything to learn."""
    ada, ben = await keeper.user("ada"), await keeper.user("ben")
    session = await ada.sessions.start()
    await talk(session, ("I live in Oslo.", "Noted."), ("I work as a baker.", "Noted."))
    await ada.distill()
    await ada.exports.file(tmp_path / "ada", format=kind, sessions=[session.id])
    await ben.imports.file(tmp_path / "ada")

    await ben.distill()

    texts = {memory.text for memory in await ben.memories.list(kind="fact")}
    assert texts == {"Lives in Oslo", "Works as baker"}
