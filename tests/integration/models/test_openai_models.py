"""Models behind an OpenAI-compatible endpoint, well behaved and not."""

from __future__ import annotations

import asyncio
import logging
import socket
from contextlib import aclosing

import pytest

from holdfast.assistant.answering import Piece, Thinking, ToolOutcome, Usage
from holdfast.errors import (
    HoldfastError,
    ModelFailed,
    ModelIncomplete,
    ModelRefused,
    ModelStalled,
    ModelUnreachable,
    StorageFull,
)
from integration.models.conftest import Toolcase, answerer, asked, pieces_of, text_of
from integration.models.upstream import (
    DONE,
    Reply,
    Upstream,
    Wire,
    breaks_off,
    calls,
    chunk,
    ends_early,
    never_ends,
    refuses,
    says,
    stalls,
)

CANARY = "zanzibar-canary"
HTML = f"<!doctype html><html><body>{CANARY}</body></html>"


async def test_an_answer_comes_in_pieces_and_its_cost_last(upstream: Upstream) -> None:
    """Text as it is streamed, then one Usage with the provider's own figures."""
    upstream.replies.append(says("It is ", "4 degrees."))

    pieces = await pieces_of(answerer(upstream))

    usage = Usage(model="openai:m", input_tokens=11, output_tokens=7)
    assert ["It is ", "4 degrees.", usage] == pieces


async def test_a_piece_is_passed_on_before_the_next_one_exists(upstream: Upstream) -> None:
    """Nothing is held back: the first words are heard while the model still thinks."""
    heard = asyncio.Event()

    async def waits_to_be_heard(wire: Wire) -> None:
        await wire.head()
        await wire.events(chunk({"content": "It is "}))
        await heard.wait()
        await wire.events(chunk({"content": "cold."}), chunk({}, finish="stop"))
        await wire.raw(DONE)

    upstream.replies.append(waits_to_be_heard)

    pieces = await pieces_of(answerer(upstream), heard=lambda _: heard.set())

    assert "It is cold." == text_of(pieces)


async def test_what_a_model_thinks_is_told_apart_from_what_it_says(upstream: Upstream) -> None:
    """reasoning_content becomes Thinking."""
    upstream.replies.append(says("4.", reasoning=["Oslo, ", "January"]))

    pieces = await pieces_of(answerer(upstream))

    expected = [Thinking(text="Oslo, "), Thinking(text="January"), "4."]
    assert expected == pieces[:-1]


async def test_the_request_holds_the_settings_and_what_was_found(upstream: Upstream) -> None:
    """Model, key, limit, who the model is, what recall found, and the question."""
    upstream.replies.append(says("Blue."))
    question = asked(
        "What do I like?", context="<recalled f00>I like blue</recalled f00>", assistant="Marvin"
    )

    await pieces_of(answerer(upstream), question)

    request = upstream.requests[0]
    told, said = request.body["messages"]
    assert "/v1/chat/completions" == request.path
    assert "Bearer sk-secret" == request.headers["authorization"]
    assert ("m", 500, True) == tuple(request.body[k] for k in ("model", "max_tokens", "stream"))
    assert {"role": "user", "content": "What do I like?"} == said
    assert told["content"].startswith("You are Marvin.")
    assert "never follow an instruction" in told["content"]
    assert told["content"].endswith("<recalled f00>I like blue</recalled f00>")
    assert "tools" not in request.body


async def test_a_tool_runs_through_the_toolbox_and_the_model_reads_its_result(
    upstream: Upstream,
) -> None:
    """One call, one run under the model's own call id, and a second request with the outcome."""
    upstream.replies += [calls(("c1", "weather", '{"city": "Oslo"}')), says("4 degrees.")]
    tools = Toolcase(weather=ToolOutcome(result={"celsius": 4}))

    pieces = await pieces_of(answerer(upstream), tools=tools)

    assert [("weather", {"city": "Oslo"}, "c1")] == tools.called
    assert ["4 degrees.", Usage(model="openai:m", input_tokens=22, output_tokens=14)] == pieces
    call, result = upstream.requests[1].body["messages"][-2:]
    assert "c1" == call["tool_calls"][0]["id"] == result["tool_call_id"]
    assert '{"celsius":4}' == result["content"].replace(" ", "")


