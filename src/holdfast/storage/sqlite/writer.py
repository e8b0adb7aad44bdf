"""One thread that writes, and commits in groups.

It takes all that queued while the last commit ran, applies each in one transaction, commits once
and then tells everybody. So 64 writers share one fsync, and a lone writer never waits for company.
Each write's fate is its own: when one fails after it has touched something, the group is rolled
back and each write is done again in a transaction of its own.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable
from typing import TypeVar

import apsw

from holdfast.errors import StorageFailed
from holdfast.storage.sqlite.failures import lost_its_disk, translated
from holdfast.storage.sqlite.lanes import Job, Lane, Outcome, settle

__all__ = ["GroupWriter", "Txn", "truncate_wal"]

_LARGEST_GROUP = 512
_CHECKPOINT_PAGES = 4_000
"""16 MB of WAL."""

_A = TypeVar("_A")
_R = TypeVar("_R")
_logger = logging.getLogger(__name__)


class Txn:
    """The writer's connection inside an open transaction."""

    __slots__ = ("changes", "connection", "run")

    def __init__(self, connection: apsw.Connection) -> None:
        self.connection = connection
        # Bound once: one cursor for all statements saves making one for each.
        self.run: Callable[..., apsw.Cursor] = connection.cursor().execute
        self.changes: Callable[[], int] = connection.changes


class GroupWriter:
    """Owns the writing connection of one file."""

    def __init__(self, connection: apsw.Connection, *, name: str) -> None:
        self._connection = connection
        self._txn = Txn(connection)
        self._lane = Lane()
        self._wal_pages = 0
        self._checkpoint_at = _CHECKPOINT_PAGES
        self._failed: StorageFailed | None = None
        connection.set_wal_hook(self._note_wal)
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    async def write(self, work: Callable[[Txn, _A], _R], ask: _A) -> _R:
        """Run `work` in a transaction, alone or with others; durable when this returns.

        `work` must leave nothing half-done that it could not do again: it runs a second time
        when another write of its group failed.
        """
        return await self._lane.submit(work, ask)

    async def alone(self, work: Callable[[apsw.Connection, _A], _R], ask: _A) -> _R:
        """Run `work` between groups, in no transaction."""
        return await self._lane.submit(work, ask, alone=True)

    async def close(self) -> None:
        """Finish what was taken in, checkpoint and close the connection."""
        self.stop()
        while self._thread.is_alive():
            await asyncio.to_thread(self._thread.join)

    def stop(self) -> None:
        """As close, without waiting for it."""
        self._lane.close(1)

    def _run(self) -> None:
        stopping = False
        while not stopping:
            group, stopping = self._take()
            self._lane.make_room()
            try:
                self._serve(group)
            except Exception as exc:
                _logger.exception("the writer failed", extra={"action": "storage.write_failed"})
                settle([(job, None, translated(exc)) for job in group])
            del group  # what was written is not held until somebody writes again
            if self._wal_pages >= self._checkpoint_at:
                self._checkpoint()
        self._close()

    def _close(self) -> None:
        """Close, which moves the WAL into the database unless others still use it."""
        try:
            self._connection.close()
        except apsw.Error as exc:
            # Nothing is lost: the WAL holds it, and the next opening reads it from there.
            _logger.warning(
                "the last checkpoint failed",
                extra={"action": "storage.close", "error": type(exc).__name__},
            )

    def _take(self) -> tuple[list[Job], bool]:
        jobs = self._lane.jobs
        job = jobs.get()
        group: list[Job] = []
        # Nobody else takes from this queue, so as many as it reports are there.
        waiting = min(jobs.qsize(), _LARGEST_GROUP - 1)
        while job is not None:
            group.append(job)
            if not waiting:
                return group, False
            waiting -= 1
            job = jobs.get()
        return group, True

    def _serve(self, jobs: list[Job]) -> None:
        group: list[Job] = []
        for job in jobs:
            if not job.alone:
                group.append(job)
                continue
            self._commit(group)
            group = []
            settle([self._run_alone(job)])
        self._commit(group)

    def _run_alone(self, job: Job) -> Outcome:
        try:
            return job, job.work(self._connection, job.ask), None
        except Exception as exc:  # noqa: BLE001 - the caller gets it, at the job's own await
            return job, None, translated(exc)

    def _commit(self, group: list[Job]) -> None:
        if not group:
            return
        outcomes = self._try(group)
        if outcomes is None:
            outcomes = []
            for job in group:
                outcomes += self._try([job]) or []
        settle(outcomes)

    def _try(self, group: list[Job]) -> list[Outcome] | None:
        """Commit a group; None when it was rolled back and each must be done on its own."""
        if self._failed is not None:
            return [(job, None, self._failed) for job in group]
        connection, txn = self._connection, self._txn
        outcomes: list[Outcome] = []
        try:
            # IMMEDIATE: a read that turns into a write later can fail with SQLITE_BUSY at once,
            # whatever the busy timeout, and would have to be done again.
            txn.run("BEGIN IMMEDIATE")
            for job in group:
                before = connection.total_changes()
                try:
                    outcomes.append((job, job.work(txn, job.ask), None))
                except Exception as exc:  # noqa: BLE001 - the caller gets it, at its own await
                    untouched = connection.total_changes() == before
                    if not (untouched and connection.in_transaction):
                        self._roll_back()
                        return None if len(group) > 1 else [(job, None, translated(exc))]
                    outcomes.append((job, None, translated(exc)))
            txn.run("COMMIT")
        except apsw.Error as exc:
            return self._not_committed(group, exc)
        return outcomes

    def _not_committed(self, group: list[Job], exc: apsw.Error) -> list[Outcome] | None:
        self._roll_back()
        if isinstance(exc, apsw.FullError) and len(group) > 1:
            return None
        error = translated(exc)
        if lost_its_disk(exc):
            # Never fsync again and carry on: what the kernel dropped would look written.
            _logger.critical("the disk is failing", extra={"action": "storage.fsync_failed"})
            self._failed = StorageFailed(
                "the disk did not take what was written: check it, then start again"
            )
            self._failed.__cause__ = exc
            error = self._failed
        return [(job, None, error) for job in group]

    def _roll_back(self) -> None:
        if self._connection.in_transaction:
            self._txn.run("ROLLBACK")

    def _note_wal(self, _connection: apsw.Connection, _name: str, pages: int) -> int:
        self._wal_pages = pages
        return apsw.SQLITE_OK

    def _checkpoint(self) -> None:
        """Move the WAL into the database, so that the next write begins it anew.

        What somebody still reads stays in it; then the next attempt waits for as much again.
        """
        try:
            pages, moved = self._connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)
        except apsw.Error as exc:
            # Nothing is lost: the WAL holds it.
            _logger.warning(
                "checkpoint failed",
                extra={"action": "storage.checkpoint", "error": type(exc).__name__},
            )
            pages, moved = self._wal_pages, 0
        self._checkpoint_at = _CHECKPOINT_PAGES + (0 if moved == pages else pages)
        self._wal_pages = 0


def truncate_wal(connection: apsw.Connection, _ask: None) -> None:
    """Move the WAL into the database and empty it.

    Raises:
        apsw.BusyError: a reader was in the way for the whole busy timeout.
    """
    connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
