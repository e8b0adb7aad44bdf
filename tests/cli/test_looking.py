"""`sessions`, `show`, `recall`, `memories`, `stats`, `users`: what is there, and readable."""

from __future__ import annotations

import json
import re
import unicodedata
from pathlib import Path

import pytest

from cli.conftest import Cli, Ran

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_STYLE = re.compile(r"\x1b\[[0-9;]*m")


def _columns(line: str) -> int:
    plain = _STYLE.sub("", line)
    return sum(
        0
        if unicodedata.category(char) in ("Mn", "Me", "Cf")
        else 1 + (unicodedata.east_asian_width(char) in "WF")
        for char in plain
    )


def test_sessions_are_listed_newest_first(ada: Cli) -> None:
    """One line for each, with the end of its id, which other commands take."""
    lines = ada("sessions").out.splitlines()

    assert ["id", "title", "assistant"] == lines[0].split()[:3]
    assert "東京への旅行とラーメン" in lines[1]
    assert "Trip to Oslo" in lines[2]
    assert ada("show", lines[2].split()[0]).out.startswith("Trip to Oslo\n")


def test_sessions_are_paged_by_a_cursor(ada: Cli) -> None:
    """Following the cursor meets every session once."""
    first = ada("sessions", "--limit", "1", "--json").json
    second = ada("sessions", "--limit", "1", "--cursor", first["next_cursor"], "--json").json

    assert {"Trip to Oslo"} == {session["title"] for session in second["sessions"]}
    assert second["next_cursor"] is None
    assert first["next_cursor"] in ada("sessions", "--limit", "1").err


def test_sessions_can_be_narrowed(ada: Cli) -> None:
    """Filters leave out what does not fit."""
    assert ada("sessions", "--archived", "--json").json["sessions"] == []
    assert len(ada("sessions", "--kind", "chat", "--json").json["sessions"]) == 2


def test_a_session_is_shown_with_who_and_when(ada: Cli, sessions: dict[str, str]) -> None:
    """Times are those of the reader's clock; --ids adds what `forget` takes."""
    shown = ada("show", sessions["Trip to Oslo"])
    with_ids = ada("show", sessions["Trip to Oslo"], "--ids")
    document = ada("show", sessions["Trip to Oslo"], "--json").json

    assert "you  2026-01-09 12:00\n  Where should I go in Oslo?\n" in shown.out
    assert document["messages"][0]["at"] == "2026-01-09T12:00:00Z"
    assert document["messages"][0]["id"] in with_ids.out
    assert document["turns"][0]["status"] == "complete"


def test_only_the_last_messages_can_be_shown(ada: Cli, sessions: dict[str, str]) -> None:
    """--last counts from the end, along the branch and over all of them."""
    for more in ([], ["--all"]):
        document = ada("show", sessions["Trip to Oslo"], "--last", "1", "--json", *more).json
        assert ["Visit the opera house."] == [m["text"] for m in document["messages"]]


def test_local_time_is_shown_and_utc_is_written(
    ada: Cli, sessions: dict[str, str], process: Cli
) -> None:
    """Somebody in Tokyo reads their own time; JSON is in UTC wherever it is read."""
    arguments = ("show", sessions["Trip to Oslo"], "--user", "ada")

    assert "2026-01-09 21:00" in process(*arguments, TZ="Asia/Tokyo").out
    assert "2026-01-09T12:00:00Z" in process(*arguments, "--json", TZ="Asia/Tokyo").out


def test_recall_says_when_who_what_and_why(ada: Cli, sessions: dict[str, str]) -> None:
    """The best hit comes first, with its words, its reasons and where it stands."""
    ran = ada("recall", "opera house", "--limit", "1")
    hit = ada("recall", "opera house", "--limit", "1", "--json").json["hits"][0]

    assert "2026-01-09 12:00  assistant" in ran.out
    assert "Visit the opera house." in ran.out
    assert "same words" in ran.out
    assert sessions["Trip to Oslo"][-12:] in ran.out
    assert hit["message"]["id"] in ran.out
    assert hit["snippet"]["marks"]


