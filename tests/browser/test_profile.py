"""The profile: its numbers, what is taken along and brought in, making it go, who may come in."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.async_api import Page, expect
from pypdf import PdfReader

from integration.server.conftest import Served

from .conftest import PHONE, Visiting
from .seeds import NEEDLE


@pytest.fixture
def keyed(tmp_path: Path) -> Iterator[Served]:
    """An empty server that people log in to with keys."""
    server = Served(tmp_path, auth="tokens").start()
    yield server
    server.kill()


async def _exported(page: Page, kind: str) -> bytes:
    await page.get_by_role("radio", name=kind).check()
    async with page.expect_download() as coming:
        await page.get_by_role("button", name="Export", exact=True).click()
    return Path(await (await coming.value).path()).read_bytes()


async def test_points_40_and_41_the_numbers_are_those_of_an_export_that_comes_back_in(
    house: Served, tmp_path: Path, visit: Visiting
) -> None:
    """Counted in the JSON; text can be taken out of the PDF; the bundle makes an equal store."""
    async with visit(house, accept_downloads=True) as visited:
        page = await visited.go("/profile")
        await expect(page.get_by_role("term").filter(has_text="Conversations")).to_be_visible()
        shown = dict(
            zip(
                await page.locator("dt").all_inner_texts(),
                await page.locator("dd").all_inner_texts(),
                strict=True,
            )
        )
        chart = page.get_by_role("img", name="messages in the last year")
        await expect(chart).to_be_visible()
        await page.get_by_text("Show as a table").click()
        await expect(page.get_by_role("table").get_by_role("row")).not_to_have_count(1)

        await visited.go("/profile/export")
        taken = json.loads(await _exported(page, "JSON"))
        markdown = (await _exported(page, "Markdown")).decode()
        pdf = PdfReader(io.BytesIO(await _exported(page, "PDF")))
        bundle = tmp_path / "all.zip"
        bundle.write_bytes(await _exported(page, "Bundle"))

    kept = await house.get("/api/profile")
    assert shown["Conversations"] == str(kept["conversation_count"])
    assert shown["Messages"] == str(kept["message_count"])
    text = json.dumps(taken, ensure_ascii=False)
    assert text.count(NEEDLE) >= 1
    assert NEEDLE in markdown
    words = " ".join(" ".join(one.extract_text() for one in pdf.pages).split())
    assert NEEDLE in words

    other = Served(tmp_path).start()
    try:
        async with visit(other, size=PHONE) as visited:
            page = await visited.go("/profile/import")
            await page.get_by_label("Choose a file").set_input_files(bundle)
            await expect(page.get_by_role("button", name="Take it in")).to_be_enabled()
            preview = await page.locator("dl").inner_text()
            assert str(kept["conversation_count"]) in preview
            assert str(kept["message_count"]) in preview
            assert (await other.get("/api/profile"))["message_count"] == 0
            await page.get_by_role("button", name="Take it in").click()
            await expect(page.get_by_role("link", name="Find something in it")).to_be_visible()
            assert await visited.sideways() == 0
        came = await other.get("/api/profile")
    finally:
        other.kill()
    same = ("conversation_count", "message_count", "memory_count", "thought_count")
    assert [came[name] for name in same] == [kept[name] for name in same]
    assert came["last_message_at"] == kept["last_message_at"]


async def test_a_file_that_cannot_be_read_says_so_and_writes_nothing(
    house: Served, visit: Visiting
) -> None:
    """The page stays where it is, and another file can be chosen."""
    before = await house.get("/api/profile")
    async with visit(house) as visited:
        visited.expected += ["400", "415", "422"]
        page = await visited.go("/profile/import")
        await page.get_by_label("Choose a file").set_input_files(
            {"name": "x.json", "mimeType": "application/json", "buffer": b"{ not json"}
        )
        await expect(page.get_by_role("main").get_by_role("alert")).to_be_visible()
        await expect(page.locator("button", has_text="Choose a file")).to_be_enabled()

    assert await house.get("/api/profile") == before


async def test_point_42_clear_and_erase_are_two_things_and_erasing_asks_for_the_key(
    keyed: Served, visit: Visiting
) -> None:
    """Counts, Cancel first, the typed name, the key again: a wrong one erases nothing."""
    key = keyed.key("ada")
    async with keyed.keyed(key) as client:
        for title in ("One", "Two"):
            begun = await client.post("/api/conversations/current_user", json={"title": title})
            path = f"/api/conversations/current_user/{begun.json()['session']['id']}/exchanges"
            await client.post(path, json={"user_message": "hm", "assistant_message": "hm"})
    async with visit(keyed, log_in=False, accept_downloads=True) as visited:
        visited.expected += ["401", "403"]
        page = await visited.go("/profile/erase")
        field = page.get_by_label("Key", exact=True)
        await field.fill("hf_wrong")
        await page.get_by_role("button", name="Log in").click()
        await expect(page.get_by_text("This key does not open anything here")).to_be_visible()
        await expect(field).to_be_focused()
        await field.fill(key)
        await page.get_by_role("button", name="Log in").click()

        await page.get_by_role("button", name="Clear conversations").click()
        question = page.get_by_role("alertdialog")
        await expect(question).to_contain_text("Clear 2 conversations?")
        await expect(question.get_by_role("button", name="Cancel")).to_be_focused()
        await page.keyboard.press("Escape")

        for shown, given in (("That is not your key", "hf_other"), ("Erased", key)):
            await page.get_by_role("button", name="Erase everything").click()
            erase = question.get_by_role("button", name="Erase everything")
            await expect(question.get_by_role("button", name="Cancel")).to_be_focused()
            await expect(question).to_contain_text("Messages: 4")
            await expect(question).to_contain_text("backups taken before cannot be opened")
            await question.get_by_label("Type your name, ada, to confirm").fill("ada")
            await expect(erase).to_be_disabled()
            await question.get_by_label("Your key, once more").fill(given)
            await erase.click()
            await expect(page.get_by_text(shown).first).to_be_visible()
        async with page.expect_download() as coming:
            await page.get_by_role("button", name="Save the receipt").click()
        receipt = json.loads(Path(await (await coming.value).path()).read_text("utf-8"))

    assert (receipt["sessions"], receipt["messages"]) == (2, 4)
    assert receipt["audit_digest"]
    assert receipt["keys_destroyed"]


async def test_keys_are_made_shown_once_and_revoked(keyed: Served, visit: Visiting) -> None:
    """A key says what it may do, until when; this login is marked, and ends by its own button."""
    key = keyed.key("ada")
    async with visit(keyed, log_in=False) as visited:
        visited.expected += ["401"]
        page = await visited.go("/profile/access")
        await page.get_by_label("Key", exact=True).fill(key)
        await page.get_by_role("button", name="Log in").click()
        await expect(page.get_by_text("This one")).to_be_visible()
        await page.get_by_role("button", name="Make a key").click()
        sheet = page.get_by_role("dialog")
        await sheet.get_by_label("What for").fill("notes on my phone")
        await sheet.get_by_role("checkbox", name="write", exact=True).uncheck()
        await sheet.get_by_label("It works").select_option("30")
        await sheet.get_by_role("button", name="Make a key").click()
        secret = await sheet.locator("code").inner_text()
        await sheet.get_by_role("button", name="I have it").click()
        row = page.get_by_role("listitem").filter(has_text="notes on my phone")
        await expect(row).to_contain_text("read and find")
        await expect(row).to_contain_text("until ")
        await expect(page.get_by_role("main")).not_to_contain_text(secret)
        async with keyed.keyed(secret) as client:
            assert (await client.get("/api/profile")).status_code == 200
        await page.get_by_role("button", name="Revoke “notes on my phone”").click()
        await page.get_by_role("alertdialog").get_by_role("button", name="Revoke").click()
        await expect(row).to_have_count(0)
        async with keyed.keyed(secret) as client:
            assert (await client.get("/api/profile")).status_code == 401
        await page.get_by_role("button", name="Log out here").click()
        await expect(page.get_by_label("Key", exact=True)).to_be_visible()


async def test_how_the_page_looks_and_what_is_learned_is_kept_with_the_profile(
    house: Served, visit: Visiting
) -> None:
    """Theme and language count in the next browser, too; what can be seen is told plainly."""
    async with visit(house, size=PHONE) as visited:
        page = await visited.go("/profile/appearance")
        await page.get_by_role("radio", name="Dark").check()
        await expect(page.locator("html")).to_have_attribute("data-theme", "dark")
        await page.get_by_role("radio", name="Deutsch").check()
        await expect(page.get_by_role("heading", name="Sprache")).to_be_visible()
    async with visit(house) as visited:
        page = await visited.go("/profile/appearance")
        await expect(page.get_by_role("heading", name="Sprache")).to_be_visible()
        await expect(page.locator("html")).to_have_attribute("data-theme", "dark")
        await page.get_by_role("radio", name="English").check()
        await page.get_by_role("radio", name="As the browser").check()
        await page.get_by_role("radio", name="As the system").check()
        await page.get_by_role("link", name="Who can see what").click()
        await expect(page.get_by_text("AES-256-GCM")).to_be_visible()
        await expect(page.get_by_role("heading", name="What leaves the server")).to_be_visible()
        await page.get_by_role("link", name="Learning and model").click()
        switch = page.get_by_role("switch", name="Make memories of what I say")
        await switch.click()
        await expect(switch).not_to_be_checked()
        await switch.click()
        await expect(switch).to_be_checked()
