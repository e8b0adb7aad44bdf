"""What a pattern's slots must hold beyond what its regular expression can say."""

from __future__ import annotations

from collections.abc import Mapping

from holdfast.distill.phrases import lowered
from holdfast.distill.rules import Language, Rule
from holdfast.distill.values import capital_or_plain

__all__ = ["is_admitted"]


def is_admitted(
    slots: Mapping[str, str],
    checks: tuple[tuple[str, str], ...],
    rule: Rule,
    said: str,
    tongue: Language,
) -> bool:
    """Whether the slots of a match in the sentence `said` hold what `checks` and `rule` ask for."""
    return (
        all(_passes(check, slots.get(name, ""), rule, tongue) for name, check in checks)
        and _has_subject(slots.get("attribute", ""), rule, tongue)
        and _names_one(slots["value"], rule)
        and _is_spelled(slots["value"], rule, said)
    )


def _passes(check: str, held: str, rule: Rule, tongue: Language) -> bool:
    small = lowered(held)
    first = small.split()[0].strip(",") if small.strip() else ""
    if check == "capital":
        return held[:1].isupper() and first not in tongue.lists["starts"]
    if check == "dated":
        # A number alone makes no date of a task ("I need to buy 3 eggs").
        has_number = rule.kind != "note" and any(c.isdigit() for c in held)
        return has_number or tongue.phrases["when"].is_in(small)
    if check == "start":
        return first in tongue.lists["starts"]
    if check == "noun":
        return not small.endswith("ing") and first != "to"
    return any(small.endswith(entry) for entry in tongue.words[check])


def _has_subject(attribute: str, rule: Rule, tongue: Language) -> bool:
    if not attribute:
        return True
    words, barred = lowered(attribute).split(), tongue.lists["not_attributes"]
    if words[0] in barred or " ".join(words) in barred:
        return False
    return not rule.heads or words[-1] in tongue.lists[rule.heads]


def _names_one(value: str, rule: Rule) -> bool:
    words = lowered(value).split()
    return not rule.heads_in or any(word.strip(".,!") in rule.heads_in for word in words)


def _is_spelled(value: str, rule: Rule, said: str) -> bool:
    """Whether a name has a capital, where its writer uses them."""
    has_capital = any(map(str.isupper, value))
    if rule.capital:
        plain = said[:1].islower() or not value.isascii()
        return capital_or_plain(value, said) and (has_capital or plain)
    if rule.value == "place":
        return has_capital or capital_or_plain(value, said)
    return rule.value != "name" or capital_or_plain(value, said)
