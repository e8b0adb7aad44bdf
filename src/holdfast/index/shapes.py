"""What a text looks like, in a few bits: cheap to keep, and a hint at what it can answer."""

from __future__ import annotations

from holdfast.index.words import term_of

__all__ = ["ASKS", "HAS_DATE", "HAS_NUMBER", "OF_ONESELF", "asks", "shape_of_term"]

HAS_NUMBER = 1
HAS_DATE = 2
ASKS = 4
OF_ONESELF = 8

_NUMBER_WORDS = """
    one two three four five six seven eight nine ten eleven twelve fifteen twenty thirty forty fifty
    sixty hundred thousand million half dozen couple several twice once
"""
_DATE_WORDS = """
    today tonight yesterday tomorrow ago last next monday tuesday wednesday thursday friday saturday
    sunday weekend week month year january february march april may june july august september
    october november december summer winter spring autumn since morning evening birthday
    anniversary recently
"""
_SELF_WORDS = """
    i im ive my me mine myself we our us ich mein meine meinen meiner mir mich wir unser yo mi mis
    nosotros nuestro je mon ma mes moi nous notre 我 我们 私 僕
"""
_NUMBERS = frozenset(map(term_of, _NUMBER_WORDS.split()))
_DATES = frozenset(map(term_of, _DATE_WORDS.split()))
_SELVES = frozenset(map(term_of, _SELF_WORDS.split()))


def shape_of_term(term: str) -> int:
    """The bits a text has because this term is in it."""
    has_number = term[:1].isdigit() or term in _NUMBERS
    bits = (HAS_NUMBER if has_number else 0) | (HAS_DATE if term in _DATES else 0)
    return bits | (OF_ONESELF if term in _SELVES else 0)


def asks(text: str) -> bool:
    """It ends in a question mark."""
    return text[-40:].rstrip().endswith(("?", "？", "؟"))
