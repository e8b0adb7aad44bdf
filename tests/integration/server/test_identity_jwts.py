"""JWTs: one algorithm, issuer, audience and end; keys from a secret or from a JWKS."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hmac
import json
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from websockets.exceptions import InvalidStatus

from holdfast.keeper.access import ALL_SCOPES
from holdfast.server.identity.jwts import JwksUnavailable, Jwts
from holdfast.settings import Secret, Settings

from .conftest import Served, socket_to
from .test_identity import closed_with
from .test_refusals import error_of

SECRET = "s" * 48
ISSUER = "https://id.example"
_RULES: dict[str, Any] = {
    "auth": "tokens",
    "jwt_issuer": ISSUER,
    "jwt_audience": "holdfast",
    "account": "acme",
}
_NEVER = object()


@pytest.fixture(scope="module")
def rsa_key() -> rsa.RSAPrivateKey:
    """The issuer's key."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def claims(**changed: Any) -> dict[str, Any]:
    """What a good token says; a claim of `_NEVER` is left out."""
    good = {"iss": ISSUER, "aud": "holdfast", "sub": "ada", "exp": int(time.time()) + 600}
    return {k: v for k, v in {**good, **changed}.items() if v is not _NEVER}


def signed(key: Any = SECRET, algorithm: str = "HS256", /, **changed: Any) -> str:
    """A token with these claims."""
    return jwt.encode(claims(**changed), key, algorithm=algorithm)


def by_secret(**settings: Any) -> Jwts:
    """What decides with a shared secret."""
    given = Settings(**{**_RULES, "jwt_secret": Secret(SECRET), **settings})
    return Jwts(given, monotonic=time.monotonic)


def _b64(document: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(document).encode()).rstrip(b"=").decode()


def hand_signed(secret: bytes, header: dict[str, Any], /, **changed: Any) -> str:
    """A token that the library would refuse to make, with a good signature."""
    parts = f"{_b64({'alg': 'HS256', **header})}.{_b64(claims(**changed))}"
    signature = hmac.digest(secret, parts.encode(), "sha256")
    return f"{parts}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"


async def test_a_good_token_says_who_asks() -> None:
    """The user of its claim, in the account of the settings, until it ends."""
    ends = int(time.time()) + 600

    caller = await by_secret().caller(signed(exp=ends))

    assert caller is not None
    assert (caller.user_id, caller.account, caller.via) == ("ada", "acme", "jwt")
    assert caller.scopes == ALL_SCOPES
    assert not caller.acts_for_users
    assert caller.expires_at is not None
    assert caller.expires_at.timestamp() == ends + 30


@pytest.mark.parametrize(
    "changed",
    [
        {"exp": 1},
        {"exp": int(time.time()) - 60},
        {"exp": _NEVER},
        {"exp": "soon"},
        {"exp": float("inf")},
        {"exp": 1e30},
        {"exp": None},
        {"nbf": 1 << 40},  # not some minutes from here: those pass until it is this one's turn
        {"iss": "https://evil.example"},
        {"iss": _NEVER},
        {"iss": [ISSUER]},
        {"aud": "another"},
        {"aud": _NEVER},
        {"aud": ["another", "third"]},
        {"sub": _NEVER},
        {"sub": ""},
        {"sub": " "},
        {"sub": "a" * 5000},
        {"sub": "\ud800"},
    ],
)
async def test_a_token_with_anything_amiss_is_refused(changed: dict[str, Any]) -> None:
    """Expired, not yet good, by or for others, or of nobody."""
    assert await by_secret().caller(hand_signed(SECRET.encode(), {}, **changed)) is None


@pytest.mark.parametrize(
    "header", [{"crit": ["b64"], "b64": False}, {"crit": ["x"], "x": 1}, {"crit": []}, {"alg": 7}]
)
async def test_a_header_that_asks_for_more_is_refused(header: dict[str, Any]) -> None:
    """Though the signature is good: what must be understood is not."""
    assert await by_secret().caller(hand_signed(SECRET.encode(), header)) is None


async def test_a_clock_may_be_half_a_minute_off() -> None:
    """The issuer's, against ours."""
    late = {"exp": int(time.time()) - 20}
    early = {"nbf": int(time.time()) + 20}

    assert await by_secret().caller(signed(**late)) is not None
    assert await by_secret().caller(signed(**early)) is not None


