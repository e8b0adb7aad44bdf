"""How a chat turn is held: what a model sees, how long it may take, how much it may say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from msgspec import Struct

if TYPE_CHECKING:
    from holdfast.settings import Settings

__all__ = ["ChatOptions"]

_CHARS_A_TOKEN = 16
"""Far more than any vocabulary's average: the limit is for models that know no end."""


class ChatOptions(Struct, frozen=True, kw_only=True):
    """Limits of one chat turn. The defaults are those of the settings."""

    context_tokens: int = 4000
    """What was said before takes at most so many: recalled and recent together."""
    context_messages: int = 20
    """So many of the session's latest messages are shown to a model."""
    context_room_messages: int = 10
    """So many in a room."""
    model_timeout_s: float = 60.0
    """A model that is silent for longer has failed; the time its tools take does not count."""
    tool_timeout_s: float = 30.0
    max_answer_chars: int = 16_000_000
    """Of one answer, reasoning included; by default about what a message may hold."""
    max_tool_calls: int = 16
    """In one turn; a model that goes on calling after twice as many is stopped."""
    max_tool_result_chars: int = 60_000
    """A longer result is recorded whole and shown to the model cut."""
    destructive_tools: bool = False
    """Whether a model is offered tools that may destroy something."""
    log_reasoning: bool = False
    """Whether a model's reasoning becomes thoughts too."""
    base_url: str = ""
    """Where links to conversations lead."""

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """What the settings say."""
        return cls(
            context_tokens=settings.context_tokens,
            context_messages=settings.context_messages,
            context_room_messages=settings.context_room_messages,
            model_timeout_s=settings.model_timeout_s,
            tool_timeout_s=settings.tool_timeout_s,
            max_answer_chars=max(100_000, settings.max_answer_tokens * _CHARS_A_TOKEN),
            log_reasoning=settings.log_reasoning,
            base_url=settings.public_url,
        )
