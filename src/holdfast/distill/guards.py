"""What speaks against taking a sentence at its word: it asks, quotes, imagines, jokes, commands."""

from __future__ import annotations

import re

from holdfast.distill.findings import Reason
from holdfast.distill.passages import MAX_READ, Sentence, quoted_spans
from holdfast.distill.phrases import lowered
from holdfast.distill.rules import Language, Rule

__all__ = ["Guards"]

_MAX_ASKING = 800
"""Characters of a message in which a request to remember is one to the assistant. In a longer one
"note that" is part of a text: all that were found so in 19,000 messages of LongMemEval were."""
_AFTER = 60
"""So many characters after a statement may take it back in the same breath."""
_ONE_WORD = re.compile(r"\s*([^\W\d_]+)\s*(?:[.!…]|$)")
_MARKS = re.compile(r"[:;,]")


class Guards:
    """The guards of one message in one language. Costly looks are taken once, and when needed."""

    def __init__(self, text: str, tongue: Language, *, small: str | None = None) -> None:
        self._text = text
        self._small = lowered(text[:MAX_READ]) if small is None else small
        self._tongue = tongue
        self._taken_back = self._length_taken_back()
        self._zones: list[tuple[int, Reason]] | None = None

    def reason(
        self,
        rule: Rule,
        sentence: Sentence,
        span: tuple[int, int],
        value_start: int,
        *,
        asked: bool = False,
    ) -> Reason | None:
        """Why what stands at `span` of `sentence` does not count, or None.

        Args:
            value_start: where the value begins, inside of `span`.
            asked: it stands inside a request to remember, which may be put as a question.
        """
        if sentence.pasted:
            return "pasted"
        return (
            self.zone(span[0])
            or self._quoted(sentence, span)
            or (None if asked else self._question(rule, sentence, span))
            or self._hypothetical(rule, sentence, span, asked=asked)
            or self._joke(sentence, span)
            or self._instruction(rule, span, value_start)
        )

    def retracts(self) -> bool:
        """Whether the message begins by taking back what was said before it."""
        return self._taken_back > 0

    def _length_taken_back(self) -> int:
        """How far that beginning goes; it says nothing of what comes after it."""
        small = self._small[:_AFTER]
        begin = len(small) - len(small.lstrip(" .,!"))
        phrases = self._tongue.phrases["retracted"]
        opener = self._tongue.openers.match(small, begin)
        for place in (begin, begin if opener is None else opener.end()):
            length = phrases.beginning(small[place:])
            if length:
                return place + length
        return 0

    def zone(self, start: int) -> Reason | None:
        """Why nothing from `start` on is a statement, in this language's words, or None."""
        if self._zones is None:
            self._zones = self._find_zones()
        return next((reason for at, reason in self._zones if at <= start), None)

    def _find_zones(self) -> list[tuple[int, Reason]]:
        """From where on the rest of the message is no statement, and why."""
        zones: list[tuple[int, Reason]] = []
        phrases = self._tongue.phrases
        if phrases["injection"].is_in(self._small):
            zones.append((0, "instruction"))
        for name, reason in (("fiction", "fiction"), ("pasted", "pasted")):
            at = phrases[name].place(self._small)
            if at >= 0:
                zones.append((at, reason))  # type: ignore[arg-type]  # both are reasons
        return zones

    def _quoted(self, sentence: Sentence, span: tuple[int, int]) -> Reason | None:
        spans = quoted_spans(self._text, sentence.start, sentence.full_end)
        if any(start <= span[0] < end for start, end in spans):
            return "quoted"
        phrases = self._tongue.phrases
        prefix = self._small[sentence.start : span[0]]
        if phrases["reported"].is_in(prefix) and not phrases["own_words"].is_in(prefix):
            return "quoted"
        suffix = self._small[span[1] : sentence.full_end].lstrip(" ,\"'”’")
        return "quoted" if phrases["said_after"].begins(suffix) else None

    def _question(self, rule: Rule, sentence: Sentence, span: tuple[int, int]) -> Reason | None:
        if rule.asks:
            return None
        words = self._tongue.phrases["question"]
        first = self._small[sentence.start : span[0]].split(maxsplit=1)
        if first and first[0].strip(",.:;") in words:
            return "question"
        if not any(mark in self._text[sentence.end : sentence.full_end] for mark in "?？"):
            return None
        if self._small[span[1] : sentence.end].strip(" ,") in self._tongue.phrases["tag_questions"]:
            return "question"
        # "I live in Oslo, what is the weather?": the question begins after the statement.
        starts = self._tongue.clauses.finditer(self._text, span[1], sentence.end)
        asked = any(self._asks(match.end(), sentence.end) for match in starts)
        return None if asked else "question"

    def _asks(self, start: int, end: int) -> bool:
        for _ in range(3):
            words = self._small[start : min(end, start + 40)].split(maxsplit=1)
            if words and words[0].strip(",") in self._tongue.phrases["question"]:
                return True
            opener = self._tongue.openers.match(self._text, start, end)
            if opener is None:
                return False
            start = opener.end()
        return False

    def _hypothetical(
        self, rule: Rule, sentence: Sentence, span: tuple[int, int], *, asked: bool
    ) -> Reason | None:
        phrases = self._tongue.phrases
        if not asked and phrases["hypothetical"].is_in(self._small[sentence.start : span[0]]):
            return None if rule.asks else "hypothetical"
        if rule.value in ("note", "decision"):
            return None
        suffix = self._small[span[1] : span[1] + _AFTER].lstrip(" ,.-–—(")
        if phrases["hedged_after"].begins(suffix):
            return "hypothetical"
        return "hypothetical" if phrases["hedges"].is_in(self._small[slice(*span)]) else None

    def _joke(self, sentence: Sentence, span: tuple[int, int]) -> Reason | None:
        phrases = self._tongue.phrases
        around = self._small[max(sentence.start, self._taken_back) : sentence.full_end + 4]
        if phrases["joke"].is_in(around) or phrases["retracted"].place(self._small, span[1]) >= 0:
            return "joke"
        alone = _ONE_WORD.match(self._small, sentence.full_end)  # "I love Mondays. Not."
        return "joke" if alone is not None and alone[1] in phrases["taken_back_by"] else None

    def _instruction(self, rule: Rule, span: tuple[int, int], value_start: int) -> Reason | None:
        """Only a request to remember can carry an order: everything else says something of a
        person."""
        if rule.value != "note" or not rule.asks:
            return None
        asked = self._small[value_start : span[1]]
        if len(self._text) > _MAX_ASKING:
            return "pasted"
        phrases = self._tongue.phrases
        # What is harmless up to a mark may go on with an order.
        parts = (part.lstrip() for part in _MARKS.split(asked))
        told = (part for part in parts if not phrases["no_orders"].begins(part))
        if any(map(phrases["instruction"].begins, told)) or phrases["orders"].is_in(asked):
            return "instruction"
        return None
