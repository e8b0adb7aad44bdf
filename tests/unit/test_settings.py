"""Settings that contradict themselves are told at the start."""

from __future__ import annotations

import pytest

from holdfast.errors import BadSettings
from holdfast.settings import load_settings


@pytest.mark.parametrize(
    ("half", "whole"),
    [
        ("PROXY_API_KEY", "PROXY_BASE_URL"),
        ("MODEL_API_KEY", "MODEL"),
        ("MODEL_BASE_URL", "MODEL"),
        ("FALLBACK_API_KEY", "FALLBACK_MODEL"),
        ("FALLBACK_BASE_URL", "FALLBACK_MODEL"),
        ("TRANSCRIBER_MODEL", "TRANSCRIBER"),
        ("TRANSCRIBER_BASE_URL", "TRANSCRIBER"),
        ("TRANSCRIBER_API_KEY", "TRANSCRIBER"),
    ],
)
def test_half_of_a_pair_is_a_mistake(half: str, whole: str) -> None:
    """It names both and never the value; with the other half, or empty, nothing is said."""
    other = "openai" if whole == "TRANSCRIBER" else "openai:x"
    given = {f"HOLDFAST_{half}": "sk-canary", "HOLDFAST_CONFIG_DIR": "/nowhere"}

    with pytest.raises(BadSettings) as bad:
        load_settings(environ=given)

    assert bad.value.problems == (f"{half.lower()}: it does nothing without {whole.lower()}",)
    assert "sk-canary" not in str(bad.value)
    assert load_settings(environ={**given, f"HOLDFAST_{whole}": other})
    assert load_settings(environ={**given, f"HOLDFAST_{half}": ""})
