"""The configured model as a distiller: asked over HTTP, in a fixed form, and never trusted."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from fix_keeper import World, talk
from holdfast.assistant.distiller import ModelDistiller, distiller_of
from holdfast.assistant.models.route import Route
from holdfast.errors import ModelFailed, ModelIncomplete, ModelRefused, ModelStalled
from holdfast.model import Message, MessageId, SessionId, TurnId
from holdfast.settings import Secret, load_settings
from integration.models.conftest import NOW
from integration.models.upstream import Upstream, Wire

_SAID = "We adopted a beagle called Rolf."
_GOOD = {
    "message": 0,
    "quote": "adopted a beagle",
    "kind": "fact",
    "attribute": "dog",
    "value": "beagle",
}


def _distiller(upstream: Upstream, *, timeout_s: float = 20.0) -> ModelDistiller:
    return ModelDistiller(
        Route(
            provider="openai",
            model="m",
            base_url=upstream.base_url,
            api_key=Secret("k"),
            timeout_s=timeout_s,
        )
    )


def _message(text: str = _SAID) -> Message:
    return Message(
        id=MessageId("m"),
        session_id=SessionId("s"),
        turn_id=TurnId("t"),
        seq=0,
        role="user",
        text=text,
        at=NOW,
    )


def proposes(
    *memories: dict[str, Any], raw: str | None = None
) -> Callable[[Wire], Awaitable[None]]:
    """An OpenAI-compatible answer that calls the output tool; `raw` are its arguments as text."""

    async def reply(wire: Wire) -> None:
        arguments = json.dumps({"memories": memories}) if raw is None else raw
        call = {
            "id": "c1",
            "type": "function",
            "function": {"name": "final_result", "arguments": arguments},
        }
        message = {"role": "assistant", "content": None, "tool_calls": [call]}
        answer = {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "created": 1,
            "model": "m",
            "choices": [{"index": 0, "finish_reason": "tool_calls", "message": message}],
            "usage": {"prompt_tokens": 90, "completion_tokens": 12, "total_tokens": 102},
        }
        await wire.head(media_type="application/json")
        await wire.raw(json.dumps(answer).encode())

    return reply


async def _silent(wire: Wire) -> None:
    await wire.until_left()


async def _refused(wire: Wire) -> None:
    await wire.head(401, media_type="application/json")
    await wire.raw(b'{"error": {"message": "no"}}')


async def _cut(wire: Wire) -> None:
    await wire.head(media_type="application/json", Content_Length="999")
    await wire.raw(b'{"id": "chat')


async def test_proposals_and_their_cost_come_back(upstream: Upstream) -> None:
    """One request in a fixed form, with the conversation as data; tokens are told."""
    upstream.replies.append(proposes(_GOOD))
    distiller = _distiller(upstream)

    proposed = await distiller.propose([_message()])

    (proposal,) = proposed.proposals
    assert (proposal.quote, proposal.attribute, proposal.value) == (
        "adopted a beagle",
        "dog",
        "beagle",
    )
    assert (proposed.input_tokens, proposed.output_tokens) == (90, 12)
    assert proposed.cost_usd is None
    assert distiller.name == "model openai:m prompt/1"
    sent = upstream.requests[0].body
    assert [t["function"]["name"] for t in sent["tools"]] == ["final_result"]
    assert _SAID in json.loads(sent["messages"][-1]["content"])[0]["text"]


@pytest.mark.parametrize(
    ("replies", "error"),
    [
        ([_silent], ModelStalled),
        ([_refused], ModelRefused),
        ([_cut], ModelFailed),
        ([proposes(raw='{"memories": [{"mess')] * 2, ModelIncomplete),
        ([proposes({"message": "first", "kind": "opinion"})] * 2, ModelIncomplete),
    ],
    ids=["silent", "refused", "cut", "truncated JSON", "wrong schema"],
)
async def test_what_is_no_answer_is_a_failure_that_quotes_nothing(
    upstream: Upstream, replies: list[Any], error: type[ModelFailed]
) -> None:
    """Down, slow, cut off, or not in the form: one of our errors, without a word of theirs."""
    upstream.replies += replies
    limit_s = 0.5 if error is ModelStalled else 60.0

    with pytest.raises(error) as raised:
        await _distiller(upstream, timeout_s=limit_s).propose([_message()])

    assert "beagle" not in f"{raised.value!r} {raised.value.__cause__!r}"
    assert raised.value.__cause__ is None


async def test_an_answer_in_a_wrong_form_is_asked_for_once_more(upstream: Upstream) -> None:
    """The second answer counts, and both are paid for."""
    upstream.replies += [proposes(raw="{}x"), proposes(_GOOD)]

    proposed = await _distiller(upstream).propose([_message()])

    assert (len(proposed.proposals), proposed.input_tokens) == (1, 180)


async def test_a_keeper_distils_with_it(upstream: Upstream, world: World) -> None:
    """From what was said to a memory that names the model, its prompt and its source."""
    invented = {"message": 0, "quote": "a castle in Spain", "kind": "fact"}
    upstream.replies.append(proposes(_GOOD, invented))
    keeper = await world.open("memory")
    ada = await keeper.user("ada")
    session = await ada.sessions.start()
    await talk(session, (_SAID, "How nice!"))

    await keeper.distill(distiller=_distiller(upstream))

    (dog,) = await ada.memories.list(kind="fact")
    assert (dog.value, dog.made_by) == ("beagle", "model openai:m prompt/1")
    (receipt,) = await ada.memories.receipts(session.id)
    assert receipt.reasons["invented quote"] == 1


def test_only_a_model_that_can_propose_is_a_distiller(tmp_path: Any) -> None:
    """None without a model, with the one that only quotes, or with one that cannot be used."""

    def of(**environ: str) -> ModelDistiller | None:
        named = {f"HOLDFAST_{name.upper()}": value for name, value in environ.items()}
        settings = load_settings(environ={"HOLDFAST_DATA_DIR": str(tmp_path), **named})
        return distiller_of(settings)

    assert of() is None
    assert of(model="quoting") is None
    assert of(model="openai:m") is None
    found = of(model="openai:m", model_api_key="k")
    assert found is not None
    assert found.name == "model openai:m prompt/1"
