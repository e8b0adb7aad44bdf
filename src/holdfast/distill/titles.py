"""What a conversation is called in a list: its first subject, in the words of who began it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from msgspec.structs import replace

from holdfast.distill.passages import MAX_READ, Sentence, sentences_of
from holdfast.distill.phrases import lowered
from holdfast.distill.rules import LANGUAGES, Language, language
from holdfast.markup import one_line, prose_spans, without_marks
from holdfast.model import Message

__all__ = ["MAX_TITLE", "title_of"]

MAX_TITLE = 60
"""Characters, the ellipsis included."""
_READ = 20
"""So many messages are looked at before a conversation stays without a title."""
_MAX_LEADS = 6


def title_of(messages: Sequence[Message]) -> str:
    """A title of at most MAX_TITLE characters on one line; "" when nobody said anything.

    It is the first thing that a person said beyond a greeting, without the courtesies before it
    ("could you please"), or else the first thing that they said at all.
    """
    tongues = [language(code) for code in LANGUAGES]
    fallback = ""
    for message in _spoken(messages):
        fallback = fallback or _shortened(one_line(message.text), MAX_TITLE)
        for sentence in _sentences(message.text):
            if not sentence.pasted:
                title = _subject(message.text, sentence, tongues)
                if title:
                    return title
    return fallback


def _sentences(text: str) -> Iterator[Sentence]:
    """Those of the prose: neither code nor a row of a table is what a talk is about."""
    spans = list(prose_spans(text[:MAX_READ]))
    at = 0
    for sentence in sentences_of(text):
        while at < len(spans) and spans[at][1] <= sentence.start:
            at += 1
        if at < len(spans) and sentence.end > spans[at][0]:
            start = max(sentence.start, spans[at][0])
            yield replace(sentence, start=start)


def _spoken(messages: Sequence[Message]) -> Iterable[Message]:
    own = [
        message for message in messages[:_READ] if message.role == "user" and _is_spoken(message)
    ]
    return own or [message for message in messages[:_READ] if _is_spoken(message)]


def _is_spoken(message: Message) -> bool:
    is_said = message.kind in ("text", "audio") and not message.forgotten
    return is_said and bool(message.text.strip())


def _subject(text: str, sentence: Sentence, tongues: Sequence[Language]) -> str:
    """A sentence without what only leads to it; "" when nothing is left."""
    start = sentence.start
    for _ in range(_MAX_LEADS):
        ends = [tongue.leads.match(text, start, sentence.full_end) for tongue in tongues]
        after = max((match.end() for match in ends if match is not None), default=start)
        if after == start:
            break
        start = after
    rest = without_marks(text[start : sentence.end]).strip(" \t,;:.!?-–—*_#\"'“”„«»…")
    if not any(c.isalnum() for c in rest) or _is_courtesy(rest, tongues):
        return ""
    return _shortened(rest[:1].upper() + rest[1:], MAX_TITLE)


def _is_courtesy(rest: str, tongues: Sequence[Language]) -> bool:
    small = lowered(rest)
    return any(small in tongue.lists["openers"] for tongue in tongues)


def _shortened(text: str, limit: int) -> str:
    """On one line, cut between words where that loses little, with an ellipsis."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    if len(line) <= limit:
        return line
    head = line[: limit - 1]
    cut = head.rfind(" ")
    return (head[:cut] if cut > limit // 2 else head).rstrip(" ,;:.-–—") + "…"
