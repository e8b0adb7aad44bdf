"""From a statement to the memory it makes: its key, its value, its sentence and its source."""

from __future__ import annotations

from holdfast.distill.findings import Found, Origin
from holdfast.distill.rules import Language, Rule
from holdfast.distill.statements import Statement
from holdfast.distill.values import key_of
from holdfast.model import Message, Source

__all__ = ["found_in", "introduced", "shown", "source_of"]

_ASKED_IMPORTANCE = 8


def found_in(
    message: Message, stated: Statement, span: tuple[int, int], tongue: Language, origin: Origin
) -> Found:
    """The memory that a statement makes of the value at `span`."""
    rule = stated.rule
    value = message.text[slice(*span)]
    slots = {**stated.slots, "value": value}
    quote = message.text[stated.start : stated.end]
    tags = (*rule.tags, "asked") if stated.asked and "asked" not in rule.tags else rule.tags
    attribute = _attribute(rule, slots, tongue)
    is_statement = bool(attribute)
    return Found(
        kind=rule.kind,
        text=shown(rule, slots, quote, tongue),
        subject=key_of(slots.get("subject") or message.author or "user", tongue),
        attribute=attribute,
        value="" if stated.ends or not is_statement else rule.says or value,
        ends=stated.ends,
        ended=value if stated.ends else "",
        importance=max(rule.importance, _ASKED_IMPORTANCE) if stated.asked else rule.importance,
        tags=tags,
        source=source_of(message, stated.start, stated.end),
        quote=quote,
        said_at=message.at,
        origin=origin,
    )


def introduced(message: Message, stated: Statement, tongue: Language, origin: Origin) -> Found:
    """Who somebody is of whom something is told ("my brother Tom lives in Leeds")."""
    name, relation = stated.slots["subject"], stated.slots["relation"]
    key = " ".join(tongue.attributes.get(word, word) for word in key_of(relation, tongue).split())
    is_one = relation.casefold() in tongue.words["one_relation"]
    end = stated.start + message.text[stated.start : stated.end].index(name) + len(name)
    return Found(
        kind="fact",
        text=f"{relation[:1].upper()}{relation[1:]}: {name}",
        subject=key_of(message.author or "user", tongue),
        attribute=key if is_one else f"{key}: {key_of(name, tongue)}",
        value=name,
        importance=6,
        source=source_of(message, stated.start, end),
        quote=message.text[stated.start : end],
        said_at=message.at,
        origin=origin,
    )


def _attribute(rule: Rule, slots: dict[str, str], tongue: Language) -> str:
    keys = {name: key_of(text, tongue) for name, text in slots.items()}
    for name in ("attribute", "relation"):
        words = keys.get(name, "").split()
        keys[name] = " ".join(tongue.attributes.get(word, word) for word in words)
    return rule.attribute.format_map(keys) if rule.attribute else ""


def shown(rule: Rule, slots: dict[str, str], quote: str, tongue: Language) -> str:
    """The sentence of a memory by its rule; `quote` stands where the rule wants the words."""
    held = {"quote": quote, "relation": "", "other": "", "attribute": "", **slots}
    text = " ".join(rule.text.format_map(held).split())
    return text[:1].upper() + text[1:]


def source_of(message: Message, start: int, end: int) -> Source:
    """The span as a source."""
    return Source(session_id=message.session_id, message_id=message.id, start=start, end=end)
