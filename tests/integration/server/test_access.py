"""Who is let in, and where the server stands: decided without a server."""

from __future__ import annotations

import inspect
import re
import socket
from pathlib import Path
from typing import Any

import pytest

from holdfast import errors
from holdfast.errors import BadSettings, HoldfastError
from holdfast.keeper.access import Caller
from holdfast.model import UserId
from holdfast.server.failures import Refused, status_of
from holdfast.server.identity.addresses import Addresses
from holdfast.server.identity.door import check_settings
from holdfast.server.identity.limits import RATES, Buckets, Limits, rate_of
from holdfast.server.identity.logins import LoginLink, agent_of
from holdfast.server.identity.tickets import TICKET_LIFETIME_S, Tickets
from holdfast.server.serve import serve
from holdfast.settings import Secret, Settings, load_settings

ADA = Caller(user_id=UserId("ada"), account="local", via="login")
BEN = Caller(user_id=UserId("ben"), account="local", via="login")


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
def tickets(stopwatch: Stopwatch) -> Tickets:
    """The tickets of a server."""
    return Tickets(stopwatch)


@pytest.fixture
def addresses() -> Addresses:
    """The names of a server at the usual port."""
    return Addresses(Settings())


def test_a_ticket_lets_in_whoever_it_was_made_for(tickets: Tickets) -> None:
    """Once; whoever tries it again is nobody."""
    adas, bens = tickets.new(ADA, None), tickets.new(BEN, None)

    assert tickets.redeem(bens, None) == BEN
    assert tickets.redeem(adas, None) == ADA
    assert tickets.redeem(adas, None) is None


def test_a_ticket_expires(tickets: Tickets, stopwatch: Stopwatch) -> None:
    """It is good until its time is over, and not a moment longer."""
    good, late = tickets.new(ADA, None), tickets.new(ADA, None)
    stopwatch.seconds += TICKET_LIFETIME_S - 1
    in_time = tickets.redeem(good, None)
    stopwatch.seconds += 1

    assert in_time == ADA
    assert tickets.redeem(late, None) is None


def test_a_ticket_of_another_origin_is_spent_by_the_attempt(tickets: Tickets) -> None:
    """Whoever shows it from elsewhere has stolen it."""
    ticket = tickets.new(ADA, "http://localhost:8377")

    assert tickets.redeem(ticket, "http://127.0.0.1:8377") is None
    assert tickets.redeem(ticket, "http://localhost:8377") is None


def test_unused_tickets_do_not_pile_up(tickets: Tickets) -> None:
    """The oldest give way to new ones."""
    first = tickets.new(ADA, None)
    last = [tickets.new(ADA, None) for _ in range(10_000)][-1]

    assert tickets.redeem(first, None) is None
    assert tickets.redeem(last, None) == ADA


def test_a_new_login_link_replaces_an_unused_one() -> None:
    """Only the link that was printed last logs in."""
    link = LoginLink()
    old, new = link.new_token(), link.new_token()

    assert not link.redeem(old)
    assert link.redeem(new)
    assert not link.redeem(new)


@pytest.mark.parametrize(
    ("header", "agent"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Firefox/130.0", "Firefox on Linux"),
        ("Mozilla/5.0 (Windows NT 10.0) Chrome/130 Safari/537.36 Edg/130", "Edge on Windows"),
        ("Mozilla/5.0 (Linux; Android 14) Chrome/130 Safari/537.36", "Chrome on Android"),
        ("Mozilla/5.0 (iPhone; like Mac OS X) Safari/604.1", "Safari on iPhone"),
        ("<script>alert(1)</script>", ""),
        ("x" * 10_000 + "Firefox", ""),
    ],
)
def test_a_browser_is_told_in_our_own_words(header: str, agent: str) -> None:
    """Nothing of the header itself is kept: anybody can write anything there."""
    assert agent_of(header) == agent


@pytest.mark.parametrize(
    "host", ["localhost:8377", "127.0.0.1:8377", "[::1]:8377", "LOCALHOST:8377"]
)
def test_names_of_this_machine_are_allowed(addresses: Addresses, host: str) -> None:
    """With the port; as host and as origin."""
    assert addresses.allows_host(host)
    assert addresses.allows_origin(f"http://{host}")


