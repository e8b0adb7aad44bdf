"""A talk of any length in which somebody moves and changes work again and again."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import holdfast
from holdfast.distill import finding
from holdfast.keeper.opening import Opening
from holdfast.model import Message
from holdfast.portability.conversations import Conversation, ImportedMessage

__all__ = ["long_talk", "noting_pages", "opened"]

_TOWNS = ("Oslo", "Bergen", "Tromsø", "Bodø", "Molde")
_TRADES = ("baker", "cook", "welder", "nurse", "pilot")
_BEGAN = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def opened(folder: Path) -> Opening:
    """The store in a folder, with its key beside it."""
    return holdfast.open(
        f"sqlite:///{folder / 'holdfast.db'}", root_key=holdfast.KeyFile(folder / "root.key")
    )


def long_talk(count: int) -> Conversation:
    """So many messages, a statement in every twentieth of them."""
    return Conversation(
        source="claude:long",
        messages=tuple(
            ImportedMessage(
                source=str(number),
                parent=str(number - 1) if number else None,
                role="assistant" if number % 2 else "user",
                text=_text(number),
                at=_BEGAN + timedelta(minutes=number),
            )
            for number in range(count)
        ),
    )


def _text(number: int) -> str:
    if number % 40 == 0:
        return f"I live in {_TOWNS[number // 40 % len(_TOWNS)]}."
    if number % 40 == 20:
        return f"I work as a {_TRADES[number // 40 % len(_TRADES)]}."
    return f"The {number}th plank of the boat is dry and stands beside the shed."


def noting_pages(note: Callable[[int], None]) -> None:
    """From now on tell how many messages are read each time that memories are looked for."""
    find = finding.find

    def noted(page: Any, *, before: Any = ()) -> finding.Finding:
        note(len(page) + len(before))
        read: tuple[Message, ...] = tuple(page)
        return find(read, before=before)

    finding.find = noted
