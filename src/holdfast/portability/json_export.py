"""One readable JSON document, written as it goes; `json_import` reads it back.

{"format": "holdfast-json", "version": 1, "exported_at": ...,
 "sessions": [{<session>, "memories": [ids], "thoughts": [ids],
               "turns": [{<turn>, "thoughts": [ids]}],
               "messages": [{<message>, "memories": [ids], "thoughts": [ids]}]}],
 "memories": [{<memory>, "thoughts": [ids]}],
 "thoughts": [...], "assistants": [...], "projects": [...]}

The lists of ids are what memories and thoughts name, the other way round: who reads them needs to
look nowhere else, and who writes them back need not believe them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import IO

import msgspec
from msgspec import Struct
from msgspec.structs import asdict

from holdfast.model import Memory
from holdfast.portability.back_links import BackLinks
from holdfast.portability.bundle import BundledSession, SessionRecord
from holdfast.portability.exported import Exported

__all__ = ["JSON_FORMAT", "JSON_VERSION", "write_json"]

JSON_FORMAT = "holdfast-json"
JSON_VERSION = 1


def write_json(target: IO[bytes], exported: Exported) -> None:
    """Write the document as UTF-8. One session is in memory at a time, and all memories are."""
    memories, thoughts = list(exported.memories), list(exported.thoughts)
    back = BackLinks(memories, thoughts)
    head = msgspec.json.encode(
        {"format": JSON_FORMAT, "version": JSON_VERSION, "exported_at": exported.exported_at}
    )
    target.write(head.removesuffix(b"}"))
    _write_list(target, "sessions", (_session(one, back) for one in exported.sessions))
    _write_list(target, "memories", (_memory(one, back) for one in memories))
    _write_list(target, "thoughts", thoughts)
    _write_list(target, "assistants", exported.assistants)
    _write_list(target, "projects", exported.projects)
    target.write(b"}\n")


def _session(bundled: BundledSession, back: BackLinks) -> dict[str, object]:
    session, learned = bundled.session, bundled.learned
    return _with(
        session if learned is None else SessionRecord(**asdict(session), learned=learned),
        memories=back.memories_of_session.get(session.id, ()),
        thoughts=back.thoughts_of_session.get(session.id, ()),
        turns=[
            _with(turn, thoughts=back.thoughts_of_turn.get(turn.id, ())) for turn in bundled.turns
        ],
        messages=[
            _with(
                message,
                memories=back.memories_of_message.get(message.id, ()),
                thoughts=back.thoughts_of_message.get(message.id, ()),
            )
            for message in bundled.messages
        ],
    )


def _memory(memory: Memory, back: BackLinks) -> dict[str, object]:
    return _with(memory, thoughts=back.thoughts_of_memory.get(memory.id, ()))


def _with(record: Struct, **more: Sequence[object]) -> dict[str, object]:
    return {**asdict(record), **more}


def _write_list(
    target: IO[bytes], name: str, values: Iterable[Struct] | Iterable[dict[str, object]]
) -> None:
    target.write(b',\n"' + name.encode() + b'": [')
    comma = b"\n"
    for value in values:
        target.write(comma + msgspec.json.format(msgspec.json.encode(value), indent=2))
        comma = b",\n"
    target.write(b"]" if comma == b"\n" else b"\n]")
