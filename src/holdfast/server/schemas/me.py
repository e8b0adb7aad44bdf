"""Who is logged in, what the server is, and how the person wants to have it."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from holdfast.server.schemas.shapes import In, Out

__all__ = [
    "LimitsOut",
    "MeOut",
    "ModelInUseOut",
    "PreferencesIn",
    "PreferencesOut",
    "SealingOut",
    "SpeechInUseOut",
]

_Language = Literal["auto", "en", "de"]
_Theme = Literal["auto", "light", "dark"]
_Answers = Literal["model", "quotes"]


class PreferencesIn(In):
    """What to choose; what is left out, or null, stays."""

    language: _Language | None = None
    theme: _Theme | None = None
    answers: _Answers | None = Field(default=None, examples=["quotes"])
    """`quotes`: answers are quoted from what is kept, although there is a model."""
    learning: bool | None = None
    """Whether memories are made of what is said from now on."""


class PreferencesOut(Out):
    """How a person wants to have it."""

    language: _Language
    theme: _Theme
    answers: _Answers
    learning: bool


class ModelInUseOut(Out):
    """Who words the answers."""

    name: str | None
    """As it is configured; null when answers are only quoted."""
    local: bool
    """Whether what is said stays on the server's machine, for the model as for its fallback."""
    sends_to: str | None
    """The host that it goes to otherwise."""


class SpeechInUseOut(Out):
    """What becomes of speech."""

    transcribes: bool
    engine: str | None


class SealingOut(Out):
    """How what is kept is sealed, and where it lies."""

    cipher: Literal["AES-256-GCM"] = "AES-256-GCM"
    where: Literal["this machine", "this server"]
    keys: Literal["file", "environment", "passphrase", "keyring"]
    """Where the root key comes from."""
    database: str
    """sqlite, postgresql or memory."""


class LimitsOut(Out):
    """What may be sent."""

    file_mb: int
    import_mb: int
    message_chars: int
    """So many characters of one message are taken, whichever they are."""


class MeOut(Out):
    """Everything that the page asks for first."""

    user: str
    auth: Literal["local", "tokens"]
    scopes: list[str]
    """What this login, or key, is good for."""
    first_run: bool
    """There is no conversation yet."""
    assistant: str
    """The slug of whom a new conversation is held with."""
    model: ModelInUseOut
    speech: SpeechInUseOut
    sealing: SealingOut
    limits: LimitsOut
    trash_days: int
    """0: what is deleted is erased at once."""
    version: str
    draft_key: str
    """32 bytes in base64url without padding: under it the page seals what was typed and not sent,
    in the storage of the browser. It opens nothing else, and ends with the vault."""
    draft_keys_before: list[str]
    """Those of before the last rotations of the vault's key, newest first: what one of them opens
    is to be sealed under the key in force."""
    preferences: PreferencesOut
