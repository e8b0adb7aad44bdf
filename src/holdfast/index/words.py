"""Unicode text to index terms, the same way for what was said and for what is asked.

    text > NFKC, casefold > surfaces: words, numbers, grams, emoji > forms: folded > terms: stemmed

A surface is what stands in the text; a form is it without accents and apostrophes, which is what
phrases, typing ahead and misspellings are compared with; a term is what is looked up. Scripts
written without spaces become overlapping pairs of characters, and single characters so that a
one-character question finds something. English is stemmed lightly: plural, tense and the commonest
irregular verbs; Arabic and Hindi words lose their articles and endings (`holdfast.index.stems`);
other languages share an alphabet, so that a question has to say which is meant.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from holdfast.index.stems import arabic_stem, hindi_stem

__all__ = [
    "STOP_TERMS",
    "form_of",
    "is_pair",
    "sequence_of",
    "surface_spans",
    "surfaces",
    "term_of",
    "term_of_form",
    "term_spans",
]

_MAX_SURFACE_CHARS = 64
"""Longer runs are cut: no person asks for a base64 blob by its end."""

# Scripts without spaces between words: Thai, Lao, Myanmar, Khmer, Kana, Han, Hangul.
_GRAM_RANGES = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u3100-\u312f"
    "\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff"
)
# Vowel signs and other marks are not \w to Python, but Hindi or Arabic words would fall apart.
_MARKS = (
    "\u0300-\u036f\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06ed"
    "\u0900-\u0963\u0966-\u0dff\u0f00-\u0fff"
)
_VOICED = "\u3099\u309a"
"""Marks of Kana: without them a key is a persimmon."""
_EMOJI = "\u2600-\u27bf\u2b50\u2b55\U0001f000-\U0001faff"

_ASCII = re.compile(r"[0-9]+(?:[.,][0-9]+)+|[a-z0-9]+(?:'[a-z]+)?")
_UNICODE = re.compile(
    rf"[0-9]+(?:[.,][0-9]+)+|[{_GRAM_RANGES}]+|[{_EMOJI}]|"
    rf"(?:(?![{_GRAM_RANGES}])[^\W_]|[{_MARKS}])+(?:['’](?:(?![{_GRAM_RANGES}])[^\W_])+)?"
)
_GRAM = re.compile(rf"[{_GRAM_RANGES}]")
_DROPPED = re.compile(
    "[\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufe00-\ufe0f\ufeff\U0001f3fb-\U0001f3ff]"
)

STOP_TERMS = frozenset(
    """a about all also am an and any are as at be been being but by can could did do does doing
    don dont for from get go had has have having he her hers him his how i if in into is it its
    just me my of on or our out over she should so some such than that the their theirs them then
    there these they this those to too up us very was we were what when where which while who whom
    whose why will with would you your yours im ive id ill youre thats theres whats isnt didnt
    doesnt arent wasnt cant wont lets tell please remember mention mentioned know""".split()  # noqa: SIM905  (a list of one word a line is unreadable)
)
"""Surfaces, before stemming, that carry no subject; looked up only when nothing else is asked."""

_IRREGULAR = {
    surface: base
    for base, *surfaces_ in (
        line.split()
        for line in """be was were been
        go went gone goes
        buy bought
        bring brought
        think thought
        catch caught
        teach taught
        fight fought
        seek sought
        see saw seen
        eat ate eaten
        drink drank drunk
        drive drove driven
        ride rode ridden
        write wrote written
        speak spoke spoken
        break broke broken
        choose chose chosen
        wake woke woken
        steal stole stolen
        take took taken
        give gave given
        get got gotten
        forget forgot forgotten
        find found
        lose lost
        make made
        meet met
        feel felt
        keep kept
        sleep slept
        leave left
        sell sold
        tell told
        say said
        pay paid
        send sent
        spend spent
        build built
        lend lent
        win won
        run ran
        begin began begun
        swim swam swum
        sing sang sung
        know knew known
        grow grew grown
        throw threw thrown
        fly flew flown
        draw drew drawn
        wear wore worn
        tear tore torn
        hold held
        hear heard
        stand stood
        understand understood
        sit sat
        read reads
        lead led
        feed fed
        become became
        come came
        fall fell fallen
        hide hid hidden
        shoot shot
        stick stuck
        hang hung
        dig dug
        child children
        man men
        woman women
        person people persons
        foot feet
        tooth teeth
        mouse mice
        life lives
        wife wives
        knife knives
        leaf leaves
        wolf wolves""".splitlines()
    )
    for surface in surfaces_
}
_DOUBLED = re.compile(r"([bdgmnprt])\1$")
_HAS_VOWEL = re.compile(r"[aeiouy]")


def surfaces(text: str) -> list[str]:
    """The surfaces of a text in order, casefolded, with repeats; [] when it has none."""
    if text.isascii():
        return _ASCII.findall(text.lower())
    folded = _DROPPED.sub("", unicodedata.normalize("NFKC", text).casefold())
    found: list[str] = _UNICODE.findall(folded)
    if _GRAM.search(folded) is None:
        return found
    return [piece for surface in found for piece in _grams(surface)]


def surface_spans(text: str) -> list[tuple[str, int, int]]:
    """Surfaces with where they stand in the text as given (code points, end exclusive).

    The text is folded character by character, so that positions stay those of the original;
    a few compatibility forms fold differently than in `surfaces`, which costs a highlight only.
    """
    if text.isascii():
        # Nothing moves when it is folded: ten times as fast as the way below, and most texts.
        return [(match[0], match.start(), match.end()) for match in _ASCII.finditer(text.lower())]
    folded, origin = [], []
    for position, character in enumerate(text):
        plain = _DROPPED.sub("", unicodedata.normalize("NFKC", character).casefold())
        folded.append(plain)
        origin.extend([position] * len(plain))
    spans = []
    for match in _UNICODE.finditer("".join(folded)):
        for piece, offset in _gram_offsets(match[0]):
            start = match.start() + offset
            spans.append((piece, origin[start], origin[start + len(piece) - 1] + 1))
    return spans


def term_spans(text: str, wanted: frozenset[str]) -> list[tuple[int, int, str]]:
    """Where surfaces of these terms stand in a text, as `surface_spans` tells it, and of which."""
    if text.isascii():
        # Where the others stand is not even looked up: this is done for every hit there is.
        matches = _ASCII.finditer(text.lower())
        return [(*match.span(), term) for match in matches if (term := term_of(match[0])) in wanted]
    return [
        (start, end, term)
        for surface, start, end in surface_spans(text)
        if (term := term_of(surface)) in wanted
    ]


@lru_cache(maxsize=65_536)
def term_of(surface: str) -> str:
    """The term a surface is looked up by: accents folded, endings removed."""
    return term_of_form(form_of(surface))


@lru_cache(maxsize=65_536)
def form_of(surface: str) -> str:
    """A surface without accents, apostrophes and the commas of numbers; never empty."""
    surface = surface[:_MAX_SURFACE_CHARS]
    if not surface.isascii():
        surface = _without_marks(surface)
        if not surface.isascii():
            return surface
    if surface[0].isdigit():
        return surface.replace(",", "")
    return _without_apostrophe(surface)


@lru_cache(maxsize=65_536)
def term_of_form(form: str) -> str:
    """The term of a form; that of a script without a stemmer, of a number or emoji is itself."""
    if form.isascii():
        return form if form[0].isdigit() else _stem(form)
    if "\u0600" <= form[0] <= "\u06ff":
        return arabic_stem(form)
    return hindi_stem(form) if "\u0900" <= form[0] <= "\u097f" else form


def sequence_of(text: str) -> list[str]:
    """The forms of a text in its order, each place once: characters, where there are no spaces."""
    return [form for form in map(form_of, surfaces(text)) if not is_pair(form)]


def is_pair(form: str) -> bool:
    """It is two characters of a script without spaces, which also stand alone."""
    return not form.isascii() and len(form) == 2 and _GRAM.match(form) is not None


def _without_marks(surface: str) -> str:
    """Accents, Arabic vowel signs and Hebrew points removed; Indic vowel signs are letters."""
    parts = unicodedata.normalize("NFKD", surface.replace("’", "'"))
    kept = "".join(
        character
        for character in parts
        if not unicodedata.combining(character)
        or "\u0900" <= character <= "\u0fff"
        or character in _VOICED
    )
    return unicodedata.normalize("NFC", kept.replace("\u0640", "")) or surface


def _without_apostrophe(surface: str) -> str:
    return surface.removesuffix("'s").replace("'", "") if "'" in surface else surface


def _grams(surface: str) -> list[str]:
    return [piece for piece, _ in _gram_offsets(surface)]


def _gram_offsets(surface: str) -> list[tuple[str, int]]:
    """A run of a script without spaces as its characters and pairs; anything else as it is."""
    if _GRAM.match(surface) is None:
        return [(surface, 0)]
    singles = [(character, at) for at, character in enumerate(surface)]
    return singles + [(surface[at : at + 2], at) for at in range(len(surface) - 1)]


def _stem(word: str) -> str:
    """Light English stemming. Words of up to three letters stay as they are."""
    base = _IRREGULAR.get(word, word)
    if len(base) <= 3:
        return base
    base = _without_plural(base)
    base = _without_tense(base)
    if base.endswith("y") and len(base) > 3:
        base = base[:-1] + "i"
    return base[:-1] if base.endswith("e") and len(base) > 4 else base


def _without_plural(word: str) -> str:
    if not word.endswith("s") or word.endswith(("ss", "us", "is")):
        return word
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(("ches", "shes", "sses", "xes", "zes")):
        return word[:-2]
    return word[:-1]


def _without_tense(word: str) -> str:
    if word.endswith("ied") and len(word) > 4:
        return word[:-3] + "y"
    for ending in ("ing", "ed"):
        root = word.removesuffix(ending)
        if root != word and len(root) >= 3 and _HAS_VOWEL.search(root):
            return root[:-1] if _DOUBLED.search(root) else root
    return word
