"""`memories`: the owner's hand on what is remembered."""

from __future__ import annotations

from cli.conftest import Cli


def _added(ada: Cli, text: str, *more: str) -> str:
    return str(ada("memories", "add", text, *more, "--json").json["memory"]["id"])


def _texts(ada: Cli, *asked: str) -> list[str]:
    return [memory["text"] for memory in ada("memories", "list", *asked, "--json").json["memories"]]


def test_a_memory_is_corrected_and_taken_back(ada: Cli) -> None:
    """The listing says so, the history has both, undo brings the first one back."""
    memory = _added(ada, "Favourite colour: blue")

    assert ada("memories", "edit", memory, "Favourite colour: navy").code == 0
    assert "corrected" in ada("memories").out
    history = ada("memories", "history", memory).out
    assert "navy" in history
    assert "blue" in history
    assert ada("memories", "undo", memory, "--json").json["memory"]["text"].endswith("blue")
    assert ada("memories", "undo", memory).code == 2


def test_an_edit_says_what_changes(ada: Cli) -> None:
    """Without anything to change it is wrong usage; an end is a time, or now."""
    memory = _added(ada, "Lives in Oslo")

    assert ada("memories", "edit", memory).code == 2
    assert ada("memories", "edit", memory, "--until", "now", "--importance", "9").code == 0
    assert " to 20" in ada("memories").out
    assert "Lives in Oslo" not in _texts(ada, "--at", "tomorrow")


def test_memories_are_filtered(ada: Cli) -> None:
    """By pin, kind, origin and tag."""
    _added(ada, "one", "--kind", "fact", "--tag", "x")
    two = _added(ada, "two")
    assert ada("memories", "pin", two).code == 0

    assert _texts(ada, "--pinned") == ["two"]
    assert _texts(ada, "--kind", "fact", "--origin", "hand", "--tag", "x") == ["one"]
    assert ada("memories", "pin", two, "--off").code == 0
    assert _texts(ada, "--pinned") == []


def test_a_filter_that_leaves_nothing_is_not_said_to_be_an_empty_store(ada: Cli) -> None:
    """Of memories and conversations that are there, a listing never says that there are none."""
    _added(ada, "one")

    assert ada("memories", "list", "--pinned").err == "None is like that.\n"
    assert ada("sessions", "--kind", "video_chat").err == "None is like that.\n"
    assert ada("memories", "clear", "--yes").code == 0
    assert ada("memories").err == "No memories yet.\n"


def test_memories_are_merged_and_cleared(ada: Cli) -> None:
    """The first takes in the others; clearing needs a yes."""
    one, two = _added(ada, "one"), _added(ada, "two")

    assert ada("memories", "merge", one, two, "--text", "both").code == 0
    assert "both" in _texts(ada)
    assert not {"one", "two"} & set(_texts(ada))
    assert ada("memories", "clear").code == 2
    assert ada("memories", "clear", "--yes").code == 0
    assert _texts(ada) == []


def test_learning_is_paused_and_resumed(ada: Cli, sessions: dict[str, str]) -> None:
    """Altogether, or in one session."""
    session = sessions["Trip to Oslo"][-12:]

    assert ada("memories", "pause", "--json").json == {"learning": False}
    assert ada("memories", "resume").out == "Learning again.\n"
    assert ada("memories", "pause", "--session", session).out == "Learning is paused.\n"
    assert ada("memories", "resume", "--session", "nothing-of-it").code == 3


def test_what_rests_on_what_is_found_is_listed_with_it(ada: Cli, sessions: dict[str, str]) -> None:
    """Before it goes, and the count tells that it went."""
    said = ada("show", sessions["Trip to Oslo"], "--json").json["messages"]
    opera = next(message["id"] for message in said if "opera" in message["text"])
    _added(ada, "Should see something grand", "--source", opera)

    ran = ada("forget", "--about", "opera house", "--limit", "1", "--yes")

    assert "With them go:" in ran.out
    assert "Should see something grand" in ran.out
    assert "Forgotten: 1 message, 1 memory." in ran.out