@pytest.mark.parametrize(
    "host", ["", "localhost", "localhost:80", "evil.example:8377", "10.0.0.7:8377", None]
)
def test_other_names_are_not_allowed(addresses: Addresses, host: str | None) -> None:
    """Another port is another server."""
    assert not addresses.allows_host(host)
    assert not addresses.allows_origin(f"http://{host}")


def test_a_server_behind_a_proxy_answers_to_its_public_name() -> None:
    """With the scheme that pages see, with and without the usual port."""
    addresses = Addresses(Settings(auth="tokens", public_url="https://Memory.example"))

    for host in ("memory.example", "memory.example:443"):
        assert addresses.allows_host(host)
    assert addresses.is_own("https://memory.example")
    for origin in ("http://memory.example", "https://evil.example", "null", ""):
        assert not addresses.allows_origin(origin)


def test_a_server_on_every_address_answers_to_numbers() -> None:
    """No page can point a number elsewhere; another port, or a name, is not ours."""
    addresses = Addresses(Settings(auth="tokens", host="0.0.0.0"))

    assert addresses.allows_host("10.0.0.7:8377")
    assert addresses.allows_host("[fd00::7]:8377")
    for host in ("10.0.0.7", "10.0.0.7:80", "evil.example:8377", "10.0.0.7.evil.example:8377"):
        assert not addresses.allows_host(host)
    # What serves a page on our port of another machine is not us.
    assert not addresses.is_own("http://10.0.0.7:8377")
    assert addresses.is_own("http://localhost:8377")


def test_an_allowed_origin_is_not_our_own() -> None:
    """It may call, but the cookie is not for it."""
    addresses = Addresses(Settings(allowed_origins=("https://app.example/",)))

    assert addresses.allows_origin("https://app.example")
    assert not addresses.is_own("https://app.example")
    assert not addresses.allows_origin("https://app.example.evil.example")


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "::1", "localhost"])
def test_this_machine_can_be_served(host: str) -> None:
    """Every address that cannot be reached from elsewhere."""
    check_settings(Settings(host=host))


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.2", "example.org", ""])
def test_other_machines_are_not_served_by_link(host: str, tmp_path: Path) -> None:
    """The start is refused with what to do, before anything is opened or made."""
    environ = {"HOLDFAST_DATA_DIR": str(tmp_path / "d"), "HOLDFAST_CONFIG_DIR": str(tmp_path / "c")}

    with pytest.raises(BadSettings, match="HOLDFAST_AUTH=tokens"):
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


_JWT = {"jwt_secret": Secret("s" * 32), "jwt_issuer": "https://id", "jwt_audience": "holdfast"}


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"jwt_issuer": ""}, "jwt_issuer: it is required"),
        ({"jwt_audience": ""}, "jwt_audience: it is required"),
        ({"jwt_user_claim": ""}, "jwt_user_claim: it is required"),
        ({"jwt_secret": Secret("short")}, "at least 32 bytes"),
        ({"jwt_secret": None}, "give jwt_secret or jwt_jwks_url"),
        ({"jwt_jwks_url": "https://id/keys"}, "only one of"),
        ({"jwt_algorithm": "RS256"}, "does not go with a shared secret"),
        (
            {"jwt_secret": None, "jwt_jwks_url": "https://id/keys", "jwt_algorithm": "HS256"},
            "does not go with a JWKS",
        ),
        ({"jwt_secret": None, "jwt_jwks_url": "http://id.example/keys"}, "it is https://"),
        ({"auth": "local"}, "auth = tokens only"),
        ({"public_url": "memory.example"}, "public_url: it is https://name"),
        ({"public_url": "https://memory.example/path"}, "public_url: it is https://name"),
        ({"allowed_origins": ("*",)}, "allowed_origins: it is https://name"),
        ({"trusted_proxies": ("proxy",)}, "trusted_proxies: they are addresses"),
        ({"auth": "local", "public_url": "https://x.example"}, "this machine only"),
    ],
)
def test_settings_that_let_nobody_or_anybody_in_are_refused(
    given: dict[str, Any], problem: str
) -> None:
    """At the start, with what is missing."""
    with pytest.raises(BadSettings, match=problem):
        check_settings(Settings(**{"auth": "tokens", **_JWT, **given}))


