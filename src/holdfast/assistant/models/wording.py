"""What the bundled model is asked, so that so small a model is of use.

With 135 million parameters it cannot find an answer among notes: shown four it named the right one
in one case of three, shown one it still made things up in one of five. So the finding is left to
recall, and the model words what was found, under a grammar that has no other words than those that
were said: of 16 statements all had what mattered in its sentence. What it rests on follows as it
was said.
All of this is pure.
"""

from __future__ import annotations

import json
import re
from datetime import UTC, tzinfo
from typing import TYPE_CHECKING

from msgspec import Struct

from holdfast.assistant.asking import is_question
from holdfast.assistant.excerpts import subject_terms
from holdfast.assistant.models.llama import Completion
from holdfast.assistant.quoting import Quoted, phrasing_of, quotes, telling_terms

if TYPE_CHECKING:
    from holdfast.assistant.answering import Asked
    from holdfast.model import Message

__all__ = ["Plan", "planned", "speaks_to"]


class Plan(Struct, frozen=True, kw_only=True):
    """An answer: what comes first, what the model adds, what comes last."""

    before: str = ""
    completion: Completion | None = None
    after: str = ""
    question: str = ""
    """What the model's words have to be about, to be said at all; see `speaks_to`."""
    rests_on: tuple[str, ...] = ()
    """Ids of what is quoted or worded."""


_REWORDED_CHARS = 160
"""A longer text is quoted and not worded: the model loses its thread."""
_QUOTE = re.compile(r'\s*^(?:Noted on|On) \d{1,2} [A-Z][a-z]+.*?: "', re.MULTILINE | re.DOTALL)
"""Where what was found begins in an earlier answer. Shown a quote the model makes up others, with
a day and in the words of whoever asks."""
_CHATTED_CHARS = 1500
_RECENT = 4
_RECENT_CHARS = 300
_FREE_TOKENS = 200
_ABOUT_ONESELF = re.compile(r"\b(?:i|me|my|mine|we|us|our|ours)\b", re.IGNORECASE)
_TELLS = re.compile(
    r"(?:(?:please|remember|note|that|by the way|also|and|but|well|ok|okay|so|today|yes|no)"
    r"[,:]?\s+)*(?:i|my|we|our)\b(?!\s+(?:need|want)\s+(?:you|to\s+know)\b)"
    r"|.*\b(?:is|are|was)\s+(?:my|our)\b",
    re.IGNORECASE,
)
_EXAMPLES = (
    ("I was born in Rome.", "You were born in Rome."),
    ("My car is a red Volvo.", "Your car is a red Volvo."),
    ("Remember that my boss is called Eve.", "Your boss is called Eve."),
    ("By the way, 7 is my lucky number.", "You said that 7 is your lucky number."),
)
_TASK = "Say to the user what the user said, with you for I."
_JOINING = (
    "You you You're you're Your your Yours yours Yourself yourself Yes yes are were have had was "
    "is said say that the The a an of to in it and told from did do called with so no"
)
_FIRST_PERSON = (
    "i me my mine myself we us our ours ourselves i'm i've i'll i'd we're we've we'll we'd"
)


def planned(asked: Asked, *, max_tokens: int, zone: tzinfo = UTC) -> Plan:
    """How an input is answered.

    Args:
        asked: its hits are what is worded; `context` is too much for this model.
        max_tokens: of the answer, where the model speaks freely.
        zone: where days begin in what is quoted.
    """
    if not is_question(asked.text):
        return _to_statement(asked, max_tokens)
    found = _by_whoever_asks(quotes(asked, zone=zone, loosely=True), asked)
    lines = "\n".join(quoted.line for quoted in found)
    ids = tuple(quoted.id for quoted in found)
    if found and _is_own(found[0].message, asked) and _can_word(found[0].text):
        return Plan(
            completion=_rewording(found[0].text),
            after=f"\n\n{lines}",
            question=asked.text,
            rests_on=ids,
        )
    if found:
        return Plan(before=lines, rests_on=ids)
    if _ABOUT_ONESELF.search(asked.text):
        # Asked about somebody it does not know, it would make a life up.
        return Plan(before=phrasing_of(asked).nothing)
    return Plan(completion=_free(asked, max_tokens))


