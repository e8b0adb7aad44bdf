"""A few threads that read, each with its own read-only connection."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable
from typing import TypeVar

import apsw

from holdfast.storage.sqlite.connection import OpenFile, open_connection
from holdfast.storage.sqlite.failures import translated
from holdfast.storage.sqlite.lanes import Job, Lane, Outcome, settle

__all__ = ["ReaderPool"]

_A = TypeVar("_A")
_R = TypeVar("_R")


class ReaderPool:
    """Reads go to whichever thread is free. In WAL mode they wait for no writer."""

    def __init__(self, file: OpenFile, *, threads: int, name: str) -> None:
        self._file = file
        self._lane = Lane()
        self._threads = [
            threading.Thread(target=self._run, name=f"{name}-{number}", daemon=True)
            for number in range(threads)
        ]
        for thread in self._threads:
            thread.start()

    async def read(self, work: Callable[[apsw.Connection, _A], _R], ask: _A) -> _R:
        """Run `work` on a reader's connection; it sees all that was acknowledged before."""
        return await self._lane.submit(work, ask)

    async def close(self) -> None:
        """Finish what was taken in and close the connections."""
        self.stop()
        for thread in self._threads:
            await asyncio.to_thread(thread.join)

    def stop(self) -> None:
        """As close, without waiting for it."""
        self._lane.close(len(self._threads))

    def _run(self) -> None:
        connection: apsw.Connection | None = None
        while (job := self._lane.jobs.get()) is not None:
            self._lane.make_room()
            try:
                if connection is None:
                    connection = open_connection(self._file, reader=True)
                settle([_outcome(connection, job)])
            except Exception as exc:  # noqa: BLE001 - the caller gets it, at its own await
                settle([(job, None, translated(exc))])
            del job
        if connection is not None:
            with contextlib.suppress(apsw.Error):
                connection.close()


def _outcome(connection: apsw.Connection, job: Job) -> Outcome:
    return job, job.work(connection, job.ask), None
