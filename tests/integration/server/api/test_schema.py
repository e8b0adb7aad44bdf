"""The description of the interface is true: what it allows is taken, what it forbids is refused.

Schemathesis makes requests from `/openapi.json`, valid and invalid ones, and holds each answer
against it: status declared, body and media type as described, no 5xx, one shape of errors.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.errors import Unsatisfiable
from schemathesis.checks import load_all_checks
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

from integration.server.conftest import HUNG_S, Served

from .conftest import UNLIMITED, prepare

load_all_checks()
CHECKS = (
    schemathesis.checks.not_a_server_error,
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)
ELSEWHERE = ("/v1", "/mcp", "/metrics", "/login", "/readyz", "/healthz", "/ws")
"""Interfaces of others, which have tests and descriptions of their own."""
POSITIVE, NEGATIVE = schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE
QUICK = settings(
    max_examples=4,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(scope="module")
def described(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The description of a server of its own, and how to ask it."""
    folder = tmp_path_factory.mktemp("described")
    known = asyncio.run(prepare(folder))
    served = Served(folder, max_body_mb="1", max_import_mb="1", **UNLIMITED).start()
    with httpx2.Client(base_url=served.url, trust_env=False, timeout=HUNG_S) as client:
        client.get(served.login_link)
        cookies = dict(client.cookies)
        document = client.get("/openapi.json").json()
    schema = schemathesis.openapi.from_dict(document)
    schema.config.update(base_url=served.url)
    yield schema, cookies, known
    log = served.log
    served.kill()
    assert "http.broke" not in log
    assert "Traceback" not in log


def _operations(schema: Any) -> list[Any]:
    found = [result.ok() for result in schema.get_all_operations()]
    return [one for one in found if not one.path.startswith(ELSEWHERE)]


def _try(described: Any, limits: settings) -> int:
    """Make requests of every operation; returns how many."""
    schema, cookies, known = described
    asked = 0
    for operation in _operations(schema):
        for mode in (POSITIVE, NEGATIVE):

            def one(case: Any, valid: bool = mode is POSITIVE) -> None:
                nonlocal asked
                asked += 1
                if valid:
                    _aim(case, known)
                answer = case.call(cookies=cookies)
                if answer.status_code == 400 and "x-request-id" not in answer.headers:
                    # A line longer than the HTTP parser takes never comes to the application.
                    assert answer.text == "Invalid HTTP request received."
                    return
                case.validate_response(answer, checks=CHECKS)
                if answer.status_code >= 400:
                    assert set(answer.json()["error"]) == {"code", "message", "request_id"}

            strategy = operation.as_strategy(generation_mode=mode)
            try:
                limits(_given(strategy, one))()
            except Unsatisfiable:
                # Nothing wrong can be sent to what takes nothing.
                assert mode is NEGATIVE, operation.label
    return asked


def _aim(case: Any, known: dict[str, str]) -> None:
    """Let a valid request mean something that is there: made-up ids would only ever be unknown.

    What removes things keeps its made-up ids, so that they are there for the others.
    """
    there = {"user_id": "current_user"}
    if case.method != "DELETE":
        there |= {
            "session_id": known["talk"],
            "memory_id": known["memory"],
            "message_id": known["file"],
        }
    path = case.path_parameters or {}
    path.update({name: value for name, value in there.items() if name in path})


def _given(strategy: Any, test: Any) -> Any:
    from hypothesis import given

    @given(case=strategy)
    def attempt(case: Any) -> None:
        test(case)

    return attempt


def test_every_answer_is_as_the_description_says(described: Any) -> None:
    """A few requests of each operation, the same ones every time."""
    assert _try(described, QUICK) > 150


@pytest.mark.long
@pytest.mark.parametrize("start", range(8))
def test_every_answer_is_as_described_in_a_long_campaign(described: Any, start: int) -> None:
    """Many requests of each operation, from several seeds."""
    limits = settings(QUICK, max_examples=20, derandomize=False)
    _try(described, lambda attempt: seed(start)(limits(attempt)))  # type: ignore[arg-type,return-value]


def test_every_operation_has_a_name_and_says_what_it_answers(described: Any) -> None:
    """Operation ids are unique and short; errors are described; nothing claims 422 for all."""
    schema = described[0]
    found = [one.definition.raw for one in _operations(schema)]
    names = [one["operationId"] for one in found]

    assert len(set(names)) == len(names)
    assert all(name.replace("_", "").isalnum() and len(name) < 40 for name in names)
    assert all("default" in one["responses"] for one in found)
    assert not any("HTTPValidationError" in str(one) for one in found)