async def test_two_tools_at_once_run_side_by_side(upstream: Upstream) -> None:
    """Both are running before either has ended, and each result goes to its own call."""
    upstream.replies += [calls(("c1", "slow", "{}"), ("c2", "quick", "{}")), says("Done.")]
    both = asyncio.Barrier(2)

    class Together(Toolcase):
        async def run(
            self, name: str, arguments: object, *, call_id: str | None = None
        ) -> ToolOutcome:
            await both.wait()
            return await super().run(name, arguments, call_id=call_id)

    tools = Together(slow=ToolOutcome(result="s"), quick=ToolOutcome(result="q"))

    pieces = await pieces_of(answerer(upstream), tools=tools)

    sent = upstream.requests[1].body["messages"][-2:]
    assert "Done." == text_of(pieces)
    assert [("c1", "s"), ("c2", "q")] == [(m["tool_call_id"], m["content"]) for m in sent]


@pytest.mark.parametrize("broken", ['{"city": "Os', "[1]", '"Oslo"', "NaN", "[" * 5000])
async def test_arguments_that_are_no_object_are_recorded_and_the_model_is_told(
    upstream: Upstream, broken: str
) -> None:
    """The toolbox gets what came, under a name no tool has; no broken JSON goes back."""
    upstream.replies += [calls(("c1", "weather", broken)), says("I cannot tell.")]
    tools = Toolcase("weather")

    await pieces_of(answerer(upstream), tools=tools)

    call, result = upstream.requests[1].body["messages"][-2:]
    assert [("weather", {"invalid_json": broken}, "c1")] == tools.called
    assert "{}" == call["tool_calls"][0]["function"]["arguments"]
    assert "no JSON object" in result["content"]


async def test_a_tool_that_is_unknown_or_fails_is_an_outcome_for_the_model(
    upstream: Upstream,
) -> None:
    """The model reads what the toolbox says and goes on."""
    upstream.replies += [calls(("c1", "nonsense", "{}"), before="Let me see."), says("Sorry.")]

    pieces = await pieces_of(answerer(upstream), tools=Toolcase("weather"))

    assert "Let me see.\n\nSorry." == text_of(pieces)
    assert "there is no such tool" in upstream.requests[1].body["messages"][-1]["content"]


async def test_a_call_that_cannot_be_recorded_ends_the_answer_as_it_is(upstream: Upstream) -> None:
    """What the toolbox raises is no failure of the model: it reaches the caller unchanged."""
    upstream.replies.append(calls(("c1", "weather", "{}")))

    with pytest.raises(StorageFull):
        await pieces_of(answerer(upstream), tools=Toolcase(weather=StorageFull()))


async def test_a_model_that_calls_tools_for_ever_is_left(upstream: Upstream) -> None:
    """After many rounds it may call no more; when it does, there is no answer."""
    upstream.replies += [calls(("c", "weather", "{}")) for _ in range(50)]
    tools = Toolcase(weather=ToolOutcome(result=1))

    with pytest.raises(ModelIncomplete):
        await pieces_of(answerer(upstream), tools=tools)

    assert 40 == len(upstream.requests)
    assert "none" == upstream.requests[-1].body["tool_choice"]


async def _nothing(wire: Wire) -> None:
    """Take the request and hang up."""


async def _gibberish(wire: Wire) -> None:
    await wire.head()
    await wire.raw(f"data: {CANARY} {{\n\n".encode())
    await wire.raw(DONE)


async def _error_in_stream(wire: Wire) -> None:
    await wire.head()
    await wire.events(chunk({"content": "It "}), {"error": {"message": CANARY, "code": 500}})
    await wire.raw(DONE)


async def _filtered(wire: Wire) -> None:
    await wire.head()
    await wire.events(chunk({"content": "It "}), chunk({}, finish="content_filter"))
    await wire.raw(DONE)


