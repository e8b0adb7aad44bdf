"""The list of all conversations: by day and month, organised in place, deleted with a way back."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.async_api import Locator, Page, expect

from integration.server.conftest import Served

from .conftest import PHONE, Visiting
from .seeds import NEEDLE

_LIST = "/api/conversations/current_user?limit=200"
_BOAT = "Boat shed clear-out"


def _rows(page: Page) -> Locator:
    return page.locator("[data-row]")


def _row(page: Page, title: str) -> Locator:
    return page.locator(f'[data-row]:has([aria-label="Actions for {title}"])')


async def _titles(page: Page) -> list[str]:
    names = await page.get_by_role("button", name="Actions for").all()
    return [(await one.get_attribute("aria-label") or "")[12:] for one in names]


async def _order(house: Served) -> list[tuple[str, str]]:
    listed = await house.get(_LIST)
    return [(one["id"], one["last_message_at"]) for one in listed["sessions"]]


async def _act(page: Page, title: str, what: str) -> None:
    row = _row(page, title)
    await row.hover()
    await row.get_by_role("button", name=f"Actions for {title}", exact=True).click()
    await page.get_by_role("menuitem", name=what, exact=True).click()


async def _find_row(page: Page, title: str) -> Locator:
    """Scroll down to a conversation."""
    scrolled = page.get_by_role("list", name="Conversations").locator("..")
    for _ in range(30):
        if await _row(page, title).count():
            return _row(page, title)
        await scrolled.evaluate("list => list.scrollBy(0, 300)")
        await page.wait_for_timeout(60)
    raise AssertionError(f"no row {title}")


async def test_conversations_stand_by_day_and_month_with_named_menus(
    house: Served, visit: Visiting
) -> None:
    """Points 18 and 22: groups, and no two menus of one name."""
    async with visit(house) as visited:
        page = await visited.go("/c/new")
        await _rows(page).first.wait_for()

        headings = (
            await page.get_by_role("list", name="Conversations").locator("h3").all_inner_texts()
        )
        names = await page.get_by_role("button", name="Actions for").evaluate_all(
            "all => all.map(one => one.ariaLabel)"
        )

    assert headings[0] == "Today"
    assert "Previous 7 days" in headings
    assert len(set(names)) == len(names)


async def test_the_oldest_is_two_actions_away(house: Served, visit: Visiting) -> None:
    """Point 19: a month is chosen, the list is there; it never draws more than 80 rows."""
    oldest = (await house.get(_LIST))["sessions"][-1]["title"]
    async with visit(house) as visited:
        page = await visited.go("/c/new")
        await _rows(page).first.wait_for()

        await page.get_by_role("button", name="Jump to a month").click()
        await page.get_by_role("button", name="To the oldest").click()

        await expect(_row(page, oldest)).to_be_in_viewport()
        assert await _rows(page).count() <= 80


async def test_organising_changes_neither_date_nor_order(house: Served, visit: Visiting) -> None:
    """Point 18: pinned, renamed, archived and brought back, every conversation has its date."""
    before = await _order(house)
    async with visit(house) as visited:
        page = await visited.go("/c/new")
        await _find_row(page, "What I like")
        titles = await _titles(page)
        title = titles[2]
        date = await _row(page, title).locator("time").get_attribute("datetime")

        await _act(page, title, "Pin")
        await expect(page.get_by_role("heading", name="Pinned")).to_be_attached()
        assert await _row(page, title).locator("time").get_attribute("datetime") == date
        await _act(page, title, "Unpin")
        await _act(page, title, "Archive")
        await expect(_row(page, title)).to_have_count(0)
        await page.get_by_role("button", name="Undo").click()
        await expect(_row(page, title)).to_have_count(1)
        await _act(page, title, "Rename")
        await page.get_by_label("New title").fill("Called otherwise")
        await page.keyboard.press("Enter")
        await expect(_row(page, "Called otherwise")).to_have_count(1)
        await _act(page, "Called otherwise", "Rename")
        await page.get_by_label("New title").fill(title)
        await page.keyboard.press("Enter")
        await expect(_row(page, title)).to_have_count(1)

    assert await _order(house) == before


async def test_the_keyboard_walks_through_the_list(house: Served, visit: Visiting) -> None:
    """Arrows, Home and End move; the sheet behind "?" lists them; the focus is never lost."""
    count = len((await house.get(_LIST))["sessions"])
    focused = "document.activeElement.closest('[data-row]')?.ariaPosInSet"
    async with visit(house) as visited:
        page = await visited.go("/c/new")
        await _rows(page).first.locator("a").focus()

        await page.keyboard.press("ArrowDown")
        await page.keyboard.press("ArrowDown")
        assert await page.evaluate(focused) == "3"
        await page.keyboard.press("End")
        await expect(page.locator(f"[aria-posinset='{count}'] a")).to_be_focused()
        await page.keyboard.press("Home")
        await expect(page.locator("[aria-posinset='1'] a")).to_be_focused()
        await page.keyboard.press("e")
        await expect(page.get_by_role("button", name="Undo")).to_be_visible()
        await expect(page.locator("[aria-posinset='1'] a")).to_be_focused()
        await page.get_by_role("button", name="Undo").click()
        await page.keyboard.press("?")
        await expect(page.get_by_role("dialog")).to_contain_text("Rename the conversation")


async def test_deleting_asks_about_memories_and_undo_restores_all(
    house: Served, visit: Visiting
) -> None:
    """Points 21 and 34: what was learned is asked about, and everything comes back as it was."""

    async def everything(session: str) -> tuple[Any, Any]:
        whole = await house.get(f"/api/conversations/current_user/{session}")
        memories = await house.get(f"/api/memories?session_id={session}&limit=100")
        return whole, sorted(memories["memories"], key=lambda memory: str(memory["id"]))

    listed = (await house.get(_LIST))["sessions"]
    session = next(one["id"] for one in listed if one["title"] == "What I like")
    before = await everything(session)
    async with visit(house) as visited:
        page = await visited.go("/c/new")
        await _find_row(page, "What I like now")
        await _act(page, "What I like", "Delete")
        question = page.get_by_role("alertdialog")
        await expect(question.get_by_role("button", name="Cancel")).to_be_focused()
        await expect(question.get_by_label("Forget what was learned, too")).to_be_checked()
        await question.get_by_role("button", name="Delete").click()
        await expect(page.get_by_role("button", name="Undo")).to_be_visible()
        gone = [one["id"] for one in (await house.get(_LIST))["sessions"]]
        await page.get_by_role("button", name="Undo").click()
        await page.wait_for_timeout(300)
        await expect(_row(page, "What I like")).to_be_attached()

    assert session not in gone
    assert await everything(session) == before


async def test_several_are_chosen_and_one_question_counts_them(
    house: Served, visit: Visiting
) -> None:
    """Point 20: a range with Shift, all with Ctrl+A, one confirmation."""
    count = len((await house.get(_LIST))["sessions"])
    async with visit(house) as visited:
        page = await visited.go("/c/new")
        await _rows(page).first.wait_for()
        await page.get_by_role("button", name="Select several").click()
        await _rows(page).nth(0).locator("input").click()
        await _rows(page).nth(2).locator("input").click(modifiers=["Shift"])
        await expect(page.get_by_text("3 selected")).to_be_visible()
        await page.keyboard.press("Control+a")
        await expect(page.get_by_text(f"{count} selected")).to_be_visible()

        bar = page.get_by_role("group", name="With what is selected")
        await bar.get_by_role("button", name="Archive").click()
        question = page.get_by_role("alertdialog")
        assert f"Archive {count} conversations?" in await question.inner_text()
        await question.get_by_role("button", name="Cancel").click()


async def test_a_row_shows_its_last_words_to_the_keyboard(house: Served, visit: Visiting) -> None:
    """Point 23: on focus, with the whole title, date and count; Esc puts the card away."""
    async with visit(house) as visited:
        page = await visited.go("/c/new")
        row = await _find_row(page, _BOAT)
        await row.scroll_into_view_if_needed()
        await row.locator("a").focus()
        await page.keyboard.press("ArrowUp")
        await page.keyboard.press("ArrowDown")

        card = page.get_by_role("tooltip").filter(has_text=_BOAT)
        await expect(card).to_contain_text("On the shelf above the door.")
        await expect(card).to_contain_text("6 messages")
        await page.keyboard.press("Escape")
        await expect(card).to_have_count(0)


async def test_the_drawer_of_a_phone_leads_to_a_conversation(
    house: Served, visit: Visiting
) -> None:
    """It opens and closes by touch, and every row has its menu without hovering."""
    async with visit(house, size=PHONE) as visited:
        page = await visited.go("/c/new")
        await page.get_by_role("button", name="Show or hide the sidebar").click()
        row = await _find_row(page, _BOAT)
        await row.get_by_role("button", name=f"Actions for {_BOAT}").tap()
        await page.keyboard.press("Escape")
        await row.locator("a").tap()

        await expect(page.get_by_role("heading", level=1)).to_contain_text(_BOAT)
        await expect(page.get_by_role("dialog")).to_have_count(0)


@pytest.mark.parametrize("way", ["restored", "kept"])
async def test_the_trash_says_when_it_is_emptied(way: str, house: Served, visit: Visiting) -> None:
    """Point 21: what lies there has its day, comes back, and asks before it goes for good."""
    listed = (await house.get(_LIST))["sessions"]
    session = next(one["id"] for one in listed if one["title"] == _BOAT)
    async with house.client() as client:
        await client.post(f"/api/conversations/current_user/{session}/trash", json={})
    async with visit(house) as visited:
        page = await visited.go("/trash")
        await expect(page.get_by_role("list", name="Conversations in the trash")).to_contain_text(
            "Erased on"
        )
        if way == "kept":
            await page.get_by_role("button", name=f"Erase {_BOAT} for good").click()
            question = page.get_by_role("alertdialog")
            await expect(question).to_contain_text("6 messages")
            await question.get_by_role("button", name="Cancel").click()
        await page.get_by_role("button", name=f"Bring {_BOAT} back").click()
        await expect(page.get_by_text("The trash is empty")).to_be_visible()

    found = await house.get(f"/api/find?q={NEEDLE[:40]}")
    assert session in [group["session"]["id"] for group in found["groups"]]
