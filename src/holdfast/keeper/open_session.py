"""One session, opened: talk in it, read it, change it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from msgspec import Struct

from holdfast.capture.checks import Limits
from holdfast.capture.exchange import (
    Exchange,
    ToolRun,
    exchange_entries,
    new_turn,
    record_exchange,
)
from holdfast.capture.log import SessionLog
from holdfast.capture.parts import check_same_input
from holdfast.capture.turn import Input
from holdfast.errors import BadInput, Conflict, NotFound
from holdfast.keeper.access import Gate, own
from holdfast.keeper.branching import branch_of
from holdfast.keeper.changing import SessionChange, change_session
from holdfast.keeper.contexts import (
    Context,
    build_context,
    estimated_tokens,
    fence_of,
    profile_of,
    summary_of,
)
from holdfast.keeper.learning import Learned, NewMemory, learn
from holdfast.keeper.memory_facts import offered_to
from holdfast.keeper.outline import Found, Outline, find_in_session, outline_of
from holdfast.keeper.recalling import recall
from holdfast.keeper.store import Store
from holdfast.keeper.turn_opening import TurnOpening
from holdfast.keeper.unseen import mark_seen
from holdfast.model import Json, Message, MessageId, Session, SessionId, Turn
from holdfast.vault.reader import Reader
from holdfast.vault.vault import Vault

__all__ = ["LoggedExchange", "OpenSession"]

_NO_SEQ = 1 << 62
"""More than any session has; still an integer of the database when one is added."""


class LoggedExchange(Struct, frozen=True, kw_only=True):
    """What one call to `log_full_chat_interaction` made durable, linked to each other."""

    turn: Turn
    messages: tuple[Message, ...]
    learned: Learned
    replayed: bool = False
    """True when the client key was used before; nothing was written then."""


class OpenSession:
    """One session to talk in and to read. Cheap: it holds nothing but where it is."""

    def __init__(
        self, store: Store, vault: Vault, session_id: SessionId, *, gate: Gate = own
    ) -> None:
        self.gate = gate
        self._store = store
        self._vault = vault
        self._reader = Reader(vault)
        self._log = store.log_of(vault, session_id)
        self.id = session_id

    def __repr__(self) -> str:
        return f"OpenSession({self.id})"

    @property
    def vault(self) -> Vault:
        """Where it is kept."""
        return self._vault

    @property
    def limits(self) -> Limits:
        """What may be recorded."""
        return self._store.limits

    @property
    def log(self) -> SessionLog:
        """The recorder of this session."""
        return self._log

    async def info(self) -> Session:
        """What is known of the session: title, counts, times.

        Raises:
            NotFound: it was forgotten.
        """
        await self.gate("read")
        return await self._reader.session(self.id)

    @property
    def store(self) -> Store:
        """What it is kept in; for the layers of this library, not for applications."""
        return self._store

    async def see(self, seq: int) -> None:
        """Note that its owner has seen it up to a message; it never goes back. No date changes.

        Raises:
            BadInput: the seq is below 0.
            NotFound: the session is not there.
        """
        _checked_counts(seq=seq)
        await self.gate("write")
        await mark_seen(self._vault, self.id, seq)
        self._log.invalidate()

    def turn(
        self,
        text: str = "",
        *,
        client_key: str | None = None,
        author: str | None = None,
        intent: str | None = None,
        intent_confidence: float | None = None,
        entities: dict[str, Json] | None = None,
        tags: Sequence[str] = (),
        model: str | None = None,
        edits: str | None = None,
        answers: str | None = None,
        given: Input | None = None,
    ) -> TurnOpening:
        """Record one exchange: `async with session.turn("...") as turn`. Input durable on entry.

        Args:
            text: what was said; `given` instead carries audio, times and provider items.
            client_key: the caller's own key of this exchange: however often it is retried, one
                turn is made; a retry gets the recorded one, with `turn.replayed` set. It stands
                for this text: with another one it is refused.
            edits: id of a message that this one is another version of (a branch beside it).
            answers: id of a message to answer again (a regeneration); then there is no text.

        Raises, on entry:
            BadInput, TooLarge: it cannot be kept; nothing was written.
            NotFound: the session or the named message is not there.
            StorageFailed: or one of its kinds; nothing was written.
        """
        what = given or Input(
            text=text,
            author=author,
            edits=None if edits is None else MessageId(edits),
            answers=None if answers is None else MessageId(answers),
        )
        about = Exchange(
            user_text=what.text,
            assistant_text="",
            intent=intent,
            intent_confidence=intent_confidence,
            entities=entities,
            tags=tags,
            model=model,
            at=what.at,
            client_key=client_key,
        )
        return TurnOpening(self, what, about)

    async def log_full_chat_interaction(
        self,
        user_message: str,
        assistant_message: str,
        *,
        reasoning: str | None = None,
        tools: Sequence[ToolRun] = (),
        author: str | None = None,
        intent: str | None = None,
        intent_confidence: float | None = None,
        entities: dict[str, Json] | None = None,
        tags: Sequence[str] = (),
        model: str | None = None,
        at: datetime | None = None,
        memory: NewMemory | str | None = None,
        thought: str | None = None,
        client_key: str | None = None,
    ) -> LoggedExchange:
        """Record a finished exchange in one durable write: messages, memory and thought, linked.

        Args:
            memory: what to remember of it, with the exchange's messages as sources.
            thought: an entry for the assistant's thought log, linked to turn and memory.
            client_key: as in `turn`; a retry writes nothing and returns what was recorded.

        Raises:
            BadInput, TooLarge: something of it cannot be kept; nothing was written.
            NotFound: the session is not there.
            StorageFailed: or one of its kinds; nothing was written.
        """
        await self.gate("write")
        exchange = Exchange(
            user_text=user_message,
            assistant_text=assistant_message,
            reasoning=reasoning,
            tools=tools,
            author=author,
            intent=intent,
            intent_confidence=intent_confidence,
            entities=entities,
            tags=tags,
            model=model,
            at=at,
            client_key=client_key,
        )
        limits = self._store.limits
        turn = new_turn(self._log, exchange, limits)
        entries = exchange_entries(self._log, exchange, turn, limits)
        learned = Learned()
        if memory is not None or thought is not None:
            info = await self.info()
            learned = await learn(
                self._store, self._vault, info, turn, [e.message for e in entries], memory, thought
            )
        try:
            done = await record_exchange(
                self._log, entries, turn, extra=learned.rows, links=learned.links
            )
        except Conflict:
            return await self._recorded(client_key, user_message)
        return LoggedExchange(turn=done.turns[0], messages=done.messages, learned=learned)

    async def _recorded(self, client_key: str | None, user_message: str) -> LoggedExchange:
        if client_key is None:
            raise Conflict
        tag = self._log.client_key_tag(client_key)
        raw = await self._vault.storage.once(self._vault.raw, tag)
        if raw is None:
            raise Conflict
        turn, messages = await self._log.recorded_turn(raw)
        check_same_input(messages, "user", user_message)
        return LoggedExchange(turn=turn, messages=tuple(messages), learned=Learned(), replayed=True)

    async def messages(
        self,
        *,
        last: int | None = None,
        after_seq: int | None = None,
        limit: int = 1000,
        forgotten: bool = False,
    ) -> list[Message]:
        """Messages in order of `seq`: the `last` so many, or those after a seq.

        Raises:
            BadInput: a count is below 0.
            TamperedRecord, UnknownEnvelope: one does not open where it stands.
            NotFound: the session is not there.
        """
        _checked_counts(last=last, after_seq=after_seq, limit=limit)
        await self.gate("read")
        if last is not None:
            found = await self._reader.messages(
                self.id, newest=True, limit=last, forgotten=forgotten
            )
        else:
            first = None if after_seq is None else after_seq + 1
            found = await self._reader.messages(
                self.id, first=first, limit=limit, forgotten=forgotten
            )
        if not found:
            await self._reader.head(self.id)
        return found

    async def turns(
        self, *, last: int | None = None, first: int = 0, limit: int = 1000
    ) -> list[Turn]:
        """Turns in order of their index: the `last` so many, or those from `first` on.

        Raises:
            BadInput: a count is below 0.
        """
        _checked_counts(last=last, first=first, limit=limit)
        await self.gate("read")
        if last is not None:
            return await self._reader.turns(self.id, newest=True, limit=last)
        return await self._reader.turns(self.id, first=first, limit=limit)

    async def turns_by_id(self, turn_ids: Iterable[str]) -> list[Turn]:
        """Those of these turns that are of this session, by index."""
        await self.gate("read")
        return await self._reader.turns_by_id(self.id, turn_ids)

    async def outline(self) -> Outline:
        """The shape of the whole session in columns, forgotten messages among them.

        Raises:
            NotFound: the session is not there.
        """
        await self.gate("read")
        return await outline_of(self._vault, self.id)

    async def find(self, words: str) -> Found:
        """Every place where these characters stand, whatever their case and accents.

        Raises:
            BadInput: there is nothing to look for.
            NotFound: the session is not there.
        """
        await self.gate("read")
        return await find_in_session(self._vault, self.id, words)

    async def branch(self, leaf: str | None = None) -> list[Message]:
        """The conversation as it is shown: from its beginning to `leaf`, by parent links.

        Args:
            leaf: the message to end with; the session's current one when left out.

        Raises:
            NotFound: there is no such message in this session.
        """
        await self.gate("read")
        info = await self.info()
        return await branch_of(self._reader, info, leaf)

    async def context(
        self,
        question: str,
        *,
        budget_tokens: int = 2000,
        recent: int = 20,
        recalled: int = 12,
        count: Callable[[str], int] = estimated_tokens,
    ) -> Context:
        """What a model should see before it answers: what is valid now, what the session came to so
        far, what was recalled, and the recent messages; fenced, labelled, each with its id.

        In a session of a project nothing of another project is among it.

        Args:
            budget_tokens: the text is never longer.
            recent: so many of the session's latest messages, newest kept first.
            recalled: so many hits from all of the vault, best kept first.
            count: the model's own tokenizer; a safe estimate when left out.

        Raises:
            BadInput: the question is empty, or the budget is below 1.
        """
        await self.gate("read")
        if budget_tokens < 1:
            raise BadInput("budget_tokens", "it is at least 1")
        latest = await self.messages(last=recent)
        store, vault, project = self._store, self._vault, (await self.info()).project
        hits = await recall(
            store,
            vault,
            question,
            limit=recalled,
            neighbours=0,
            within_project=project,
            operators=False,
        )
        remembered = await store.known.memories(vault)
        known = await offered_to(store, vault, remembered, project)
        return build_context(
            latest,
            hits,
            budget_tokens=budget_tokens,
            count=count,
            profile=profile_of(known, self._store.clock()),
            summary=summary_of(known, self.id),
            fence=fence_of(self._vault, self.id),
        )

    async def message(self, message_id: str) -> Message:
        """One message of this session.

        Raises:
            NotFound: there is no such message here, or it was forgotten.
        """
        await self.gate("read")
        found = await self._reader.messages_by_id([message_id])
        if not found or found[0].session_id != self.id:
            raise NotFound("message")
        return found[0]

    async def read_file(self, message_id: str) -> bytes:
        """The bytes of a message's file.

        Raises:
            NotFound: no such message here, or it has no file.
            TamperedRecord: a part is missing or does not open.
        """
        return await self._reader.file_content(await self.message(message_id))

    async def change(
        self,
        *,
        title: str | None = None,
        pinned: bool | None = None,
        archived: bool | None = None,
        project: str | None = None,
        tags: Sequence[str] | None = None,
        learning: bool | None = None,
    ) -> Session:
        """Rename, pin, archive, or move to a project; what is None stays. No date changes.

        Args:
            project: its slug; "" for none.
            learning: False: nothing that is said from now on is distilled, until True takes it up
                again. It is recorded and recalled all the same.

        Raises:
            BadInput, TooLarge: something of it cannot be kept.
            NotFound: the session is not there.
        """
        await self.gate("write")
        asked = SessionChange(
            title=title,
            pinned=pinned,
            archived=archived,
            project=project,
            tags=tags,
            learning=learning,
        )
        await change_session(self._store, self._vault, self.id, asked)
        self._log.invalidate()
        return await self.info()


def _checked_counts(**counts: int | None) -> None:
    """Refuse what no count or place of a message can be: a database reads -1 as "all"."""
    for field, count in counts.items():
        least = -1 if field == "after_seq" else 0  # -1: from the first message on
        if count is not None and not least <= count < _NO_SEQ:
            raise BadInput(field, "it is below 0, or more than there can be")
