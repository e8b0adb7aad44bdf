"""Light stemming beside English: endings of number, case, gender and tense.

Arabic and Hindi have scripts of their own, so their words are stemmed as they are indexed. German,
Spanish and French share an alphabet with English: their words are indexed as they stand, and a
question in such a language looks up all words of the vault with its words' stems. English is none
the worse for it, and indexing takes no longer.

Sources of the endings: Larkey, Ballesteros and Connell's light10 (Arabic); Ramanathan and Rao 2003
(Hindi); Savoy's light stemmers (German, Spanish, French), shortened. All read folded forms.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache

__all__ = [
    "LINKS",
    "STEMMERS",
    "STOP_FORMS",
    "arabic_stem",
    "hindi_stem",
    "is_in_use",
    "languages_of",
    "only_english",
    "prevails",
]

_ARABIC_FRONT = ("وال", "بال", "كال", "فال", "ال", "لل", "و")
_ARABIC_END = ("ها", "ان", "ات", "ون", "ين", "يه", "ية", "ه", "ة", "ي")
_HINDI_END = tuple(
    sorted(
        "ियाँ ियां ियों ाओं ाएं ाएँ ुओं ुएं ों ें ो े ू ु ी ि ा".split(),  # noqa: SIM905
        key=len,
        reverse=True,
    )
)


def arabic_stem(word: str) -> str:
    """Without article, "and" and the commonest endings; at least two letters stay."""
    for front in _ARABIC_FRONT:
        # "And" is one letter, and many words begin with it: more of the word must be left.
        if word.startswith(front) and len(word) - len(front) >= (3 if front == "و" else 2):
            word = word[len(front) :]
            break
    for end in _ARABIC_END:
        if word.endswith(end) and len(word) - len(end) >= 2:
            return word[: -len(end)]
    return word


def hindi_stem(word: str) -> str:
    """Without the vowels of gender, number and case; at least two characters stay."""
    return _without(word, _HINDI_END, 2)


def _without(word: str, endings: Iterable[str], keep: int) -> str:
    """The word without the first of the endings that leaves enough of it."""
    for end in endings:
        if word.endswith(end) and len(word) - len(end) >= keep:
            return word[: -len(end)]
    return word


def _longest_first(endings: str) -> tuple[str, ...]:
    return tuple(sorted(endings.split(), key=len, reverse=True))


_GERMAN_END = _longest_first("innen ern ten tet est te em en er es et st e")
_SPANISH_END = _longest_first(
    "amientos imientos amiento imiento aciones acion iendo ando ieron aron aban abas aste iste"
    " amos emos imos ados adas idos idas aba ado ada ido ida ian ia ar er ir as os es an en a o e"
)
_FRENCH_END = _longest_first(
    "issements issement issant ations ation ements ement euses euse aient ives ive ante ant ees"
    " ee es er ez ait ais ons ent it ie e"
)


def _german(word: str) -> str:
    """One stem for "Haus, Hauses, Häuser, Häusern" and for "kaufen, kaufte, gekauft"."""
    if word.startswith("ge") and word.endswith(("t", "en")) and len(word) >= 7:
        word = word[2:]
    for _ in range(2):
        word = _without(word, _GERMAN_END, 4)
        word = _without(word, ("s", "n", "t"), 4)
    return word


def _spanish(word: str) -> str:
    """One stem for "barco, barcos" and for "compro, compré, comprado"."""
    return _without(_without(word, ("s",), 3), _SPANISH_END, 3)


def _french(word: str) -> str:
    """One stem for "bateau, bateaux", "cheval, chevaux" and for "acheter, achetée"."""
    if word.endswith("aux") and not word.endswith("eaux") and len(word) > 4:
        return word[:-3] + "al"
    word = _without(word, ("s", "x"), 3)
    return _without(word, _FRENCH_END, 4)


STEMMERS: dict[str, Callable[[str], str]] = {"de": _german, "es": _spanish, "fr": _french}
"""By language; a stem is the front of the words it stands for, but for a few irregular ones."""

_STOP_WORDS = {
    "de": """der die das den dem des ein eine einen einem einer eines und oder aber nicht kein keine
        ist sind war waren wird werden wurde hat haben hatte habe hast bin bist sein ich du er sie
        es wir ihr mich mir dich dir ihm ihn uns euch mein meine meinen meinem meiner dein deine
        deinen unser unsere wo was wer wie wann warum wem wen welche welcher welches mit von vom
        zu zum zur im in am an auf aus bei fur nach uber unter vor hinter neben durch ohne um bis
        seit als wenn dass auch noch schon nur sehr so dort hier da denn doch man sich ja nein""",
    "es": """el la los las un una unos unas y o pero no es son era eran fue fueron ha han habia he
        has esta estan estaba estoy estas soy eres somos yo tu ella nosotros ellos me te se nos le
        les lo mi mis su sus nuestra nuestro donde que quien como cuando cual cuales cuanto por
        para con sin de del al en sobre entre hasta desde muy mas ya tambien si porque hay tengo
        tiene tienes""",
    "fr": """le la les un une des du de et ou mais ne pas est sont etait etaient fut a ont avait ai
        as suis es sommes etes je tu il elle nous vous ils elles me te se moi toi lui leur leurs
        mon ma mes ton ta tes son sa ses notre nos votre vos ce cet cette ces qui que quoi dont
        quand comment pourquoi quel quelle quels quelles dans sur sous avec sans pour par en au
        aux chez entre vers tres plus deja aussi si j l d c m t s n qu y on""",
}
STOP_FORMS: dict[str, frozenset[str]] = {
    language: frozenset(words.split()) for language, words in _STOP_WORDS.items()
}
"""Words of a language that carry no subject, folded; left out of a question in that language."""
_ENGLISH_TOO = frozenset(
    """die war hat bin man so an am in was he has me no as on a es son y o des du pour sans mon ton
    par c d j l m n s t ma um se te en plus comment""".split()  # noqa: SIM905
)
_TELLING = {language: words - _ENGLISH_TOO for language, words in STOP_FORMS.items()}
_TELLING_ANY = frozenset().union(*_TELLING.values())


LINKS = ("", "s", "es", "n", "en", "er", "e")
"""Letters between the parts of a German compound; "" also of an English one."""
_FEW = 4
_COMMONEST = {
    "de": ("und", "der", "ist", "nicht", "ich", "das"),
    "es": ("que", "los", "una", "por", "con", "las"),
    "fr": ("les", "est", "dans", "pas", "une", "que"),
}
_COMMONEST_ENGLISH = ("the", "and", "of", "is", "you", "to")


def is_in_use(language: str, uses: Callable[[str], int]) -> bool:
    """Whether a vault seems to hold anything in a language: it has a few of its small words."""
    return sum(uses(word) > 0 for word in _TELLING[language]) >= _FEW


def prevails(language: str, uses: Callable[[str], int]) -> bool:
    """Whether a vault holds more in a language than in English."""
    return sum(map(uses, _COMMONEST[language])) > sum(map(uses, _COMMONEST_ENGLISH))


def languages_of(forms: Iterable[str], english: frozenset[str]) -> tuple[str, ...]:
    """The languages a question may be in, by its small words; () when it may be English.

    Args:
        forms: the folded words of the question.
        english: small words of English; those that another language has too tell nothing.
    """
    every = [form for form in forms if form not in _ENGLISH_TOO]
    if _TELLING_ANY.isdisjoint(every):
        return ()
    counts = {
        language: sum(form in words for form in every) for language, words in _TELLING.items()
    }
    best = max(counts.values())
    least = only_english(every, english)
    return tuple(name for name, count in counts.items() if count == best and count > least)


def only_english(forms: Iterable[str], english: frozenset[str]) -> int:
    """How many words are small words of English and of no other language here."""
    alone = _alone(english)
    return sum(form in alone for form in forms)


@cache
def _alone(english: frozenset[str]) -> frozenset[str]:
    return english.difference(*STOP_FORMS.values())
