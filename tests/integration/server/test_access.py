"""Who is let in, and where the server stands: decided without a server."""

from __future__ import annotations

import inspect
import socket
from pathlib import Path

import pytest

from holdfast import errors
from holdfast.errors import BadSettings, HoldfastError
from holdfast.server.access import TICKET_LIFETIME_S, Access, check_loopback
from holdfast.server.failures import status_of
from holdfast.server.serve import serve
from holdfast.settings import load_settings


class Stopwatch:
    """A monotonic clock that the test moves."""

    def __init__(self) -> None:
        self.seconds = 1_000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def stopwatch() -> Stopwatch:
    """The clock of the tickets."""
    return Stopwatch()


@pytest.fixture
def access(stopwatch: Stopwatch) -> Access:
    """The decisions of a server at the usual port."""
    return Access(host="127.0.0.1", port=8377, monotonic=stopwatch)


def test_a_ticket_expires(access: Access, stopwatch: Stopwatch) -> None:
    """It is good until its time is over, and not a moment longer."""
    good, late = access.new_ticket(None), access.new_ticket(None)
    stopwatch.seconds += TICKET_LIFETIME_S - 1
    in_time = access.redeem(good, None)
    stopwatch.seconds += 1

    assert in_time
    assert not access.redeem(late, None)


def test_a_ticket_of_another_origin_is_spent_by_the_attempt(access: Access) -> None:
    """Whoever shows it from elsewhere has stolen it."""
    ticket = access.new_ticket("http://localhost:8377")

    assert not access.redeem(ticket, "http://127.0.0.1:8377")
    assert not access.redeem(ticket, "http://localhost:8377")


def test_unused_tickets_do_not_pile_up(access: Access) -> None:
    """The oldest give way to new ones."""
    first = access.new_ticket(None)
    last = [access.new_ticket(None) for _ in range(1_000)][-1]

    assert not access.redeem(first, None)
    assert access.redeem(last, None)


def test_a_new_login_link_replaces_an_unused_one(access: Access) -> None:
    """Only the link that was printed last logs in."""
    old, new = access.new_login_token(), access.new_login_token()

    assert access.log_in(old) is None
    cookie = access.log_in(new)
    assert access.knows(cookie)
    assert not access.knows(None)
    assert not access.knows(new)


@pytest.mark.parametrize(
    "host", ["localhost:8377", "127.0.0.1:8377", "[::1]:8377", "LOCALHOST:8377"]
)
def test_names_of_this_machine_are_allowed(access: Access, host: str) -> None:
    """With the port; as host and as origin."""
    assert access.allows_host(host)
    assert access.allows_origin(f"http://{host}")


@pytest.mark.parametrize("host", ["", "localhost", "localhost:80", "evil.example:8377", None])
def test_other_names_are_not_allowed(access: Access, host: str | None) -> None:
    """Another port is another server."""
    assert not access.allows_host(host)
    assert not access.allows_origin(f"http://{host}")


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "::1", "localhost"])
def test_this_machine_can_be_served(host: str) -> None:
    """Every address that cannot be reached from elsewhere."""
    check_loopback(host)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.2", "example.org", ""])
def test_other_machines_are_not_served_in_this_release(host: str, tmp_path: Path) -> None:
    """The start is refused with what to do, before anything is opened or made."""
    environ = {"HOLDFAST_DATA_DIR": str(tmp_path / "d"), "HOLDFAST_CONFIG_DIR": str(tmp_path / "c")}

    with pytest.raises(BadSettings, match="this one only"):
        serve(load_settings(environ=environ, host=host))

    assert list(tmp_path.iterdir()) == []


def test_a_taken_port_is_a_clear_error(tmp_path: Path) -> None:
    """It names the address and what to do."""
    environ = {"HOLDFAST_DATA_DIR": str(tmp_path / "d"), "HOLDFAST_CONFIG_DIR": str(tmp_path / "c")}
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        with pytest.raises(BadSettings, match=f"127.0.0.1:{port} cannot be used .* --port"):
            serve(load_settings(environ=environ, port=port))


def test_every_error_has_a_status() -> None:
    """What the caller did wrong is 4xx, what the server cannot do 5xx; none is left to chance."""
    kinds = [
        kind
        for _, kind in inspect.getmembers(errors, inspect.isclass)
        if issubclass(kind, HoldfastError)
    ]
    callers = (errors.BadInput, errors.NotFound, errors.NotAllowed, errors.TurnEnded)
    callers += (errors.Conflict, errors.VaultErased, errors.ImportFailed)

    statuses = {kind: status_of(kind.__new__(kind)) for kind in kinds}

    wrong = [k for k, status in statuses.items() if issubclass(k, callers) != (status < 500)]
    assert wrong == []
    assert (statuses[errors.TooLarge], statuses[errors.SequenceConflict]) == (413, 409)
