"""What is told of a bad input: in our own words, and never what was given."""

from __future__ import annotations

from typing import get_args

import pytest
from pydantic import ValidationError
from pydantic_core import core_schema

from holdfast.server.problems import problem_of
from holdfast.server.schemas.frames import client_frames
from holdfast.server.sockets.connection import _problem

from .conftest import Served

CANARY = "xyzzy-canary"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "body: it is missing"),
        (b"[]", "body: expected an object"),
        (b"{}", "body.text: it is missing"),
        (b'{"text": 7}', "body.text: expected text"),
        (b'{"text": "a", "wat": 1}', "body.wat: there is no such field"),
        (b'{"text": "a", "importance": "5"}', "body.importance: expected a whole number"),
        (b'{"text": "a", "importance": 11}', "body.importance: it is at most 10"),
        (b'{"text": "a", "tags": "a"}', "body.tags: expected a list"),
    ],
)
async def test_a_mistake_in_a_body_is_told_in_words(
    standing: Served, body: bytes, message: str
) -> None:
    """Where, and what is expected there."""
    headers = {"Content-Type": "application/json"}
    async with standing.client() as client:
        answer = await client.post("/api/memories", content=body, headers=headers)

    assert (answer.status_code, answer.json()["error"]["message"]) == (400, message)


@pytest.mark.parametrize(
    ("frame", "problem"),
    [
        ("[]", "it is no JSON object"),
        ("5", "it is no JSON object"),
        ("null", "it is no JSON object"),
        ("{", "it is not JSON"),
        ('{"type": "message"}', "text is missing"),
        ('{"type": "message", "text": 5}', "text: expected text"),
        ('{"type": "ping", "wat": 1}', "it has a field that is none of its kind"),
    ],
)
def test_a_mistake_in_a_frame_is_told_in_words(frame: str, problem: str) -> None:
    """What is no object says so."""
    with pytest.raises(ValidationError) as wrong:
        client_frames.validate_json(frame)

    assert [_problem(error) for error in wrong.value.errors()] == [problem]


@pytest.mark.parametrize("kind", get_args(core_schema.ErrorType))
def test_no_kind_of_error_repeats_what_was_given(kind: str) -> None:
    """Whatever kinds the library has: its own messages, which may hold the value, are not told."""
    limits = ("max_length", "min_length", "gt", "ge", "lt", "le", "expected")
    error = {"type": kind, "ctx": dict.fromkeys(limits, 7), "msg": CANARY, "input": CANARY}

    told = problem_of(error)

    assert told
    assert CANARY not in told
