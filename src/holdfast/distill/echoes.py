"""Answers that only quote: nobody has to be told again what they say."""

from __future__ import annotations

import re
from functools import cache

from holdfast.distill.frames import FRAMES

__all__ = ["NOTHING", "is_quotation"]

NOTHING = FRAMES["en"].nothing
"""The answer to an English question when nothing relevant was said."""


def is_quotation(text: str) -> bool:
    """Whether an assistant's text is the quoting assistant's, in any of its languages: a quotation,
    or nothing at all."""
    return _own_answer().match(text.lstrip()) is not None


@cache
def _own_answer() -> re.Pattern[str]:
    return re.compile("|".join(frames.pattern() for frames in FRAMES.values()))
