"""What a person wrote themselves in a message, sentence by sentence, apart from what they pasted.

Every function here costs time in proportion to the text; positions are code points of the message.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

from msgspec import Struct

__all__ = ["MAX_READ", "MAX_SENTENCE", "Sentence", "quoted_spans", "sentences_of"]

MAX_READ = 20_000
"""Characters of a message that are read; what is longer is a document, not talk."""
MAX_SENTENCE = 500
"""Characters of a sentence that are read."""

_END = re.compile(r"[.!?…]+[\"”»)']*(?=\s|$)|[。！？]+")
_BEFORE = re.compile(r"(\w+(?:\.\w+)*)$")
_ABBREVIATIONS = frozenset(
    {"dr", "mr", "mrs", "ms", "st", "prof", "vs", "etc", "e.g", "i.e", "approx", "no", "p.m", "a.m"}
    | {"bzw", "ca", "z.b", "d.h", "usw", "nr", "str", "hr", "fr", "inc", "jr", "sr", "ave", "mt"}
)
_LOG = re.compile(
    r"\s*[\[(]?\d{4}-\d\d-\d\d[T ,]\d\d:\d\d|\s*\[?\d{1,2}:\d\d:\d\d|\s*\[?(?:INFO|WARN|WARNING|"
    r"ERROR|DEBUG|TRACE|FATAL|CRITICAL)\b|\s*Traceback \(|\s*File \"|\s+at \S+\("
)
_CODE = re.compile(
    r"(?: {4}|\t)"
    r"|\s*(?:[{}<|#$]|//|/\*|def |class |import |from \w+ import|const |let \w+ =|var \w+ =)"
    r"|.{0,200}(?:\);|[{};]\s*$|=>|==|\\n)"
)
_HEADER = re.compile(
    r"(?:From|To|Subject|Date|Sent|Cc|Reply-To|Von|An|Betreff|Gesendet|Datum):\s", re.IGNORECASE
)
_SPEAKER = re.compile(r"^[A-Z][\w ]{0,20}:[ \t]", re.MULTILINE)
_QUOTES = re.compile(
    r"\"[^\"\n]{1,500}\"|“[^”\n]{1,500}”|„[^“”\n]{1,500}[“”]|«[^»\n]{1,500}»|‘[^’\n]{1,500}’"
    r"|`[^`\n]{1,500}`|(?<!\w)'[^'\n]{1,300}'(?!\w)"
)


class Sentence(Struct, frozen=True):
    """Where a sentence stands, without the marks it ends with."""

    start: int
    end: int
    """At most MAX_SENTENCE after `start`."""
    full_end: int
    """With its closing marks."""
    pasted: bool


def sentences_of(text: str) -> Iterator[Sentence]:
    """The sentences of the first MAX_READ characters; a line end ends one."""
    for start, end, pasted in _lines(text, min(len(text), MAX_READ)):
        yield from _split(text, start, end, pasted)


def quoted_spans(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """What stands between quotation marks, in order."""
    return [match.span() for match in _QUOTES.finditer(text, start, end)]


def _lines(text: str, limit: int) -> Iterator[tuple[int, int, bool]]:
    """Each line that has words, and whether it is somebody else's: code, log, mail, quotation."""
    fenced = mail = False
    headers = 0
    # Two lines that begin with a name and a colon are a transcript of somebody's talk.
    talk = len(list(islice(_SPEAKER.finditer(text, 0, limit), 2))) > 1
    start = 0
    while start < limit:
        found = text.find("\n", start, limit)
        end = limit if found < 0 else found
        here = start
        start = end + 1
        if not text[here:end].strip():
            continue
        if text.startswith(("```", "~~~"), here):
            fenced = not fenced
            continue
        if _HEADER.match(text, here, end):
            headers += 1
            mail = mail or headers > 1
        spoken = _SPEAKER.match(text, here, end)
        strange = (
            text.startswith(">", here)
            or _LOG.match(text, here, end) is not None
            or _CODE.match(text, here, end) is not None
        )
        yield here, end, fenced or mail or headers > 0 or strange or (talk and spoken is not None)


def _split(text: str, start: int, end: int, pasted: bool) -> Iterator[Sentence]:
    here = start
    for match in _END.finditer(text, start, end):
        if match.group()[0] == "." and _goes_on(text, here, match.start(), match.end(), end):
            continue
        yield from _sentence(text, here, match.start(), match.end(), pasted)
        here = match.end()
    yield from _sentence(text, here, end, end, pasted)


def _goes_on(text: str, start: int, dot: int, after: int, end: int) -> bool:
    """Whether a full stop ends an abbreviation or an ordinal and not the sentence."""
    before = _BEFORE.search(text, max(start, dot - 12), dot)
    following = text[after : min(after + 3, end)].strip()[:1]
    if before is None or not following:
        return False
    word = before.group().casefold()
    return word in _ABBREVIATIONS or following.islower() or (word.isdigit() and len(word) < 3)


def _sentence(text: str, start: int, end: int, full_end: int, pasted: bool) -> Iterator[Sentence]:
    while start < end and (text[start].isspace() or text[start] in "*-•_#>.!?…"):
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    if end > start:
        yield Sentence(start, min(end, start + MAX_SENTENCE), full_end, pasted)
