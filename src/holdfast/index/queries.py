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
from collections.abc import Iterable
from dataclasses import dataclass

from holdfast.index.words import STOP_TERMS, form_of, is_pair, sequence_of, surfaces

__all__ = ["Operator", "Phrase", "Query", "is_stop_word", "parse"]

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


@dataclass(frozen=True, slots=True)
class Operator:
    """A part of a question that requires or excludes something."""

    start: int
    end: int
    """Where it is written, quotation marks and minus sign included (code points)."""
    words: str
    """What is required or excluded."""
    excludes: bool


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
    operators: tuple[Operator, ...] = ()
    """How phrases and exclusions are written, in order."""
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
    written = _operators(head) if operators else []
    text = _text(head, written)
    required = [one for one in written if not one.excludes]
    if _is_sentence(head, [_phrase(one.words) for one in required]):
        written = [one for one in written if one.excludes]
        required = []
    found = surfaces(text)[:_MAX_SURFACES]
    return Query(
        text=text,
        surfaces=tuple(found),
        phrases=_phrases(required),
        excluded=_phrases(one for one in written if one.excludes),
        operators=tuple(written),
        prefix=_prefix(text, found) if typing else None,
        slips=slips,
    )


def _operators(question: str) -> list[Operator]:
    """What is quoted or excluded, in order; what says no word is neither."""
    found = [
        Operator(m.start(), m.end(), next(m[n] for n in "abcde" if m[n] is not None), bool(m[1]))
        for m in _QUOTED.finditer(question)
    ]
    bare = _QUOTED.sub(lambda m: " " * len(m[0]), question)
    found += [Operator(m.start(), m.end(), m[0][1:], True) for m in _EXCLUDED.finditer(bare)]
    return sorted(found, key=lambda one: one.start)


def _text(question: str, written: list[Operator]) -> str:
    """The question without its operators: the words of a quotation stay."""
    parts, reached = [], 0
    for one in written:
        parts += [question[reached : one.start], " " if one.excludes else f" {one.words} "]
        reached = one.end
    return "".join([*parts, question[reached:]])


def _phrases(written: Iterable[Operator]) -> tuple[Phrase, ...]:
    """Their words, each phrase once."""
    found = dict.fromkeys(_phrase(one.words) for one in written)
    return tuple(filter(None, found))[:_MAX_PHRASES]


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
