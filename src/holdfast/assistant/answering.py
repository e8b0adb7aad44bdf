"""What stands between an input and its answer: the one interface a model has to fill."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Protocol, TypeAlias

from msgspec import Struct

from holdfast.model import Used

if TYPE_CHECKING:
    from holdfast.keeper.recalling import Hit
    from holdfast.model import Json, JsonObject, Message, SessionId

__all__ = [
    "NO_TOOLS",
    "Answerer",
    "Asked",
    "Piece",
    "Thinking",
    "ToolOutcome",
    "ToolSpec",
    "Toolbox",
    "Usage",
    "context_tokens_of",
    "prepare",
    "takes_tools",
    "used_by",
]


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
    context: str = ""
    """What was recalled and is remembered, fenced as data, within its token budget."""
    recent: tuple[Message, ...] = ()
    """The session's latest messages before this input, oldest first, within their budget."""
    assistant: str = ""
    """Whom is asked: the assistant's name."""
    purpose: str = ""
    """What the assistant is for, as its owner put it."""
    author: str | None = None
    """Who asks, in a room."""
    used: tuple[Used, ...] = ()
    """What `context` is made of."""
    language: str = ""
    """The code of the language that its person prefers; "" or "auto" when none is chosen."""


class Thinking(Struct, frozen=True, kw_only=True):
    """A piece of a model's reasoning."""

    text: str


class Usage(Struct, frozen=True, kw_only=True):
    """What the answer took. Comes once, at the end."""

    model: str
    input_tokens: int
    output_tokens: int


Piece: TypeAlias = str | Thinking | Usage
"""A piece of the answer's text, or one of the others."""


class ToolSpec(Struct, frozen=True, kw_only=True):
    """A tool as it is offered to a model."""

    name: str
    description: str
    parameters: dict[str, object]
    """JSON schema of an object."""


class ToolOutcome(Struct, frozen=True, kw_only=True):
    """What came of a tool's call; both are for the model to read."""

    result: Json
    failed: bool = False


class Toolbox(Protocol):
    """The tools of one turn. A call is durable before the tool runs, its result before `run`
    returns, whoever calls."""

    @property
    def specs(self) -> Sequence[ToolSpec]:
        """What can be called."""
        ...

    async def run(
        self, name: str, arguments: JsonObject, *, call_id: str | None = None
    ) -> ToolOutcome:
        """Call a tool. A tool that fails, hangs or is unknown is an outcome, never an exception."""
        ...


class _NoTools:
    """A toolbox that is empty."""

    specs: Sequence[ToolSpec] = ()

    async def run(
        self, name: str, arguments: JsonObject, *, call_id: str | None = None
    ) -> ToolOutcome:
        return ToolOutcome(result={"error": "there is no such tool"}, failed=True)


NO_TOOLS: Toolbox = _NoTools()


class Answerer(Protocol):
    """Words an answer. It records nothing: whoever calls it does.

    Four things it may have besides, each left out by default:

        context_tokens: int | None   what it can take of earlier talk when that is less than is
                                     configured; at least 100
        takes_tools: bool            whether tools are worth offering; False for none
        async prepare()              load what the first answer needs; may be called often
        rests_on(asked)              ids of what it answers from, where that is not the context
    """

    @property
    def name(self) -> str:
        """What the turn notes as its model."""
        ...

    def answer(self, asked: Asked, tools: Toolbox = NO_TOOLS) -> AsyncIterator[Piece]:
        """The answer in pieces, in order; the texts joined are the answer. May raise anything."""
        ...


def context_tokens_of(answerer: Answerer, configured: int) -> int:
    """What an answerer is given of earlier talk: what is configured, or less where it says so."""
    own: int | None = getattr(answerer, "context_tokens", None)
    return configured if own is None else min(own, configured)


def takes_tools(answerer: Answerer) -> bool:
    """Whether tools are worth offering to an answerer."""
    return bool(getattr(answerer, "takes_tools", True))


def used_by(answerer: Answerer, asked: Asked) -> tuple[Used, ...]:
    """What an answer rests on: all of the context, or what the answerer says it takes."""
    own: Callable[[Asked], Sequence[str]] | None = getattr(answerer, "rests_on", None)
    return asked.used if own is None else tuple(Used(id=one) for one in own(asked))


async def prepare(answerer: Answerer) -> None:
    """Load what an answerer's first answer needs, where it has something to load."""
    own = getattr(answerer, "prepare", None)
    if own is not None:
        await own()
