"""The links of an export the other way round: from what was said to what came of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

from holdfast.model import Memory, Thought

__all__ = ["BackLinks"]

_Ids: TypeAlias = Mapping[str, Sequence[str]]


class BackLinks:
    """What memories and thoughts name, by what they name; each in the order they are given."""

    def __init__(self, memories: Iterable[Memory], thoughts: Iterable[Thought]) -> None:
        known, log = list(memories), list(thoughts)
        self.memories_of_message: _Ids = _grouped(
            (source.message_id, m.id) for m in known for source in m.sources
        )
        """Ids of the memories that rest on a message."""
        self.memories_of_session: _Ids = _grouped(
            (session_id, m.id)
            for m in known
            for session_id in (m.session_id, *(source.session_id for source in m.sources))
            if session_id is not None
        )
        """Ids of the memories that were made in a session or rest on a message of it."""
        self.thoughts_of_turn: _Ids = _grouped((t.turn_id, t.id) for t in log if t.turn_id)
        self.thoughts_of_session: _Ids = _grouped((t.session_id, t.id) for t in log if t.session_id)
        self.thoughts_of_message: _Ids = _grouped((t.message_id, t.id) for t in log if t.message_id)
        """Ids of the thoughts that repeat a message."""
        self.thoughts_of_memory: _Ids = _grouped(
            (t.linked_memory, t.id) for t in log if t.linked_memory
        )
        """Ids of the thoughts that led to a memory."""


def _grouped(pairs: Iterable[tuple[str, str]]) -> _Ids:
    """The second of each pair by the first, each once."""
    found: defaultdict[str, dict[str, None]] = defaultdict(dict)
    for named, by in pairs:
        found[named][by] = None
    return {named: tuple(ids) for named, ids in found.items()}
