"""The figures of one process, for Prometheus.

Each application has a registry of its own. Labels come from small closed sets: templates of routes,
codes of `holdfast.errors`, names that the operator chose. Never a user, a session or a text.
"""

from __future__ import annotations

import platform
from collections.abc import Callable

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    generate_latest,
)

import holdfast
from holdfast import errors

__all__ = ["CONTENT_TYPE", "Metrics", "code_label", "method_label"]

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

_REQUEST_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_TURN_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)
_COMMIT_S = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5)
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "WEBSOCKET"})


def _kinds(of: type[errors.HoldfastError]) -> frozenset[str]:
    return frozenset({of.code}).union(*(_kinds(kind) for kind in of.__subclasses__()))


_CODES = _kinds(errors.HoldfastError) | {"timeout", "cancelled"}


def code_label(code: str) -> str:
    """A code of the table, or "error": what fails elsewhere names itself as it likes."""
    return code if code in _CODES else "error"


def method_label(method: str) -> str:
    """A verb of HTTP, or "OTHER": a client can send any word for one."""
    return method if method in _METHODS else "OTHER"


class Metrics:
    """All figures, with a registry of their own. `docs/reference/metrics.md` lists them."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)

        def counter(name: str, about: str, *labels: str) -> Counter:
            return Counter(f"holdfast_{name}", about, labels, registry=registry)

        def histogram(
            name: str, about: str, *labels: str, buckets: tuple[float, ...] = _REQUEST_S
        ) -> Histogram:
            return Histogram(f"holdfast_{name}", about, labels, buckets=buckets, registry=registry)

        def gauge(name: str, about: str, *labels: str) -> Gauge:
            return Gauge(f"holdfast_{name}", about, labels, registry=registry)

        self._gauge = gauge
        self._watched: dict[str, Gauge] = {}
        self.requests = counter("requests", "Requests ended.", "method", "route", "status")
        self.request_s = histogram(
            "request_seconds",
            "From the first to the last byte, without sockets and event streams.",
            "method",
            "route",
        )
        self.open_requests = gauge("open_requests", "Requests under way, sockets included.")
        self.open_sockets = gauge("open_sockets", "WebSockets that are open.")
        self.open_streams = gauge("open_streams", "Event streams that are open.")
        self.rate_limited = counter("rate_limited", "Requests over a limit.", "what")

        self.turns = counter("turns", "Turns ended.", "by", "status")
        self.turn_s = histogram("turn_seconds", "From durable input to end.", buckets=_TURN_S)
        self.turn_failures = counter("turn_failures", "Turns that failed.", "code")
        self.recall_s = histogram("recall_seconds", "Finding what was said.", "by")
        self.tool_calls = counter("tool_calls", "Calls of tools.", "tool", "outcome")
        self.transcriptions = counter("transcriptions", "Speech turned into text.", "outcome")

        self.model_s = histogram("model_seconds", "A model's answer.", "model", buckets=_TURN_S)
        self.model_first_s = histogram(
            "model_first_piece_seconds", "Until a model says something.", "model", buckets=_TURN_S
        )
        self.model_tokens = counter("model_tokens", "Tokens of models.", "model", "direction")
        self.model_failures = counter("model_failures", "Models that failed.", "code")

        self.upstream = counter("proxy_upstream_answers", "Answers of the upstream.", "status")
        self.upstream_s = histogram(
            "proxy_upstream_seconds", "Until the upstream's answer begins.", buckets=_TURN_S
        )

        self.messages = counter("messages_recorded", "Messages recorded, however they came.")
        self.commit_s = histogram(
            "commit_seconds", "A durable write, with its wait for the writer.", buckets=_COMMIT_S
        )
        self.commits_waiting = gauge("commits_waiting", "Writes that are not durable yet.")
        self.commit_failures = counter("commit_failures", "Writes that failed.", "code")
        build = gauge("build_info", "What runs here; always 1.", "version", "python")
        build.labels(holdfast.__version__, platform.python_version()).set(1)

    def watch(self, name: str, about: str, value: Callable[[], float]) -> None:
        """A figure that is asked for when somebody reads it; the last one of a name stands."""
        if name not in self._watched:
            self._watched[name] = self._gauge(name, about)
        self._watched[name].set_function(value)

    def page(self) -> bytes:
        """All of them, in the text format that every collector reads."""
        return generate_latest(self.registry)
