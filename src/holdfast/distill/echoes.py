"""Answers that only quote: nobody has to be told again what they say."""

from __future__ import annotations

import re

__all__ = ["NOTHING", "is_quotation"]

NOTHING = "I have nothing about that yet. I keep what you tell me."
"""The answer when nothing relevant was said."""

_OWN_ANSWER = re.compile(
    r"(?:(?:On|Noted on) \d{1,2} [A-Z][a-z]+(?: \d{4})?"
    r'(?:, until \d{1,2} [A-Z][a-z]+(?: \d{4})?| .{1,200}? said)?: "'
    rf'|Noted: "|Kept: "|Kept\.$|{re.escape(NOTHING)}$)'
)


def is_quotation(text: str) -> bool:
    """Whether an assistant's text is the quoting assistant's: a quotation, or nothing at all."""
    return _OWN_ANSWER.match(text.lstrip()) is not None
