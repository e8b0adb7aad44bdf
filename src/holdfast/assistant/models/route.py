"""Where a model is reached, and within which bounds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias

from msgspec import Struct

if TYPE_CHECKING:
    from holdfast.settings import Secret

__all__ = ["DEFAULT_BASE_URLS", "Provider", "Route"]

Provider: TypeAlias = Literal["openai", "anthropic", "ollama"]

DEFAULT_BASE_URLS: dict[Provider, str] = {
    "openai": "https://api.openai.com/v1",
    "anthropic": "https://api.anthropic.com",
    "ollama": "http://127.0.0.1:11434/v1",
}


class Route(Struct, frozen=True, kw_only=True):
    """One model of one provider."""

    provider: Provider
    model: str
    """The provider's own name for it."""
    base_url: str
    api_key: Secret | None = None
    max_tokens: int = 2048
    """Of one response."""
    timeout_s: float = 60.0
    """How long the model may be silent."""

    @property
    def own_address(self) -> bool:
        """Whether it is the provider itself, and no other service that speaks its protocol."""
        return self.base_url.rstrip("/") == DEFAULT_BASE_URLS[self.provider]
