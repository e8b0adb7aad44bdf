"""Talk, change your mind, come back: what is it, what was it, and what was learned of it."""

from __future__ import annotations

from .conftest import Cli

_ASK = "What is my favourite colour now, and what was it before?\n"


def test_a_changed_mind_is_remembered_over_restarts(cli: Cli) -> None:
    """Both values are told, in talk and in the list, with dates and where they come from."""
    cli("chat", "--user", "ada", given="my favourite colour is blue\n")
    cli("chat", "--user", "ada", given="actually it is green now\n")

    told = cli("chat", "--user", "ada", given=_ASK).out.partition("Noted")[2]
    listed = cli("memories", "--user", "ada", "--json").json["memories"]

    assert told.index("green") < told.index("blue")
    green, blue = [m for m in listed if m["attribute"] == "favourite colour"]
    assert (green["value"], green["valid_to"]) == ("green", None)
    assert (blue["value"], blue["valid_to"]) == ("blue", green["valid_from"])
    assert green["supersedes"] == blue["id"]
    assert [len(m["sources"]) for m in (green, blue)] == [1, 1]
    shown = cli("memories", "--user", "ada").out
    assert "Favourite colour: green" in shown
    assert "Favourite colour: blue" in shown


def test_distill_prints_a_receipt_for_each_session(cli: Cli) -> None:
    """What was learned before is shown on request; a run that finds nothing says so."""
    cli("chat", "--user", "ada", given="I live in Oslo\nDo I live in Rome?\n")
    session = cli("sessions", "--user", "ada", "--json").json["sessions"][0]["id"]

    again = cli("distill", "--user", "ada", "--json").json
    earlier = cli("distill", "--user", "ada", "--session", session)

    assert again == {"receipts": [], "memories": []}
    assert "learned    Lives in Oslo" in earlier.out
    assert "left out" in earlier.out
    as_json = cli("distill", "--user", "ada", "--session", session, "--json").json
    assert [m["text"] for m in as_json["memories"]] == ["Lives in Oslo"]
    assert as_json["receipts"][0]["learned"] == [as_json["memories"][0]["id"]]


def test_an_ephemeral_talk_leaves_nothing_behind(cli: Cli) -> None:
    """Not even a memory of it."""
    cli("chat", "--user", "ada", "--ephemeral", given="I live in Oslo\n")

    assert cli("memories", "--user", "ada", "--json").json == {"memories": []}
