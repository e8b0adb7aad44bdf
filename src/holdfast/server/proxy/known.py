"""What is recorded of a session already, by the chains that its messages are known by.

Kept for the sessions in use, and brought up to date from the recorded rows: what another process,
or another surface, has written since is read before anything is decided.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

from msgspec import Struct

from holdfast.keeper.forgetting import source_tag
from holdfast.server.proxy.entries import source_of
from holdfast.server.proxy.wire import chained, no_chain, text_digest
from holdfast.vault.reader import Reader

if TYPE_CHECKING:
    from holdfast.keeper.sessions import OpenSession
    from holdfast.model import Message, MessageId, SessionId, TurnId
    from holdfast.storage.protocol import SessionHead
    from holdfast.vault.vault import Vault

__all__ = ["Histories", "Known", "Node"]

_MAX_SESSIONS = 512
_MAX_NODES = 200_000
"""Of all sessions together."""


class Node(Struct, frozen=True):
    """A message that is recorded."""

    id: MessageId
    forgotten: bool = False


class _Trail(Struct, frozen=True):
    """Where a recorded message stands in the wire's order."""

    chain: bytes
    turn: TurnId | None = None
    """The turn whose answer this is, in which more of the answer may follow."""
    base: bytes = b""
    said: str = ""


class Known:
    """The messages of one session."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault
        self._nodes: dict[str, Node] = {}
        self._trails: dict[str, _Trail] = {}
        self._any_forgotten = False
        self._gone_after: dict[str, Node] = {}
        """Forgotten messages that bear no source, by what they followed."""
        self.root: MessageId | None = None
        """A message that follows no other."""
        self.next_seq = 0
        self.live = 0

    def __len__(self) -> int:
        return len(self._trails)

    def find(self, chain: bytes) -> Node | None:
        """The message that stands at a place of the wire, if it is recorded."""
        source = source_of(chain)
        found = self._nodes.get(source)
        if found is None and self._any_forgotten:
            found = self._nodes.get(source_tag(self._vault, source) or "")
        return found

    def gone_after(self, node: Node) -> Node | None:
        """What followed a message and was forgotten without leaving how it is known again: an
        answer that another surface recorded."""
        return self._gone_after.get(node.id)

    def take(self, message: Message) -> None:
        """Note a message; they come in the order of their seq."""
        self.next_seq = message.seq + 1
        self.live += not message.forgotten
        self._any_forgotten |= message.forgotten
        if self.root is None and message.parent_id is None:
            self.root = message.id
        before = self._trails.get(message.parent_id or "", _Trail(no_chain()))
        trail = _trail(message, before)
        self._trails[message.id] = trail
        source = message.source or ""
        if message.forgotten and not source and message.parent_id is not None:
            self._gone_after[message.parent_id] = Node(message.id, True)
        if source.startswith((source_of(b""), "forgotten:")) and "#" not in source:
            self._nodes[source] = Node(message.id, message.forgotten)
        elif trail is not before:
            self._nodes[source_of(trail.chain)] = Node(message.id)
            if trail.base:
                # A model that failed left its words beside those of the one that answered.
                alone = chained(trail.base, text_digest("assistant", message.text))
                self._nodes.setdefault(source_of(alone), Node(message.id))


def _trail(message: Message, before: _Trail) -> _Trail:
    """The place of a message by what it says, when it was not the proxy that recorded it."""
    source = message.source or ""
    if source.startswith(source_of(b"")) and message.role != "system":
        if "#" in source:
            return before
        return _Trail(bytes.fromhex(source.removeprefix(source_of(b""))))
    if message.kind != "text" or message.role not in ("user", "assistant") or message.forgotten:
        return before
    if message.role == "user":
        return _Trail(chained(before.chain, text_digest("user", message.text)))
    # The parts of an answer around its tool calls are one message for the client.
    same = before.turn == message.turn_id
    base, said = (before.base, before.said) if same else (before.chain, "")
    said += message.text
    chain = chained(base, text_digest("assistant", said))
    return _Trail(chain, message.turn_id, base, said)


class Histories:
    """What is known of the sessions that were used lately."""

    def __init__(self) -> None:
        self._known: OrderedDict[tuple[bytes, SessionId], Known] = OrderedDict()

    async def of(self, session: OpenSession) -> Known:
        """What is recorded of a session now.

        Raises:
            NotFound: it was forgotten.
        """
        place = (session.vault.raw, session.id)
        reader = Reader(session.vault)
        head = await reader.head(session.id)
        known = self._known.pop(place, None) or Known(session.vault)
        if known.next_seq != head.next_seq or known.live != head.messages:
            known = await self._read(session, reader, known, head)
        self._known[place] = known
        self._shrink()
        return known

    async def _read(
        self, session: OpenSession, reader: Reader, known: Known, head: SessionHead
    ) -> Known:
        for start in (known, Known(session.vault)):
            while batch := await reader.messages(
                session.id, first=start.next_seq, limit=2000, forgotten=True
            ):
                for message in batch:
                    start.take(message)
            # Fewer than there should be: one that was known has been forgotten since.
            if start.live == head.messages or start.next_seq > head.next_seq:
                return start
        return start

    def _shrink(self) -> None:
        total = sum(len(known) for known in self._known.values())
        while len(self._known) > _MAX_SESSIONS or (total > _MAX_NODES and len(self._known) > 1):
            _, known = self._known.popitem(last=False)
            total -= len(known)
