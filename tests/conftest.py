"""What holds for every test: no skips, no leaks, quick folders first, no deadlines."""

from __future__ import annotations

import gc
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# Examples stay random, so that each run looks somewhere new; a failure prints the blob that repeats
# it. No deadline: a slow machine is not a failed property.
settings.register_profile(
    "quick",
    deadline=None,
    print_blob=True,
    max_examples=60,
    stateful_step_count=30,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.register_profile(
    "long", settings.get_profile("quick"), max_examples=1000, stateful_step_count=60
)
settings.load_profile("quick")

_TESTS = Path(__file__).parent
_QUICK_FIRST = (
    "unit",
    "property",
    "project",
    "docs",
    "security",
    "storage",
    "keeper",
    "integration",
    "crash",
    "browser",
)


def _rank(item: pytest.Item) -> tuple[bool, int]:
    folder = item.path.relative_to(_TESTS).parts[0] if item.path.is_relative_to(_TESTS) else ""
    place = _QUICK_FIRST.index(folder) if folder in _QUICK_FIRST else len(_QUICK_FIRST)
    return item.get_closest_marker("long") is not None, place


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run quick folders first. The order inside a folder stays random."""
    items.sort(key=_rank)


def _refuse_skip(report: pytest.TestReport | pytest.CollectReport) -> None:
    # An expected failure is reported as skipped too; it is one on purpose and names its reason.
    if report.skipped and not hasattr(report, "wasxfail"):
        reason = report.longrepr[-1] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"{reason}\nA skipped test is a failed set-up: see 'make test'."


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turn a test that skips into a failure."""
    report = yield
    _refuse_skip(report)
    return report


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Turn a module that skips itself (importorskip) into a failure."""
    report = yield
    _refuse_skip(report)
    return report


@pytest.fixture(scope="module", autouse=True)
def nothing_left_open() -> Iterator[None]:
    """Fail near the place where a file, socket or store was left open.

    Warnings are errors, ResourceWarning among them, but one that is raised in a finalizer shows
    only when the garbage is collected: do that at the end of each module.
    """
    yield
    gc.collect()
