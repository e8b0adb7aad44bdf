"""How much may be asked for: token buckets per user, per key, and per address that fails.

A bucket holds what a whole minute (or day) allows and fills steadily, so that a burst is fine and
a flood is not. Which class a route is in stands in one table.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from ipaddress import IPv6Address, ip_address
from typing import Literal, TypeAlias

from starlette.routing import compile_path

from holdfast.keeper.access import Caller
from holdfast.server.failures import Refused
from holdfast.server.observing.observer import rate_limited
from holdfast.settings import Settings

__all__ = ["RATES", "Buckets", "Limits", "Rate", "rate_of"]

Rate: TypeAlias = Literal["reads", "writes", "searches", "exports"]

_MAX_BUCKETS = 20_000
_MINUTE_S = 60.0
_DAY_S = 86_400.0

RATES: dict[tuple[str, str], Rate] = {
    ("GET", "/api/search"): "searches",
    ("GET", "/api/search/sessions"): "searches",
    ("GET", "/api/find"): "searches",
    ("GET", "/api/context"): "searches",
    ("GET", "/api/memories/about"): "searches",
    ("GET", "/api/rooms/{room_id}/search"): "searches",
    # What a call does is counted besides, when it is known.
    ("POST", "/mcp"): "reads",
    ("GET", "/api/export"): "exports",
    ("POST", "/api/import"): "exports",
    ("GET", "/api/conversations/{user_id}/{session_id}/export"): "exports",
}
"""The class of a route by verb and path template; of any other GET "reads", else "writes"."""

_EXACT = {key: rate for key, rate in RATES.items() if "{" not in key[1]}
_TEMPLATES = [
    (method, compile_path(path)[0], rate) for (method, path), rate in RATES.items() if "{" in path
]


def rate_of(method: str, path: str) -> Rate:
    """The class of a request; a HEAD makes all that a GET sends."""
    method = "GET" if method == "HEAD" else method
    found = _EXACT.get((method, path.rstrip("/")))
    if found is not None:
        return found
    for verb, template, rate in _TEMPLATES:
        if verb == method and template.match(path):
            return rate
    return "reads" if method in ("GET", "OPTIONS") else "writes"


class Buckets:
    """Token buckets by name, all of one size; the ones used longest ago are forgotten first."""

    def __init__(self, size: int, per_s: float, *, monotonic: Callable[[], float]) -> None:
        """A bucket holds `size` and fills by `size` in `per_s` seconds; size 0 sets no limit."""
        self._size = size
        self._rate = size / per_s
        self._monotonic = monotonic
        self._buckets: OrderedDict[Hashable, tuple[float, float]] = OrderedDict()

    def take(self, names: Sequence[Hashable]) -> float:
        """Take one from each bucket, or from none of them; returns 0.0, or the seconds to wait."""
        if not self._size:
            return 0.0
        now = self._monotonic()
        levels = [self._level(name, now) for name in names]
        lowest = min(levels, default=1.0)
        if lowest < 1:
            return (1 - lowest) / self._rate
        for name, level in zip(names, levels, strict=True):
            self._buckets[name] = (level - 1, now)
            self._buckets.move_to_end(name)
        while len(self._buckets) > _MAX_BUCKETS:
            self._buckets.popitem(last=False)
        return 0.0

    def _level(self, name: Hashable, now: float) -> float:
        level, at = self._buckets.get(name, (float(self._size), now))
        return min(float(self._size), level + (now - at) * self._rate)


class Limits:
    """The limits of the settings, in force."""

    def __init__(self, settings: Settings, *, monotonic: Callable[[], float]) -> None:
        sizes: dict[Rate, tuple[int, float]] = {
            "writes": (settings.rate_writes_per_minute, _MINUTE_S),
            "reads": (settings.rate_reads_per_minute, _MINUTE_S),
            "searches": (settings.rate_searches_per_minute, _MINUTE_S),
            "exports": (settings.rate_exports_per_day, _DAY_S),
        }
        self._rates = {
            rate: Buckets(size, per_s, monotonic=monotonic) for rate, (size, per_s) in sizes.items()
        }
        self._failures = Buckets(
            settings.rate_login_failures_per_minute, _MINUTE_S, monotonic=monotonic
        )

    def spend(self, caller: Caller, rate: Rate) -> None:
        """Count one request of a caller, as the user they are and as the key they show.

        What does not come as a request (a message over a socket) is counted by whoever takes it.

        Raises:
            Refused: 429, with the seconds to wait; it was not counted.
        """
        names: list[Hashable] = [("user", caller.account, caller.user_id)]
        if caller.via == "key":
            names.append(("key", caller.credential))
        wait_s = self._rates[rate].take(names)
        if wait_s:
            rate_limited(rate)
            raise _too_many(f"too many {rate}", wait_s)

    def note_failure(self, address: str) -> None:
        """Count a credential that was not good, by where it came from.

        A good one is taken however often others from there failed: its owner is not locked out.

        Raises:
            Refused: 429, with the seconds to wait.
        """
        wait_s = self._failures.take([_network_of(address)])
        if wait_s:
            rate_limited("log-ins")
            raise _too_many("too many failed log-ins", wait_s)


def _too_many(what: str, wait_s: float) -> Refused:
    seconds = math.ceil(wait_s)
    message = f"{what}: wait {seconds:,} s, or ask the operator to raise the limit"
    return Refused(429, "rate_limited", message, headers={"Retry-After": str(seconds)})


def _network_of(address: str) -> str:
    """The address itself; of IPv6 the network, for one customer has all of its addresses."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, IPv6Address) and parsed.ipv4_mapped is None:
        return str(int(parsed) >> 64)
    return str(parsed.ipv4_mapped if isinstance(parsed, IPv6Address) else parsed)
