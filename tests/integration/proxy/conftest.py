"""A real Holdfast in front of a small real upstream, and the OpenAI SDK before it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import Any

import httpx2
import pytest
from openai import AsyncOpenAI, OpenAI

from fix_keeper import clock, world
from integration.server.conftest import HUNG_S, Served

from .upstream import Upstream

__all__ = ["clock", "world"]

_numbers = count()
_PATIENCE = 2_000
"""Looks at what is kept until a turn that has not ended never will."""


class Person:
    """Somebody new, and what they use."""

    def __init__(self, served: Served, key: str | None = None) -> None:
        """With a key that acts for users a new person is one header; making a key takes longer."""
        self.served = served
        self.name = f"person-{next(_numbers)}"
        self.key = key or served.key("service", "--act-for-users")
        self.headers = {"X-Holdfast-User-Id": self.name}
        self._opened: list[OpenAI] = []

    @property
    def shown(self) -> dict[str, str]:
        """Who asks, for a plain HTTP client."""
        return {"Authorization": f"Bearer {self.key}", **self.headers}

    def sdk(self, **options: Any) -> OpenAI:
        """The SDK as an application uses it: only `base_url` and `api_key` are given."""
        given: dict[str, Any] = {"max_retries": 0, "api_key": self.key, **options}
        given["default_headers"] = {**self.headers, **options.get("default_headers", {})}
        self._opened.append(OpenAI(base_url=f"{self.served.url}/v1", **given))
        return self._opened[-1]

    def async_sdk(self, **options: Any) -> AsyncOpenAI:
        """The same, for asyncio."""
        given: dict[str, Any] = {"max_retries": 0, "api_key": self.key, **options}
        given["default_headers"] = {**self.headers, **options.get("default_headers", {})}
        return AsyncOpenAI(base_url=f"{self.served.url}/v1", **given)

    def get(self, path: str) -> Any:
        """The JSON of a path under /api."""
        answer = httpx2.get(
            f"{self.served.url}{path}", headers=self.shown, trust_env=False, timeout=HUNG_S
        )
        assert answer.status_code == 200, answer.text
        return answer.json()

    def sessions(self) -> list[dict[str, Any]]:
        """Everything that is kept of a person, oldest session first, with its turns."""
        listed = self.get("/api/conversations/current_user")["sessions"]
        return [
            self.get(f"/api/conversations/current_user/{s['id']}")["session"]
            for s in reversed(listed)
        ]

    def ended(self) -> list[dict[str, Any]]:
        """Every session, once no turn is open: who reads to the last word is not the last."""
        for _ in range(_PATIENCE):
            found = self.sessions()
            if all(turn["status"] != "open" for s in found for turn in s["turns"]):
                return found
        raise AssertionError("a turn does not end")

    def turns(self) -> list[dict[str, Any]]:
        """The turns of the one session there is, all ended."""
        (session,) = self.ended()
        found: list[dict[str, Any]] = session["turns"]
        return found

    def close(self) -> None:
        """Close what `sdk` made."""
        while self._opened:
            self._opened.pop().close()


class Proxied(Person):
    """Somebody new whose server has an upstream."""

    def __init__(self, served: Served, upstream: Upstream, key: str | None = None) -> None:
        super().__init__(served, key)
        self.upstream = upstream
        self._others: list[Proxied] = []

    def other(self, key: str | None = None) -> Proxied:
        """Somebody else, closed together with this one."""
        self._others.append(Proxied(self.served, self.upstream, key or self.key))
        return self._others[-1]

    def close(self) -> None:
        """Close what `sdk` made, for the others too."""
        super().close()
        for other in self._others:
            other.close()


def said(turns: list[dict[str, Any]]) -> list[tuple[str, list[tuple[str, str, str]]]]:
    """Status and messages of turns: role, kind, text."""
    return [
        (turn["status"], [(m["role"], m["kind"], m["text"]) for m in turn["messages"]])
        for turn in turns
    ]


@pytest.fixture(scope="module")
def upstream() -> Iterator[Upstream]:
    made = Upstream()
    yield made
    made.close()


@pytest.fixture(scope="module")
def standing(upstream: Upstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server before the upstream, for all tests of a module."""
    server = Served(
        tmp_path_factory.mktemp("proxy"),
        proxy_base_url=upstream.url,
        proxy_api_key="sk-upstream",
        rate_reads_per_minute="0",  # `ended` looks as often as it takes
    ).start(child=False)
    yield server
    server.kill()


@pytest.fixture(scope="module")
def service(standing: Served) -> str:
    """A key that acts for users."""
    return standing.key("service", "--act-for-users")


@pytest.fixture
def proxied(standing: Served, upstream: Upstream, service: str) -> Iterator[Proxied]:
    """A new person before the server; the upstream echoes."""
    upstream.script()
    person = Proxied(standing, upstream, service)
    yield person
    person.close()
