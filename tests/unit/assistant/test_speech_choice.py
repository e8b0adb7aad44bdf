"""The settings choose a transcriber, and starting it is left for the first recording."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace

import pytest

from holdfast.assistant.speech.transcribing import transcriber_of
from holdfast.errors import BadSettings
from holdfast.settings import Secret, Settings, load_settings


@pytest.fixture
def settings() -> Settings:
    """Those of an empty environment."""
    return load_settings(environ={"HOLDFAST_CONFIG_DIR": "."})


def test_none_is_chosen_when_none_is_named(settings: Settings) -> None:
    """Speech is kept then, as a failed turn."""
    assert transcriber_of(settings) is None


async def test_whisper_is_the_installed_model_unless_one_is_named(settings: Settings) -> None:
    """By its packages, or by the name of a model that is in the cache."""
    installed = transcriber_of(replace(settings, transcriber="whisper"))
    named = transcriber_of(replace(settings, transcriber="whisper", transcriber_model="small"))

    assert installed is not None
    assert named is not None
    assert (installed.name, named.name) == ("whisper:base", "whisper:small")


async def test_an_endpoint_is_named_in_full(settings: Settings) -> None:
    """A forgotten address is an error: no recording goes to a third party by default."""
    chosen = replace(settings, transcriber="openai", transcriber_api_key=Secret("k"))
    with pytest.raises(BadSettings):
        transcriber_of(chosen)

    found = transcriber_of(replace(chosen, transcriber_base_url="http://127.0.0.1:1/v1/"))

    assert found is not None
    assert found.name == "openai:gpt-transcribe"


@pytest.mark.parametrize("missing", ["/no/such/folder", "./no-such-folder", "~/no/such"])
def test_a_model_folder_that_is_not_there_is_told_at_the_start(
    missing: str, settings: Settings
) -> None:
    """Not when the first recording fails."""
    with pytest.raises(BadSettings):
        transcriber_of(replace(settings, transcriber="whisper", transcriber_model=missing))


_LOADED = """
import json, sys
from dataclasses import replace
from holdfast.assistant.speech.transcribing import transcriber_of
from holdfast.settings import load_settings
settings = load_settings(environ={"HOLDFAST_CONFIG_DIR": "."})
transcriber_of(replace(settings, transcriber="whisper"))
transcriber_of(replace(settings, transcriber="openai", transcriber_base_url="http://x/v1"))
print(json.dumps(sorted(sys.modules)))
"""


def test_choosing_loads_no_engine() -> None:
    """A server is ready before anybody speaks: neither engine nor client is imported."""
    ran = subprocess.run(
        [sys.executable, "-c", _LOADED], capture_output=True, text=True, check=True
    )

    heavy = {"av", "ctranslate2", "faster_whisper", "httpx2", "numpy", "onnxruntime"}
    assert heavy.isdisjoint(json.loads(ran.stdout))
