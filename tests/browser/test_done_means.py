"""What "done" means: a newcomer who reads nothing says something, finds it, and makes it go."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from integration.server.conftest import Served

from .conftest import DESKTOP, PHONE, Visiting

_SAID = "Remember, my grandmother's sourdough is called Waldemar"
_NEEDLE = "Waldemar"
SIZES = [pytest.param(DESKTOP, id="desktop"), pytest.param(PHONE, id="phone")]


def _files_with(folder: Path, needle: str) -> list[str]:
    """Files that hold the letters, in the encodings they could lie there in."""
    forms = [needle.encode(form) for form in ("utf-8", "utf-16-le", "utf-16-be")]
    files = [path for path in folder.rglob("*") if path.is_file()]
    return [path.name for path in files if any(form in path.read_bytes() for form in forms)]


async def _find(page: Page, words: str) -> None:
    await page.keyboard.press("Control+k")
    await page.get_by_role("combobox").fill(words)


@pytest.mark.parametrize("size", SIZES)
async def test_a_newcomer_says_something_finds_it_and_makes_it_go(
    size: dict[str, int], tmp_path: Path, visit: Visiting
) -> None:
    """Points 4, 5, 40 and 42: one link, one sentence, and from then on all is in their hands."""
    server = Served(tmp_path).start(child=False)
    try:
        async with visit(server, size=size, log_in=False, accept_downloads=True) as visited:
            visited.expected += ["Failed to load resource", "WebSocket", "net::ERR"]
            page = visited.page
            await page.goto(server.login_link)
            await _welcomed(page)
            await _says(page)
            await _restarted(server, page)
            await _finds(page)
            await _sees_the_memory(server, page)
            await _exports(page, tmp_path)
            await _erases(page, tmp_path)
        assert server.process is not None
        assert _files_with(tmp_path / "data", _NEEDLE) == []
        assert _files_with(tmp_path / "config", _NEEDLE) == []
    finally:
        if server.process is not None:
            server.kill()


async def _welcomed(page: Page) -> None:
    await expect(page.get_by_role("heading", name="Say something worth keeping")).to_be_visible()
    await expect(page.get_by_role("dialog")).to_have_count(0)
    told = page.get_by_text("is kept on this machine, sealed with AES-256-GCM")
    await expect(told).to_be_in_viewport()
    await expect(told.get_by_role("link")).to_have_attribute("href", "/profile/erase")
    tries = page.get_by_role("region", name="Say something worth keeping").get_by_role("listitem")
    await expect(tries).to_have_count(3)
    await expect(tries.nth(2).get_by_role("link")).to_have_attribute("href", "/profile/import")


async def _says(page: Page) -> None:
    await page.get_by_label("Say something", exact=True).last.fill(_SAID)
    await page.get_by_role("button", name="Send").click()
    await expect(page).to_have_url(re.compile("/c/[0-9a-f-]{36}$"))
    await expect(page.get_by_role("button", name="Answer once more")).to_be_visible()


async def _restarted(server: Served, page: Page) -> None:
    server.kill()
    server.settings["port"] = server.url.rpartition(":")[2]
    server.start(child=False)
    await page.reload()
    await expect(page.locator("article", has_text=_NEEDLE).first).to_be_visible()


async def _finds(page: Page) -> None:
    await page.goto(page.url.partition("/c/")[0] + "/assistants")
    # Whom they talked with, without choosing anybody, is named here as it was there.
    await expect(page.get_by_role("main").get_by_role("link", name="Helper")).to_be_visible()
    await _find(page, "sourdough")
    found = page.get_by_role("option").filter(has_text=_NEEDLE)
    await expect(found.first).to_be_visible()
    await page.keyboard.press("Enter")
    mark = page.locator("article mark").first
    await expect(mark).to_be_in_viewport()
    assert (await mark.inner_text()).lower().startswith("sourdough")


async def _sees_the_memory(server: Served, page: Page) -> None:
    server.command("distill")
    await page.goto(server.url + "/memories")
    card = page.get_by_role("article").filter(has_text=_NEEDLE).first
    await expect(card.locator("blockquote").first).to_contain_text(_NEEDLE)
    await card.get_by_role("link", name="Open source").first.click()
    await expect(page.locator("article mark").first).to_be_in_viewport()


async def _exports(page: Page, folder: Path) -> None:
    await page.goto(page.url.partition("/c/")[0] + "/profile/export")
    await page.get_by_role("radio", name="JSON").check()
    async with page.expect_download() as downloading:
        await page.get_by_role("button", name="Export", exact=True).click()
    download = await downloading.value
    taken = folder / "taken.json"
    await download.save_as(taken)
    assert _NEEDLE in taken.read_text("utf-8")
    await download.delete()


async def _erases(page: Page, folder: Path) -> None:
    await page.goto(page.url.partition("/profile")[0] + "/profile/erase")
    await page.get_by_role("button", name="Erase everything").click()
    question = page.get_by_role("alertdialog")
    await expect(question.get_by_role("button", name="Cancel")).to_be_focused()
    await expect(question).to_contain_text("Conversations: 1")
    await expect(question).to_contain_text("Messages: 2")
    erase = question.get_by_role("button", name="Erase everything")
    await expect(erase).to_be_disabled()
    await question.get_by_role("textbox").fill("ada")
    await erase.click()
    await expect(page.get_by_role("heading", name="Erased")).to_be_visible()
    await expect(page.locator("#page")).not_to_contain_text(_NEEDLE)  # nor beside the receipt
    async with page.expect_download() as downloading:
        await page.get_by_role("button", name="Save the receipt").click()
    kept = folder / "receipt.json"
    await (await downloading.value).save_as(kept)
    receipt = json.loads(kept.read_text("utf-8"))
    assert (receipt["sessions"], receipt["messages"]) == (1, 2)
    assert receipt["keys_destroyed"]
    assert receipt["audit_digest"]
    assert _NEEDLE not in kept.read_text("utf-8")
    await page.get_by_role("button", name="Start afresh").click()
    await expect(page.locator("#page")).not_to_contain_text(_NEEDLE)
    stored: str = await page.evaluate("JSON.stringify([localStorage, sessionStorage])")
    assert "draft" not in stored