@pytest.mark.parametrize("given", [{}, _JWT, {**_JWT, "jwt_algorithm": "HS512"}])
def test_settings_that_are_whole_are_taken(given: dict[str, Any]) -> None:
    """With keys alone, or with JWTs besides."""
    check_settings(Settings(auth="tokens", host="0.0.0.0", **given))


def test_a_bucket_empties_and_fills(stopwatch: Stopwatch) -> None:
    """What a minute allows at once, then as much as time has passed; the wait is told."""
    buckets = Buckets(60, 60.0, monotonic=stopwatch)
    assert [buckets.take(["ada"]) for _ in range(61)] == [0.0] * 60 + [1.0]
    assert buckets.take(["ben"]) == 0.0

    stopwatch.seconds += 0.75
    assert buckets.take(["ada"]) == pytest.approx(0.25)
    stopwatch.seconds += 0.25
    assert buckets.take(["ada"]) == 0.0


def test_an_empty_bucket_takes_nothing_from_the_other(stopwatch: Stopwatch) -> None:
    """A request that is refused for the key is not counted for the user."""
    buckets = Buckets(1, 60.0, monotonic=stopwatch)
    assert buckets.take(["key"]) == 0.0

    assert buckets.take(["ada", "key"]) > 0
    assert buckets.take(["ada"]) == 0.0


def test_buckets_are_bounded(stopwatch: Stopwatch) -> None:
    """Whoever was not seen for longest begins anew."""
    buckets = Buckets(1, 60.0, monotonic=stopwatch)
    for number in range(20_001):
        buckets.take([number])

    assert buckets.take([20_000]) > 0
    assert buckets.take([0]) == 0.0


def test_no_limit_is_no_limit(stopwatch: Stopwatch) -> None:
    """0 in the settings."""
    limits = Limits(Settings(rate_writes_per_minute=0), monotonic=stopwatch)

    for _ in range(5_000):
        limits.spend(ADA, "writes")


def test_each_class_user_and_key_has_its_own_limit(stopwatch: Stopwatch) -> None:
    """A user's keys share the user's limit; one key for many users has one of its own."""
    limits = Limits(Settings(rate_reads_per_minute=2), monotonic=stopwatch)
    refusals: list[Refused] = []

    def ask(user: str, key: str, account: str = "local") -> bool:
        caller = Caller(user_id=UserId(user), account=account, via="key", credential=key)
        try:
            limits.spend(caller, "reads")
        except Refused as exc:
            refusals.append(exc)
            return False
        return True

    assert [ask("ada", "a"), ask("ada", "b"), ask("ada", "c")] == [True, True, False]
    assert [ask("ben", "z"), ask("cleo", "z"), ask("dan", "z")] == [True, True, False]
    assert ask("ada", "y", account="acme")
    limits.spend(ADA, "writes")
    told = {(r.status, r.code, *(r.headers or {}).items()) for r in refusals}
    assert told == {(429, "rate_limited", ("Retry-After", "30"))}


def test_failures_are_counted_by_network(stopwatch: Stopwatch) -> None:
    """All addresses of one IPv6 customer count as one; 4 in 6 is the same as 4."""
    limits = Limits(Settings(rate_login_failures_per_minute=1), monotonic=stopwatch)
    for address in ("10.0.0.1", "10.0.0.2", "2001:db8:0:1::1", "2001:db8:0:2::1", ""):
        limits.note_failure(address)

    for address in ("10.0.0.1", "::ffff:10.0.0.2", "2001:db8:0:1::2", ""):
        with pytest.raises(Refused):
            limits.note_failure(address)


def test_the_class_of_a_route_stands_in_one_table() -> None:
    """By verb and template; the rest by the verb."""
    for (method, path), rate in RATES.items():
        filled = re.sub(r"\{\w+\}", "01a1", path)
        assert rate_of(method, filled) == rate
    assert rate_of("GET", "/api/conversations/ada") == "reads"
    # What a HEAD leaves out is made all the same.
    assert rate_of("HEAD", "/api/export") == "exports"
    assert rate_of("HEAD", "/api/search") == "searches"
    assert rate_of("GET", "/api/search/sessions") == "searches"
    assert rate_of("DELETE", "/api/conversations/ada/01a1") == "writes"
    assert rate_of("GET", "/api/conversations/ada/01a1/exports") == "reads"
