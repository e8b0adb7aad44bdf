"""Saying something over HTTP: in this interface's own words, or in those of the Vercel AI SDK."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Discriminator, FailFast, Field, JsonValue, Tag

from holdfast.server.schemas.conversations import TurnOut
from holdfast.server.schemas.shapes import In, Out

__all__ = [
    "AnsweredOut",
    "AudioIn",
    "CancelIn",
    "CancelledOut",
    "TurnFailureOut",
    "TurnIn",
    "UiMessageIn",
    "UiTurnIn",
    "WhatIsSaid",
]


class AudioIn(In):
    """Speech: a whole file."""

    data: str = Field(description="The bytes, in base64.")
    media_type: str = Field(examples=["audio/webm"])
    name: str | None = None


class TurnIn(In):
    """What is said: a text or speech. With `edits` in place of an earlier message, as a branch
    beside it; with `answers` and nothing else, that message is answered once more."""

    text: str = Field("", examples=["What's my favourite colour?"])
    audio: AudioIn | None = None
    client_key: str | None = Field(
        None,
        description="The caller's own key of this exchange, as Idempotency-Key in the header: "
        "however often it is sent, there is one turn.",
    )
    edits: str | None = Field(None, description="Id of a message.")
    answers: str | None = Field(None, description="Id of a message.")
    intent: str | None = None
    entities: dict[str, JsonValue] | None = None
    tags: Annotated[list[str], FailFast()] = Field(default_factory=list)


class _Loose(BaseModel):
    # What other software sends has fields of its own, and more with each of its versions.
    model_config = ConfigDict(frozen=True, extra="ignore")


class UiMessageIn(_Loose):
    """One message of a page's conversation."""

    id: str
    role: Literal["system", "user", "assistant"]
    parts: Annotated[list[dict[str, Any]], FailFast()] = Field(default_factory=list)


class UiTurnIn(_Loose):
    """What the AI SDK's chat transport sends. Only the last message of the user is taken: what was
    said before is known here."""

    id: str = ""
    # One error, and not one for each of a million messages: they would stop the server.
    messages: Annotated[list[UiMessageIn], FailFast()]
    trigger: Literal["submit-message", "regenerate-message"] = "submit-message"
    messageId: str | None = None  # noqa: N815  # the SDK's own name


def _kind(body: Any) -> str:  # whatever JSON holds, or one of the two models
    given = body if isinstance(body, dict) else dict(body) if isinstance(body, BaseModel) else {}
    return "ui" if "messages" in given else "own"


WhatIsSaid: TypeAlias = Annotated[
    Annotated[TurnIn, Tag("own")] | Annotated[UiTurnIn, Tag("ui")], Discriminator(_kind)
]


class TurnFailureOut(Out):
    """Why the turn failed; what was said is recorded all the same."""

    code: str
    message: str


class AnsweredOut(Out):
    """A turn that has ended, whatever its status."""

    session_id: str
    turn: TurnOut
    error: TurnFailureOut | None
    replayed: bool
    """The client key was used before: this is what was recorded then."""


class CancelIn(In):
    """Which turn; all that are answered or wait when left out."""

    turn_id: str | None = None


class CancelledOut(Out):
    """So many turns were cancelled; they have ended, with what they had."""

    cancelled: int