@pytest.mark.parametrize(
    "token",
    [
        "",
        "..",
        "a.b.c",
        "x" * 20_000,
        "é.é.é",
        f"{_b64({'alg': 'none'})}.{_b64(claims())}.",
        f"{_b64({'alg': 'None', 'typ': 'JWT'})}.{_b64(claims())}.",
        f"{_b64([])}.{_b64(claims())}.AA",
        f"{_b64({'alg': 'HS256', 'crit': ['b64'], 'b64': False})}.{_b64(claims())}.AA",
        f"{_b64({'alg': ['HS256']})}.{_b64(claims())}.AA",
        "[" * 5_000 + "." + "." * 3,
    ],
)
async def test_what_is_no_signed_token_is_refused(token: str) -> None:
    """Unsigned ones and garbage; none of it is an error of ours."""
    assert await by_secret().caller(token) is None


async def test_another_algorithm_is_refused(rsa_key: rsa.RSAPrivateKey) -> None:
    """Though the signature is good: HS512 by the same secret, RS256 by a key of its own."""
    decide = by_secret()

    assert await decide.caller(signed(SECRET * 2, "HS512")) is None
    assert (
        await by_secret(jwt_secret=Secret(SECRET * 2)).caller(signed(SECRET * 2, "HS512")) is None
    )
    assert await decide.caller(signed(rsa_key, "RS256")) is None
    assert await decide.caller(signed("t" * 48)) is None


async def test_user_and_account_are_those_of_the_claims() -> None:
    """By the names of the settings; a token without its account is nobody's."""
    decide = by_secret(jwt_user_claim="email", jwt_account_claim="org")

    caller = await decide.caller(signed(email="ada@example.org", org="umbrella"))

    assert caller is not None
    assert (caller.user_id, caller.account) == ("ada@example.org", "umbrella")
    assert await decide.caller(signed(email="ada@example.org")) is None
    assert await decide.caller(signed(email="ada@example.org", org="")) is None
    assert await decide.caller(signed(org="umbrella")) is None


@pytest.mark.parametrize(
    ("said", "scopes"),
    [
        ({"scope": "openid memory:read"}, {"memory:read"}),
        ({"scp": ["memory:read", "memory:write"]}, {"memory:read", "memory:write"}),
        ({"scope": "memory:other"}, set()),
        ({"scope": "openid profile"}, ALL_SCOPES),
        ({"scope": 7}, set()),
        ({"scope": "openid", "scp": ["memory:read"]}, {"memory:read"}),
        ({"scope": "Memory:Read"}, set()),
    ],
)
async def test_a_token_may_narrow_what_it_is_good_for(
    said: dict[str, Any], scopes: set[str]
) -> None:
    """By naming scopes of ours; the issuer's own say nothing about memories."""
    caller = await by_secret().caller(signed(**said))

    assert caller is not None
    assert caller.scopes == scopes


class Issuer:
    """A web server with a JWKS that the test changes; counts how often it is asked."""

    def __init__(self) -> None:
        self.body = b""
        self.status = 200
        self.asked = 0
        self.url = ""

    def publish(self, *keys: dict[str, Any]) -> None:
        """Publish these keys."""
        self.body = json.dumps({"keys": keys}).encode()

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one request."""
        await reader.readuntil(b"\r\n\r\n")
        self.asked += 1
        head = f"HTTP/1.1 {self.status} X\r\nContent-Length: {len(self.body)}\r\n"
        writer.write(head.encode() + b"Connection: close\r\n\r\n" + self.body)
        await writer.drain()
        writer.close()
        await writer.wait_closed()


@asynccontextmanager
async def issuing() -> AsyncIterator[Issuer]:
    """A running issuer."""
    issuer = Issuer()
    server = await asyncio.start_server(issuer.answer, "127.0.0.1", 0)
    issuer.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/jwks"
    async with server:
        yield issuer


def public(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey, kid: str, **more: Any) -> Any:
    """The public half, as a JWKS lists it."""
    name = "RS256" if isinstance(key, rsa.RSAPrivateKey) else "ES256"
    algorithm: Any = jwt.get_algorithm_by_name(name)
    return {**json.loads(algorithm.to_jwk(key.public_key())), "kid": kid, **more}


def named(key: Any, kid: str | None, algorithm: str = "RS256", **header: Any) -> str:
    """A token whose header names its key."""
    said = {**header, **({} if kid is None else {"kid": kid})}
    return jwt.encode(claims(), key, algorithm=algorithm, headers=said)


class Stopwatch:
    """A monotonic clock that the test moves."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def by_jwks(url: str, stopwatch: Callable[[], float] = time.monotonic, **more: Any) -> Jwts:
    """What decides with published keys."""
    return Jwts(Settings(**_RULES, jwt_jwks_url=url, **more), monotonic=stopwatch)