def test_recall_passes_its_filters_on(ada: Cli, sessions: dict[str, str]) -> None:
    """What a filter leaves out is not found."""
    question = ("recall", "Oslo", "--json")
    oslo = sessions["Trip to Oslo"][-8:]

    def count(*more: str) -> int:
        return len(ada(*question, *more).json["hits"])

    assert count("--session", oslo, "--role", "user") == 1
    assert count("--since", "2026-02-01", "--until", "2026-03-01") == 2
    assert count("--include", "memories") == 0
    assert count("--assistant", "somebody") == 0


def test_recall_finds_whole_sessions(ada: Cli, sessions: dict[str, str]) -> None:
    """With its title, its best words and where it stands; what chooses messages is refused."""
    ran = ada("recall", "the opera house in Oslo", "--sessions", "--limit", "1")
    (found,) = ada(
        "recall", "the opera house in Oslo", "--sessions", "--limit", "1", "--json"
    ).json["sessions"]

    assert "Trip to Oslo" in ran.out
    assert "Visit the opera house." in ran.out
    assert sessions["Trip to Oslo"] == found["session"]["id"]
    assert {m["session_id"] for m in found["messages"]} == {found["session"]["id"]}
    assert ada("recall", "Oslo", "--sessions", "--tag", "none").out == ""
    refused = ada("recall", "Oslo", "--sessions", "--role", "user")
    assert (refused.code, "leave them out with --sessions" in refused.err) == (2, True)


def test_recall_reads_phrases_exclusions_and_slips(ada: Cli) -> None:
    """What must be there, what must not, and what was perhaps meant."""

    def texts(question: str) -> list[str]:
        hits = ada("recall", question, "--json").json["hits"]
        return [hit["message"]["text"] for hit in hits if hit["message"]]

    assert texts('"opera house"') == ["Visit the opera house."]
    assert texts('"house opera"') == []
    assert "Visit the opera house." not in texts("visit -opera")
    assert "near 'opera'" in ada("recall", "oprea", "--json").out


def test_recall_that_finds_nothing_says_so(ada: Cli) -> None:
    """An empty answer is an answer: exit code 0, a word on stderr, an empty list with --json."""
    ran = ada("recall", "Oslo", "--tag", "nothing")

    assert (0, "", "Nothing was found.\n") == ran


def test_memories_are_added_listed_and_forgotten(ada: Cli) -> None:
    """A memory comes back with its kind, tags and importance, and goes for good."""
    added = ada(
        "memories", "add", "Likes tea", "--kind", "preference", "--tag", "drinks", "--json"
    ).json["memory"]
    listed = ada("memories", "list", "--tag", "drinks")
    gone = ada("memories", "forget", added["id"], "--json")

    assert "preference" in listed.out
    assert "Likes tea" in listed.out
    assert "#drinks" in listed.out
    assert gone.json == {"forgotten": 1}
    assert ada("memories", "--json").json == {"memories": []}


def test_stats_and_users_count(ada: Cli, cli: Cli) -> None:
    """What is kept is counted, and who has a vault is listed."""
    stats = ada("stats", "--json").json

    assert ("ada", 2, 4) == (stats["user"], stats["sessions"], stats["messages"])
    assert "messages" in ada("stats").out
    assert ["ada"] == [user["id"] for user in cli("users", "--json").json["users"]]
    assert "ada" in cli("users", "list").out


def test_somebody_who_said_nothing_yet_is_told_how_to_begin(ada: Cli, cli: Cli) -> None:
    """Not that an id is wrong: the name may be new, or mistyped."""
    ran = cli("recall", "x", "--user", "grace")

    assert ran.code == 3
    assert "nothing is kept for grace yet" in ran.err
    assert "holdfast users" in ran.err


