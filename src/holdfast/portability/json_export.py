"""One readable JSON document, written as it goes.

{"format": "holdfast-json", "version": 1, "exported_at": ...,
 "sessions": [{<session>, "turns": [...], "messages": [...]}],
 "memories": [...], "thoughts": [...], "assistants": [...], "projects": [...]}
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import IO

import msgspec
from msgspec import Struct

from holdfast.portability.bundle import BundledSession
from holdfast.portability.exported import Exported

__all__ = ["JSON_FORMAT", "write_json"]

JSON_FORMAT = "holdfast-json"
_VERSION = 1


def write_json(target: IO[bytes], exported: Exported) -> None:
    """Write the document as UTF-8. One session is in memory at a time."""
    head = msgspec.json.encode(
        {"format": JSON_FORMAT, "version": _VERSION, "exported_at": exported.exported_at}
    )
    target.write(head.removesuffix(b"}"))
    _write_list(target, "sessions", map(_session, exported.sessions))
    _write_list(target, "memories", exported.memories)
    _write_list(target, "thoughts", exported.thoughts)
    _write_list(target, "assistants", exported.assistants)
    _write_list(target, "projects", exported.projects)
    target.write(b"}\n")


def _session(bundled: BundledSession) -> dict[str, object]:
    fields: dict[str, object] = msgspec.structs.asdict(bundled.session)
    return {**fields, "turns": bundled.turns, "messages": bundled.messages}


def _write_list(
    target: IO[bytes], name: str, values: Iterable[Struct] | Iterable[dict[str, object]]
) -> None:
    target.write(b',\n"' + name.encode() + b'": [')
    comma = b"\n"
    for value in values:
        target.write(comma + msgspec.json.format(msgspec.json.encode(value), indent=2))
        comma = b",\n"
    target.write(b"]" if comma == b"\n" else b"\n]")
