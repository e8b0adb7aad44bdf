"""Everybody can use it: axe finds nothing, nothing hangs over the edge, everything can be hit."""

from __future__ import annotations

import pytest
from playwright.async_api import Page

from integration.server.conftest import Served

from .conftest import DESKTOP, PHONE, Visiting
from .views import views_of

_SMALL_TARGETS = """
() => [...document.querySelectorAll("a, button, input, select, textarea, summary")]
  .filter((e) => e.checkVisibility() && !e.closest(".sr-only, [aria-hidden=true]"))
  .filter((e) => !(e.matches("a") && getComputedStyle(e).display === "inline"))
  .map((e) => [(e.closest("label") ?? e).getBoundingClientRect(), e.outerHTML.slice(0, 120)])
  .filter(([box]) => box.width > 1 && (box.width < 24 || box.height < 24))
  .map(([box, html]) => `${Math.round(box.width)}x${Math.round(box.height)} ${html}`)
"""
_FIRST_HALF = slice(0, None, 2)
_SECOND_HALF = slice(1, None, 2)
HALVES = [pytest.param(_FIRST_HALF, id="odd views"), pytest.param(_SECOND_HALF, id="even views")]
"""So that two workers share what takes longest."""
SIZES = [pytest.param(DESKTOP, id="desktop"), pytest.param(PHONE, id="phone")]


def _told(found: dict[str, list[str]]) -> str:
    return "\n".join(f"{name}: {line}" for name, lines in found.items() for line in lines)


async def _settled(page: Page) -> None:
    await page.wait_for_load_state("networkidle")
    if await page.get_by_role("list", name="Conversations").count():
        await page.locator("[data-row]").first.wait_for()


@pytest.mark.parametrize("half", HALVES)
@pytest.mark.parametrize("size", SIZES)
async def test_point_43_axe_finds_nothing_on_any_view(
    size: dict[str, int], half: slice, house: Served, visit: Visiting
) -> None:
    """In light and dark, on a desk and on a phone."""
    found: dict[str, list[str]] = {}
    async with visit(house, size=size) as visited:
        for name, path in list((await views_of(house)).items())[half]:
            await visited.page.emulate_media(color_scheme="light")
            await _settled(await visited.go(path))
            found[f"{name}, light"] = await visited.axe()
            await visited.page.emulate_media(color_scheme="dark")
            found[f"{name}, dark"] = await visited.axe()

        viewport = await visited.page.locator("meta[name=viewport]").get_attribute("content")

    assert _told(found) == ""
    assert viewport is not None
    assert "maximum-scale" not in viewport
    assert "user-scalable" not in viewport


@pytest.mark.parametrize(
    "size",
    [
        pytest.param({"width": 320, "height": 640}, id="320 wide"),
        pytest.param({"width": DESKTOP["width"] // 2, "height": 450}, id="200 percent"),
    ],
)
async def test_point_44_nothing_hangs_over_the_edge_and_everything_can_be_hit(
    size: dict[str, int], house: Served, visit: Visiting
) -> None:
    """No sideways scroll at 320 pixels and at twice the size; no target below 24 pixels."""
    wide: dict[str, int] = {}
    small: dict[str, list[str]] = {}
    async with visit(house, size=size) as visited:
        for name, path in (await views_of(house)).items():
            await _settled(await visited.go(path))
            wide[name] = await visited.sideways()
            small[name] = await visited.page.evaluate(_SMALL_TARGETS)

    assert {name: pixels for name, pixels in wide.items() if pixels > 0} == {}
    assert _told(small) == ""
