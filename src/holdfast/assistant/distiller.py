"""A language model that proposes memories; nothing loads it before it is asked."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC
from importlib import import_module
from typing import TYPE_CHECKING, Any

from holdfast.assistant.models import answerers_of
from holdfast.assistant.models.answerer import PydanticAnswerer
from holdfast.errors import BadSettings, MissingExtra

if TYPE_CHECKING:
    from holdfast.assistant.models.route import Route
    from holdfast.keeper.proposing import Proposed
    from holdfast.model import Message
    from holdfast.settings import Settings

__all__ = ["PROMPT_VERSION", "ModelDistiller", "distiller_of"]

PROMPT_VERSION = "prompt/1"
"""Goes up when the words change in which a model is asked."""


class ModelDistiller:
    """Proposes memories with a model that is reached over the network."""

    def __init__(self, route: Route) -> None:
        self.route = route

    def __repr__(self) -> str:
        return f"ModelDistiller({self.name})"

    @property
    def name(self) -> str:
        """What memories made with it name: "model openai:NAME prompt/1"."""
        return f"model {self.route.provider}:{self.route.model} {PROMPT_VERSION}"

    async def propose(self, messages: Sequence[Message]) -> Proposed:
        """What these messages of one session, in order, leave behind; nothing of it is checked.

        Raises:
            ModelUnreachable, ModelRefused, ModelStalled, ModelIncomplete: there is no whole answer
                in the form that is asked for.
            ModelFailed: the library that speaks to the model failed.
        """
        # In a thread: importing the provider's library takes a second, and others are served.
        proposing = await asyncio.to_thread(_proposing)
        proposed: Proposed = await proposing.propose(self.route, messages)
        return proposed


def _proposing() -> Any:  # a module; typed where it is defined
    return import_module("holdfast.assistant.models.proposing")


def distiller_of(settings: Settings) -> ModelDistiller | None:
    """The configured model as a distiller; None when none is, or none that can propose.

    The model that runs inside this process is too small to be asked for more than an answer, and
    one that cannot be used at all is told of by whoever answers with it.
    """
    try:
        answerer, _ = answerers_of(settings, zone=UTC)
    except (BadSettings, MissingExtra):
        return None
    return ModelDistiller(answerer.route) if isinstance(answerer, PydanticAnswerer) else None
