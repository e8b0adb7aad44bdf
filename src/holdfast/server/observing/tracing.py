"""Spans for OpenTelemetry; nothing at all when nobody collects them.

Without a provider no package of OpenTelemetry is even imported. Attributes are ids, templates,
codes and counts; the one way to set them is `Span.set`, and no event or exception is recorded,
because an exception's text may be what somebody said.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal, TypeAlias

import holdfast
from holdfast.errors import MissingExtra

if TYPE_CHECKING:
    from opentelemetry import trace
    from opentelemetry.sdk.trace import TracerProvider

    from holdfast.settings import Settings

__all__ = ["NO_SPAN", "Span", "Tracing", "provider_of"]

_Value: TypeAlias = str | int | float | bool
_TRACES = "/v1/traces"
_EXPORT_TIMEOUT_S = 5


class Span:
    """One span, or none: then every call does nothing."""

    __slots__ = ("_span",)

    def __init__(self, span: trace.Span | None = None) -> None:
        self._span = span

    @property
    def raw(self) -> trace.Span | None:
        """The span of the library."""
        return self._span

    @property
    def trace_id(self) -> str | None:
        """32 hex digits, None when this is kept nowhere."""
        if self._span is None or not self._span.get_span_context().trace_flags.sampled:
            return None
        return f"{self._span.get_span_context().trace_id:032x}"

    def set(self, name: str, value: _Value | None) -> None:
        """An attribute; None leaves it out."""
        if self._span is not None and value is not None:
            self._span.set_attribute(name, value)

    def rename(self, name: str) -> None:
        """Another name, when more is known."""
        if self._span is not None:
            self._span.update_name(name)

    def end(self, *, failed: str | None = None) -> None:
        """The end; `failed` is the code of what went wrong."""
        if self._span is None:
            return
        if failed is not None:
            from opentelemetry.trace import Status, StatusCode

            self._span.set_attribute("error.type", failed)
            self._span.set_status(Status(StatusCode.ERROR))
        self._span.end()


NO_SPAN = Span()


class Tracing:
    """Begins spans.

    Args:
        provider: what collects them; without one there are none.
    """

    def __init__(self, provider: trace.TracerProvider | None = None) -> None:
        self._tracer: trace.Tracer | None = None
        if provider is not None:
            self._tracer = provider.get_tracer("holdfast", holdfast.__version__)

    @property
    def on(self) -> bool:
        """Whether spans are collected."""
        return self._tracer is not None

    def request(self, name: str, headers: Mapping[str, str]) -> Span:
        """The span of a request: a child of the client's own, when its `traceparent` names one."""
        if self._tracer is None:
            return NO_SPAN
        from opentelemetry.trace import SpanKind
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        # The ids alone: `tracestate` and baggage are texts that anybody can fill.
        carrier = {"traceparent": headers.get("traceparent", "")}
        above = TraceContextTextMapPropagator().extract(carrier)
        return Span(self._tracer.start_span(name, context=above, kind=SpanKind.SERVER))

    def begin(
        self,
        name: str,
        *,
        above: Span = NO_SPAN,
        kind: Literal["internal", "client"] = "internal",
        began_ns: int | None = None,
    ) -> Span:
        """A span below another one; `began_ns` is since 1970, now when left out."""
        if self._tracer is None:
            return NO_SPAN
        from opentelemetry import trace
        from opentelemetry.context import Context

        context = (
            Context() if above.raw is None else trace.set_span_in_context(above.raw, Context())
        )
        kinds = {"internal": trace.SpanKind.INTERNAL, "client": trace.SpanKind.CLIENT}
        span = self._tracer.start_span(name, context=context, kind=kinds[kind], start_time=began_ns)
        return Span(span)


def provider_of(settings: Settings) -> TracerProvider | None:
    """What sends spans to the endpoint of the settings, in the background; None without one.

    Raises:
        MissingExtra: the packages that send them are not installed.
    """
    endpoint = settings.otlp_endpoint.rstrip("/")
    if not endpoint:
        return None
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError:
        raise MissingExtra("sending traces", "otel") from None
    resource = Resource({"service.name": "holdfast", "service.version": holdfast.__version__})
    provider = TracerProvider(resource=resource, shutdown_on_exit=False)
    url = endpoint if endpoint.endswith(_TRACES) else endpoint + _TRACES
    exporter = OTLPSpanExporter(endpoint=url, timeout=_EXPORT_TIMEOUT_S)
    provider.add_span_processor(BatchSpanProcessor(exporter))
    return provider