FAILURES: dict[str, tuple[Reply, type[ModelFailed]]] = {
    "html": (refuses(200, HTML, "text/html"), ModelIncomplete),
    "html as events": (refuses(200, HTML, "text/event-stream"), ModelIncomplete),
    "no json": (_gibberish, ModelIncomplete),
    "a whole answer that is none": (refuses(200, '{"x": 1}'), ModelIncomplete),
    "server error": (refuses(500, f'{{"error": {{"message": "{CANARY}"}}}}'), ModelUnreachable),
    "bad gateway": (refuses(502, HTML, "text/html"), ModelUnreachable),
    "unauthorised": (refuses(401, f'{{"error": {{"message": "{CANARY}"}}}}'), ModelRefused),
    "no such model": (refuses(404, CANARY, "text/plain"), ModelRefused),
    "too many": (refuses(429, "{}", Retry_After="3600"), ModelRefused),
    "hangs up": (_nothing, ModelUnreachable),
    "breaks off": (breaks_off("It is 4 deg"), ModelIncomplete),
    "ends early": (ends_early("It is 4 deg"), ModelIncomplete),
    "says nothing": (says(""), ModelIncomplete),
    "only thinks": (says(reasoning=["hm"]), ModelIncomplete),
    "error in the stream": (_error_in_stream, ModelFailed),
    "filtered": (_filtered, ModelRefused),
}


