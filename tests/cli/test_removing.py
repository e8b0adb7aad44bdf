"""`forget` and `erase`."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any

import pytest

from cli.conftest import Cli


def _messages(ada: Cli, session: str) -> list[dict[str, str]]:
    return list(ada("show", session, "--json").json["messages"])


def test_messages_are_forgotten_by_id(ada: Cli, sessions: dict[str, str]) -> None:
    """The message is gone from the session and is not found any more."""
    message = _messages(ada, sessions["Trip to Oslo"])[1]

    assert ada("forget", message["id"], "--json").json["forgotten"]["messages"] == 1
    assert len(_messages(ada, sessions["Trip to Oslo"])) == 1
    assert "opera" not in ada("recall", "opera house").out


def test_a_session_is_destroyed_with_a_receipt(ada: Cli, sessions: dict[str, str]) -> None:
    """It needs a yes; then keys and rows are gone and a receipt says so."""
    session = sessions["Trip to Oslo"][-12:]

    asked = ada("forget", "--session", session)
    done = ada("forget", "--session", session, "--yes", "--json")

    assert asked.code == 2
    assert "--yes" in asked.err
    assert done.json["receipt"]["what"] == "session"
    assert ada("show", session).code == 3


def test_a_session_is_put_aside_and_comes_back(ada: Cli, sessions: dict[str, str]) -> None:
    """Nobody is asked, for nothing is lost: out of list and search, and back as it was."""
    before = ada("sessions", "--json").json["sessions"]
    session = sessions["Trip to Oslo"][-12:]

    assert ada("forget", "--session", session, "--trash").code == 0
    listed = ada("sessions", "--json").json["sessions"]
    aside = ada("sessions", "--trashed", "--json").json["sessions"]
    assert "opera" not in ada("recall", "opera house").out

    assert [one["title"] for one in aside] == ["Trip to Oslo"]
    assert len(listed) == len(before) - 1
    assert ada("sessions", "--restore", session, "--json").json["sessions"] == before
    assert ada("sessions", "--trashed").code == 0
    assert ada("forget", "--memory", "x", "--trash").code == 2


def test_what_is_found_about_something_is_listed_and_removed(ada: Cli) -> None:
    """--about lists what it found before it removes it."""
    ran = ada("forget", "--about", "opera house", "--limit", "1", "--yes")

    assert "Visit the opera house." in ran.out
    assert "Forgotten: 1 message." in ran.out
    assert "Visit the opera house." not in ada("recall", "opera house").out


def test_a_memory_is_forgotten(ada: Cli) -> None:
    """By its id; an unknown one is not found."""
    memory = ada("memories", "add", "Likes tea", "--json").json["memory"]

    assert ada("forget", "--memory", memory["id"]).code == 0
    assert ada("forget", "--memory", memory["id"]).code == 3


def _learned(ada: Cli) -> list[dict[str, Any]]:
    """Blue, then green; the memories of it, oldest first, and the ids of their messages."""
    lines = "My favourite colour is blue.\nActually my favourite colour is green now.\n"
    assert ada("chat", given=lines).code == 0
    assert ada("distill").code == 0
    listed = ada("memories", "list", "--kind", "preference", "--json").json["memories"]
    return sorted(listed, key=lambda memory: str(memory["valid_from"]))


@pytest.mark.parametrize("by", ["forget", "memories", "message"])
def test_the_receipt_shows_what_went_and_what_holds_again(ada: Cli, by: str) -> None:
    """The line of each memory that goes, and the former value that is true again."""
    blue, green = _learned(ada)
    source = green["sources"][0]["message_id"]
    command = {
        "forget": ("forget", "--memory", green["id"]),
        "memories": ("memories", "forget", green["id"]),
        "message": ("forget", source),
    }[by]

    out = ada(*command).out

    went, again = out.split("Now holds again:")
    assert "These memories went:" in went
    assert green["id"] in went
    assert green["text"] in went
    assert blue["id"] in again
    assert green["id"] not in again


def test_the_receipt_in_json_names_the_same(ada: Cli) -> None:
    """Memories as everywhere else, the counts as before."""
    blue, green = _learned(ada)

    told = ada("forget", "--memory", green["id"], "--json").json

    assert told["forgotten"]["memories"] == 1
    assert [memory["id"] for memory in told["gone"]] == [green["id"]]
    assert [(m["id"], m.get("valid_to")) for m in told["again"]] == [(blue["id"], None)]


@pytest.mark.parametrize(
    "arguments", [[], ["--session", "a", "--memory", "b"], ["x", "--about", "y"]]
)
def test_forget_takes_one_kind_of_thing(ada: Cli, arguments: list[str]) -> None:
    """Nothing, or two kinds at once, is a wrong usage."""
    assert ada("forget", *arguments).code == 2


def test_a_user_is_erased_with_a_receipt_in_a_file(ada: Cli, cli: Cli, home: Path) -> None:
    """The receipt is written for its owner alone, holds no content, and the user is gone."""
    target = home / "receipt.json"

    ran = ada("erase", "--yes", "-o", str(target), "--json")

    receipt = json.loads(target.read_text())
    assert receipt == ran.json
    assert ("vault", 2, 4) == (receipt["what"], receipt["sessions"], receipt["messages"])
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert "Oslo" not in target.read_text()
    assert ada("sessions").code == 3
    assert cli("users", "--json").json == {"users": []}
    assert cli("verify").code == 0


def test_an_erasure_whose_receipt_cannot_be_written_is_not_begun(ada: Cli, home: Path) -> None:
    """Everything is still there."""
    assert ada("erase", "--yes", "-o", str(home / "no" / "receipt.json")).code == 6
    assert ada("sessions").code == 0