def test_messages_on_other_branches_are_counted(cli: Cli, home: Path) -> None:
    """The header says how many are not shown, and how to see them."""
    messages = [
        {"id": "q", "role": "user", "text": "?"},
        {"id": "a", "role": "assistant", "text": "first", "parent": "q"},
        {"id": "b", "role": "assistant", "text": "second", "parent": "q"},
    ]
    file = home / "branches.jsonl"
    file.write_text(json.dumps({"id": "c", "messages": messages}) + "\n")
    assert cli("import", str(file)).code == 0
    session = cli("sessions", "--json").json["sessions"][0]["id"]

    assert "1 more on other branches: --all" in cli("show", session).out
    assert "1 more on other branches: --all" in cli("show", session, "--last", "1").out
    assert "other branches" not in cli("show", session, "--all").out


@pytest.fixture
def hostile(cli: Cli, home: Path) -> Cli:
    """Somebody whose chats hold what could command a terminal."""
    text = "\x1b]0;owned\x07 \x1b[2J \u202eevil\u202c \x9b31m \x00 done"
    chat = {"id": "x", "title": text, "messages": [{"role": "user", "text": text}]}
    file = home / "hostile.jsonl"
    file.write_text(json.dumps(chat) + "\n")
    assert cli("import", str(file), "--user", "eve").code == 0
    return cli


def _everything(cli: Cli, *more: str) -> list[Ran]:
    session = cli("sessions", "--user", "eve", "--json").json["sessions"][0]["id"]
    commands = (["sessions"], ["show", session], ["recall", "done"], ["memories"])
    return [cli(*command, "--user", "eve", *more) for command in commands]


def test_what_others_wrote_cannot_command_a_terminal(hostile: Cli) -> None:
    """No control character of a text or a title is written, on a pipe or as JSON."""
    for ran in (*_everything(hostile), *_everything(hostile, "--json")):
        assert ran.code == 0
        assert _CONTROL.findall(ran.out) == []
        assert "\u202e" not in ran.out or ran.out.startswith("{")


def test_a_markdown_export_cannot_command_a_terminal(hostile: Cli, home: Path) -> None:
    """Control characters are shown in it as in the terminal; a JSON export has them escaped."""
    for name in ("all.md", "all.json"):
        assert hostile("export", "-o", name, "--user", "eve").code == 0

    written = (home / "all.md").read_text()
    assert _CONTROL.findall(written) == []
    assert "\u241b\\]0;owned" in written
    assert "\\u001b]0;owned" in (home / "all.json").read_text()


def test_on_a_terminal_only_styles_are_written(hostile: Cli, terminal: Cli) -> None:
    """The only control sequences that reach a terminal are our own colours."""
    for command in (["sessions"], ["recall", "done"]):
        ran = terminal(*command, "--user", "eve")
        assert ran.code == 0
        assert _CONTROL.findall(_STYLE.sub("", ran.out)) == []


@pytest.mark.parametrize("columns", [60, 80, 120])
def test_tables_fit_the_terminal(ada: Cli, terminal: Cli, columns: int) -> None:
    """No line is wider than the terminal, wide characters counted as two."""
    for command in (["sessions"], ["recall", "ラーメン"], ["stats"], ["users"], ["keys"]):
        ran = terminal(*command, "--user", "ada", columns=columns)
        assert ran.code == 0
        assert [line for line in ran.out.splitlines() if _columns(line) > columns] == []


@pytest.mark.parametrize("more", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_colour_can_be_refused(ada: Cli, terminal: Cli, more: dict[str, str]) -> None:
    """NO_COLOR leaves no colour, a dumb terminal gets no control sequence at all."""
    out = terminal("sessions", "--user", "ada", **more).out

    assert not re.search(r"\x1b\[[0-9;]*3[0-7]m", out)
    if "TERM" in more:
        assert "\x1b" not in out


def test_a_pipe_gets_neither_colour_nor_cuts(ada: Cli) -> None:
    """Lines on a pipe are whole, whatever their width."""
    out = ada("sessions").out

    assert "とても長いタイトルをここに書いておきます" in out
    assert "\x1b" not in out
    assert "…" not in out
