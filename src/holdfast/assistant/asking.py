"""Telling a question from a statement, by a few rules that a person can read.

Marks of all scripts come first, then English: how a question begins when its mark was left out,
and what is asked for by an imperative ("tell me ...").
"""

from __future__ import annotations

import re

__all__ = ["QUESTION_MARKS", "is_question", "only_asks", "sentence_spans"]

QUESTION_MARKS = (
    "?\u037e\u055e\u061f\u1367\u1945\u203d\u2047\u2048\u2049"
    "\u2cfa\u2cfb\u2e2e\ua60f\ua6f7\ufe16\ufe56\uff1f"
)
"""Latin, Greek, Armenian, Arabic, Ethiopic, Limbu, Coptic, Vai, Bamum, full width and doubled."""
_ENDS = f".!…。！｡।॥۔።։{QUESTION_MARKS}"
_CLOSING = "\"'’”»)\\]"
_BORDER = re.compile(rf"(?<=[{_ENDS}])[{_CLOSING}]*\s+|(?<=[。！？｡।॥])|\n+")

_CHINESE_OR_JAPANESE = re.compile(r"(?:吗|嗎|呢|ですか|ますか|でしたか|ましたか)\s*[.。]?$")
_SUBJECT = (
    r"(?:i|you|we|they|he|she|it|my|your|our|his|her|their|its|the|a|an|there|this|that|these"
    r"|those|any|anyone|anybody|anything|someone|everyone)"
)
_AUXILIARY = (
    r"(?:is|are|was|were|am|do|does|did|have|has|had|can|could|will|would|should|shall|may|might"
    r"|isn['’]?t|aren['’]?t|wasn['’]?t|don['’]?t|doesn['’]?t|didn['’]?t)"
)
_BEGINS = re.compile(
    rf"(?:(?:and|so|but|well|ok|okay|hey|hi|hello|please)[,\s]+)*(?:"
    rf"(?:what|who|where|when|how|why)['’]?(?:s|re|d|ll)\b"
    rf"|(?:who|why|whose|whom)\b"
    rf"|(?:where|when|how)\s+{_AUXILIARY}\b"
    rf"|how\s+(?:many|much|old|long|often|far|big|tall)\b"
    rf"|(?:what|which)\s+(?:\w+\s+){{0,3}}?{_AUXILIARY}\b"
    rf"|(?!have\s+(?:an?|the)\b){_AUXILIARY}\s+{_SUBJECT}\b"
    rf"|(?:tell|remind|show|give)\s+me\s+(?!to\b|that\b)"
    rf"|(?:list|find|search|recall|look\s+up)\s+"
    rf")",
    re.IGNORECASE,
)
_ASKS_TO_KEEP = re.compile(
    r"(?:please\s+|can\s+you\s+|could\s+you\s+|will\s+you\s+|would\s+you\s+|please\s+)*"
    r"(?:remember|note|keep\s+in\s+mind|don['’]?t\s+forget|write\s+down)(?:\s+that\b|[,:]|\s+my\b)",
    re.IGNORECASE,
)


def is_question(text: str) -> bool:
    """Whether an answer is expected: the last sentence asks, or one of them has the mark.

    "Can you remember that I moved?" is a request to keep something, not a question.
    """
    sentences = [text[start:end] for start, end in sentence_spans(text)]
    return bool(sentences) and (
        _asks(sentences[-1]) or any(_marked(s) and _asks(s) for s in sentences)
    )


def only_asks(text: str) -> bool:
    """Whether every sentence is a question, so that the text states nothing."""
    spans = sentence_spans(text)
    return bool(spans) and all(_asks(text[start:end]) for start, end in spans)


def sentence_spans(text: str) -> list[tuple[int, int]]:
    """Where the sentences stand (code points, end exclusive), without the spaces between them."""
    spans, start = [], 0
    for border in [*_BORDER.finditer(text), None]:
        end = len(text) if border is None else border.start()
        if border is not None:
            end += len(border[0]) - len(border[0].lstrip(_CLOSING))
        trimmed = text[start:end]
        first = start + len(trimmed) - len(trimmed.lstrip())
        last = start + len(trimmed.rstrip())
        if last > first:
            spans.append((first, last))
        start = len(text) if border is None else border.end()
    return spans


def _asks(sentence: str) -> bool:
    bare = sentence.strip()
    if _ASKS_TO_KEEP.match(bare):
        return False
    if _marked(bare) or _CHINESE_OR_JAPANESE.search(bare):
        return True
    return not bare.endswith("!") and _BEGINS.match(bare) is not None


def _marked(sentence: str) -> bool:
    tail = sentence.rstrip(" \t\"'’”»)]!.…")
    return tail.endswith(tuple(QUESTION_MARKS)) or sentence.lstrip().startswith("\u00bf")
