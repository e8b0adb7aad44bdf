"""A person and all that is theirs: sessions, memories, recall, and the right to be forgotten."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING

from holdfast.capture.checks import checked_text
from holdfast.errors import BadInput, NotFound
from holdfast.keeper.about import About, find_about, forget_about
from holdfast.keeper.contexts import (
    Context,
    build_context,
    estimated_tokens,
    fence_of,
    profile_of,
)
from holdfast.keeper.counting import Tallies, activity_of, tallies_of
from holdfast.keeper.derived import Forgotten
from holdfast.keeper.distilling import distill_vault
from holdfast.keeper.erasing import Receipt, erase_sessions, erase_vault
from holdfast.keeper.exporting import Exports
from holdfast.keeper.forgetting import forget_messages
from holdfast.keeper.importing import Imports
from holdfast.keeper.memories import Memories
from holdfast.keeper.moments import clock_in, edge
from holdfast.keeper.names import Names
from holdfast.keeper.pausing import pause_vault, pauses_of
from holdfast.keeper.preferences import (
    Answering,
    Language,
    Preferences,
    Theme,
    change_preferences,
    preferences_of,
)
from holdfast.keeper.purging import erase_with_memories
from holdfast.keeper.recalling import Hits, recall
from holdfast.keeper.recalling_sessions import SessionHit, recall_sessions
from holdfast.keeper.rooms import Rooms
from holdfast.keeper.sessions import OpenSession, Sessions
from holdfast.keeper.store import Store
from holdfast.keeper.summing import create_memory_from_chat
from holdfast.keeper.thoughts import Thoughts
from holdfast.keeper.tokens import Tokens
from holdfast.keeper.trash import Kept
from holdfast.keeper.trash_counts import without_trash
from holdfast.keeper.unsent import draft_keys_of
from holdfast.keeper.used import UsedPiece, used_in
from holdfast.model import Memory, Message, Pause, UserId
from holdfast.storage.protocol import VaultStats
from holdfast.vault.reader import Reader
from holdfast.vault.vault import Vault

if TYPE_CHECKING:
    from holdfast.keeper.found import Found
    from holdfast.recall.asking import Include

__all__ = ["User"]


class User:
    """One user's vault, opened. Everything reached from here is theirs and nobody else's."""

    def __init__(self, store: Store, vault: Vault, user_id: UserId) -> None:
        self._store = store
        self._vault = vault
        self.id = user_id
        self.sessions = Sessions(store, vault)
        self.memories = Memories(store, vault)
        self.thoughts = Thoughts(store, vault)
        self.names = Names(store, vault)
        self.rooms = Rooms(store, user_id, vault)
        self.imports = Imports(store, vault)
        self.exports = Exports(store, vault)

    def __repr__(self) -> str:
        return f"User(vault={self._vault.id})"

    @property
    def store(self) -> Store:
        """What it is kept in; for layers above, not for applications."""
        return self._store

    @property
    def vault(self) -> Vault:
        """The vault underneath."""
        return self._vault

    async def recall(
        self,
        question: str,
        *,
        limit: int = 10,
        since: datetime | str | None = None,
        until: datetime | str | None = None,
        days_back: float | None = None,
        assistant: str | None = None,
        project: str | None = None,
        kind: str | None = None,
        role: str | None = None,
        tags: Sequence[str] = (),
        session_id: str | None = None,
        speaker: str | None = None,
        platform: str | None = None,
        include: Include = "both",
        neighbours: int = 1,
        within_project: str | None = None,
        as_you_type: bool = False,
        operators: bool = True,
    ) -> Hits:
        """Find what may answer a question, best first; [] when nothing matches.

        `Hits.nothing` says that what was found probably answers nothing.

        Args:
            question: in any language; dates in it ("in March") are a preference, not a filter.
                "Words in quotation marks" are required in this order, -word excludes.
            limit: 1 to 1,000 hits.
            since, until: aware times or words ("last week", "2026-01-09"): hard filters.
            kind: of the session (chat, room, ...). role: user, assistant, tool, system.
            include: "messages", "memories" or "both".
            neighbours: messages shown before and after each hit.
            within_project: leave out what belongs to another project; what belongs to none stays.
            as_you_type: the last word is not finished: it stands for all that begin so.
            operators: False where quotation marks and minus signs mean nothing, in a text that
                was written to somebody rather than to a search.

        Raises:
            BadInput: the question is empty, or a filter makes no sense.
            TamperedRecord, UnknownEnvelope: a record does not open; nothing is skipped.
        """
        return await recall(
            self._store,
            self._vault,
            question,
            limit=limit,
            since=since,
            until=until,
            days_back=days_back,
            assistant=assistant,
            project=project,
            kind=kind,
            role=role,
            tags=tags,
            session_id=session_id,
            speaker=speaker,
            platform=platform,
            include=include,
            neighbours=neighbours,
            within_project=within_project,
            as_you_type=as_you_type,
            operators=operators,
        )

    async def recall_sessions(
        self,
        question: str,
        *,
        limit: int = 5,
        since: datetime | str | None = None,
        until: datetime | str | None = None,
        days_back: float | None = None,
        assistant: str | None = None,
        project: str | None = None,
        kind: str | None = None,
        tags: Sequence[str] = (),
        platform: str | None = None,
        messages: int = 3,
    ) -> list[SessionHit]:
        """Find the sessions that may answer a question, best first; [] when nothing matches.

        A session is weighed as a whole: by its best messages together, and by what it was opened
        with. The arguments narrow what counts as in `recall`.

        Args:
            limit: 1 to 1,000 sessions.
            messages: so many of the best messages come with each, 0 to 100.

        Raises:
            BadInput: the question is empty, or a filter makes no sense.
            TamperedRecord, UnknownEnvelope: a record does not open; nothing is skipped.
        """
        from holdfast.recall.asking import Ask

        checked_text("question", question, self._store.limits)
        clock = self._store.clock
        ask = Ask(
            question=question,
            now=clock(),
            limit=limit,
            since=edge(since, clock, end=False),
            until=edge(until, clock, end=True),
            days_back=days_back,
            assistant=assistant,
            project=project,
            kind=kind,
            tags=tuple(tags),
            platform=platform,
            include="messages",
        )
        return await recall_sessions(self._store, self._vault, ask, messages=messages)

    async def find(
        self,
        text: str,
        *,
        limit: int = 20,
        as_you_type: bool = False,
        zone: str = "UTC",
        since: datetime | str | None = None,
        until: datetime | str | None = None,
        assistant: str | None = None,
        project: str | None = None,
        tags: Sequence[str] = (),
        pinned: bool | None = None,
        archived: bool | None = None,
        kind: str | None = None,
        session_id: str | None = None,
    ) -> Found:
        """Search everything at once, for a page: messages by session, titles, memories, thoughts,
        and the rooms the user is in. Sessions that were archived stand apart.

        Args:
            text: words, `"quoted phrases"`, `-words` that must not be there, and operators:
                `before:`, `after:`, `tag:`, `pinned:true`, `with:helper`, `in:project`. Dates in
                words ("in March") and "with Helper" narrow too, as long as something is left.
            limit: sessions in each list, 1 to 100.
            as_you_type: the last word may not be whole yet.
            zone: in which days begin, by its IANA name.

        Raises:
            BadInput: a filter makes no sense.
            TamperedRecord, UnknownEnvelope: a record does not open; nothing is skipped.
        """
        from holdfast.keeper.find_words import Narrowing
        from holdfast.keeper.finding import FindAsk, find

        clock = clock_in(zone, self._store.clock)
        narrowing = Narrowing(
            since=edge(since, clock, end=False),
            until=edge(until, clock, end=True),
            assistant=assistant,
            project=project,
            tags=tuple(tags),
            pinned=pinned,
            archived=archived,
            kind=kind,
            session_id=session_id,
        )
        ask = FindAsk(
            text=text, now=clock(), limit=limit, as_you_type=as_you_type, narrowing=narrowing
        )
        return await find(self._store, self._vault, self.rooms, ask)

    async def context(
        self,
        question: str,
        *,
        budget_tokens: int = 2000,
        recalled: int = 12,
        count: Callable[[str], int] = estimated_tokens,
    ) -> Context:
        """What a model should see of all that is kept here; see `OpenSession.context`.

        Args:
            budget_tokens: the text is never longer.
            recalled: so many hits, best kept first.
            count: the model's own tokenizer; a safe estimate when left out.

        Raises:
            BadInput: the question is empty, or the budget is below 1.
        """
        if budget_tokens < 1:
            raise BadInput("budget_tokens", "it is at least 1")
        hits = await self.recall(question, limit=recalled, neighbours=0, operators=False)
        known = await self._store.known.memories(self._vault)
        return build_context(
            (),
            hits,
            budget_tokens=budget_tokens,
            count=count,
            profile=profile_of(known, self._store.clock()),
            fence=fence_of(self._vault),
        )

    async def used(self, session: OpenSession, turn_id: str) -> list[UsedPiece]:
        """What the answer of a turn was given beside the session's recent messages, in order.

        Ids are noted with the turn and looked up now: of what was forgotten since, nothing is
        told but that it is gone.

        Raises:
            NotFound: there is no such turn in the session.
        """
        return await used_in(self._store, self._vault, session, turn_id)

    async def create_memory_from_chat(
        self,
        session_id: str,
        assistant_name: str,
        transcript: str = "",
        importance: int = 5,
        messages: Sequence[Message] | None = None,
    ) -> Memory:
        """Distil one memory of a conversation: summary, tags and sources; durable on return.

        Args:
            transcript: what was said, as one text; "" takes the session's own messages.
            importance: 1 to 10.
            messages: where the sources are looked for; the session's when left out.

        Raises:
            BadInput: nothing was said that could be remembered.
            NotFound: the session is not there.
        """
        return await create_memory_from_chat(
            self._store,
            self._vault,
            session_id,
            assistant_name,
            transcript,
            importance=importance,
            messages=messages,
        )

    async def distill(self) -> int:
        """Take in what was said since the last time: memories, summaries, titles, tags.

        Returns:
            In how many sessions something changed.

        Raises:
            HoldfastError: the first session that could not be read; the others were done.
        """
        done = await distill_vault(self._store, self._vault)
        if done.failure is not None:
            raise done.failure
        return done.changed

    async def stats(self) -> VaultStats:
        """Counts, first and last date, sealed bytes. What is in the trash is not counted."""
        return await without_trash(
            self._store, self._vault, await self._vault.storage.stats(self._vault.raw)
        )

    async def messages(self, message_ids: Iterable[str]) -> list[Message]:
        """Messages of any session, in the order of the ids.

        Raises:
            NotFound: one of them is not here, or was forgotten.
        """
        ids = list(message_ids)
        found = await Reader(self._vault).messages_by_id(ids)
        if len(found) < len(ids):
            raise NotFound("message")
        return found

    async def pause_learning(self) -> tuple[Pause, ...]:
        """Learn nothing from what is said from now on, in any session, until it is resumed.

        It is recorded and recalled all the same. For one session: `OpenSession.change`. Returns
        all pauses there were, oldest first.
        """
        return await pause_vault(self._store, self._vault, learning=False)

    async def resume_learning(self) -> tuple[Pause, ...]:
        """Learn again from what is said from now on; what was said in the pause stays unlearned."""
        return await pause_vault(self._store, self._vault, learning=True)

    async def learning_pauses(self) -> tuple[Pause, ...]:
        """When nothing was to be learned, oldest first; one without an end goes on."""
        return await pauses_of(self._vault)

    async def activity(self, *, zone: str = "UTC", days: int = 365) -> list[tuple[date, int]]:
        """How many messages were said on each of the last so many days that has any.

        Raises:
            BadInput: the zone is none, or the days are not 1 to 3,660.
        """
        return await activity_of(self._store, self._vault, zone=zone, days=days)

    async def tallies(self) -> Tallies:
        """Sessions, messages and memories of each assistant and each project, by slug."""
        return await tallies_of(self._store, self._vault)

    async def preferences(self) -> Preferences:
        """How this person wants to have it."""
        return await preferences_of(self._vault)

    async def prefer(
        self,
        *,
        language: Language | None = None,
        theme: Theme | None = None,
        answers: Answering | None = None,
    ) -> Preferences:
        """Choose anew, for all of one's devices; what is None stays. Returns what holds now."""
        return await change_preferences(
            self._store, self._vault, language=language, theme=theme, answers=answers
        )

    async def draft_keys(self) -> tuple[bytes, ...]:
        """32 bytes under which a page seals what was typed and not sent, for nothing else.

        Behind it, newest first, those of before the last rotations, which may open what was sealed
        by then. All of them end with the vault.

        Raises:
            VaultErased, VaultLocked, RootKeyWrong: the vault does not open.
        """
        return await draft_keys_of(self._store, self._vault)

    async def find_about(self, subject: str, *, limit: int = 10) -> About:
        """What there is about something, to be looked at before it is forgotten.

        The memories that recall finds and the messages, with the memories that rest on those
        messages alone and would go with them. Nothing is changed.

        Raises:
            BadInput: the subject is empty, or the limit is not 1 to 1000.
        """
        return await find_about(self, subject, limit=limit)

    async def forget_about(self, about: About) -> Forgotten:
        """Remove exactly what `find_about` listed, and what rested on it alone.

        Raises:
            NotFound: some of it is not there any more; nothing was removed: look again.
        """
        return await forget_about(self, about)

    async def forget(self, message_ids: str | Iterable[str]) -> Forgotten:
        """Remove messages, their files, and what rested on them alone; speech and its transcript
        go together.

        Raises:
            NotFound: one of them is not here; nothing was removed.
        """
        ids = [message_ids] if isinstance(message_ids, str) else list(message_ids)
        return await forget_messages(self._store, self._vault, ids)

    async def erase_session(self, session_id: str, *, memories: Kept | None = None) -> Receipt:
        """Destroy a session for good: its key, its rows and what was distilled from it alone.

        Args:
            memories: "keep": what was distilled from it stays, without its source. None: as it was
                said when the session was put into the trash; else it goes.

        Raises:
            NotFound: unknown, or somebody else's.
        """
        held = self.sessions.temporary(session_id)
        if held is not None:
            self._store.temporaries.drop(self._vault.raw, held.id)
            return (await erase_sessions(held.store, held.vault, [held.id]))[0]
        done = await erase_with_memories(self._store, self._vault, [session_id], memories=memories)
        return done[0]

    async def clear(self) -> list[Receipt]:
        """Destroy every session for good; memories of the owner's own hand, names and rooms stay.

        Cut short, it has destroyed those it came to; doing it again destroys the rest.
        """
        ids = [session.id async for session in self.sessions.each(trashed=None)]
        return await erase_with_memories(self._store, self._vault, ids, memories="forget")

    async def erase(self) -> Receipt:
        """Destroy everything of this user for good, and leave every room. Keep the receipt.

        Their API keys end first: no running server takes what they might still send.
        """
        await Tokens(self._store).revoke_of(self.id)
        await self.rooms.leave_all()
        return await erase_vault(self._store, self._vault)
