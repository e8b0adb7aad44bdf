"""What an application's observer looks at."""

from __future__ import annotations

from typing import TYPE_CHECKING

from holdfast.assistant.quoting import QuotingAnswerer
from holdfast.assistant.tools.standard import standard_tools
from holdfast.server.observing.health import Checks, checks_of
from holdfast.server.observing.observer import Observer
from holdfast.server.observing.turns import ObservedAnswerer

if TYPE_CHECKING:
    from fastapi import FastAPI

    from holdfast.keeper.access import Caller
    from holdfast.keeper.keeper import Keeper
    from holdfast.keeper.store import Store
    from holdfast.server.observing.tracing import Tracing
    from holdfast.server.sockets import Places
    from holdfast.server.talking.answers import Answers
    from holdfast.server.talking.talks import Talks
    from holdfast.server.upkeep import Upkeep
    from holdfast.server.warming import Warming
    from holdfast.settings import Settings

__all__ = ["observer_of", "watch_server"]

_TAG_BYTES = 8


def observer_of(store: Store, answers: Answers, tracing: Tracing | None) -> Observer:
    """An observer of what is recorded here and of who answers, from now on."""
    names = frozenset(tool.name for tool in answers.tools or standard_tools())

    def tag(caller: Caller) -> str:
        # Under the store's own key: the same on every node and after a restart, and nobody who has
        # the log alone can try names.
        name = f"{caller.account}\0{caller.user_id}"
        return "u" + store.keyring.tag(b"", "log/user", name)[:_TAG_BYTES].hex()

    observer = Observer(tracing=tracing, tag=tag, tools=names)
    observer.watch_commits(store)
    answers.observer = observer
    if not isinstance(answers.answerer, QuotingAnswerer):
        answers.answerer = ObservedAnswerer(answers.answerer, observer)
    if answers.fallback is not None and not isinstance(answers.fallback, QuotingAnswerer):
        answers.fallback = ObservedAnswerer(answers.fallback, observer)
    return observer


def watch_server(app: FastAPI, observer: Observer, settings: Settings) -> None:
    """Give an application that has started its checks, and the figures that are read from it."""
    keeper: Keeper = app.state.keeper
    talks: Talks = app.state.talks
    upkeep: Upkeep = app.state.upkeep
    places: Places = app.state.places
    warming: Warming = app.state.warming
    store, metrics = keeper.store, observer.metrics
    app.state.observer = observer
    app.state.checks = Checks(
        checks_of(
            store,
            min_free_bytes=settings.min_free_mb << 20,
            upkeep_alive=lambda: upkeep.alive,
            warm=warming.ready,
            stopping=talks.stopping.is_set,
        )
    )
    metrics.watch("running_turns", "Turns that run or wait.", lambda: talks.turns)
    metrics.watch("places_taken", "Sockets and streams, of max_sockets.", lambda: places.taken)
    metrics.watch("upkeep_failures", "Rounds of upkeep that failed.", lambda: upkeep.failures)
    metrics.watch("open_vaults", "Vaults in use.", lambda: len(store.opened_vaults()))
    metrics.watch("index_bytes", "Memory of all indexes.", lambda: store.indexes.nbytes)
    metrics.watch("stopping", "1 when the server stops.", lambda: float(talks.stopping.is_set()))
