"""A conversation as it is lived: said, answered, said differently, stopped, lost and found again.

The server's answers wait for the test where it says so: "slow WORD" is answered with "one ", and
with "two" once the test lets it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.async_api import Locator, Page, Route, expect

from integration.server.conftest import Served

from .conftest import Visiting


@pytest.fixture(scope="module")
def talking(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server nobody has talked to yet; each test begins its own conversation."""
    server = Served(tmp_path_factory.mktemp("talking")).start()
    yield server
    server.kill()


async def _say(page: Page, text: str) -> None:
    await page.locator("#composer").fill(text)
    await page.keyboard.press("Enter")


def _said(page: Page, text: str) -> Locator:
    return page.locator("article", has_text=text)


def _let_go(server: Served, word: str) -> None:
    server.release.with_name(f"{server.release.name}-{word}").touch()


async def test_what_is_said_differently_is_another_version(
    talking: Served, visit: Visiting
) -> None:
    """Both versions stay, each with its answer; arrows lead between them, after a reload too."""
    async with visit(talking) as visited:
        page = await visited.go("/c/new")
        await _say(page, "My boat is called Wrack")
        await expect(page).to_have_url(re.compile(r"/c/[0-9a-f-]{36}$"))
        await page.get_by_role("button", name="Say it differently").click()
        await page.keyboard.press("Control+a")
        await page.keyboard.type("My boat is called Kelp")
        await page.keyboard.press("Enter")
        await expect(page.get_by_text("2 of 2")).to_be_visible()
        await expect(page.locator("#composer")).to_be_focused()

        await page.reload()
        await expect(_said(page, "My boat is called Kelp").first).to_be_visible()
        await page.get_by_role("button", name="Previous version").click()

        await expect(_said(page, "My boat is called Wrack").first).to_be_visible()
        await expect(page.get_by_text("1 of 2")).to_be_visible()
        await expect(_said(page, "My boat is called Kelp")).to_have_count(0)


async def test_an_answer_is_taken_up_again_after_a_reload(talking: Served, visit: Visiting) -> None:
    """In the middle of it, and to its end; it stands there once."""
    async with visit(talking) as visited:
        page = await visited.go("/c/new")
        await _say(page, "slow reload")
        await expect(_said(page, "one").last).to_be_visible()

        await page.reload()
        await expect(_said(page, "one").last).to_be_visible()
        _let_go(talking, "reload")

        await expect(_said(page, "one two")).to_have_count(1)
        await expect(page.get_by_role("button", name="Answer once more")).to_be_visible()


async def test_escape_stops_an_answer_and_keeps_what_came(talking: Served, visit: Visiting) -> None:
    """It is shown as what it is, with a way to try again."""
    async with visit(talking) as visited:
        page = await visited.go("/c/new")
        await _say(page, "slow forever")
        await expect(_said(page, "one").last).to_be_visible()

        await page.keyboard.press("Escape")

        stopped = _said(page, "You stopped this answer")
        await expect(stopped).to_be_visible()
        await expect(stopped).to_contain_text("one")
        await expect(stopped.get_by_role("button", name="Try again")).to_be_visible()


async def test_what_a_failing_server_did_not_take_is_sent_once_when_it_does(
    talking: Served, visit: Visiting
) -> None:
    """Point 27. It stays, over a reload, with a way to try again; nothing readable is stored."""

    async def fail(route: Route) -> None:
        await route.fulfill(
            status=503,
            content_type="application/json",
            body='{"error": {"code": "busy", "message": "", "request_id": "r"}}',
        )

    async with visit(talking) as visited:
        visited.expected.append("503")
        page = await visited.go("/c/new")
        await page.route("**/turns", fail)
        await _say(page, "Said into the wind")
        unsent = page.locator("[data-unsent]")
        await expect(unsent).to_contain_text("Said into the wind")

        await page.reload()
        await expect(unsent).to_contain_text("Said into the wind")
        stored: str = await page.evaluate("JSON.stringify(localStorage)")
        await page.unroute("**/turns")
        await unsent.get_by_role("button", name="Try again").click()

        await expect(unsent).to_have_count(0)
        await expect(page.get_by_role("button", name="Answer once more")).to_be_visible()
        session = page.url.rsplit("/", 1)[1]

    assert "holdfast.draft.unsent" in stored
    assert "wind" not in stored
    kept = await talking.get(f"/api/conversations/current_user/{session}")
    assert 1 == len(kept["session"]["turns"])


async def test_another_tab_hears_what_is_said(talking: Served, visit: Visiting) -> None:
    """The same conversation, twice on the screen, is the same."""
    async with visit(talking) as visited:
        page = await visited.go("/c/new")
        await _say(page, "Is anybody there?")
        await expect(page.get_by_role("button", name="Answer once more")).to_be_visible()
        other = await visited.context.new_page()
        async with other.expect_websocket():
            await other.goto(page.url)

        await _say(page, "slow tabs")
        await expect(_said(other, "slow tabs")).to_be_visible()
        await expect(_said(other, "one").last).to_be_visible()
        _let_go(talking, "tabs")

        await expect(_said(other, "one two")).to_have_count(1)


async def test_a_finished_answer_is_told_once(talking: Served, visit: Visiting) -> None:
    """Point 30. Rows and pieces of an answer are not read out; the whole of it is."""
    async with visit(talking) as visited:
        page = await visited.go("/c/new")
        await _say(page, "Good morning")
        await expect(page.get_by_role("button", name="Answer once more")).to_be_visible()
        log = page.get_by_role("log")
        assert await log.get_attribute("aria-live") == "polite"
        await log.evaluate(
            """log => {
              window.told = [];
              new MutationObserver(changes => {
                for (const { target } of changes) {
                  const element = target.nodeType === 1 ? target : target.parentElement;
                  if (element.closest("[aria-live]") === log) told.push(element.textContent);
                }
              }).observe(log, { childList: true, characterData: true, subtree: true });
            }"""
        )

        await _say(page, "slow aloud")
        await expect(_said(page, "one").last).to_be_visible()
        _let_go(talking, "aloud")
        await expect(page.get_by_role("button", name="Answer once more")).to_have_count(2)

        assert [words.strip() for words in await page.evaluate("told")] == ["one two"]


async def test_a_temporary_conversation_can_be_saved_and_asks_before_it_goes(
    talking: Served, visit: Visiting
) -> None:
    """Point 35. Left in silence it would be lost; saved it is like any other."""
    async with visit(talking) as visited:
        page = await visited.go("/c/new")
        await page.get_by_role("button", name="Temporary conversation").click()
        await _say(page, "Just between us")
        await expect(page.get_by_role("button", name="Answer once more")).to_be_visible()

        await page.keyboard.press("Control+Shift+o")
        await page.get_by_role("button", name="Cancel").click()
        await page.get_by_role("button", name="Save this conversation").click()

        await expect(page.get_by_role("heading", level=1)).to_contain_text("Just between us")
        await page.reload()
        await expect(_said(page, "Just between us").first).to_be_visible()
