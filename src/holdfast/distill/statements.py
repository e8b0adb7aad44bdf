"""From a sentence to what it states: the rules tried at every place where a clause begins."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from msgspec import Struct

from holdfast.distill.findings import Reason
from holdfast.distill.guards import Guards
from holdfast.distill.languages import Language, Rule, RuleList
from holdfast.distill.passages import Sentence
from holdfast.distill.phrases import lowered
from holdfast.distill.values import Value, capital_or_plain, key_of, parts_of, value_at

__all__ = ["Statement", "statements_in"]

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


def statements_in(
    text: str, sentence: Sentence, words: Sequence[str], tongue: Language, guards: Guards
) -> Iterator[Statement]:
    """The statements of a sentence in order; they do not overlap."""
    done = sentence.start
    starts = [sentence.start]
    starts += [m.end() for m in tongue.clauses.finditer(text, sentence.start, sentence.end)]
    for start in starts:
        if start < done:
            continue
        found = _at(text, start, sentence, words, tongue, guards)
        if found is not None:
            done = found.end
            yield found


def _at(
    text: str,
    start: int,
    sentence: Sentence,
    words: Sequence[str],
    tongue: Language,
    guards: Guards,
    *,
    inside: bool = False,
) -> Statement | None:
    for _ in range(_OPENERS):
        head, able = _able(text, start, sentence.end, tongue)
        for rule, pattern in able:
            if (inside and (rule.inner or rule.change)) or (
                rule.needs and not any(word in rule.needs for word in words)
            ):
                continue
            match = pattern.regex.match(text, start, sentence.end)
            if match is None:
                continue
            found = _stated(
                text, match, pattern.checks, rule, sentence, words, tongue, guards, inside
            )
            if found is not None:
                return found
        opener = (
            tongue.openers.match(text, start, sentence.end) if head in tongue.opener_words else None
        )
        if opener is None:
            return None
        start = opener.end()
    return None


def _able(text: str, start: int, end: int, tongue: Language) -> tuple[str, RuleList]:
    """The first word there, and the rules that can match from it on."""
    found = _TWO_WORDS.match(text, start, end)
    if found is None:
        return "", ()
    first = lowered(found[1])
    table = tongue.rules.get(first)
    if table is None:
        return first, tongue.rules[""][""]
    able = table.get(lowered(found[2] or ""), table[""])
    return first, able + tongue.rules[""][""]


def _stated(
    text: str,
    match: re.Match[str],
    checks: tuple[tuple[str, str], ...],
    rule: Rule,
    sentence: Sentence,
    words: Sequence[str],
    tongue: Language,
    guards: Guards,
    inside: bool,
) -> Statement | None:
    slots = {name: found for name, found in match.groupdict().items() if found}
    if not _admitted(slots, checks, rule, sentence, text, tongue):
        return None
    value = value_at(text, *match.span("value"), rule, tongue)
    if value.state == "unclear":
        return None
    if "other" in slots:
        other = value_at(text, *_other(text, match, tongue), rule, tongue)
        slots["other"] = text[other.start : other.end]
        slots["pair"] = " or ".join(
            sorted((key_of(text[value.start : value.end], tongue), key_of(slots["other"], tongue)))
        )
    last = max(match.span(name)[1] for name in match.groupdict() if match[name])
    after = other.end if "other" in slots else value.end
    # A value that is not the last thing said leaves the words behind it in the quote.
    end = (
        after
        if last in (match.span("value")[1], match.end("other") if "other" in slots else -1)
        else match.end()
    )
    if rule.inner:
        within = _at(text, value.start, sentence, words, tongue, guards, inside=True)
        if within is not None and within.reason is None:
            outer = guards.reason(rule, sentence, (match.start(), end), value.start)
            return _replaced(within, outer)
    return _judged(text, rule, sentence, (match.start(), end), value, slots, tongue, guards, inside)


def _other(text: str, match: re.Match[str], tongue: Language) -> tuple[int, int]:
    """The span of what a value is preferred to, without what it is preferred for."""
    start, end = match.span("other")
    places = (text.find(phrase, start, end) for phrase in tongue.lists["after_other"])
    return start, min((place for place in places if place > start), default=end)


def _replaced(within: Statement, reason: Reason | None) -> Statement:
    from msgspec.structs import replace

    return replace(within, reason=reason, asked=True)


def _judged(
    text: str,
    rule: Rule,
    sentence: Sentence,
    span: tuple[int, int],
    value: Value,
    slots: dict[str, str],
    tongue: Language,
    guards: Guards,
    inside: bool,
) -> Statement | None:
    reason = guards.reason(rule, sentence, span, value.start, asked=inside)
    ends = rule.ends or value.state == "ends"
    if value.state == "negated":
        reason = reason or "negated"
    if not ends and reason is None and _any_more(text, span, sentence, rule, tongue):
        reason = "negated"
    spans = (
        tuple(parts_of(text, value.start, value.end))
        if rule.value == "list"
        else ((value.start, value.end),)
    )
    return Statement(
        rule=rule,
        start=span[0],
        end=max(span[1], value.end),
        values=spans,
        slots=slots,
        ends=ends,
        reason=reason,
    )


def _any_more(
    text: str, span: tuple[int, int], sentence: Sentence, rule: Rule, tongue: Language
) -> bool:
    if rule.value in ("note", "decision"):
        return False
    suffix = lowered(text[span[1] : sentence.end]).lstrip()
    return tongue.phrases["any_more"].begins(suffix)


def _admitted(
    slots: dict[str, str],
    checks: tuple[tuple[str, str], ...],
    rule: Rule,
    sentence: Sentence,
    text: str,
    tongue: Language,
) -> bool:
    """Whether the slots hold what their checks ask for."""
    said = text[sentence.start : sentence.end]
    value = slots["value"]
    small = lowered(value)
    for name, check in checks:
        held = slots.get(name, "")
        if check == "capital":
            good = held[:1].isupper() and lowered(held.split()[0]) not in tongue.lists["starts"]
        elif check == "dated":
            good = tongue.phrases["when"].is_in(lowered(held)) or (
                rule.kind != "note" and any(c.isdigit() for c in held)
            )
        elif check == "start":
            good = lowered(held.split()[0]).strip(",") in tongue.lists["starts"]
        elif check == "noun":
            good = not lowered(held).endswith("ing") and not lowered(held).startswith("to ")
        else:
            good = any(lowered(held).endswith(entry) for entry in tongue.words[check])
        if not good:
            return False
    if lowered(slots.get("attribute", "")).split(" ")[0] in tongue.lists["not_attributes"]:
        return False
    if rule.heads and not _is_head(slots["attribute"], rule.heads, tongue):
        return False
    if rule.heads_in and not any(word.strip(".,!") in rule.heads_in for word in small.split()):
        return False
    if rule.capital or rule.value in ("place", "name"):
        if rule.value == "place" and not rule.capital:
            return any(map(str.isupper, value)) or capital_or_plain(value, said)
        return capital_or_plain(value, said) and (not rule.capital or _is_named(value, said))
    return True


def _is_named(value: str, said: str) -> bool:
    """Whether a capital is in the value, or its writer does without them."""
    return any(map(str.isupper, value)) or said[:1].islower() or not value.isascii()


def _is_head(attribute: str, heads: str, tongue: Language) -> bool:
    small = lowered(attribute)
    return small.split()[-1] in tongue.lists[heads] and small not in tongue.lists["not_attributes"]