async def test_keys_are_read_once_and_again_for_one_that_is_new(rsa_key: rsa.RSAPrivateKey) -> None:
    """Not for every token, and at most once a minute however many unknown ids are shown."""
    stopwatch = Stopwatch()
    async with issuing() as issuer:
        issuer.publish(public(rsa_key, "one"))
        decide = by_jwks(issuer.url, stopwatch)
        assert await decide.caller(named(rsa_key, "one")) is not None
        assert await decide.caller(named(rsa_key, "one")) is not None
        assert [await decide.caller(named(rsa_key, f"no{n}")) for n in range(5)] == [None] * 5
        assert issuer.asked == 1

        issuer.publish(public(rsa_key, "two"))
        stopwatch.seconds += 61
        assert await decide.caller(named(rsa_key, "two")) is not None
        assert await decide.caller(named(rsa_key, "one")) is None
        assert issuer.asked == 2


async def test_a_key_is_taken_away_within_minutes(rsa_key: rsa.RSAPrivateKey) -> None:
    """The list is read anew though nobody shows an unknown id; while it cannot be, it stays."""
    stopwatch = Stopwatch()
    async with issuing() as issuer:
        issuer.publish(public(rsa_key, "one"))
        decide = by_jwks(issuer.url, stopwatch)
        assert await decide.caller(named(rsa_key, "one")) is not None

        issuer.status = 500
        stopwatch.seconds += 700
        assert await decide.caller(named(rsa_key, "one")) is not None

        issuer.status = 200
        issuer.publish()
        stopwatch.seconds += 61
        assert await decide.caller(named(rsa_key, "one")) is None


async def test_keys_that_were_read_too_long_ago_are_good_no_more(
    rsa_key: rsa.RSAPrivateKey,
) -> None:
    """An issuer out of reach for a day may have taken them back; until then they stay."""
    stopwatch = Stopwatch()
    async with issuing() as issuer:
        issuer.publish(public(rsa_key, "one"))
        decide = by_jwks(issuer.url, stopwatch)
        assert await decide.caller(named(rsa_key, "one")) is not None

        issuer.status = 500
        stopwatch.seconds += 86_000
        assert await decide.caller(named(rsa_key, "one")) is not None
        stopwatch.seconds += 500
        with pytest.raises(JwksUnavailable):
            await decide.caller(named(rsa_key, "one"))

        issuer.status = 200
        stopwatch.seconds += 61
        assert await decide.caller(named(rsa_key, "one")) is not None


async def test_a_token_does_not_bring_its_own_key(rsa_key: rsa.RSAPrivateKey) -> None:
    """What its header says of keys is ignored: only the id of a published one is used."""
    own = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    async with issuing() as issuer, issuing() as evil:
        issuer.publish(public(rsa_key, "one"))
        evil.publish(public(own, "one"))
        decide = by_jwks(issuer.url)
        for header in (
            {"jwk": public(own, "one")},
            {"jku": evil.url},
            {"x5u": evil.url},
            {"x5c": ["AA"]},
        ):
            assert await decide.caller(named(own, "one", **header)) is None
            assert await decide.caller(named(rsa_key, "one", **header)) is not None
        assert evil.asked == 0


async def test_a_public_key_is_no_secret(rsa_key: rsa.RSAPrivateKey) -> None:
    """HS256 over the published key, the classic: refused, and a published secret is none."""
    listed = public(rsa_key, "one")
    pem = rsa_key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    secret = {"kty": "oct", "k": _b64("x" * 40), "kid": "oct", "alg": "HS256"}
    async with issuing() as issuer:
        issuer.publish(listed, secret)
        decide = by_jwks(issuer.url)

        for shared in (pem, json.dumps(listed).encode(), b"x" * 40):
            for kid in ("one", "oct"):
                assert await decide.caller(hand_signed(shared, {"kid": kid})) is None


