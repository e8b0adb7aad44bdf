"""What an operator is told: health, figures, spans, lines; and what is never in them."""

from __future__ import annotations

import asyncio
import json
import logging
import re
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from prometheus_client import ProcessCollector

import holdfast
from holdfast.assistant.events import Event, Finished, Started
from holdfast.errors import StorageFailed, TamperedRecord
from holdfast.model import SessionId, TurnId
from holdfast.server.observing import health
from holdfast.server.observing.health import Checks, checks_of
from holdfast.server.observing.logs import LOGGED, LogFormat, formatter
from holdfast.server.observing.observer import Here, Observer, enter
from holdfast.server.observing.tracing import Tracing, provider_of
from holdfast.server.observing.turns import observed
from holdfast.settings import Settings

from .conftest import HUNG_S, Served
from .observed import CANARY, NEW, figures, running
from .test_refusals import error_of

TURNS = "POST", "/api/conversations/{user_id}/{session_id}/turns"
TRACE = "0af7651916cd43dd8448eb211c80319c"
PARENT = f"00-{TRACE}-b7ad6b7169203331-01"


# Health


async def test_a_server_is_ready_and_says_so_without_a_log_in(standing: Served) -> None:
    """Both signs of life answer anybody."""
    async with standing.client(log_in=False) as client:
        alive = await client.get("/healthz")
    ready = await standing.warmed()

    assert (alive.status_code, alive.json()) == (
        200,
        {"status": "ok", "version": alive.json()["version"]},
    )
    assert (ready.status_code, ready.json()) == (200, {"status": "ready", "failing": []})


async def test_a_full_disk_makes_it_not_ready_while_it_stays_alive() -> None:
    """What fails is named, and nothing else is told."""
    async with running() as (app, client):
        app.state.checks = Checks({"disk": _fail, "keys": _hold})
        ready, alive = await client.get("/readyz"), await client.get("/healthz")

    assert (ready.status_code, ready.json()) == (503, {"status": "not_ready", "failing": ["disk"]})
    assert (ready.headers["retry-after"], alive.status_code) == ("1", 200)


async def _fail() -> None:
    raise OSError(CANARY)


async def _hold() -> None:
    pass


