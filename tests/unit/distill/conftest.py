"""Conversations in a line: what was said, by whom, and what is found in it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias

import pytest

from holdfast.distill.finding import Finding, find
from holdfast.model import Message, MessageId, SessionId, TurnId

Saying: TypeAlias = Callable[..., list[Message]]
Telling: TypeAlias = Callable[..., Finding]

_NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def _messages(*texts: str, **shared: Any) -> list[Message]:
    given = {"role": "user", **shared}
    return [
        Message(
            id=MessageId(f"m{index}"),
            session_id=SessionId("s"),
            turn_id=TurnId(f"t{index}"),
            seq=index,
            text=text,
            at=_NOON + timedelta(minutes=index),
            **given,
        )
        for index, text in enumerate(texts)
    ]


@pytest.fixture
def said() -> Saying:
    """Messages of the user, a minute apart; keywords are fields of each."""
    return _messages


@pytest.fixture
def told() -> Telling:
    """What is found in such messages."""
    return lambda *texts, **shared: find(_messages(*texts, **shared))
