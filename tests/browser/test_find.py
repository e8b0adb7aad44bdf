"""Finding: one chord, some words, Enter; and one stands before the very message."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.async_api import Locator, Page, expect

from integration.server.conftest import Served

from .conftest import LOOKS, Visiting
from .seeds import NEEDLE

_BOAT = "Boat shed clear-out"


def _results(page: Page) -> Locator:
    return page.get_by_role("option")


async def _ask(page: Page, words: str) -> None:
    await page.keyboard.press("Control+k")
    await expect(page.get_by_role("combobox")).to_be_focused()
    await page.keyboard.type(words)


async def test_a_chord_words_and_enter_land_on_the_message(house: Served, visit: Visiting) -> None:
    """Points 8 to 10: what was said two months ago is on the screen, its words marked."""
    async with visit(house) as visited:
        page = await visited.go("/memories")
        await _ask(page, "third oar")
        await expect(_results(page).first).to_contain_text("behind the third oar")
        await page.keyboard.press("Enter")

        await expect(page.get_by_role("heading", level=1)).to_contain_text(_BOAT)
        await expect(page.locator("mark").first).to_be_in_viewport()
        assert (await page.locator("mark").first.inner_text()).startswith("third")


async def test_esc_gives_the_focus_back(house: Served, visit: Visiting) -> None:
    """Point 7: to what had it."""
    async with visit(house) as visited:
        page = await visited.go("/c/new")
        await page.get_by_role("textbox").first.focus()
        await _ask(page, "third")
        await page.keyboard.press("Escape")

        await expect(page.get_by_role("dialog")).to_have_count(0)
        await expect(page.get_by_role("textbox").first).to_be_focused()


@pytest.mark.parametrize(
    "words",
    ["oars", "spare keys", "thrid oar", "THÌRD ÖAR", '"third oar"', "third oar before:2090-01-01"],
)
async def test_it_is_found_however_it_is_spelled(
    words: str, house: Served, visit: Visiting
) -> None:
    """Point 13: plural, typo, accent, case, phrase, operator."""
    async with visit(house) as visited:
        page = await visited.go("/c/new")
        await _ask(page, words)

        await expect(_results(page).filter(has_text=_BOAT).first).to_be_visible()


@pytest.mark.parametrize("look", LOOKS)
async def test_the_first_marked_word_is_never_cut(
    look: tuple[dict[str, int], str], house: Served, visit: Visiting
) -> None:
    """Point 11: it lies within its row, on a desk and on a phone; axe finds nothing."""
    size, theme = look
    inside = """mark => {
      const [word, box] = [mark, mark.closest("p")].map(e => e.getBoundingClientRect());
      return word.left >= box.left && word.right <= box.right + 1 && word.bottom <= box.bottom + 1;
    }"""
    async with visit(house, size=size, theme=theme) as visited:
        page = await visited.go("/trash")
        await _ask(page, "wrapped tape")
        row = _results(page).filter(has_text=_BOAT).first
        await expect(row.locator("mark").first).to_be_visible()

        assert await row.locator("mark").first.evaluate(inside)
        assert await row.locator("time").count() == 1
        assert await visited.axe() == []


async def test_the_address_holds_what_was_asked(house: Served, visit: Visiting) -> None:
    """Point 14: Back and reload bring words, filters and results back."""

    async def asked(page: Page) -> dict[str, Any]:
        await _results(page).first.wait_for()
        return {
            "words": await page.get_by_role("combobox").input_value(),
            "chips": await page.get_by_role("list", name="Narrowed to").all_inner_texts(),
            # Without how many there are, which comes a moment later.
            "first": re.sub(r"\s*1 of \d+$", "", await _results(page).first.inner_text()),
        }

    async with visit(house) as visited:
        page = await visited.go("/find")
        await page.get_by_role("combobox").fill("balcony with:helper")
        await page.get_by_role("button", name="When").click()
        await page.get_by_role("button", name="This year").click()
        await expect(page.get_by_role("list", name="Narrowed to")).to_contain_text("With Helper")
        before = await asked(page)
        await page.reload()
        reloaded = await asked(page)
        await page.get_by_role("combobox").press("Enter")
        await page.wait_for_url("**/c/**")
        await page.go_back()
        back = await asked(page)

    assert reloaded == before
    assert back == before


async def test_a_filter_is_a_chip_that_goes_away(house: Served, visit: Visiting) -> None:
    """Point 14: taking it away takes it out of the words."""
    async with visit(house) as visited:
        page = await visited.go("/c/new")
        await _ask(page, "oar tag:nothing")
        await expect(page.get_by_text("Nothing for “oar”")).to_be_visible()
        await page.get_by_role("button", name="Without: #nothing").click()

        await expect(page.get_by_role("combobox")).to_have_value("oar")
        await expect(_results(page).filter(has_text=_BOAT)).to_have_count(1)


async def test_nothing_found_offers_the_wider_search(house: Served, visit: Visiting) -> None:
    """Point 15: it says what was looked for, and where there is something."""
    async with visit(house) as visited:
        page = await visited.go("/c/new")
        await _ask(page, "third oar pinned:true")
        await expect(page.get_by_text("Nothing for “third oar”")).to_be_visible()
        await page.get_by_role("button", name="Without the pin").click()

        await expect(_results(page).filter(has_text=_BOAT)).to_have_count(1)


async def test_the_archive_is_searched_under_its_own_heading(
    house: Served, visit: Visiting
) -> None:
    """Point 15: never left out in silence."""
    found = await house.get(f"/api/find?q={NEEDLE[:40]}")
    path = f"/api/conversations/current_user/{found['groups'][0]['session']['id']}"
    async with house.client() as client:
        await client.patch(path, json={"archived": True})
        async with visit(house) as visited:
            page = await visited.go("/c/new")
            await _ask(page, "third oar")
            archive = page.get_by_role("group", name="In the archive")
            await expect(archive.get_by_role("option").first).to_contain_text("Archived")
        await client.patch(path, json={"archived": False})


async def test_places_of_one_conversation_are_stepped_through(
    house: Served, visit: Visiting
) -> None:
    """Point 12: with arrows, and it says which of how many."""
    async with visit(house) as visited:
        page = await visited.go("/c/new")
        await _ask(page, "third oar")
        meant = page.locator("[aria-selected=true]")
        await expect(meant).to_contain_text("1 of 2")
        first = await meant.inner_text()
        await page.keyboard.press("ArrowRight")
        await expect(meant).to_contain_text("2 of 2")
        second = await meant.inner_text()
        await page.keyboard.press("ArrowLeft")
        await expect(meant).to_contain_text("1 of 2")

    assert first.replace("1 of 2", "") != second.replace("2 of 2", "")


async def test_words_are_found_inside_a_conversation(house: Served, visit: Visiting) -> None:
    """Point 16: Ctrl+F looks through all of it, drawn or not."""
    found = await house.get(f"/api/find?q={NEEDLE[:40]}")
    async with visit(house) as visited:
        page = await visited.go(f"/c/{found['groups'][0]['session']['id']}")
        await page.get_by_text("third oar").first.wait_for()
        await page.keyboard.press("Control+f")
        bar = page.get_by_role("search", name="Find in this conversation")
        await bar.get_by_role("textbox").fill("the")
        await expect(bar).to_contain_text("1 of ")
        await page.keyboard.press("Enter")
        await expect(bar).to_contain_text("2 of ")
        await page.keyboard.press("Shift+Enter")
        await expect(bar).to_contain_text("1 of ")
        await page.keyboard.press("Escape")
        await expect(bar).to_have_count(0)
