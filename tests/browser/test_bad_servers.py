"""Servers that stop, start again, are slow or say no: the page keeps what was typed."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest
from playwright.async_api import Page, Route, expect

from integration.server.conftest import Served

from .conftest import PHONE, Visiting

_SAID = {
    401: "You are logged out.",
    403: "You may not do this",
    409: "Somebody changed this first.",
    413: "That is too large for this server.",
    429: "That was a lot at once.",
    500: "The server failed.",
}
"""What the page says, by what the server answered."""
_LIST = "/api/conversations/current_user?limit=50"


@pytest.fixture
def ailing(tmp_path: Any) -> Iterator[Served]:
    """A server of one test's own, with one conversation in it, that can be stopped and started."""
    server = Served(tmp_path).start()
    yield server
    if server.process is not None:
        server.kill()


def refusing(status: int) -> Callable[[Route], Awaitable[None]]:
    """Answer as a server does that refuses."""

    async def refuse(route: Route) -> None:
        error = {"code": "test_refusal", "message": "it refuses", "request_id": "r-1"}
        await route.fulfill(
            status=status,
            headers={"Retry-After": "60"},
            content_type="application/json",
            body=json.dumps({"error": error}),
        )

    return refuse


async def _say(page: Page, text: str) -> None:
    await page.locator("#composer").fill(text)
    await page.locator("form").get_by_role("button", name="Send").click()


async def _answered(page: Page, count: int = 1) -> None:
    await expect(page.get_by_role("button", name="Answer once more")).to_have_count(count)


async def _restart(server: Served) -> None:
    port = server.url.rpartition(":")[2]
    server.settings["port"] = port
    server.start()


@pytest.mark.parametrize(
    "size", [pytest.param(None, id="desktop"), pytest.param(PHONE, id="phone")]
)
async def test_point_27_what_is_typed_while_the_server_is_down_is_sent_once(
    size: dict[str, int] | None, ailing: Served, visit: Visiting
) -> None:
    """It stays on the screen and over a reload, goes out by itself, and makes one turn."""
    async with visit(ailing, **({"size": size} if size else {})) as visited:
        visited.expected += ["Failed to load resource", "WebSocket", "net::ERR"]
        page = await visited.go("/c/new")
        await _say(page, "My boat is called Wrack")
        await _answered(page)
        session = page.url.rsplit("/", 1)[1]
        await page.locator("#composer").fill("half a thou")
        ailing.kill()

        await _say(page, "Said while nobody listened")
        unsent = page.locator("[data-unsent]")
        await expect(unsent).to_contain_text("Said while nobody listened")
        await expect(page.get_by_text("The server cannot be reached.").first).to_be_visible()
        await page.locator("#composer").fill("and half a thought")
        stored: str = await page.evaluate("JSON.stringify([localStorage, sessionStorage])")
        await _restart(ailing)

        await expect(unsent).to_have_count(0)
        await _answered(page, 2)
        await expect(page.locator("#composer")).to_have_value("and half a thought")
        await page.reload()
        await expect(page.locator("#composer")).to_have_value("and half a thought")

    turns = (await ailing.get(f"/api/conversations/current_user/{session}"))["session"]["turns"]
    said = [one["text"] for turn in turns for one in turn["messages"] if one["role"] == "user"]
    assert said == ["My boat is called Wrack", "Said while nobody listened"]
    assert "nobody" not in stored
    assert "half" not in stored


async def test_point_27_a_conversation_begun_while_the_server_is_down_is_one(
    ailing: Served, visit: Visiting
) -> None:
    """The first word waits, too, and begins one conversation when there is a server again."""
    async with visit(ailing) as visited:
        visited.expected += ["Failed to load resource", "WebSocket", "net::ERR"]
        page = await visited.go("/c/new")
        ailing.kill()
        await _say(page, "The first word of all")
        await expect(page.locator("[data-unsent]")).to_contain_text("The first word of all")
        await _restart(ailing)
        await _answered(page)

    listed = (await ailing.get(_LIST))["sessions"]
    assert [one["message_count"] for one in listed] == [2]


async def test_a_server_that_dies_in_the_middle_of_an_answer(
    ailing: Served, visit: Visiting
) -> None:
    """What had come is kept, shown as broken off, and can be answered once more."""
    async with visit(ailing) as visited:
        visited.expected += ["Failed to load resource", "WebSocket", "net::ERR"]
        page = await visited.go("/c/new")
        await _say(page, "slow death")
        await expect(page.locator("article", has_text="one").last).to_be_visible()
        ailing.kill()
        await expect(page.get_by_text("The server cannot be reached.").first).to_be_visible()
        await _restart(ailing)

        ended = page.get_by_text("This answer broke off.")
        await expect(ended).to_be_visible()
        session = page.url.rsplit("/", 1)[1]
        ailing.let_go()
        await page.get_by_role("button", name="Try again").first.click()
        await expect(page.locator("article", has_text="one two")).to_have_count(1)

    turns = (await ailing.get(f"/api/conversations/current_user/{session}"))["session"]["turns"]
    assert [turn["status"] for turn in turns] == ["interrupted", "complete"]


