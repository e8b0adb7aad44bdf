"""Putting messages in order when all that is known is who follows whom.

No recursion and linear memory: a hostile file may hold a chain of 100,000 nodes, or a ring.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct

from holdfast.portability.json_values import Malformed

__all__ = ["MAX_NODES", "Node", "check_count", "in_order"]

MAX_NODES = 250_000
"""Messages in one conversation. A node costs some 500 bytes, whatever little it holds."""
_FIRST = float("-inf")


class Node(Struct, frozen=True):
    """One node of the tree; `parent` None for a root."""

    id: str
    parent: str | None
    at: datetime | None


def check_count(count: int) -> None:
    """Refuse a conversation of more messages than can be held.

    Raises:
        Malformed: there are more than MAX_NODES.
    """
    if count > MAX_NODES:
        raise Malformed(f"holds more than {MAX_NODES:,} messages", "hostile_file")


def in_order(nodes: Sequence[Node], *, started_at: datetime | None = None) -> list[Node]:
    """The nodes, parents first: depth first, siblings by time and then by position.

    A node without a time gets its parent's, a root `started_at`. A child may bear an earlier time
    than its parent (clocks do go wrong): it still comes after it and keeps its time.

    Raises:
        Malformed: an id twice, a parent that is not there, or nodes that follow each other in a
            ring.
    """
    known = {node.id: place for place, node in enumerate(nodes)}
    if len(known) != len(nodes):
        raise Malformed("holds two messages with the same id")
    children: dict[str | None, list[int]] = {}
    for place, node in enumerate(nodes):
        if node.parent is not None and node.parent not in known:
            reason = f"message {place + 1:,} follows a message that is not in the file"
            raise Malformed(reason, at=place)
        children.setdefault(node.parent, []).append(place)
    ordered = _walk(nodes, children, started_at)
    if len(ordered) != len(nodes):
        lost = len(nodes) - len(ordered)
        raise Malformed(f"{lost:,} of its messages follow each other in a ring", "hostile_file")
    return ordered


def _walk(
    nodes: Sequence[Node], children: dict[str | None, list[int]], started_at: datetime | None
) -> list[Node]:
    """Everything that can be reached from the roots."""
    ordered: list[Node] = []
    stack: list[tuple[int, datetime | None]] = []
    _push(stack, nodes, children.get(None, []), started_at)
    while stack:
        place, inherited = stack.pop()
        node = nodes[place]
        if node.at is None:
            node = Node(node.id, node.parent, inherited)
        ordered.append(node)
        _push(stack, nodes, children.get(node.id, []), node.at)
    return ordered


def _push(
    stack: list[tuple[int, datetime | None]],
    nodes: Sequence[Node],
    places: list[int],
    inherited: datetime | None,
) -> None:
    """Put siblings on the stack so that the earliest is taken first."""
    if len(places) > 1:
        places = sorted(places, key=lambda place: _moment(nodes[place].at or inherited))
    stack.extend((place, inherited) for place in reversed(places))


def _moment(at: datetime | None) -> float:
    return _FIRST if at is None else at.timestamp()
