from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

__all__ = ["Mention", "mentions"]


@dataclass(frozen=True, slots=True)
class Mention:
    start: datetime
    end: datetime
    words: str


def mentions(text: str, *, now: datetime) -> tuple[Mention, ...]:
    return ()