@pytest.mark.parametrize("status", [401, 403, 409, 413, 429, 500])
async def test_whatever_a_server_answers_is_said_and_nothing_is_lost(
    status: int, house: Served, visit: Visiting
) -> None:
    """On sending, renaming, pinning and remembering: a sentence, and all is as it was."""
    refuse = refusing(status)
    session = (await house.get(_LIST))["sessions"][0]
    async with visit(house) as visited:
        visited.expected.append(f"{status} (")
        page = await visited.go(f"/c/{session['id']}")
        await page.locator("article").first.wait_for()
        for method in ("POST", "PATCH", "PUT", "DELETE"):
            await _refuse_all(page, method, refuse)

        await _say(page, "Into the wind")
        unsent = page.locator("[data-unsent]")
        await expect(unsent).to_contain_text("Into the wind")
        await expect(unsent).to_contain_text(_SAID[status])
        await unsent.get_by_role("button", name="Discard").click()
        await expect(unsent).to_have_count(0)

        notices = page.get_by_role("region", name="Notices")
        await page.get_by_role("switch", name="Do not remember").click()
        await expect(notices).to_contain_text(_SAID[status])
        await expect(page.get_by_role("switch", name="Do not remember")).not_to_be_checked()
        await page.get_by_role("heading", level=1).get_by_role("button").click()
        await page.get_by_label("Title", exact=True).fill("Never called so")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("heading", level=1)).to_contain_text(session["title"])

        await visited.go("/memories")
        await page.get_by_role("button", name="Add a memory").click()
        form = page.get_by_role("dialog")
        box = form.get_by_label("What is remembered").last
        await box.fill("I keep bees")
        await form.get_by_role("button", name="Add a memory").click()
        await expect(page.get_by_text(_SAID[status]).first).to_be_visible()
        await expect(box).to_have_value("I keep bees")

    assert (await house.get(_LIST))["sessions"][0] == session


async def _refuse_all(page: Page, method: str, refuse: Callable[[Route], Awaitable[None]]) -> None:
    async def only(route: Route) -> None:
        if route.request.method == method and "/seen" not in route.request.url:
            await refuse(route)
        else:
            await route.fallback()

    await page.route("**/api/**", only)


@pytest.mark.parametrize(
    ("view", "asked"),
    [
        pytest.param("/memories", "**/api/memories?*", id="memories"),
        pytest.param("/assistants", "**/api/assistants", id="assistants"),
        pytest.param("/projects", "**/api/projects", id="projects"),
        pytest.param("/rooms", "**/api/rooms?*", id="rooms"),
        pytest.param("/profile", "**/api/profile", id="profile"),
        pytest.param("/trash", "**/api/conversations/current_user?*", id="trash"),
        pytest.param("/find?q=oar", "**/api/find?*", id="find"),
    ],
)
async def test_a_view_that_cannot_be_fetched_says_so_and_comes_back(
    view: str, asked: str, house: Served, visit: Visiting
) -> None:
    """Never an empty list in place of a failure; trying again is one click, and it works."""
    async with visit(house) as visited:
        visited.expected.append("403 (")
        await visited.page.route(asked, refusing(403))
        page = await visited.go(view)
        trouble = page.get_by_role("main").get_by_role("alert").filter(has_text=_SAID[403])
        await expect(trouble.first).to_be_visible()
        await page.unroute(asked)
        await trouble.first.get_by_role("button", name="Try again").click()
        await expect(trouble).to_have_count(0)
        await page.get_by_role("link", name="New conversation").click()
        await expect(page.locator("#composer")).to_be_focused()


async def test_a_slow_server_keeps_nobody_from_typing(house: Served, visit: Visiting) -> None:
    """While the list, the memories and the answer are waited for, the composer takes words."""
    asked: list[str] = []
    go_on = asyncio.Event()

    async def hold(route: Route) -> None:
        asked.append(route.request.url)
        await go_on.wait()
        await route.continue_()

    async with visit(house) as visited:
        page = visited.page
        for path in ("**/api/conversations/**", "**/api/memories*", "**/api/assistants"):
            await page.route(path, hold)
        await visited.go("/c/new")
        await page.locator("#composer").fill("Typed while it is slow")
        assert asked
        assert await page.locator("[data-row]").count() == 0
        go_on.set()
        await page.locator("[data-row]").first.wait_for()
        await expect(page.locator("#composer")).to_have_value("Typed while it is slow")
        await page.locator("#composer").fill("")


async def test_point_06_a_locked_store_says_locked(house: Served, visit: Visiting) -> None:
    """Never an empty history: what is there is told to be there."""

    async def locked(route: Route) -> None:
        error = {"code": "vault_locked", "message": "locked", "request_id": "r"}
        await route.fulfill(
            status=503, content_type="application/json", body=json.dumps({"error": error})
        )

    async with visit(house) as visited:
        visited.expected.append("503")
        await visited.page.route("**/api/me", locked)
        page = await visited.go("/c/new")
        await expect(page.get_by_role("heading", level=1)).to_contain_text("locked")
        await expect(page.get_by_text("What you said is all there")).to_be_visible()
        await expect(page.locator("[data-row]")).to_have_count(0)
