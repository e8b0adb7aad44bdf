"""A room of two people and two assistants, each in a browser of their own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from integration.server.conftest import Served

from .conftest import DESKTOP, PHONE, Visit, Visiting


@pytest.fixture(scope="module")
def harbour(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server that people log in to with keys."""
    server = Served(tmp_path_factory.mktemp("harbour"), auth="tokens").start()
    yield server
    if server.process is not None:
        server.kill()


@pytest.fixture(scope="module")
def keys(harbour: Served) -> dict[str, str]:
    """A key of each."""
    return {name: harbour.key(name) for name in ("ada", "ben")}


@pytest_asyncio.fixture(loop_scope="session")
async def people(
    harbour: Served, keys: dict[str, str], visit: Visiting
) -> AsyncIterator[dict[str, Visit]]:
    """Ada at a desk and Ben with a phone, logged in on the page's own view, with two assistants."""
    async with harbour.keyed(keys["ada"]) as client:
        for slug, name, avatar in (("helper", "Helper", "🦉"), ("cook", "Cook", "🍲")):
            await client.put(f"/api/assistants/{slug}", json={"name": name, "avatar": avatar})
    async with AsyncExitStack() as stack:
        found = {}
        for name, size in (("ada", DESKTOP), ("ben", PHONE)):
            visited = await stack.enter_async_context(visit(harbour, size=size, log_in=False))
            visited.expected += ["401"]
            page = await visited.go("/rooms")
            await page.get_by_label("Key", exact=True).fill(keys[name])
            await page.get_by_role("button", name="Log in").click()
            await expect(page.get_by_role("heading", name="Rooms", exact=True)).to_be_visible()
            visited.expected.clear()
            found[name] = visited
        yield found


async def _make(page: Page, name: str) -> str:
    """Make a room of Ada, Ben and both assistants; its address."""
    await page.get_by_role("button", name="New room").click()
    sheet = page.get_by_role("dialog")
    await sheet.get_by_label("Name", exact=True).fill(name)
    await sheet.get_by_label("People").fill("ben")
    await sheet.get_by_role("checkbox", name="Helper").check()
    await sheet.get_by_role("checkbox", name="Cook").check()
    await sheet.get_by_role("radio", name="What is said from then on").check()
    await sheet.get_by_role("button", name="New room").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text(name)
    return page.url


async def _say(page: Page, text: str) -> None:
    await page.get_by_role("textbox", name="Say something in").fill(text)
    await page.keyboard.press("Enter")


async def _speakers(page: Page) -> list[str]:
    said = page.get_by_role("log").get_by_role("article")
    return [(await one.get_attribute("aria-label") or "") for one in await said.all()]


async def test_point_38_who_speaks_is_seen_and_two_assistants_answer_in_turn(
    harbour: Served, people: dict[str, Visit]
) -> None:
    """Presence, typing, the @-list by keyboard, new marks; whose turn it is; no nameless button."""
    ada, ben = people["ada"].page, people["ben"].page
    address = await _make(ada, "Boat owners")
    await ben.goto(address)
    await expect(ada.get_by_role("button", name="4 members 2 here")).to_be_visible()

    box = ada.get_by_role("textbox", name="Say something in Boat owners")
    await box.press_sequentially("hm")
    await expect(ben.get_by_text("ada is writing")).to_be_visible()
    await box.fill("")
    await box.press_sequentially("slow tide: ")
    await box.press_sequentially("@")
    names = ada.get_by_role("listbox", name="Name somebody")
    await expect(names.get_by_role("option")).to_contain_text(["ben", "Helper", "Cook"])
    await ada.keyboard.press("Escape")
    await expect(names).to_have_count(0)
    await box.press_sequentially("h")
    await box.press("Backspace")
    await box.fill("slow tide: ")
    await box.press_sequentially("@")
    await ada.keyboard.press("ArrowDown")
    await expect(names.get_by_role("option", selected=True)).to_contain_text("Helper")
    await ada.keyboard.press("Enter")
    await box.press_sequentially("and @co")
    await ada.keyboard.press("Tab")
    await box.press_sequentially("noon")
    await expect(box).to_have_value("slow tide: @helper and @cook noon")
    await ada.keyboard.press("Enter")

    log = ben.get_by_role("log")
    await expect(log).to_contain_text("is answering … Then Cook.")
    await expect(log).to_contain_text("one")
    harbour.let_go("noon")
    await expect(log.get_by_role("article")).to_have_count(3)
    assert await _speakers(ben) == ["ada said", "Helper said", "Cook said"]
    assert await _speakers(ada) == ["ada said", "Helper said", "Cook said"]
    await expect(ada.get_by_role("article", name="Helper said")).to_contain_text("🦉")
    await expect(ada.get_by_role("article", name="ada said")).to_contain_text("You")
    await expect(ben.locator("[aria-live=polite]").filter(has_text="Cook: one two")).to_have_count(
        1
    )

    for visited in people.values():
        nameless = "all => all.filter((one) => !(one.ariaLabel || one.innerText.trim())).length"
        assert await visited.page.locator("button:visible").evaluate_all(nameless) == 0
        assert await visited.sideways() == 0

    await ben.goto(harbour.url + "/rooms")
    card = ben.get_by_role("link", name="Boat owners")
    assert ((await card.bounding_box()) or {})["width"] < PHONE["width"]
    await expect(card).to_contain_text("Cook: one two")
    await expect(card).not_to_contain_text("New")
    await _say(ada, "And who brings the rope?")
    await ben.reload()
    await expect(card).to_contain_text("ada: And who brings the rope?")
    await expect(card).to_contain_text("New")