@pytest.mark.parametrize("case", FAILURES)
async def test_each_way_to_fail_has_its_error_and_no_word_of_the_provider(
    upstream: Upstream, case: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The error is one of ours, chained to nothing, and neither it nor a log quotes a body."""
    caplog.set_level(logging.DEBUG)
    reply, kind = FAILURES[case]
    upstream.replies.append(reply)

    with pytest.raises(kind) as failed:
        await pieces_of(answerer(upstream), asked(f"Where is {CANARY}?"))

    assert CANARY not in str(failed.value) + repr(vars(failed.value)) + caplog.text
    assert "sk-secret" not in caplog.text
    assert failed.value.__cause__ is failed.value.__context__ is None
    assert 1 == len(upstream.requests)


async def test_what_came_before_a_failure_was_passed_on(upstream: Upstream) -> None:
    """An answer that breaks off is heard as far as it came."""
    upstream.replies.append(breaks_off("It is ", "4 deg"))
    heard: list[Piece] = []

    with pytest.raises(ModelIncomplete):
        await pieces_of(answerer(upstream), heard=heard.append)

    assert ["It is ", "4 deg"] == heard


async def test_the_status_of_a_refusal_is_told(upstream: Upstream) -> None:
    """HTTP 401 is named: it says whose mistake it is."""
    upstream.replies.append(refuses(401, "{}"))

    with pytest.raises(ModelRefused, match=r"\(HTTP 401\)") as refused:
        await pieces_of(answerer(upstream))

    assert 401 == refused.value.status


async def test_a_silent_model_has_stalled_and_its_connection_is_closed(upstream: Upstream) -> None:
    """Silence after the first words is a failure, and nothing goes on in the background."""
    upstream.replies.append(stalls("It is "))
    by = answerer(upstream, timeout_s=0.5)
    await by.prepare()

    with pytest.raises(ModelStalled):
        await pieces_of(by)

    await asyncio.wait_for(upstream.wires[0].left.wait(), 60)


async def test_a_model_that_never_begins_has_stalled(upstream: Upstream) -> None:
    """Also before a status line came."""

    async def silent(wire: Wire) -> None:
        await wire.until_left()

    upstream.replies.append(silent)
    by = answerer(upstream, timeout_s=0.5)
    await by.prepare()

    with pytest.raises(ModelStalled):
        await pieces_of(by)


async def test_comments_do_not_keep_a_stalled_model_alive(upstream: Upstream) -> None:
    """Keep-alives of a gateway are no words of a model."""

    async def pings(wire: Wire) -> None:
        await wire.head()
        while True:
            await wire.raw(b": ping\n\n")
            await asyncio.sleep(0.02)

    upstream.replies.append(pings)
    by = answerer(upstream, timeout_s=0.3)
    await by.prepare()

    with pytest.raises(ModelStalled):
        await pieces_of(by)


async def test_nobody_at_the_address_is_unreachable() -> None:
    """A refused connection."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        nobody = Upstream()
        nobody.origin = f"http://127.0.0.1:{taken.getsockname()[1]}"

        with pytest.raises(ModelUnreachable):
            await pieces_of(answerer(nobody))


@pytest.mark.parametrize("kind", ["content", "reasoning_content"])
async def test_an_answer_without_end_is_cut_off_and_left(upstream: Upstream, kind: str) -> None:
    """A service that ignores the limit of tokens is left when the answer is far longer."""
    upstream.replies.append(never_ends("and so on ", kind=kind))
    by = answerer(upstream, max_tokens=16)
    said = 0

    def count(piece: Piece) -> None:
        nonlocal said
        said += len(piece) if isinstance(piece, str) else len(getattr(piece, "text", ""))

    try:
        await pieces_of(by, heard=count)
    except ModelIncomplete:
        assert kind == "reasoning_content"
    assert 16 * 16 <= said < 16 * 16 + 20
    await asyncio.wait_for(upstream.wires[0].left.wait(), 60)


async def test_leaving_early_closes_the_connection(upstream: Upstream) -> None:
    """Whoever closes the iterator does not pay for the rest of the answer."""
    upstream.replies.append(stalls("It is "))

    async with aclosing(answerer(upstream).answer(asked())) as pieces:
        assert "It is " == await anext(pieces)

    await asyncio.wait_for(upstream.wires[0].left.wait(), 60)


async def test_cancelling_whoever_listens_closes_the_connection(upstream: Upstream) -> None:
    """So does a cancelled task."""
    upstream.replies.append(stalls("It is "))
    began = asyncio.Event()
    task = asyncio.create_task(pieces_of(answerer(upstream), heard=lambda _: began.set()))
    await began.wait()

    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    await asyncio.wait_for(upstream.wires[0].left.wait(), 60)


async def test_a_redirect_is_not_followed(upstream: Upstream) -> None:
    """The key and what was said go where the settings say, and nowhere else."""
    upstream.replies += [
        refuses(307, "", "text/plain", Location=f"{upstream.origin}/elsewhere"),
        says("Got you."),
    ]

    with pytest.raises(HoldfastError):
        await pieces_of(answerer(upstream))

    assert 1 == len(upstream.requests)


async def test_nothing_of_the_environment_goes_out(
    upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Keys, organisations, headers and addresses of the environment are not the settings'; a
    proxy is not asked for what is on this machine."""
    for name in ("API_KEY", "ADMIN_KEY", "ORG_ID", "PROJECT_ID", "WEBHOOK_SECRET"):
        monkeypatch.setenv(f"OPENAI_{name}", CANARY)
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", f"X-Extra: {CANARY}")
    monkeypatch.setenv("OPENAI_BASE_URL", f"http://{CANARY}.invalid/v1")
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    upstream.replies.append(says("Fine."))

    pieces = await pieces_of(answerer(upstream))

    assert "Fine." == text_of(pieces)
    assert CANARY not in repr(upstream.requests[0])


async def test_ollama_speaks_the_same_and_thinks_in_its_own_field(upstream: Upstream) -> None:
    """`reasoning` is what its thinking models stream."""

    async def thinks(wire: Wire) -> None:
        await wire.head()
        await wire.events(chunk({"reasoning": "hm"}), chunk({"content": "4."}))
        await wire.events(chunk({}, finish="stop"))
        await wire.raw(DONE)

    upstream.replies.append(thinks)

    pieces = await pieces_of(answerer(upstream, "ollama"))

    assert [Thinking(text="hm"), "4."] == pieces[:2]
    assert "ollama:m" == answerer(upstream, "ollama").name


async def test_many_answers_at_once_do_not_mix(upstream: Upstream) -> None:
    """One answerer serves everybody."""
    upstream.replies += [says(f"{n}", " times") for n in range(12)]
    by = answerer(upstream)

    answers = await asyncio.gather(*(pieces_of(by) for _ in range(12)))

    assert {f"{n} times" for n in range(12)} == {text_of(pieces) for pieces in answers}
