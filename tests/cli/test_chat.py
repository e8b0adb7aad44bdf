"""`chat`: heard first, kept whatever happens, and known again."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from cli.conftest import Cli, environment
from holdfast.assistant.answering import Thinking
from holdfast.assistant.quoting import QuotingAnswerer

BLUE = "Remember, my favourite colour is blue"
QUESTION = "What's my favourite colour?"


@contextmanager
def _talking(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    child = subprocess.Popen(
        [sys.executable, "-m", "holdfast", "chat", *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(),
    )
    try:
        yield child
    finally:
        child.kill()
        child.communicate()


def _say(child: subprocess.Popen[str], text: str) -> None:
    assert child.stdin is not None
    child.stdin.write(text + "\n")
    child.stdin.flush()


def _heard(child: subprocess.Popen[str]) -> str:
    assert child.stdout is not None
    return child.stdout.readline()


def test_it_still_knows_after_a_kill(home: Path) -> None:
    """Told, killed with SIGKILL, started again, asked: it quotes what was said, with the date."""
    with _talking("--user", "ada") as child:
        _say(child, BLUE)
        assert "blue" in _heard(child)
        child.send_signal(signal.SIGKILL)
        assert child.wait(timeout=30) == -signal.SIGKILL

    with _talking("--user", "ada") as child:
        _say(child, QUESTION)
        while (answer := _heard(child)).startswith("  recalled"):
            pass

    today = datetime.now().astimezone()
    assert answer == f'On {today.day} {today:%B} you said: "{BLUE}"\n'


def test_what_was_heard_survives_a_kill_before_the_answer(home: Path, cli: Cli) -> None:
    """The first event says that the input is durable: killed right then, it is there."""
    with _talking("--user", "ada", "--json") as child:
        _say(child, BLUE)
        started = json.loads(_heard(child))
        child.kill()
        child.wait(timeout=30)

    shown = cli("show", started["session_id"], "--user", "ada", "--json").json
    assert BLUE == shown["messages"][0]["text"]
    assert shown["turns"][0]["status"] in ("interrupted", "complete")


def test_the_last_chat_goes_on(cli: Cli) -> None:
    """Without --new the next talk is in the same session; with it, in another."""
    for arguments in ([], [], ["--new"]):
        assert cli("chat", "--user", "ada", *arguments, given="hello\n").code == 0

    counts = [s["turn_count"] for s in cli("sessions", "--user", "ada", "--json").json["sessions"]]
    assert sorted(counts) == [1, 2]


def test_a_session_can_be_named(ada: Cli, sessions: dict[str, str]) -> None:
    """An imported conversation goes on where it ended."""
    oslo = sessions["Trip to Oslo"]
    ada("chat", "--session", oslo[-12:], given="And where should I eat?\n")

    assert ada("show", oslo, "--json").json["session"]["turn_count"] == 2


def test_each_assistant_has_a_chat_of_its_own(cli: Cli) -> None:
    """Talking to another assistant does not go on in the session of the first."""
    for assistant in ("helper", "cook"):
        cli("chat", "--assistant", assistant, given="hello\n")

    found = cli("sessions", "--json").json["sessions"]
    assert {"helper", "cook"} == {session["assistant"] for session in found}


def test_nothing_of_an_ephemeral_talk_is_kept(cli: Cli, home: Path) -> None:
    """There is no session afterwards."""
    ran = cli("chat", "--ephemeral", "--user", "ada", given="my secret is pie\n")

    assert ran.code == 0
    assert cli("sessions", "--user", "ada", "--json").json["sessions"] == []
    assert cli("stats", "--user", "ada", "--json").json["messages"] == 0


def test_events_come_one_a_line(cli: Cli) -> None:
    """started, recalled, the pieces of the answer, finished; the pieces are the answer."""
    events = [json.loads(line) for line in cli("chat", "--json", given=BLUE).out.splitlines()]

    kinds = [event["type"] for event in events]
    assert kinds[:2] == ["started", "recalled"]
    assert set(kinds[2:-1]) == {"delta"}
    assert kinds[-1] == "finished"
    said = "".join(event["text"] for event in events[2:-1])
    assert events[-1]["message"]["text"] == said


def test_empty_lines_are_no_input(cli: Cli) -> None:
    """Nothing is recorded for a line of white space."""
    cli("chat", given="\n   \nhello\n\n")

    assert cli("stats", "--json").json["turns"] == 1


def test_a_line_that_cannot_be_kept_is_told_and_the_next_is_heard(cli: Cli) -> None:
    """Broken UTF-8 ends in an error and exit code 2; what follows is kept."""
    ran = cli("chat", given=b"\xff\xfe\nhello\n")

    assert ran.code == 2
    assert "UTF-8" in ran.err
    assert cli("stats", "--json").json["turns"] == 1


def test_control_characters_are_kept_and_not_shown(cli: Cli) -> None:
    """What was said is kept to the byte; the terminal gets pictures of it."""
    said = "my colour is \x1b[31mred\x1b[0m \x00"
    ran = cli("chat", given=f"{said}\n")

    session = cli("sessions", "--json").json["sessions"][0]["id"]
    assert "\x1b" not in ran.out
    assert cli("show", session, "--json").json["messages"][0]["text"] == said


def test_ctrl_c_cancels_the_answer_and_keeps_what_was_said(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The turn is recorded as cancelled, with the piece of the answer that had come."""

    async def answer(self: object, asked: Any, tools: Any) -> AsyncIterator[str]:
        yield "I think "
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
        await asyncio.Event().wait()

    monkeypatch.setattr(QuotingAnswerer, "answer", answer)
    # `make test &` has the signal ignored: then this would wait forever.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        ran = cli("chat", given="hello\n")
    finally:
        signal.signal(signal.SIGINT, before)

    session = cli("sessions", "--json").json["sessions"][0]["id"]
    shown = cli("show", session, "--json").json
    assert ran.code == 130
    assert "[interrupted]" in ran.err
    assert ["cancelled"] == [turn["status"] for turn in shown["turns"]]
    assert ["hello", "I think "] == [message["text"] for message in shown["messages"]]


