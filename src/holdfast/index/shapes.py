"""What a text looks like, in a few bits: cheap to keep, and a hint at what it can answer."""

from __future__ import annotations

import re

__all__ = ["ASKS", "HAS_DATE", "HAS_NUMBER", "shape_of"]

HAS_NUMBER = 1
HAS_DATE = 2
ASKS = 4

_LOOKED_AT = 4_000
"""Characters; more of a long text says nothing about its shape."""
_NUMBER = re.compile(
    r"[0-9]|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|dozen|hundred|thousand|half)\b"
)
_DATE = re.compile(
    r"\b(?:today|tonight|yesterday|tomorrow|ago|last|next|(?:mon|tues|wednes|thurs|fri|satur|sun)day"
    r"|weekend|week|month|year|january|february|march|april|may|june|july|august|september|october"
    r"|november|december|summer|winter|spring|autumn|since|morning|evening|birthday)s?\b"
)


def shape_of(text: str) -> int:
    """The bits that hold for a text."""
    head = text[:_LOOKED_AT].lower()
    return (
        (HAS_NUMBER if _NUMBER.search(head) else 0)
        | (HAS_DATE if _DATE.search(head) else 0)
        | (ASKS if head.rstrip()[-1:] in ("?", "？", "؟") else 0)
    )
