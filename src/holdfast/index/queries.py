"""A question, parsed once: for the look-up, for what is marked in a text, for every surface.

    third oar              words: what has them is preferred, none is required
    "third oar"            a phrase: exactly these words in this order; required
    -boat  -"boat shed"    excluded, in any form of the word or exactly in this order
    oar tap                while typing (`typing=True`) the last word stands for what begins so

In a whole sentence, which ends in a question mark, quotation marks name something ("Who lent me
"The Alchemist"?"): there a phrase is only preferred.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from holdfast.index.words import STOP_TERMS, form_of, is_pair, sequence_of, surfaces

__all__ = ["Phrase", "Query", "is_stop_word", "parse"]

_MAX_CHARS = 20_000
_MAX_SURFACES = 2_000
_MAX_PHRASES = 16
_MAX_PHRASE_WORDS = 64
_QUOTED = re.compile(
    r"""(?:(?<=[\s(])|^)(?P<minus>-?)(?:
        "(?=\S)(?P<a>[^"]*[^"\s])"(?!\w) | [“„](?P<b>[^“”„]+)[“”] | «(?P<c>[^«»]+)»
        | 「(?P<d>[^「」]+)」 | 『(?P<e>[^『』]+)』 )""",
    re.VERBOSE,
)
# Not one letter, which is an option of a program, and no digit, which is a temperature.
_EXCLUDED = re.compile(r"(?:(?<=\s)|^)-(?=[^\W\d_])(?![A-Za-z](?!\w))[^\s\"“”„«»「」『』]+")
_HAN = re.compile(r"[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
_SMALL_CHARACTERS = frozenset(
    "的了是我你您他她它们在和也都就不有没吗呢吧啊这那什么哪里怎样谁几个很最为请"
)
_ASKING = ("?", "？", "؟")

Phrase = tuple[str, ...]
"""Forms in their order, one for each place."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """What a question asks for. All words are as `holdfast.index.words` gives them."""

    text: str
    """The question without its operators and without what is excluded: what it means."""
    surfaces: tuple[str, ...]
    """All its words, in order, those of phrases among them."""
    phrases: tuple[Phrase, ...] = ()
    """Required."""
    excluded: tuple[Phrase, ...] = ()
    """A single word stands for all its forms."""
    prefix: str | None = None
    """The form of the last word, when it may go on; it is among the surfaces too."""
    slips: bool = True
    """An unknown word may be a slip of the pen."""

    @property
    def telling(self) -> tuple[str, ...]:
        """The surfaces that say what is asked for, unless there are none.

        Without English stop words, and without what is said better by pairs of characters.
        """
        spare = _in_pairs(self.surfaces)
        kept = tuple(s for s in self.surfaces if s not in spare and not is_stop_word(s))
        return kept or self.surfaces


def _in_pairs(surfaces: tuple[str, ...]) -> set[str]:
    """Single characters that are no words where pairs of characters are.

    A syllable or a sound means nothing by itself; a Chinese character does, but for a few. The
    first of two syllables is kept: the second may be an ending.
    """
    pairs = [surface for surface in surfaces if is_pair(surface)]
    if not pairs:
        return set()
    firsts = {pair[0] for pair in pairs}
    inside = {pair[1] for pair in pairs} | {pair[0] for pair in pairs if pair[1] in firsts}
    small = {pair for pair in pairs if set(pair) <= _SMALL_CHARACTERS}
    return (
        small
        | {one for one in inside | firsts if one in _SMALL_CHARACTERS}
        | {one for one in inside if not _HAN.match(one)}
    )


def is_stop_word(surface: str) -> bool:
    """An English word that carries no subject."""
    return surface.replace("'", "").replace("’", "") in STOP_TERMS


def parse(
    question: str, *, typing: bool = False, operators: bool = True, slips: bool = True
) -> Query:
    """Read a question.

    Args:
        question: any text; its first 20,000 characters are read.
        typing: the last word is not finished, unless a space follows it.
        operators: whether quotation marks and minus signs mean anything. They do not in a text
            that was written to somebody rather than to a search.
        slips: whether an unknown word also stands for the words nearest to it.
    """
    head = question[:_MAX_CHARS]
    phrases: list[Phrase] = []
    excluded: list[Phrase] = []
    text = _QUOTED.sub(lambda m: _taken(m, phrases, excluded), head) if operators else head
    if operators:
        text = _EXCLUDED.sub(lambda m: _without(m[0][1:], excluded), text)
    if _is_sentence(head, phrases):
        phrases = []
    found = surfaces(text)[:_MAX_SURFACES]
    return Query(
        text=text,
        surfaces=tuple(found),
        phrases=tuple(dict.fromkeys(phrases))[:_MAX_PHRASES],
        excluded=tuple(dict.fromkeys(excluded))[:_MAX_PHRASES],
        prefix=_prefix(text, found) if typing else None,
        slips=slips,
    )


def _taken(match: re.Match[str], phrases: list[Phrase], excluded: list[Phrase]) -> str:
    """What a quotation leaves in the text: its words, nothing when they are excluded."""
    words = next(match[name] for name in "abcde" if match[name] is not None)
    if match["minus"]:
        return _without(words, excluded)
    if phrase := _phrase(words):
        phrases.append(phrase)
    return f" {words} "


def _without(words: str, excluded: list[Phrase]) -> str:
    if phrase := _phrase(words):
        excluded.append(phrase)
    return " "


def _phrase(words: str) -> Phrase:
    return tuple(sequence_of(words))[:_MAX_PHRASE_WORDS]


def _is_sentence(question: str, phrases: list[Phrase]) -> bool:
    """It ends in a question mark and says more than its quotations."""
    quoted = sum(map(len, phrases))
    return question.rstrip().endswith(_ASKING) and len(sequence_of(question)) > quoted


def _prefix(text: str, found: list[str]) -> str | None:
    if not found or not text[-1:].isalnum():
        return None
    form = form_of(found[-1])
    # A script without spaces is found by its characters as it is.
    return None if is_pair(form) or (not form.isascii() and len(form) == 1) else form
