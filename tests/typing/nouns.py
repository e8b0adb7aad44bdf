"""Only type-checked, never run: what a type checker must know about ids and values."""

from __future__ import annotations

from typing import assert_type

from holdfast.model import Message, SessionId, UserId


def ids_are_distinct_types(session: SessionId) -> UserId:
    """A session id cannot stand where a user id belongs."""
    return session  # type: ignore[return-value]  # the error is what is being tested


def values_are_frozen(message: Message) -> None:
    """Nothing of a message can be assigned."""
    assert_type(message.session_id, SessionId)
    message.text = "other"  # type: ignore[misc]  # the error is what is being tested
