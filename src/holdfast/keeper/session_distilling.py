"""One session distilled: page by page with the rules, then, when there is one, with a model."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from msgspec.structs import replace

from holdfast.clock import from_ms, id_text, to_ms
from holdfast.errors import MissingExtra, ModelFailed
from holdfast.keeper.ledger import Change, Ledger
from holdfast.keeper.naming import Named, named
from holdfast.keeper.pacing import Pace
from holdfast.keeper.pausing import is_paused, learnable
from holdfast.keeper.proposing import Distiller, Proposed, believed
from holdfast.keeper.receipts import (
    DroppedSpan,
    Learning,
    LearningBody,
    LearningReceipt,
    ModelRun,
    merged,
    seal_learning,
    taken_key,
    with_receipt,
)
from holdfast.keeper.reconciling import Statement, folded
from holdfast.keeper.store import Store
from holdfast.keeper.summing import Summed, sum_up
from holdfast.model import MemoryId, Message, Session, SessionId
from holdfast.storage.protocol import SessionHead
from holdfast.vault.reader import Reader
from holdfast.vault.vault import Vault

if TYPE_CHECKING:
    from holdfast.distill.finding import Finding, Found

__all__ = ["Run", "SessionDistilling"]

_PAGE = 400
_GENTLE_PAGE = 100
"""While others come first: reading this many takes some hundredths of a second."""
_BEFORE = 200
"""What a user said before a page: it tells what "it is green now" is about, and whether a part is
still played."""
_BEFORE_READ = 400
"""So many messages are read for it."""
_MODEL_PAGE = 60
_MODEL_CHARS = 16_000
_MODEL_PAGES = 8
"""Requests for one session in one run; what is left waits for the next."""
_MODEL_WAITS = timedelta(minutes=2)
"""In the background a model is asked once a talk has paused, not after every word of it."""
_MODEL_REACH = timedelta(days=7)
"""In the background a model reads no older talks: who configures one has not asked, and paid, for
years of them. Distilling on request reads them all."""
_FIRST_RETRY = timedelta(minutes=1)
_LAST_RETRY = timedelta(hours=6)
_SHOWN_KINDS = ("text", "audio", "file", "tool_result")
_JOKES = frozenset({"joke"})


class Run:
    """What the sessions of one run share."""

    def __init__(
        self,
        *,
        store: Store,
        vault: Vault,
        distiller: Distiller | None,
        pace: Pace,
        at: datetime,
    ) -> None:
        self.store = store
        self.vault = vault
        self.distiller = distiller
        self.pace = pace
        self.at = at
        self.ledger = Ledger(vault)
        self.model_is_down = False
        """It failed in this run: the other sessions need not wait for it too."""


class SessionDistilling:
    """One attempt at a session. What a page came to is written with it; a race lost raises."""

    def __init__(self, run: Run, head: SessionHead, known: Learning) -> None:
        from holdfast.distill.finding import RULES_VERSION

        self._run = run
        self._vault = run.vault
        self._reader = Reader(run.vault)
        self._head = head
        self._known = known
        self._body = known.body
        self._rules = RULES_VERSION
        self._session_id = SessionId(id_text(head.session_id))
        self.receipt: LearningReceipt | None = None
        """Of what is written."""
        self.waits = False
        """Whether something is left for another run."""

    def is_due(self) -> bool:
        """Whether there is something to take in."""
        body, head = self._body, self._head
        by_rules = body.head_rev != head.rev or body.rules != self._rules
        return by_rules or self._model_is_due()

    def _model_is_due(self) -> bool:
        body, run = self._body, self._run
        if run.distiller is None or body.model_covers >= self._head.next_seq:
            return False
        said_at = from_ms(self._head.last_ms)
        if run.pace.is_gentle and said_at + _MODEL_REACH < run.at:
            return False
        later = body.retry_at is not None and body.retry_at > run.at
        busy = said_at + _MODEL_WAITS > run.at
        if run.model_is_down or (run.pace.is_gentle and (later or busy)):
            self.waits = True
            return False
        return True

    async def run(self) -> LearningReceipt | None:
        """Take in all that is new.

        Raises:
            Conflict: somebody else wrote what this was made from; nothing of the page is written.
            NotFound: the session is gone.
        """
        session = await self._reader.session(self._session_id)
        if session.trashed_at is not None or await is_paused(self._vault, session):
            self.waits = True
            return None
        if self._body.head_rev != self._head.rev or self._body.rules != self._rules:
            await self._by_rules(session)
        if self._model_is_due():
            await self._by_model(session)
        return self.receipt

    async def _by_rules(self, session: Session) -> None:
        store, vault, head = self._run.store, self._vault, self._head
        summed = await sum_up(store, vault, session, head)
        first = self._body.covers if self._body.rules == self._rules else self._body.copied
        again = first < self._body.covers
        size = _GENTLE_PAGE if self._run.pace.is_gentle else _PAGE
        while True:
            last = min(first + size, head.next_seq)
            finding = await self._found(session, first, last)
            body = replace(
                self._body,
                session_id=self._session_id,
                covers=max(last, self._body.covers) if again else last,
            )
            is_last = last >= head.next_seq
            if is_last:
                body = replace(body, rules=self._rules, head_rev=head.rev)
            elif not again:
                body = replace(body, rules=self._rules)
            name = await named(vault, self._reader, session, body, summed) if is_last else Named()
            body = replace(body, title=name.title or body.title, tags=name.tags or body.tags)
            statements = [_statement(found, session, self._rules) for found in finding.found]
            await self._write(
                body,
                statements,
                [DroppedSpan(reason=d.reason, source=d.source) for d in finding.dropped],
                span=(first, last),
                summed=summed if is_last else Summed(),
                name=name,
                reread=again,
            )
            await self._run.pace.rest()
            if is_last:
                return
            first = last

    async def _found(self, session: Session, first: int, last: int) -> Finding:
        from holdfast.distill.finding import Finding, find

        page = await self._reader.messages(self._session_id, first=first, last=last)
        page = await learnable(self._vault, session, page)
        if not page:
            return Finding()
        before = await self._reader.messages(
            self._session_id, first=max(0, first - _BEFORE_READ), last=first
        )
        before = [m for m in before if m.role == "user" and m.kind in ("text", "audio")][-_BEFORE:]
        before = await learnable(self._vault, session, before)
        return await asyncio.to_thread(find, page, before=before)

    async def _by_model(self, session: Session) -> None:
        distiller = self._run.distiller
        if distiller is None:
            return
        for _ in range(_MODEL_PAGES):
            page, last = await self._model_page(session)
            name = ModelRun(name=distiller.name, requests=1 if page else 0)
            if not page:
                await self._covered(last, name)
            else:
                try:
                    proposed = await distiller.propose(page)
                except (ModelFailed, MissingExtra) as exc:
                    await self._model_failed(replace(name, failed=exc.code))
                    return
                await self._take(session, page, last, proposed, name)
                await self._run.pace.rest()
            if last >= self._head.next_seq:
                return
        self.waits = True

    async def _model_page(self, session: Session) -> tuple[list[Message], int]:
        """The next messages that a model is shown, and up to where they reach."""
        first = self._body.model_covers
        read = await self._reader.messages(self._session_id, first=first, limit=_MODEL_PAGE)
        heard = {message.id for message in await learnable(self._vault, session, read)}
        shown: list[Message] = []
        chars = 0
        for message in read:
            if message.id not in heard:
                continue
            if message.kind not in _SHOWN_KINDS or message.role == "system":
                continue
            chars += len(message.text)
            if shown and chars > _MODEL_CHARS:
                return shown, message.seq
            if message.text.strip():
                shown.append(message)
        whole = len(read) < _MODEL_PAGE
        return shown, self._head.next_seq if whole or not read else read[-1].seq + 1

    async def _covered(self, last: int, model: ModelRun) -> None:
        if self._body.model_covers < last:
            body = replace(self._body, model_covers=last, model=model.name)
            await self._write(body, [], [], span=(last, last))

    async def _model_failed(self, model: ModelRun) -> None:
        """What the rules found stands; the record says when the model is asked again."""
        self._run.model_is_down = self.waits = True
        body = self._body
        waiting = min(_FIRST_RETRY * 2 ** min(body.failures, 12), _LAST_RETRY)
        body = replace(body, failures=body.failures + 1, retry_at=self._run.at + waiting)
        place = self._body.model_covers
        await self._write(body, [], [], span=(place, place), model=model)

    async def _take(
        self,
        session: Session,
        page: Sequence[Message],
        last: int,
        proposed: Proposed,
        model: ModelRun,
    ) -> None:
        from holdfast.distill.finding import find

        finding = await asyncio.to_thread(find, page)
        held = believed(proposed.proposals, page, finding, session=session, made_by=model.name)
        first = self._body.model_covers
        body = replace(self._body, model=model.name, model_covers=last, failures=0, retry_at=None)
        model = replace(
            model,
            proposed=len(proposed.proposals),
            kept=len(held.statements),
            input_tokens=proposed.input_tokens,
            output_tokens=proposed.output_tokens,
            cost_usd=proposed.cost_usd,
        )
        await self._write(body, held.statements, held.dropped, span=(first, last), model=model)

    async def _write(
        self,
        body: LearningBody,
        statements: Sequence[Statement],
        dropped: Sequence[DroppedSpan],
        *,
        span: tuple[int, int],
        summed: Summed | None = None,
        name: Named | None = None,
        model: ModelRun | None = None,
        reread: bool = False,
    ) -> None:
        """Everything that came of a page, in one write."""
        run, summed, name = self._run, summed or Summed(), name or Named()
        keys = [_key(statement) for statement in statements]
        new = [s for s, key in zip(statements, keys, strict=True) if not self._known.knows(key)]
        body = replace(body, taken=_with_keys(self._known, body.taken, keys))
        change = await self._change(new, dropped, reread=reread)
        refused = [
            DroppedSpan(reason=refused.reason, source=refused.statement.source)
            for refused in change.refused
        ]
        receipt = _receipt(
            self._session_id, run.at, span, self._rules, change, [*dropped, *refused]
        )
        receipt = replace(receipt, summary=bool(summed.put), named=bool(name.put), model=model)
        body = with_receipt(body, receipt)
        row, links = await seal_learning(
            self._vault, self._head.session_id, self._known, body, run.at
        )
        await self._vault.commit(
            put=(*change.put, *summed.put, *name.put, row),
            links=(*change.links, *summed.links, *links),
            unlinks=(*change.unlinks, *summed.unlinks),
            once=summed.once,
        )
        self._known = Learning(body=body, version=self._known.version + 1)
        self._body = body
        if not receipt.is_empty:
            self.receipt = receipt if self.receipt is None else merged(self.receipt, receipt)

    async def _change(
        self, new: Sequence[Statement], dropped: Sequence[DroppedSpan], *, reread: bool
    ) -> Change:
        """What the new statements do to the memories that there are."""
        run = self._run
        unsaid = [d.source for d in dropped if reread or d.reason in _JOKES]
        if not new and not unsaid:
            return Change()
        await run.ledger.refresh()
        settled = run.ledger.settled(new, ids=run.store.ids, now=run.at, unsaid=unsaid)
        return await run.ledger.change(settled, at_ms=to_ms(run.at))


def _statement(found: Found, session: Session, rules: str) -> Statement:
    return Statement(
        kind=found.kind,
        text=found.text,
        subject=found.subject,
        attribute=found.attribute,
        value=found.ended if found.ends else found.value,
        at=found.said_at,
        source=replace(found.source, at=found.said_at),
        ends=found.ends,
        importance=found.importance,
        tags=found.tags,
        origin=found.origin,
        made_by=rules,
        assistant=session.assistant,
    )


def _key(statement: Statement) -> bytes:
    value = folded(statement.value if statement.attribute else statement.text)
    return taken_key(statement.source.message_id, statement.attribute, value, ends=statement.ends)


def _with_keys(known: Learning, taken: bytes, keys: Sequence[bytes]) -> bytes:
    new = [key for key in dict.fromkeys(keys) if not known.knows(key)]
    return b"".join((taken, *new))


def _receipt(
    session_id: SessionId,
    at: datetime,
    span: tuple[int, int],
    rules: str,
    change: Change,
    dropped: Sequence[DroppedSpan],
) -> LearningReceipt:
    def ids(memories: Sequence[object]) -> tuple[MemoryId, ...]:
        return tuple(m.id for m in memories)  # type: ignore[attr-defined]

    return LearningReceipt(
        session_id=session_id,
        at=at,
        first=span[0],
        last=span[1],
        rules=rules,
        learned=ids(change.made),
        changed=ids(change.changed),
        closed=ids(change.closed),
        removed=ids(change.gone),
        dropped=tuple(dropped),
        reasons=dict(Counter(d.reason for d in dropped)),
    )
