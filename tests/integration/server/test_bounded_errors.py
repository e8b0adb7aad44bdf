"""A body that is wrong in a million places costs no more than one that is wrong in one."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from holdfast.server.schemas.frames import client_frames
from holdfast.server.schemas.memories import MemoryIn
from holdfast.server.schemas.turns import WhatIsSaid

_MANY = 1000
_EXTRA = {str(number): 1 for number in range(_MANY)}
_SAID: TypeAdapter[Any] = TypeAdapter(WhatIsSaid)


@pytest.mark.parametrize(
    ("adapter", "given"),
    [
        (_SAID, {"messages": [1] * _MANY}),
        (_SAID, {"messages": [{"id": "a", "role": "user", "parts": [1] * _MANY}]}),
        (_SAID, {"text": "a", "tags": [1] * _MANY}),
        (_SAID, {"text": "a", **_EXTRA}),
        (TypeAdapter(MemoryIn), {"text": "a", **_EXTRA}),
        (client_frames, {"type": "ping", **_EXTRA}),
    ],
)
def test_few_mistakes_are_told_however_many_there_are(adapter: Any, given: object) -> None:
    """Each is an object of a kilobyte, made while nobody else is served."""
    for validate in (adapter.validate_python, lambda one: adapter.validate_json(json.dumps(one))):
        with pytest.raises(ValidationError) as wrong:
            validate(given)
        assert wrong.value.error_count() <= 10
