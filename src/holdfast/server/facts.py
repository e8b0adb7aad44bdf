"""What the server tells about itself to whoever is logged in: found out once, at the start."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, cast
from urllib.parse import urlsplit

from msgspec import Struct

from holdfast.server.identity.addresses import is_loopback
from holdfast.server.schemas.me import LimitsOut, ModelInUseOut, SealingOut, SpeechInUseOut

if TYPE_CHECKING:
    from holdfast.server.talking.answers import Answers
    from holdfast.settings import Settings

__all__ = ["Facts", "facts_of"]

_MIB = 1 << 20
_UTF8_MOST = 4
"""Bytes of one character."""
_KeySource = Literal["file", "environment", "passphrase", "keyring"]


class Facts(Struct, frozen=True, kw_only=True):
    """The parts of the answer to GET /api/me that are everybody's."""

    auth: Literal["local", "tokens"]
    assistant: str
    model: ModelInUseOut
    speech: SpeechInUseOut
    sealing: SealingOut
    limits: LimitsOut
    trash_days: int


def facts_of(settings: Settings, answers: Answers) -> Facts:
    """What the settings say, in words for the people who talk to the server."""
    transcriber = answers.transcriber
    return Facts(
        auth=cast("Literal['local', 'tokens']", settings.auth),  # the settings allow no other
        assistant=settings.assistant,
        model=_model_of(settings),
        speech=SpeechInUseOut(
            transcribes=transcriber is not None,
            engine=None if transcriber is None else transcriber.name,
        ),
        sealing=SealingOut(
            where="this machine" if settings.auth == "local" else "this server",
            keys=_keys_of(settings),
            database=_database_of(settings),
        ),
        limits=LimitsOut(
            file_mb=settings.max_file_mb,
            import_mb=settings.max_import_mb,
            message_chars=min(settings.max_text_mb, settings.max_body_mb) * _MIB // _UTF8_MOST,
        ),
        trash_days=settings.trash_days,
    )


def _model_of(settings: Settings) -> ModelInUseOut:
    same = settings.model.partition(":")[0] == settings.fallback_model.partition(":")[0]
    fallback_url = settings.fallback_base_url or (settings.model_base_url if same else "")
    asked = ((settings.model, settings.model_base_url), (settings.fallback_model, fallback_url))
    hosts = [host for named, url in asked if (host := _host_of(named, url)) is not None]
    return ModelInUseOut(
        name=settings.model or None, local=not hosts, sends_to=hosts[0] if hosts else None
    )


def _host_of(named: str, base_url: str) -> str | None:
    """Where what is said is sent for a model of the settings; None when it stays here."""
    if not named:
        return None
    from holdfast.assistant.models.route import DEFAULT_BASE_URLS

    provider = named.partition(":")[0]
    known = {str(each): url for each, url in DEFAULT_BASE_URLS.items()}
    if provider not in known:
        return None
    host = urlsplit(base_url or known[provider]).hostname or ""
    return None if is_loopback(host) else host


def _keys_of(settings: Settings) -> _KeySource:
    if settings.root_key is not None:
        return "environment"
    if settings.root_passphrase is not None:
        return "passphrase"
    return "keyring" if settings.root_keyring else "file"


def _database_of(settings: Settings) -> str:
    scheme = settings.url.partition(":")[0].partition("+")[0]
    return "postgresql" if scheme == "postgres" else scheme