async def test_keys_for_something_else_are_passed_over(rsa_key: rsa.RSAPrivateKey) -> None:
    """For encryption, of another kind or algorithm, or broken; the good one among them is used."""
    other = ec.generate_private_key(ec.SECP256R1())
    async with issuing() as issuer:
        issuer.publish(
            public(rsa_key, "enc", use="enc"),
            public(rsa_key, "alg", alg="RS512"),
            public(other, "ec"),
            {"kty": "RSA", "kid": "broken", "n": "!", "e": "AQAB"},
            {"kid": 7},
            public(rsa_key, "good", use="sig", alg="RS256"),
        )
        decide = by_jwks(issuer.url)

        assert await decide.caller(named(rsa_key, "good")) is not None
        assert await decide.caller(named(rsa_key, None)) is not None
        for kid in ("enc", "alg", "ec", "broken"):
            assert await decide.caller(named(rsa_key, kid)) is None
        assert await decide.caller(named(other, "ec", "ES256")) is None


async def test_a_token_without_key_id_is_not_guessed_at(rsa_key: rsa.RSAPrivateKey) -> None:
    """With two keys published it is not ours to try them all."""
    second = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    async with issuing() as issuer:
        issuer.publish(public(rsa_key, "one"), public(second, "two"))

        assert await by_jwks(issuer.url).caller(named(rsa_key, None)) is None


@pytest.mark.parametrize(
    "body", [b"", b"{}", b"[]", b"<html>", b'{"keys": 7}', b"[" * 100_000, b" " * (2 << 20)]
)
async def test_a_jwks_that_is_none_is_told_apart_from_a_bad_token(
    rsa_key: rsa.RSAPrivateKey, body: bytes
) -> None:
    """Nobody is let in, and the client may try again: it is not its token's fault."""
    async with issuing() as issuer:
        issuer.body = body
        with pytest.raises(JwksUnavailable):
            await by_jwks(issuer.url).caller(named(rsa_key, "one"))


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server that takes JWTs, and keys besides."""
    server = Served(
        tmp_path_factory.mktemp("jwt"),
        auth="tokens",
        jwt_secret=SECRET,
        jwt_issuer=ISSUER,
        jwt_audience="holdfast",
        jwt_account_claim="org",
    ).start(child=False)
    yield server
    server.kill()


async def test_a_jwt_and_a_key_of_one_user_open_one_vault(served: Served) -> None:
    """Of the same account; another account's is another vault, and a bad token is refused."""
    key = served.key("ada", account="acme")
    mine = "/api/conversations/current_user"
    async with served.keyed(signed(org="acme")) as client:
        ticket = (await client.post("/api/ws-ticket")).json()["ticket"]
        async with socket_to(served.socket_url(ticket)) as socket:
            session = json.loads(await socket.recv())["session_id"]

    found = {}
    for name, shown in (("key", key), ("jwt", signed(org="acme")), ("other", signed(org="x"))):
        async with served.keyed(shown) as client:
            found[name] = [s["id"] for s in (await client.get(mine)).json()["sessions"]]
    async with served.keyed(signed(org="acme", aud="other")) as client:
        refused = error_of(await client.get(mine))
    async with served.keyed(signed(org="acme"), **{"X-Holdfast-User-Id": "ben"}) as client:
        other = error_of(await client.get(mine))

    assert found == {"key": [session], "jwt": [session], "other": []}
    assert refused == (401, "wrong_credential")
    assert other == (403, "not_allowed")


async def test_a_socket_ends_with_the_token_that_opened_it(served: Served) -> None:
    """When it expires, and not when its client next says something."""
    for left_s in (2, 10, 30):  # of the leeway: as long as this machine takes to connect
        token = signed(org="acme", exp=int(time.time()) + left_s - 30)
        with contextlib.suppress(KeyError, InvalidStatus):  # it ended before there was a socket
            async with served.keyed(token) as client:
                ticket = (await client.post("/api/ws-ticket")).json()["ticket"]
            async with socket_to(served.socket_url(ticket)) as socket:
                assert await closed_with(socket) == 4401
                return
    raise AssertionError("no token lasts until there is a socket")


async def test_no_issuer_is_told_as_such(tmp_path: Path) -> None:
    """503 in the one shape; keys go on working."""
    async with issuing() as issuer:
        issuer.status = 500
        served = Served(
            tmp_path,
            auth="tokens",
            jwt_jwks_url=issuer.url,
            jwt_issuer=ISSUER,
            jwt_audience="holdfast",
        ).start(child=False)
        try:
            key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
            async with served.keyed(named(key, "one")) as client:
                refused = await client.get("/api/conversations/current_user")
            async with served.keyed(served.key("ada")) as client:
                good = await client.get("/api/conversations/current_user")
        finally:
            served.kill()

    assert error_of(refused) == (503, "issuer_unreachable")
    assert good.status_code == 200