async def test_each_check_fails_for_its_own_reason(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Store, keys, disk, recall, upkeep and stop: one at a time, and none of the others with it."""
    monkeypatch.setattr(health, "_PATIENCE_S", HUNG_S)
    found: dict[str, list[str]] = {}
    root_key = holdfast.KeyFile(tmp_path / "root.key")
    async with holdfast.open(f"sqlite:///{tmp_path / 'a.db'}", root_key=root_key) as keeper:
        store = keeper.store
        storage, commit, vault = store.storage, store.storage.commit, store.storage.vault

        async def failing(**given: Any) -> list[str]:
            options: dict[str, Any] = {"min_free_bytes": 1, "upkeep_alive": lambda: True}
            options |= {"stopping": lambda: False, "warm": _hold, **given}
            return await Checks(checks_of(store, **options)).failing()

        async def refused(_: Any) -> Any:
            raise StorageFailed

        found["none"] = await failing()
        found["disk"] = await failing(min_free_bytes=1 << 62)
        found["upkeep"] = await failing(upkeep_alive=lambda: False)
        found["recall"] = await failing(warm=_fail)
        found["running"] = await failing(stopping=lambda: True)
        storage.commit = refused  # type: ignore[method-assign]  # a disk that takes nothing
        found["writing"] = await failing()
        storage.commit, storage.vault = commit, refused  # type: ignore[method-assign]
        found["reading"] = await failing()
        storage.vault = vault  # type: ignore[method-assign]
        async with holdfast.open(f"sqlite:///{tmp_path / 'a.db'}", root_key=root_key) as other:
            await other.keys.rotate_root()
        found["keys"] = await failing()

    assert found == {name: [] if name == "none" else [name] for name in found}


async def test_what_was_found_holds_for_a_second() -> None:
    """However often it is asked, the store is looked at once a second."""
    asked, now = [], [0.0]

    async def count() -> None:
        asked.append(now[0])

    checks = Checks({"reading": count}, monotonic=lambda: now[0])
    for now[0] in (0.0, 0.5, 0.9, 1.0, 1.5, 2.0):
        await checks.failing()

    assert asked == [0.0, 1.0, 2.0]


async def test_a_server_that_stops_is_not_ready_and_begins_no_turn() -> None:
    """Over HTTP and through /v1, as JSON and as a stream: come back in a moment."""
    async with running() as (app, client):
        app.state.talks.stopping.set()
        said = await client.post(NEW, json={"text": CANARY})
        streamed = await client.post(
            NEW, json={"text": CANARY}, headers={"Accept": "text/event-stream"}
        )
        ready = await client.get("/readyz")
        asked = {"model": "holdfast", "messages": [{"role": "user", "content": CANARY}]}
        proxied = await client.post("/v1/chat/completions", json=asked)

    assert [error_of(answer) for answer in (said, streamed)] == [(503, "stopping")] * 2
    assert (proxied.status_code, proxied.json()["error"]["code"]) == (503, "stopping")
    assert {answer.headers["retry-after"] for answer in (said, streamed, ready)} == {"1"}
    assert "running" in ready.json()["failing"]


# Figures


async def test_on_ones_own_machine_figures_need_no_log_in(standing: Served) -> None:
    """Every program of the machine may read them."""
    async with standing.client(log_in=False) as client:
        answer = await client.get("/metrics")

    assert (answer.status_code, answer.headers["content-type"].split(";")[0]) == (200, "text/plain")


async def test_elsewhere_figures_need_a_credential() -> None:
    """Any good one."""
    async with running() as (_, client):
        shown = await client.get("/metrics")
        del client.headers["Authorization"]
        hidden = await client.get("/metrics")

    assert (shown.status_code, error_of(hidden)) == (200, (401, "not_logged_in"))


async def test_figures_count_what_happened_and_name_nobody() -> None:
    """Requests, turns, tools, tokens, failures and what was recorded, each exactly."""
    async with running(rate_searches_per_minute=1) as (_, client):
        said = (await client.post(NEW, json={"text": f"my {CANARY}"})).json()
        await client.post(NEW, json={"text": "break it"})
        await client.post(NEW, json={"text": "refuse it"})
        await client.get("/api/search", params={"q": CANARY})
        await client.get("/api/search", params={"q": CANARY})
        await client.request("CANARY", f"/{CANARY}")
        page = (await client.get("/metrics")).text

    found = figures(page)
    method, route = TURNS
    expected = {
        f"holdfast_requests_total method={method} route={route} status=200": 3,
        "holdfast_requests_total method=GET route=/api/search status=200": 1,
        "holdfast_requests_total method=OTHER route=- status=404": 1,
        "holdfast_rate_limited_total what=searches": 1,
        "holdfast_turns_total by=assistant status=complete": 1,
        "holdfast_turns_total by=assistant status=failed": 2,
        "holdfast_turn_failures_total code=error": 1,
        "holdfast_turn_failures_total code=model_failed": 1,
        "holdfast_model_failures_total code=model_failed": 1,
        "holdfast_tool_calls_total outcome=done tool=search_conversation_history": 1,
        "holdfast_tool_calls_total outcome=failed tool=unknown": 1,
        "holdfast_model_tokens_total direction=in model=test:model": 11,
        "holdfast_model_tokens_total direction=out model=test:model": 7,
        "holdfast_model_seconds_count model=test:model": 3,
        "holdfast_recall_seconds_count by=turn": 3,
        "holdfast_recall_seconds_count by=search": 1,
        "holdfast_open_requests": 1,
    }
    assert {name: found.get(name) for name in expected} == expected
    recorded = len(said["turn"]["messages"]) + 2 * 2
    assert found["holdfast_messages_recorded_total"] == recorded
    assert [word for word in (CANARY, "ada", "laptop", said["session_id"]) if word in page] == []


async def test_the_page_of_metrics_lists_each_of_them() -> None:
    """Name, kind and labels; and none that is not there."""
    async with running() as (app, _):
        described = set()
        for metric in app.state.observer.metrics.registry._collector_to_names:
            if not isinstance(metric, ProcessCollector):
                name = metric._name + ("_total" if metric._type == "counter" else "")
                described.add((name, metric._type, ", ".join(metric._labelnames)))
    page = (Path(__file__).parents[3] / "docs" / "reference" / "metrics.md").read_text("utf-8")
    rows = re.findall(r"^\| `(holdfast_\w+)` \| (\w+) \| ([a-z, ]*)\|", page, re.MULTILINE)

    assert {(name, kind, labels.strip()) for name, kind, labels in rows} == described


async def test_sockets_and_streams_are_counted_while_they_are_open(served: Served) -> None:
    """And not after; nor is a turn that has ended a running one."""
    names = ("holdfast_open_sockets", "holdfast_open_streams", "holdfast_running_turns")
    async with served.client() as client:
        async with (
            served.talk() as ada,
            client.stream(
                "POST", NEW, json={"text": "slow"}, headers={"Accept": "text/event-stream"}
            ) as stream,
        ):
            lines = stream.aiter_lines()
            await ada.send(type="message", text="slow")
            await ada.until("delta")
            while '"one "' not in await anext(lines):
                pass
            during = figures((await client.get("/metrics")).text)
            served.let_go()
            await ada.until("finished")
            async for _ in lines:
                pass
        after = figures((await client.get("/metrics")).text)
        while any(name in after for name in names):  # the socket's end is told a moment later
            after = figures((await client.get("/metrics")).text)

    assert [during[name] for name in names] == [1, 1, 2]
    assert after["holdfast_turns_total by=assistant status=complete"] == 2


# Spans


@pytest.fixture
def collected() -> InMemorySpanExporter:
    return InMemorySpanExporter()


@pytest.fixture
def tracing(collected: InMemorySpanExporter) -> Tracing:
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(collected))
    return Tracing(provider)


def _above(spans: tuple[ReadableSpan, ...]) -> dict[str, str | None]:
    """The name of each span, and that of the one above it."""
    names = {span.context.span_id: span.name for span in spans if span.context}
    return {s.name: names.get(s.parent.span_id) if s.parent else None for s in spans}


async def test_a_turn_is_a_tree_of_spans_below_the_request(
    collected: InMemorySpanExporter, tracing: Tracing
) -> None:
    """Which itself is below the client's own, by its traceparent."""
    async with running(tracing=tracing) as (_, client):
        said = await client.post(NEW, json={"text": "hello"}, headers={"traceparent": PARENT})
    spans = collected.get_finished_spans()
    request = f"POST {TURNS[1]}"
    by_name = {span.name: dict(span.attributes or {}) for span in spans}

    assert _above(spans) == {
        request: None,
        "invoke_agent": request,
        "recall": "invoke_agent",
        "chat test:model": "invoke_agent",
        "execute_tool search_conversation_history": "invoke_agent",
        "execute_tool unknown": "invoke_agent",
    }
    assert {f"{span.context.trace_id:032x}" for span in spans if span.context} == {TRACE}
    assert by_name[request] == {
        "http.request.method": "POST",
        "http.route": TURNS[1],
        "http.response.status_code": 200,
        "holdfast.request_id": said.headers["x-request-id"],
    }
    assert by_name["invoke_agent"] == {
        "gen_ai.operation.name": "invoke_agent",
        "gen_ai.conversation.id": said.json()["session_id"],
        "gen_ai.request.model": "test:model",
        "holdfast.request_id": said.headers["x-request-id"],
        "holdfast.turn_id": said.json()["turn"]["id"],
        "holdfast.turn_status": "complete",
    }
    assert by_name["chat test:model"] == {
        "gen_ai.operation.name": "chat",
        "gen_ai.request.model": "test:model",
        "gen_ai.usage.input_tokens": 11,
        "gen_ai.usage.output_tokens": 7,
    }


async def test_a_turn_over_a_socket_is_a_trace_of_its_own(
    collected: InMemorySpanExporter, tracing: Tracing
) -> None:
    """A socket is open for hours; its span comes when it closes."""
    observer = Observer(tracing=tracing)
    span = tracing.request("WEBSOCKET", {})
    enter(Here(observer, "request", span, is_socket=True))
    turn_id, session_id = TurnId("turn"), SessionId("session")

    async def happening() -> AsyncGenerator[Event, None]:
        yield Started(turn_id=turn_id, session_id=session_id, message=None)
        yield Finished(turn_id=turn_id, status="complete", message=None)

    async for _ in observed(happening(), observer, stopping=asyncio.Event()):
        pass
    span.end()

    assert _above(collected.get_finished_spans()) == {"invoke_agent": None, "WEBSOCKET": None}


async def test_probes_leave_no_trace(collected: InMemorySpanExporter, tracing: Tracing) -> None:
    """They come every few seconds."""
    async with running(tracing=tracing) as (_, client):
        for path in ("/healthz", "/readyz", "/metrics"):
            await client.get(path)

    assert collected.get_finished_spans() == ()


async def test_a_turn_that_is_cut_off_ends_as_what_cut_it(
    collected: InMemorySpanExporter, tracing: Tracing
) -> None:
    """Cancelled, or interrupted when the process ends; failed when it breaks."""
    observer, stopping = Observer(tracing=tracing), asyncio.Event()

    async def happening(error: BaseException) -> AsyncGenerator[Event, None]:
        yield Started(turn_id=TurnId("turn"), session_id=SessionId("session"), message=None)
        raise error

    for error in (asyncio.CancelledError(), ValueError(CANARY), asyncio.CancelledError()):
        with pytest.raises(type(error)):
            async for _ in observed(happening(error), observer, stopping=stopping):
                pass
        stopping.set()
    found = [span.attributes["holdfast.turn_status"] for span in collected.get_finished_spans()]  # type: ignore[index]

    assert found == ["cancelled", "failed", "interrupted"]


async def test_promise_06_sealed_no_span_holds_what_was_said(
    collected: InMemorySpanExporter, tracing: Tracing
) -> None:
    """Nor a name, a header or what an exception says: in no attribute, event, status or name."""
    headers = {"tracestate": f"x={CANARY}", "baggage": f"x={CANARY}", "traceparent": PARENT}
    async with running(tracing=tracing) as (_, client):
        for text in (CANARY, f"break {CANARY}", f"refuse {CANARY}"):
            await client.post(NEW, json={"text": text}, headers=headers)
        await client.get("/api/search", params={"q": CANARY})
        await client.get(f"/api/conversations/{CANARY}/{CANARY}")
        await client.request(CANARY, f"/{CANARY}")
    spans = collected.get_finished_spans()

    told = "".join(span.to_json() for span in spans)
    assert (len(spans) > 10, CANARY in told, "ada" in re.sub("[0-9a-f]{8,}", "", told)) == (
        True,
        False,
        False,
    )


async def test_without_an_endpoint_there_is_no_trace() -> None:
    """Nothing is collected, and nothing of it is in the line."""
    assert (provider_of(Settings()), Tracing().on) == (None, False)


async def test_spans_go_to_the_endpoint_of_the_settings() -> None:
    """Whether its path is given or not; to nobody who did not ask for them."""
    provider = provider_of(Settings(otlp_endpoint="http://127.0.0.1:9/"))

    assert provider is not None
    assert Tracing(provider).on
    provider.shutdown()


# Lines


def _request_lines(caplog: pytest.LogCaptureFixture, form: LogFormat = "json") -> list[str]:
    made = formatter(form)
    return [made.format(r) for r in caplog.records if getattr(r, "action", "") == "http.request"]


async def test_the_line_of_a_request_tells_all_that_may_be_told(
    caplog: pytest.LogCaptureFixture, tracing: Tracing
) -> None:
    """One line; who asked is a key's id and a tag, and the turn is told with it."""
    caplog.set_level(logging.INFO)
    async with running(tracing=tracing) as (_, client):
        answer = await client.post(
            NEW,
            json={"text": "hello"},
            headers={"x-stainless-retry-count": "2", "Accept-Encoding": "identity"},
        )
    (line,) = _request_lines(caplog)
    told: dict[str, Any] = json.loads(line)
    said = answer.json()

    assert {name: told[name] for name in ("request_id", "session_id", "turn_id")} == {
        "request_id": answer.headers["x-request-id"],
        "session_id": said["session_id"],
        "turn_id": said["turn"]["id"],
    }
    assert (told["method"], told["route"], told["status"], told["via"]) == (*TURNS, 200, "key")
    assert (told["turn_status"], told["model"], told["tools"]) == ("complete", "test:model", 2)
    assert (told["input_tokens"], told["output_tokens"], told["retry"]) == (11, 7, 2)
    assert (told["bytes_in"], told["bytes_out"]) == (16, len(answer.content))
    assert {"duration_ms", "recall_ms", "credential", "trace_id", "level", "time"} <= set(told)
    assert re.fullmatch("u[0-9a-f]{16}", told["user_tag"])


async def test_a_turn_over_a_socket_has_a_line_of_its_own(served: Served) -> None:
    """A socket's own comes when it closes, and it may have had many turns."""
    async with served.talk() as ada:
        await ada.ask("hello")
        await ada.ask("hello again")

    lines = [line for line in served.log.splitlines() if "action=turn.end" in line]
    told = f"session_id={ada.session_id} turn_id="
    assert [told in line and "turn_status=complete" in line for line in lines] == [True] * 2


async def test_promise_06_sealed_no_line_holds_what_was_said(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """At debug, in both forms, whatever fails: not the words of a foreign exception either."""
    caplog.set_level(logging.DEBUG)
    async with running() as (app, client):
        app.add_api_route("/broken", _broken)
        broke = await client.get("/broken", headers={"X-Request-Id": CANARY})
        for text in (CANARY, f"break {CANARY}", f"refuse {CANARY}"):
            await client.post(NEW, json={"text": text})
        await client.get("/api/search", params={"q": CANARY})
        await client.get(f"/api/conversations/{CANARY}/{CANARY}")
        await client.request(CANARY, f"/{CANARY}")
    served = [record for record in caplog.records if not record.name.startswith("httpx2")]
    lines = [formatter(f).format(record) for record in served for f in _FORMS]

    request_id = broke.headers["x-request-id"]
    assert error_of(broke) == (500, "internal")
    assert [line for line in lines if CANARY in line] == []
    assert any(request_id in line and "builtins.ValueError" in line for line in lines)
    assert any(request_id in line and "status=500" in line for line in lines)


_FORMS: tuple[LogFormat, ...] = ("logfmt", "json")


async def _broken() -> None:
    try:
        raise TamperedRecord
    except TamperedRecord:
        raise ValueError(CANARY) from KeyError(CANARY)


def test_a_value_cannot_pretend_to_be_another_fact_or_line() -> None:
    """Whatever is in it, a line of logfmt is one line, and a fact is one fact."""
    record = logging.LogRecord("x", logging.INFO, "", 0, "request", (), None)
    record.model, record.status = 'a status=200\nb "c"', 500

    line = formatter("logfmt").format(record)

    assert line.endswith('request status=500 model="a status=200\\nb \\"c\\""')


def test_only_known_facts_are_written() -> None:
    """What somebody adds to a record without adding it to the list stays out."""
    record = logging.LogRecord("x", logging.INFO, "", 0, "request", (), None)
    record.text = CANARY

    assert [CANARY in formatter(form).format(record) for form in _FORMS] == [False, False]
    assert "text" not in LOGGED
