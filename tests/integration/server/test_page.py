"""The page's files: open to anybody, the same document at every address, under a strict policy."""

from __future__ import annotations

import gzip
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2
import pytest

import holdfast
from holdfast.server.app import create_app
from holdfast.server.page.files import is_page
from holdfast.settings import Settings

from .test_refusals import error_of

DOCUMENT = "<!doctype html><title>Holdfast</title><script src=/assets/app-1a2b.js></script>"
SCRIPT = "document.title = 'Holdfast'\n"


@pytest.fixture
def built(tmp_path: Path) -> Path:
    """A folder as a build leaves it, tiny, beside a file that is none of the page's."""
    folder = tmp_path / "static"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text(DOCUMENT)
    (folder / "favicon.svg").write_text("<svg/>")
    (folder / "assets" / "app-1a2b.js").write_text(SCRIPT)
    (folder / "assets" / "app-1a2b.js.gz").write_bytes(gzip.compress(SCRIPT.encode()))
    (folder / "assets" / "app-1a2b.js.br").write_bytes(b"as brotli has it")
    (folder / "assets" / "plain.css").write_text("a {}")
    (folder / "assets" / "notes.exe").write_text("x")
    (tmp_path / "secret.txt").write_text("canary")
    return folder


@asynccontextmanager
async def browsing(folder: Path) -> AsyncIterator[httpx2.AsyncClient]:
    """A client without a credential, before a server with these files."""
    async with holdfast.open("memory:") as keeper:
        app = create_app(Settings(), keeper, page=folder)
        transport = httpx2.ASGITransport(app=app)
        async with (
            app.router.lifespan_context(app),
            httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1:8377") as client,
        ):
            yield client


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/c/",
        "/c/018f",
        "/c/018f/m/3",
        "/find?q=hello",
        "/memories",
        "/assistants/helper/sessions",
        "/projects/trip",
        "/rooms/1",
        "/profile",
        "/login",
        "/trash",
        "/welcome",
    ],
)
async def test_every_address_of_the_page_has_its_document(built: Path, path: str) -> None:
    """Also for whoever is not logged in: the page asks them to."""
    async with browsing(built) as client:
        answer = await client.get(path)

    assert (answer.status_code, answer.text) == (200, DOCUMENT)
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["cache-control"] == "no-store"


async def test_the_page_may_load_nothing_from_elsewhere_and_run_nothing_inline(
    built: Path,
) -> None:
    """The policy names this server alone, and no word of it begins with "unsafe"."""
    async with browsing(built) as client:
        headers = (await client.get("/")).headers

    policy = dict(
        part.strip().split(" ", 1) for part in headers["content-security-policy"].split(";")
    )
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
    assert policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert {word for allowed in policy.values() for word in allowed.split()} <= {
        "'self'",
        "'none'",
        "data:",
        "blob:",
    }
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"


@pytest.mark.parametrize(
    ("accepted", "encoding"),
    [("gzip, br", "br"), ("gzip", "gzip"), ("br;q=0, gzip", "gzip"), ("identity", None)],
)
async def test_assets_are_kept_by_browsers_and_sent_small(
    built: Path, accepted: str, encoding: str | None
) -> None:
    """Their names change with their content; what the build has compressed is sent so."""
    async with (
        browsing(built) as client,
        client.stream(
            "GET", "/assets/app-1a2b.js", headers={"Accept-Encoding": accepted}
        ) as answer,
    ):
        raw = b"".join([piece async for piece in answer.aiter_raw()])

    assert answer.headers.get("content-encoding") == encoding
    assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["vary"] == "Accept-Encoding"
    name = {"br": "app-1a2b.js.br", "gzip": "app-1a2b.js.gz", None: "app-1a2b.js"}[encoding]
    assert raw == (built / "assets" / name).read_bytes()


async def test_what_the_browser_looks_for_at_the_root_is_there(built: Path) -> None:
    """Kept for an hour: its name says nothing of its content."""
    async with browsing(built) as client:
        icon = await client.get("/favicon.svg")
        other = await client.get("/robots.txt")

    assert (icon.text, icon.headers["cache-control"]) == ("<svg/>", "public, max-age=3600")
    assert error_of(other) == (404, "not_found")


@pytest.mark.parametrize(
    "name",
    [
        "nothing.js",
        "notes.exe",
        "..%2f..%2fsecret.txt",
        "%2e%2e/%2e%2e/secret.txt",
        ".htaccess",
        "app-1a2b.js/",
        "app-1a2b.js.gz",
        "a%00.js",
        "x" * 5000 + ".js",
        "",
    ],
)
async def test_nothing_but_the_page_s_own_files_is_served(built: Path, name: str) -> None:
    """No other kind, no hidden file, nothing outside the folder."""
    async with browsing(built) as client:
        answer = await client.get(f"/assets/{name}")

    assert error_of(answer)[0] in (404, 401)
    assert "canary" not in answer.text


async def test_a_missing_build_says_how_to_make_it(tmp_path: Path) -> None:
    """A plain page, and no failure: the server itself is fine."""
    async with browsing(tmp_path / "nothing") as client:
        answer = await client.get("/c/018f")

    assert answer.status_code == 200
    assert "make page" in answer.text


async def test_a_used_link_shows_the_page_to_people_and_the_error_to_programs(
    built: Path,
) -> None:
    """The page tells them where to find a new one."""
    async with browsing(built) as client:
        person = await client.get("/login?token=used", headers={"Accept": "text/html,*/*"})
        program = await client.get("/login?token=used")

    assert (person.status_code, person.text) == (401, DOCUMENT)
    assert error_of(program) == (401, "wrong_login")


@pytest.mark.parametrize("verb", ["POST", "PUT", "DELETE"])
async def test_the_page_is_only_read(built: Path, verb: str) -> None:
    """Other verbs are told which there are."""
    async with browsing(built) as client:
        answer = await client.request(verb, "/c/018f")

    assert error_of(answer) == (405, "method_not_allowed")
    assert answer.headers["allow"] == "GET, HEAD, OPTIONS"


@pytest.mark.parametrize("path", ["/api/x", "/apic", "/docs", "/c.", "/cc/1", "/v1/c/1", "//", ""])
def test_what_only_looks_like_the_page_is_not_open(path: str) -> None:
    """Deny by default: a path is the page's only by one of its first parts."""
    assert not is_page(path)
