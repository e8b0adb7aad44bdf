"""What of a message is shown where it was found: of tools their values, as people write them.

The index knows a tool's call and result as JSON, which nobody wants to read. Names and values are
the same words, so what matched is marked in them too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from holdfast.keeper.indexes import indexed_text
from holdfast.model import Message

__all__ = ["shown_text"]

_LOOKED_AT = 50_000
"""Characters of a tool's values that are read for it, as snippets look at so much."""
_DEEP = 12
"""Levels that are read."""


def shown_text(message: Message) -> str:
    """The words of a message, one stretch of text; never raises."""
    tool = message.tool
    if tool is None:
        return indexed_text(message)
    raw = tool.arguments if message.kind == "tool_call" else tool.result
    value = _decoded(raw if raw is not None else message.text)
    said = "" if raw is None or isinstance(value, str) else message.text
    words = " · ".join(part for part in (said.strip(), _joined(value)) if part)
    return words or tool.name


def _decoded(value: object) -> object:
    if not isinstance(value, str) or value.lstrip()[:1] not in ("{", "["):
        return value
    try:
        return msgspec.json.decode(value)
    except (msgspec.DecodeError, RecursionError):
        return value


def _joined(value: object) -> str:
    parts: list[str] = []
    size = 0
    for part in _parts("", value, _DEEP):
        parts.append(part)
        size += len(part)
        if size > _LOOKED_AT:
            break
    return " · ".join(parts)


def _parts(name: str, value: object, deep: int) -> Iterator[str]:
    """Names with their values. Ids and what is empty tell a reader nothing."""
    if value is None or value == "" or name == "id" or name.endswith(("_id", "_ids")):
        return
    if isinstance(value, Mapping | list):
        if not deep:
            yield "…"
            return
        entries = value.items() if isinstance(value, Mapping) else ((name, one) for one in value)
        for key, one in entries:
            yield from _parts(str(key), one, deep - 1)
        return
    written = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    text = " ".join(written[:_LOOKED_AT].split())
    yield f"{name.replace('_', ' ')}: {text}" if name else text