def test_ctrl_c_while_the_answer_is_being_shown_cancels_it_too(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The turn does not stay open, whoever is at work when the key is pressed."""

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as pressed:
        pressed.setattr("holdfast.cli.telling.ShownTurn.show", interrupted)
        ran = cli("chat", given="hello\n")

    session = cli("sessions", "--json").json["sessions"][0]["id"]
    turns = cli("show", session, "--json").json["turns"]
    assert ran.code == 130
    assert ["cancelled"] == [turn["status"] for turn in turns]


def test_a_failure_of_the_answer_is_recorded_and_told(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The turn has failed, the exit code says so, and the words of the error are kept back."""

    async def answer(self: object, asked: Any, tools: Any) -> AsyncIterator[str]:
        yield "I "
        raise ValueError(f"CANARY {asked.text}")

    monkeypatch.setattr(QuotingAnswerer, "answer", answer)
    ran = cli("chat", given="hello\n")

    session = cli("sessions", "--json").json["sessions"][0]["id"]
    shown = cli("show", session, "--json").json
    assert ran.code == 1
    assert "CANARY" not in ran.err
    assert ran.err.endswith("try again [error]\n")
    assert ["failed"] == [turn["status"] for turn in shown["turns"]]


@pytest.mark.parametrize("arguments", [["--new", "--ephemeral"], ["--new", "--session", "x"]])
def test_what_excludes_each_other_is_refused(cli: Cli, arguments: list[str]) -> None:
    """Two answers to "which session" are a wrong usage."""
    assert cli("chat", *arguments).code == 2


class _Model:
    """A model that thinks, looks something up and answers; then one that breaks."""

    name = "big"

    def __init__(self, *, breaks: bool) -> None:
        self._breaks = breaks

    async def answer(self, asked: Any, tools: Any) -> AsyncIterator[Any]:
        """The steps of an answer."""
        yield Thinking(text="Let me think.\nI shall ")
        yield Thinking(text="look.")
        yield "One moment: "
        await tools.run("search_conversation_history", {"query": asked.text}, call_id="c")
        if self._breaks:
            raise ValueError("CANARY")
        yield "there."


@pytest.fixture
def model(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """The configured answerers are a model and the quoting assistant."""
    chosen = (_Model(breaks=request.param), QuotingAnswerer())
    monkeypatch.setattr("holdfast.assistant.models.answerers_of", lambda *_, **__: chosen)


@pytest.mark.parametrize("model", [False], indirect=True)
def test_reasoning_and_tools_are_shown_beside_the_answer(cli: Cli, model: None) -> None:
    """Each on lines of its own, in the order in which it happened."""
    lines = cli("chat", given="hello\n").out.splitlines()

    assert lines[:4] == [
        "  Let me think.",
        "  I shall look.",
        "One moment: ",
        '  search_conversation_history {"query":"hello"}',
    ]
    assert lines[4].startswith("  search_conversation_history = ")
    assert lines[5:] == ["there."]


@pytest.mark.parametrize("model", [True], indirect=True)
def test_a_fallback_is_told_and_answers(cli: Cli, model: None) -> None:
    """Who answers, and why, without a word of the error."""
    ran = cli("chat", given="hello\n")

    assert ran.code == 0
    assert "the model failed (error): quoting answers instead" in ran.out
    assert ran.out.splitlines()[-1] == 'Kept: "hello"'
    assert "CANARY" not in ran.out + ran.err


@pytest.mark.parametrize("model", [True], indirect=True)
def test_every_event_is_a_line_of_json(cli: Cli, model: None) -> None:
    """What a program needs to show the turn as it happens."""
    events = [json.loads(line) for line in cli("chat", "--json", given="hello").out.splitlines()]

    assert [event["type"] for event in events] == [
        *("started", "recalled", "thought", "thought", "delta", "tool_started", "tool_ended"),
        *("fell_back", "delta", "finished"),
    ]


def test_a_model_that_is_named_wrongly_is_refused_before_anything_is_said(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wrong settings end the command with what to write."""
    monkeypatch.setenv("HOLDFAST_MODEL", "gpt")
    ran = cli("chat", given="hello\n")

    assert ran.code == 2
    assert "openai:NAME" in ran.err