def speaks_to(question: str, worded: str) -> bool:
    """Whether a sentence of the model's is about what was asked.

    Of a text that says several things the model words one, and not always the one in question. So
    its sentence has a word that tells what is asked, and all of them where the question is not of
    whoever asks: that the sky is blue says nothing of a favourite colour.
    """
    wanted = telling_terms(question)
    shared = wanted & subject_terms(worded)
    return bool(shared) and (shared == wanted or _ABOUT_ONESELF.search(question) is not None)


def _to_statement(asked: Asked, max_tokens: int) -> Plan:
    if not _TELLS.match(asked.text.strip()):
        return Plan(completion=_free(asked, max_tokens))
    if _can_word(asked.text):
        return Plan(before="Noted: ", completion=_rewording(asked.text))
    return Plan(before="Noted.")


def _by_whoever_asks(found: list[Quoted], asked: Asked) -> list[Quoted]:
    """Their own words where there are some: what was answered to them only repeats those."""
    own = [quoted for quoted in found if _is_own(quoted.message, asked)]
    return own or found


def _is_own(message: Message | None, asked: Asked) -> bool:
    return message is not None and message.role == "user" and message.author == asked.author


def _can_word(text: str) -> bool:
    """Whether it is short, and in an alphabet of which the model knows something."""
    known = 10 * sum(map(str.isascii, text)) >= 9 * len(text)
    return known and len(text.strip()) <= _REWORDED_CHARS and bool(_words(text))


def _rewording(text: str) -> Completion:
    said = " ".join(text.split())
    turns = [("system", _TASK)]
    for told, worded in _EXAMPLES:
        turns += [("user", told), ("assistant", worded)]
    words = _words(said)
    return Completion(
        prompt=_prompt([*turns, ("user", said)]),
        grammar=_grammar(words),
        max_tokens=16 + 8 * len(words),
    )


def _words(text: str) -> list[str]:
    """The words of a text as they were written, without the marks around them."""
    first_person = _FIRST_PERSON.split()
    bare = (word.strip("\"'.,;:!?()[]<>|") for word in text.split())
    return [word for word in bare if word and word.lower() not in first_person]


def _grammar(words: list[str]) -> str:
    """One sentence of the words that were said and those that join them."""
    known = sorted({*_JOINING.split(), *words})
    # Between the words of the text and a few more: it must not run on.
    limit = len(words) + 6
    return (
        f'root ::= w (","? " " w){{1,{limit}}} "."\n'
        f"w ::= {' | '.join(json.dumps(word) for word in known)}"
    )


def _free(asked: Asked, max_tokens: int) -> Completion:
    name = asked.assistant.strip() or "Holdfast"
    task = f"You are a helpful AI assistant named {name}. {asked.purpose}".strip()
    turns = [("system", task)]
    said = [m for m in asked.recent if m.kind == "text" and m.role in ("user", "assistant")]
    shown = [(m.role, _unquoted(m)) for m in said[-_RECENT:]]
    turns += [(role, text[:_RECENT_CHARS]) for role, text in shown if text]
    turns.append(("user", asked.text[:_CHATTED_CHARS]))
    return Completion(prompt=_prompt(turns), max_tokens=min(max_tokens, _FREE_TOKENS))


def _unquoted(message: Message) -> str:
    """A message without the quotes that an answer ends with."""
    if message.role == "user":
        return message.text
    return _QUOTE.split(message.text, maxsplit=1)[0]


def _prompt(turns: list[tuple[str, str]]) -> str:
    """The turns in the model's template; nothing that was said can end a turn or begin one."""
    told = "".join(
        f"<|im_start|>{role}\n{text.replace('<|', '< |')}<|im_end|>\n" for role, text in turns
    )
    return f"{told}<|im_start|>assistant\n"
