"""The OpenAI SDK with only its base URL changed: it works, and everything is kept."""

from __future__ import annotations

from .conftest import Proxied, said


def test_a_completion_is_answered_by_the_upstream_and_kept(proxied: Proxied) -> None:
    """The question, the answer, its model; the upstream gets its own key and no name of anybody."""
    answer = proxied.sdk().chat.completions.create(
        model="tiny", messages=[{"role": "user", "content": "Hello"}], user="eve"
    )

    assert answer.choices[0].message.content == "You said: Hello"
    assert answer._request_id == "req_1"
    (turn,) = proxied.turns()
    assert said([turn]) == [
        ("complete", [("user", "text", "Hello"), ("assistant", "text", "You said: Hello")])
    ]
    assert turn["model"] == "tiny-2026"


def test_a_stream_is_answered_and_kept(proxied: Proxied) -> None:
    """Every delta reaches the SDK, and the whole is one message."""
    stream = proxied.sdk().chat.completions.create(
        model="tiny", messages=[{"role": "user", "content": "Hello"}], stream=True
    )

    text = "".join(c.choices[0].delta.content or "" for c in stream if c.choices)
    assert text == "You said: Hello "
    assert said(proxied.turns()) == [
        ("complete", [("user", "text", "Hello"), ("assistant", "text", "You said: Hello ")])
    ]
