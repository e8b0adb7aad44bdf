"""The page stands: it comes from its own server alone, in the system's colours, for who may in."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.async_api import Request, Response, expect

from integration.server.conftest import Served

from .conftest import DESKTOP, PHONE, Visiting

_FONT = 60_000


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server of several people, who log in with keys."""
    server = Served(tmp_path_factory.mktemp("guarded"), auth="tokens").start()
    yield server
    server.kill()


async def test_an_address_that_is_nothing_says_so(house: Served, visit: Visiting) -> None:
    """And shows a way on."""
    async with visit(house) as visited:
        page = await visited.go("/rooms/of/nobody")

        assert await page.get_by_role("heading", level=1).inner_text() == "Not found"


async def test_point_03_nothing_is_asked_elsewhere_under_a_strict_policy(
    house: Served, visit: Visiting
) -> None:
    """No foreign request, no video, no heavy font; no script may stand in the page itself."""
    asked: list[Request] = []
    answered: list[Response] = []
    async with visit(house) as visited:
        visited.page.on("request", lambda one: asked.append(one))
        visited.page.on("response", lambda one: answered.append(one))
        page = await visited.go("/c/new")
        await page.locator("[data-row]").first.wait_for()
        await page.wait_for_load_state("networkidle")
        policy = next(one for one in answered if one.url.endswith("/c/new")).headers[
            "content-security-policy"
        ]
        fonts = [len(await one.body()) for one in answered if one.request.resource_type == "font"]

    rules = dict(one.strip().partition(" ")[::2] for one in policy.split(";") if one.strip())
    assert {one.resource_type for one in asked} & {"media"} == set()
    assert [size for size in fonts if size > _FONT] == []
    assert rules["script-src"] == "'self'"
    assert "unsafe" not in policy
    assert "http" not in policy.replace(house.url, "")
    assert len(asked) <= 25


async def test_point_06_a_wrong_key_is_said_and_the_field_keeps_the_focus(
    guarded: Served, visit: Visiting
) -> None:
    """In a live region, the same for every wrong key; the right one comes in with one field."""
    key = guarded.key("ada")
    async with visit(guarded, log_in=False) as visited:
        visited.expected.append("401")
        page = await visited.go("/memories")
        field = page.get_by_label("Key", exact=True)
        told: list[str] = []
        for wrong in ("hf_" + "0" * 40, "something", key[:-1] + ("a" if key[-1] != "a" else "b")):
            await field.fill(wrong)
            await page.keyboard.press("Enter")
            alert = page.locator("[aria-live]").filter(has_text="does not open anything")
            await expect(alert).to_be_visible()
            await expect(field).to_be_focused()
            told.append(await alert.inner_text())
        assert len(set(told)) == 1
        assert await visited.axe() == []
        await field.fill(key)
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("heading", level=1)).to_have_text("Memories")


@pytest.mark.parametrize(
    "size", [pytest.param(DESKTOP, id="desktop"), pytest.param(PHONE, id="phone")]
)
async def test_point_46_the_first_paint_has_the_colours_of_the_system(
    size: dict[str, int], house: Served, visit: Visiting
) -> None:
    """No flash: before any script has drawn, the ground is light or dark as the system is."""
    grounds = {}
    for theme in ("light", "dark"):
        async with visit(house, size=size, theme=theme) as visited:
            # Without its scripts the page is what is painted first.
            await visited.page.route(
                re.compile(r"/assets/.*\.js"), lambda route: route.abort("blockedbyclient")
            )
            visited.expected.append("ERR_BLOCKED_BY_CLIENT")
            await visited.page.goto(house.url + "/c/new")
            ground = "getComputedStyle(document.documentElement).backgroundColor"
            body = "getComputedStyle(document.body).backgroundColor"
            painted = [await visited.page.evaluate(one) for one in (ground, body)]
            grounds[theme] = next(one for one in reversed(painted) if one != "rgba(0, 0, 0, 0)")
            await visited.page.unroute(re.compile(r"/assets/.*\.js"))
            page = await visited.go("/c/new")
            assert await page.evaluate(body) in (grounds[theme], "rgba(0, 0, 0, 0)")

    lightness = {
        theme: sum(int(part) for part in re.findall(r"\d+", ground)[:3])
        for theme, ground in grounds.items()
    }
    assert lightness["light"] > 600
    assert lightness["dark"] < 150


async def test_point_46_a_date_is_whole_where_it_is_pointed_at(
    house: Served, visit: Visiting
) -> None:
    """In the browser's own way of writing dates; the short form has the full one beside it."""
    async with visit(house, locale="en-US") as visited:
        page = await visited.go("/memories")
        await page.get_by_role("article").first.wait_for()
        # What comes in beside the cards moves them once more, from under the pointer.
        await page.wait_for_load_state("networkidle")
        await page.get_by_role("article").locator("time").last.hover()
        full = await page.get_by_role("tooltip").first.inner_text()

    written = full.replace("\u202f", " ")
    assert re.search(r"\w+day, \w+ \d+, \d{4} at \d+:\d\d:\d\d [AP]M", written)


async def test_point_45_the_keyboard_reaches_everything(house: Served, visit: Visiting) -> None:
    """Few stops to the list, a sheet of keys, and Esc that closes only what is on top."""
    in_list = "document.activeElement.closest('#history, [data-row]') !== null"
    async with visit(house) as visited:
        page = await visited.go("/c/new")
        await page.locator("[data-row]").first.wait_for()
        await page.locator("#composer").focus()
        await page.keyboard.press("Tab")
        skip = page.get_by_role("form").get_by_role("link", name="Skip to the conversations")
        await expect(skip).to_be_focused()
        await page.keyboard.press("Enter")
        await page.keyboard.press("Tab")
        assert await page.evaluate(in_list)

        await page.keyboard.press("?")
        sheet = page.get_by_role("dialog", name="Keys")
        await expect(sheet).to_contain_text("Find anything")
        await page.keyboard.press("Control+k")
        await expect(page.get_by_role("combobox")).to_be_focused()
        await page.keyboard.press("Escape")
        await expect(page.get_by_role("combobox")).to_have_count(0)
        await expect(sheet).to_be_focused()
        await page.keyboard.press("Escape")
        await expect(sheet).to_have_count(0)

        await page.keyboard.press("g")
        await page.keyboard.press("m")
        await expect(page.get_by_role("heading", level=1)).to_have_text("Memories")
        await page.keyboard.press("Control+Shift+o")
        await expect(page.locator("#composer")).to_be_focused()
