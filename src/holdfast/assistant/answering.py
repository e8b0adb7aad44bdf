"""What stands between an input and its answer: the one interface a model has to fill."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from msgspec import Struct

if TYPE_CHECKING:
    from holdfast.keeper.recalling import Hit
    from holdfast.model import SessionId

__all__ = ["Answerer", "Asked"]


class Asked(Struct, frozen=True, kw_only=True):
    """An input that is already recorded, and what was found for it."""

    text: str
    """What was said; empty for speech that has no transcript."""
    hits: tuple[Hit, ...]
    """Best first, without the turn that is being answered, its repetitions and their answers."""
    now: datetime
    """Aware."""
    assistants: Mapping[SessionId, str]
    """The names of those whom the sessions of the hits were held with, as far as known."""


class Answerer(Protocol):
    """Words an answer. It records nothing: whoever calls it does."""

    @property
    def name(self) -> str:
        """What the turn notes as its model."""
        ...

    def answer(self, asked: Asked) -> AsyncIterator[str]:
        """The answer in pieces, in order; joined they are the answer. May raise anything."""
        ...
