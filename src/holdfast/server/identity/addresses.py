"""Which addresses the server may listen on, and which names and origins it answers to."""

from __future__ import annotations

from ipaddress import ip_address, ip_network
from typing import TypedDict
from urllib.parse import SplitResult, urlsplit

from holdfast.settings import Settings

__all__ = ["Addresses", "CrossOrigin", "address_problems", "cross_origin", "is_loopback"]

_DEFAULT_PORT = {"http": 80, "https": 443}


class CrossOrigin(TypedDict):
    """Arguments of Starlette's CORSMiddleware."""

    allow_origins: list[str]
    allow_methods: list[str]
    allow_headers: list[str]
    allow_credentials: bool
    expose_headers: list[str]


class Addresses:
    """The names of this server, as the Host header and the Origin header may say them.

    A page elsewhere can point its own name at this address (DNS rebinding): so only known names
    are answered. A server that listens on every address also answers to each of them as a number,
    which no page can point anywhere.
    """

    def __init__(self, settings: Settings) -> None:
        host, port = settings.host, settings.port
        names = {"localhost", "127.0.0.1", "[::1]", f"[{host}]" if ":" in host else host}
        self._hosts = {name for each in names for name in _with_port("http", each, port)}
        self._own = {f"http://{name}" for name in self._hosts}
        self._port = port
        self._everywhere = _is_unspecified(host)
        if settings.public_url:
            parts = urlsplit(settings.public_url.lower())
            name, public_port = _name_of(parts), parts.port or _DEFAULT_PORT[parts.scheme]
            public = _with_port(parts.scheme, name, public_port)
            self._hosts |= public
            self._own |= {f"{parts.scheme}://{each}" for each in public}
        self._foreign = frozenset(origin.lower().rstrip("/") for origin in settings.allowed_origins)

    def allows_host(self, host: str | None) -> bool:
        """Whether the Host header names this server."""
        if host is None:
            return False
        return host.lower() in self._hosts or (self._everywhere and self._is_number(host))

    def allows_origin(self, origin: str | None) -> bool:
        """Whether the request comes from a page that may call, or from no page at all."""
        return origin is None or self.is_own(origin) or origin.lower() in self._foreign

    def is_own(self, origin: str) -> bool:
        """Whether it is a page of this server itself, by a name that the settings give it: what
        listens at some address with our port may be anybody's."""
        return origin.lower() in self._own

    def _is_number(self, host: str) -> bool:
        name, _, port = host.rpartition(":")
        try:
            ip_address(name.removeprefix("[").removesuffix("]"))
        except ValueError:
            return False
        return port == str(self._port)


def address_problems(settings: Settings) -> list[str]:
    """What is wrong with where the settings say the server stands."""
    problems = []
    local = settings.auth == "local"
    if local and not is_loopback(settings.host):
        problems.append(
            f"host: {settings.host} can be reached from other machines, and log-in by link serves "
            "this one only: set HOLDFAST_AUTH=tokens, or use 127.0.0.1 and a tunnel (ssh -L)"
        )
    if settings.public_url:
        problems += [f"public_url: {why}" for why in _url_problems(settings.public_url)]
        if local and not is_loopback(urlsplit(settings.public_url).hostname or ""):
            problems.append("public_url: log-in by link serves this machine only")
    for origin in settings.allowed_origins:
        problems += [f"allowed_origins: {why}" for why in _url_problems(origin)]
    for proxy in settings.trusted_proxies:
        try:
            ip_network(proxy, strict=False)
        except ValueError:
            problems.append("trusted_proxies: they are addresses, or networks such as 10.0.0.0/8")
    return problems


def cross_origin(settings: Settings) -> CrossOrigin:
    """What pages of the allowed origins may do: call with a key of their own, never a cookie."""
    return {
        "allow_origins": [origin.rstrip("/") for origin in settings.allowed_origins],
        "allow_methods": ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"],
        "allow_headers": ["*"],
        "allow_credentials": False,
        "expose_headers": ["ETag", "Retry-After", "X-Request-Id", "Mcp-Session-Id"],
    }


def is_loopback(host: str) -> bool:
    """Whether an address is of this machine alone."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _is_unspecified(host: str) -> bool:
    try:
        return ip_address(host).is_unspecified
    except ValueError:
        return False


def _url_problems(url: str) -> list[str]:
    try:
        parts = urlsplit(url)
        named = parts.hostname and parts.port != 0
    except ValueError:
        named = False
        parts = SplitResult("", "", "", "", "")
    bare = parts.path in ("", "/") and not (parts.query or parts.fragment or "@" in parts.netloc)
    if named and bare and parts.scheme in _DEFAULT_PORT:
        return []
    return ["it is https://name or http://name:port, without a path"]


def _name_of(parts: SplitResult) -> str:
    host = parts.hostname or ""
    return f"[{host}]" if ":" in host else host


def _with_port(scheme: str, name: str, port: int) -> set[str]:
    """How a Host header says it: with the port, and without it when it is the usual one."""
    bare = {name} if port == _DEFAULT_PORT[scheme] else set()
    return bare | {f"{name}:{port}"}
