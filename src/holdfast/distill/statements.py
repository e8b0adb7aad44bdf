"""From a sentence to what it states: the rules tried at every place where a clause begins."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from msgspec import Struct
from msgspec.structs import replace

from holdfast.distill.findings import Reason
from holdfast.distill.grammar import Pattern
from holdfast.distill.guards import Guards
from holdfast.distill.passages import Sentence
from holdfast.distill.phrases import lowered
from holdfast.distill.rules import Language, Rule, RuleList
from holdfast.distill.slots import is_admitted
from holdfast.distill.values import Value, key_of, parts_of, value_at

__all__ = ["Statement", "Statements"]

_TWO_WORDS = re.compile(r"([^\W_]+(?:['’][^\W_]+)?)(?:[\s,:]+([^\W_]+(?:['’][^\W_]+)?))?")
_OPENERS = 4
"""So many opening words may stand before a statement ("well, actually, by the way ...")."""


class Statement(Struct, frozen=True, kw_only=True):
    """What a clause says by one of the rules, or why it does not count."""

    rule: Rule
    start: int
    end: int
    values: tuple[tuple[int, int], ...]
    """Spans of the value; several when it lists."""
    slots: dict[str, str]
    ends: bool
    reason: Reason | None = None
    asked: bool = False
    """It stood inside a request to remember."""


class Statements:
    """What one sentence states in one language, in order and without overlap."""

    def __init__(
        self,
        text: str,
        sentence: Sentence,
        words: Sequence[str],
        tongue: Language,
        guards: Guards,
    ) -> None:
        self._text = text
        self._sentence = sentence
        self._tongue = tongue
        self._guards = guards
        self._anywhere = tuple(
            pair for pair in tongue.rules[""][""] if not pair[0].needs.isdisjoint(words)
        )

    def __iter__(self) -> Iterator[Statement]:
        done, end = self._sentence.start, self._sentence.end
        starts = [done]
        starts += [match.end() for match in self._tongue.clauses.finditer(self._text, done, end)]
        for start in starts:
            if start < done:
                continue
            found = self._at(start)
            if found is not None:
                done = found.end
                yield found

    def _at(self, start: int, *, asked: bool = False) -> Statement | None:
        """The first rule that matches here, or behind opening words.

        Args:
            asked: it stands inside a request to remember, so it is no further request.
        """
        end = self._sentence.end
        for _ in range(_OPENERS):
            head, able = self._able(start)
            for rule, pattern in able:
                if asked and (rule.inner or rule.change):
                    continue
                match = pattern.regex.match(self._text, start, end)
                found = None if match is None else self._stated(match, rule, pattern, asked=asked)
                if found is not None:
                    return found
            if head not in self._tongue.opener_words:
                return None
            opener = self._tongue.openers.match(self._text, start, end)
            if opener is None:
                return None
            start = opener.end()
        return None

    def _able(self, start: int) -> tuple[str, RuleList]:
        """The first word there, and the rules that can match from it on."""
        found = _TWO_WORDS.match(self._text, start, self._sentence.end)
        if found is None:
            return "", ()
        first = lowered(found[1])
        table = self._tongue.rules.get(first)
        if table is None:
            return first, self._anywhere
        able = table.get(lowered(found[2]), table[""]) if found[2] else table[""]
        return first, able + self._anywhere

    def _stated(
        self, match: re.Match[str], rule: Rule, pattern: Pattern, *, asked: bool
    ) -> Statement | None:
        slots = {name: held for name, held in match.groupdict().items() if held}
        said = self._text[self._sentence.start : self._sentence.end]
        if not is_admitted(slots, pattern.checks, rule, said, self._tongue):
            return None
        value = value_at(self._text, *match.span("value"), rule, self._tongue)
        if value.state == "unclear":
            return None
        end = self._end(match, rule, value, slots)
        if rule.inner:
            within = self._at(value.start, asked=True)
            if within is not None and within.reason is None:
                outer = self._guards.reason(rule, self._sentence, (match.start(), end), value.start)
                return replace(within, reason=outer, asked=True)
        return self._judged(rule, (match.start(), end), value, slots, asked=asked)

    def _end(self, match: re.Match[str], rule: Rule, value: Value, slots: dict[str, str]) -> int:
        """Where the quote ends; of a comparison, `slots` gets what the value is compared to."""
        text, tongue = self._text, self._tongue
        if "other" in slots:
            other = value_at(text, *_other(text, match, tongue), rule, tongue)
            slots["other"] = text[other.start : other.end]
            keys = (
                key_of(held, tongue) for held in (text[value.start : value.end], slots["other"])
            )
            slots["pair"] = " or ".join(sorted(keys))
            return other.end
        last = max(match.end(name) for name in slots)
        # A value that is not the last thing said leaves the words behind it in the quote.
        return value.end if last == match.end("value") else match.end()

    def _judged(
        self,
        rule: Rule,
        span: tuple[int, int],
        value: Value,
        slots: dict[str, str],
        *,
        asked: bool,
    ) -> Statement:
        reason = self._guards.reason(rule, self._sentence, span, value.start, asked=asked)
        ends = rule.ends or value.state == "ends"
        if value.state == "negated" or (not ends and self._is_over(rule, span)):
            reason = reason or "negated"
        whole = (value.start, value.end)
        return Statement(
            rule=rule,
            start=span[0],
            end=max(span[1], value.end),
            values=self._values(rule, whole),
            slots=slots,
            ends=ends,
            reason=reason,
        )

    def _values(self, rule: Rule, whole: tuple[int, int]) -> tuple[tuple[int, int], ...]:
        if rule.value != "list":
            return (whole,)
        # A taste is often said in a phrase that goes on behind an "and"; an allergy is not.
        return tuple(parts_of(self._text, *whole, longest=2 if rule.general else 3))

    def _is_over(self, rule: Rule, span: tuple[int, int]) -> bool:
        """Whether "any more" follows at once, in a pattern that does not know of it."""
        if rule.value in ("note", "decision"):
            return False
        after = lowered(self._text[span[1] : self._sentence.end]).lstrip()
        return self._tongue.phrases["any_more"].begins(after)


def _other(text: str, match: re.Match[str], tongue: Language) -> tuple[int, int]:
    """The span of what a value is preferred to, without what it is preferred for."""
    start, end = match.span("other")
    places = (text.find(phrase, start, end) for phrase in tongue.lists["after_other"])
    return start, min((place for place in places if place > start), default=end)
