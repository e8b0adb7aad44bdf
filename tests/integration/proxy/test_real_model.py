"""The whole way with a real model: the SDK, the proxy, and behind it a server with a local one."""

from __future__ import annotations

from typing import Any

from integration.server.conftest import Served

from .conftest import Person, said


def test_a_real_model_answers_through_the_proxy(tmp_path: Any) -> None:
    """Streamed token by token; proxy and model's server each keep the same exchange."""
    for folder in ("model", "front"):
        (tmp_path / folder).mkdir()
    behind = Served(tmp_path / "model", model="local", max_answer_tokens="24").start(child=False)
    front = None
    try:
        inner = Person(behind, behind.key("front"))
        inner.headers = {}
        front = Served(
            tmp_path / "front",
            proxy_base_url=f"{behind.url}/v1",
            proxy_api_key=inner.key,
        ).start(child=False)
        outer = Person(front, front.key("ada"))
        outer.headers = {}
        stream = outer.sdk().chat.completions.create(
            model="holdfast",
            messages=[{"role": "user", "content": "Name the capital of France."}],
            stream=True,
        )
        pieces = [c.choices[0].delta.content for c in stream if c.choices]
        text = "".join(piece for piece in pieces if piece)
        told = said(outer.turns())
        kept = inner.turns()
        outer.close()
    finally:
        behind.kill()
        if front is not None:
            front.kill()

    assert len([piece for piece in pieces if piece]) > 1
    assert told == [
        ("complete", [("user", "text", "Name the capital of France."), ("assistant", "text", text)])
    ]
    assert kept[0]["messages"][-1]["text"] == text
