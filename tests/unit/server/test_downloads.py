"""Files on their way to a client: what type they are said to be of."""

from __future__ import annotations

import pytest

from holdfast.server.downloads import attachment

_BYTES = "application/octet-stream"


@pytest.mark.parametrize(
    "kind",
    [
        "text/javascript",
        "application/x-javascript",
        "application/ecmascript",
        "text/jscript",
        "text/livescript",
        "TEXT/JavaScript1.5",
        "text/css",
        "application/wasm",
    ],
)
def test_what_the_page_s_policy_lets_run_is_sent_as_bytes(kind: str) -> None:
    """It comes from this server, from which scripts and styles are taken; as bytes, and never to be
    guessed at, no browser takes it for one."""
    answer = attachment(b"self.x = 1", name="a.js", media_type=kind)

    assert answer.headers["content-type"] == _BYTES
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("kind", ["image/png", "audio/webm", "text/html", "application/postscript"])
def test_any_other_file_is_sent_as_what_it_is(kind: str) -> None:
    """So that players and programs know it."""
    assert attachment(b"x", name="a", media_type=kind).headers["content-type"] == kind
