"""The page in a real browser, before a real server.

Every test of this folder runs in one event loop, so that one Chromium serves them all; each visit
has a context of its own. Whatever a page throws, writes to the console as an error, or asks of
another host fails the test that visited it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Request,
    async_playwright,
    expect,
)

from integration.server.conftest import Served

from .seeds import seed_house

_HERE = Path(__file__).parent
_AXE = _HERE.parents[1] / "web" / "node_modules" / "axe-core" / "axe.min.js"
CHROMIUM = "/usr/bin/chromium"

DESKTOP = {"width": 1440, "height": 900}
PHONE = {"width": 390, "height": 844}
LOOKS = [
    pytest.param((size, theme), id=f"{name}-{theme}")
    for name, size in (("desktop", DESKTOP), ("phone", PHONE))
    for theme in ("light", "dark")
]
"""For tests of how something looks: both sizes, both themes."""


# As long as a busy machine may take; what is there is seen at once.
expect.set_options(timeout=20_000)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """One loop for all of this folder."""
    for item in items:
        if item.path.is_relative_to(_HERE):
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """Chromium, from the system's packages."""
    async with async_playwright() as playwright:
        launched = await playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=[
                "--no-sandbox",
                "--force-color-profile=srgb",
                # A microphone that hums, and nobody who has to allow it.
                "--use-fake-device-for-media-stream",
                "--use-fake-ui-for-media-stream",
            ],
        )
        yield launched
        await launched.close()


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server where Ada has lived for months; tests leave what they find as it was."""
    server = Served(tmp_path_factory.mktemp("house")).start()
    seed_house(server)
    yield server
    server.kill()


@pytest_asyncio.fixture(autouse=True, loop_scope="session")
async def as_found(request: pytest.FixtureRequest) -> AsyncIterator[None]:
    """In the house everybody finds the look and the language of the system, as it was."""
    if "house" not in request.fixturenames:
        yield
        return
    server: Served = request.getfixturevalue("house")
    async with server.client() as client:
        as_it_was = {"theme": "auto", "language": "auto"}
        (await client.put("/api/preferences", json=as_it_was)).raise_for_status()
        yield
        await client.put("/api/preferences", json=as_it_was)


@dataclass
class Visit:
    """A browser's visit to a server, logged in."""

    server: Served
    context: BrowserContext
    page: Page
    broke: list[str] = field(default_factory=list)
    """What must not happen, as it happened."""
    expected: list[str] = field(default_factory=list)
    """Parts of console errors that this test provokes, such as "503"."""

    async def go(self, path: str) -> Page:
        """Go to an address of the page, and wait until it stands."""
        await self.page.goto(self.server.url + path)
        await self.page.locator("h1").first.wait_for()
        return self.page

    async def axe(self) -> list[str]:
        """What axe finds: one line for each place that breaks a rule."""
        # A colour on its way to another one is neither.
        await self.page.evaluate(
            "Promise.allSettled(document.getAnimations().map((one) => one.finished))"
        )
        await self.page.evaluate(_AXE.read_text("utf-8"))
        found: dict[str, Any] = await self.page.evaluate("axe.run()")
        return [
            f"{rule['id']}: {node['target']} {node['html'][:160]} {node.get('failureSummary')}"
            for rule in found["violations"]
            for node in rule["nodes"]
        ]

    async def sideways(self) -> int:
        """Pixels by which the document is wider than the screen."""
        wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        return int(await self.page.evaluate(wide))

    def watch(self, page: Page) -> None:
        """Note what must not happen on a page."""
        page.on("pageerror", lambda error: self.broke.append(f"threw: {error}"))
        page.on("console", self._console)
        page.on("request", self._request)

    def _console(self, message: ConsoleMessage) -> None:
        if message.type == "error" and not any(part in message.text for part in self.expected):
            self.broke.append(f"console: {message.text}")

    def _request(self, request: Request) -> None:
        own = (self.server.url, self.server.url.replace("http", "ws"), "blob:", "data:")
        if not request.url.startswith(own):
            self.broke.append(f"asked another host: {request.url}")


Visiting = Callable[..., AbstractAsyncContextManager[Visit]]


@pytest.fixture
def visit(browser: Browser) -> Visiting:
    """`async with visit(server, size=PHONE, theme="dark", locale="de-DE") as visited`.

    `log_in=False` comes without a cookie; other arguments are those of a browser context.
    """

    @asynccontextmanager
    async def visiting(
        server: Served,
        *,
        size: dict[str, int] = DESKTOP,
        theme: str = "light",
        locale: str = "en-GB",
        log_in: bool = True,
        **options: Any,
    ) -> AsyncIterator[Visit]:
        touch = size["width"] < 600
        context = await browser.new_context(
            viewport=size,  # type: ignore[arg-type]
            color_scheme=theme,  # type: ignore[arg-type]
            locale=locale,
            timezone_id="Europe/Oslo",
            has_touch=touch,
            reduced_motion="reduce",
            **options,
        )
        context.set_default_timeout(20_000)
        if log_in:
            async with server.client() as client:
                cookies = [
                    {
                        "name": name,
                        "value": value,
                        "url": server.url,
                        "httpOnly": True,
                        "sameSite": "Strict",
                    }
                    for name, value in client.cookies.items()
                ]
            await context.add_cookies(cookies)  # type: ignore[arg-type]
        visited = Visit(server, context, await context.new_page())
        visited.watch(visited.page)
        context.on("page", visited.watch)
        try:
            yield visited
        finally:
            await context.close()
        assert visited.broke == []

    return visiting
