"""What of a request is new, and where it belongs: pure.

The longest recorded beginning of the client's history is left as it is. What follows it there is
new: an edit begins a branch, a history that was shortened is answered again, and what was said
elsewhere is recorded before what is asked now.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from holdfast.server.proxy.known import Known, Node
    from holdfast.server.proxy.wire import Unit

__all__ = ["Plan", "plan"]


class Plan(Struct, frozen=True, kw_only=True):
    """What is to be recorded before anybody is asked."""

    after: Node | None
    """The recorded message that all of it follows; None when it begins a new root."""
    matched: int
    """So many messages of the wire are recorded already."""
    history: tuple[Unit, ...]
    """Said elsewhere, and answered there."""
    inputs: tuple[Unit, ...]
    """What starts this turn; empty when a recorded message is answered again."""


def plan(units: Sequence[Unit], known: Known) -> Plan:
    """Compare a request with what is recorded."""
    spoken = [unit for unit in units if unit.role != "system"]
    after, matched = _longest(spoken, known)
    old = {id(unit) for unit in spoken[:matched]}
    new: list[Unit] = []
    seen: set[bytes] = set()
    for unit in units:
        if unit.role == "system":
            # Once in a session: clients send their instructions with each request.
            if unit.chain in seen or known.find(unit.chain) is not None:
                continue
            seen.add(unit.chain)
        elif id(unit) in old:
            continue
        new.append(unit)
    if after is None and not new:
        after = known.find(units[-1].chain)
    cut = _last_answer(new)
    return Plan(after=after, matched=matched, history=tuple(new[:cut]), inputs=tuple(new[cut:]))


def _longest(spoken: Sequence[Unit], known: Known) -> tuple[Node | None, int]:
    for count in range(len(spoken), 0, -1):
        found = known.find(spoken[count - 1].chain)
        if found is not None:
            gone = known.gone_after(found)
            if gone is not None and count < len(spoken) and spoken[count].role == "assistant":
                # The client still sends what was forgotten here: it does not come back.
                return gone, count + 1
            return found, count
    return None, 0


def _last_answer(new: Sequence[Unit]) -> int:
    """Where what is asked now begins: after the last answer that others gave."""
    for place in range(len(new) - 1, 0, -1):
        if new[place - 1].role == "assistant":
            return place
    return 0