async def test_what_is_said_to_a_room_while_away_is_said_once(
    harbour: Served, people: dict[str, Visit]
) -> None:
    """It waits in sight, over a reload of the server, and the room comes back by itself."""
    visited = people["ada"]
    page = visited.page
    await _make(page, "Anchorage")
    await expect(page.get_by_role("button", name="4 members 1 here")).to_be_visible()
    for other in people.values():
        other.expected += ["Failed to load resource", "WebSocket", "net::ERR"]
    port = harbour.url.rpartition(":")[2]
    harbour.kill()
    await _say(page, "Said in the dark")
    await expect(page.get_by_text("Waiting to be sent")).to_be_visible()
    await expect(page.get_by_text("Not connected.")).to_be_visible()
    harbour.settings["port"] = port
    harbour.start()

    await expect(page.get_by_text("Waiting to be sent")).to_have_count(0)
    await expect(page.get_by_role("article", name="ada said")).to_have_count(1)
    await page.reload()
    await expect(page.get_by_role("article", name="ada said")).to_have_count(1)


async def test_owners_let_in_remove_and_erase(people: dict[str, Visit]) -> None:
    """Who is removed is told so; who joins later reads from then on; the name confirms the end."""
    ada, ben = people["ada"].page, people["ben"].page
    address = await _make(ada, "Crew")
    await _say(ada, "Before Ben came back")
    await expect(ada.get_by_role("article")).to_have_count(1)
    await ben.goto(address)
    await expect(ben.get_by_role("article")).to_have_count(1)

    await ada.get_by_role("button", name="4 members").click()
    sheet = ada.get_by_role("dialog")
    await expect(sheet).to_contain_text("Who joins later reads what is said from then on.")
    await sheet.get_by_role("button", name="Actions for ben").click()
    people["ben"].expected += ["404"]
    await ada.get_by_role("menuitem", name="Remove from the room").click()
    await expect(ben.get_by_role("heading", name="This room is not there for you")).to_be_visible()
    await sheet.get_by_label("Let somebody in").fill("ben")
    await sheet.get_by_role("button", name="Let in").click()
    await expect(sheet.get_by_role("listitem").filter(has_text="ben")).to_be_visible()
    await ben.goto(address)
    await expect(ben.get_by_text("Nothing has been said here yet")).to_be_visible()

    await sheet.get_by_role("button", name="Erase the room").click()
    question = ada.get_by_role("alertdialog")
    await expect(question.get_by_role("button", name="Cancel")).to_be_focused()
    await expect(question.get_by_role("button", name="Erase the room")).to_be_disabled()
    await question.get_by_role("textbox").fill("Crew")
    await question.get_by_role("button", name="Erase the room").click()
    await expect(ada.get_by_role("button", name="Save the receipt")).to_be_visible()
    await expect(ben.get_by_role("heading", name="This room is not there for you")).to_be_visible()
    rooms: Any = await ada.evaluate("fetch('/api/rooms').then((one) => one.json())")
    assert "Crew" not in [room["name"] for room in rooms["rooms"]]
