"""What the parts of the server tell, and where it goes.

One `Observer` an application. What runs for a request finds that request by `here()`, through a
context variable, which tasks take over from whoever begins them: so a part that is far from the
request's headers can add to its line, and no signature has to carry it there.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

from holdfast.errors import StorageFailed
from holdfast.server.observing.metrics import Metrics, code_label
from holdfast.server.observing.tracing import Span, Tracing
from holdfast.storage.protocol import Kind, State

if TYPE_CHECKING:
    from holdfast.keeper.access import Caller
    from holdfast.keeper.store import Store
    from holdfast.model import Turn
    from holdfast.storage.protocol import Write, Written

__all__ = [
    "Here",
    "Observer",
    "UpstreamCall",
    "code_of",
    "enter",
    "here",
    "note",
    "observed_turn",
    "observed_upstream",
    "rate_limited",
]


class Observer:
    """Counts, traces and tells.

    Args:
        metrics: where the figures are kept; new ones when left out.
        tracing: who begins spans; none are begun when left out.
        tag: a word that stands for a caller's user in the log, and does not tell the name.
        tools: names of tools that may be told; others are what a model made up.
    """

    def __init__(
        self,
        *,
        metrics: Metrics | None = None,
        tracing: Tracing | None = None,
        tag: Callable[[Caller], str] | None = None,
        tools: frozenset[str] = frozenset(),
    ) -> None:
        self.metrics = metrics or Metrics()
        self.tracing = tracing or Tracing()
        self.tools = tools
        self._tag = tag

    def tag(self, caller: Caller) -> str | None:
        """What stands for the caller's user."""
        return None if self._tag is None else self._tag(caller)

    def tool(self, name: str) -> str:
        """The name of a tool that exists, or "unknown"."""
        return name if name in self.tools else "unknown"

    def watch_commits(self, store: Store) -> None:
        """Count what is recorded, and how long it takes to be durable, from now on."""
        storage, metrics = store.storage, self.metrics
        commit = storage.commit

        async def observed(write: Write) -> Written:
            began = time.perf_counter()
            metrics.commits_waiting.inc()
            try:
                written = await commit(write)
            except StorageFailed as exc:
                metrics.commit_failures.labels(code_label(exc.code)).inc()
                raise
            finally:
                metrics.commits_waiting.dec()
                metrics.commit_s.observe(time.perf_counter() - began)
            recorded = sum(map(_is_new_message, write.put))
            if recorded:
                metrics.messages.inc(recorded)
            return written

        # In the place of the method, for the vaults that are open hold this same storage.
        storage.commit = observed  # type: ignore[method-assign]  # see above


def _is_new_message(row: object) -> bool:
    return (
        getattr(row, "kind", None) is Kind.MESSAGE
        and getattr(row, "state", None) is State.LIVE
        and getattr(row, "version", 1) == 0
    )


class Here:
    """The request that something runs for."""

    __slots__ = ("facts", "is_socket", "observer", "over", "request_id", "span")

    def __init__(self, observer: Observer, request_id: str, span: Span, *, is_socket: bool) -> None:
        self.observer = observer
        self.request_id = request_id
        self.span = span
        self.is_socket = is_socket
        self.over = False
        """Its line is written."""
        self.facts: dict[str, str | int | float | bool] = {}


class UpstreamCall:
    """One question to the upstream of /v1."""

    __slots__ = ("status",)

    def __init__(self) -> None:
        self.status: int | None = None
        """Of its answer, when there is one."""


_HERE: ContextVar[Here | None] = ContextVar("holdfast_request", default=None)


def here() -> Here | None:
    """The request that this runs for; None outside any."""
    return _HERE.get()


def enter(place: Here) -> None:
    """Let everything that this task does, and begins, be for a request."""
    _HERE.set(place)


def note(**facts: str | float | bool | None) -> None:
    """Add to the request's line; None is left out. Ids, codes and figures only."""
    place = _HERE.get()
    if place is not None:
        place.facts.update({name: fact for name, fact in facts.items() if fact is not None})


def rate_limited(what: str) -> None:
    """A request was over the limit of its class."""
    place = _HERE.get()
    if place is not None:
        place.observer.metrics.rate_limited.labels(what).inc()


def observed_turn(record: Turn) -> None:
    """A turn of the proxy has ended, or was left for the recovery to end."""
    place = _HERE.get()
    if place is None:
        return
    place.observer.metrics.turns.labels("upstream", record.status).inc()
    note(session_id=record.session_id, turn_id=record.id, turn_status=record.status)


@contextmanager
def observed_upstream() -> Iterator[UpstreamCall]:
    """Around a question to the upstream, until its answer begins; set `status` then."""
    call = UpstreamCall()
    place = _HERE.get()
    if place is None:
        yield call
        return
    began = time.perf_counter()
    span = place.observer.tracing.begin("upstream", above=place.span, kind="client")
    failed: str | None = "error"
    try:
        yield call
        failed = None
    except Exception as exc:
        failed = code_of(exc)
        raise
    finally:
        taken_s = time.perf_counter() - began
        label = str(call.status) if call.status is not None else failed or "error"
        metrics = place.observer.metrics
        metrics.upstream.labels(label).inc()
        metrics.upstream_s.observe(taken_s)
        place.facts["upstream_status"] = label
        place.facts["upstream_ms"] = round(taken_s * 1000, 1)
        span.set("http.response.status_code", call.status)
        span.end(failed=failed)


def code_of(error: BaseException) -> str:
    """The code of a failure of ours; "error" of any other."""
    code = getattr(error, "code", None)
    return code if isinstance(code, str) and code.isidentifier() else "error"
