"""Where vectors come from when they are not made on this machine; what is configured, no more."""

from __future__ import annotations

from dataclasses import dataclass, field

__all__ = ["EmbeddingEndpoint"]


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbeddingEndpoint:
    """An OpenAI-compatible endpoint for embeddings.

    Every text that is to be found, and every question, is sent there in clear.
    """

    base_url: str
    """Ends in /v1."""
    model: str
    dimensions: int
    """Length of its vectors, at most 4,096."""
    api_key: str = field(default="", repr=False)
    shorten: bool = False
    """Ask for vectors of that length: only some models can shorten theirs."""
    timeout_s: float = 10.0
    """Of one request."""
