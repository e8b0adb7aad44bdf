"""In another language, from right to left, and without motion: nothing stays behind."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from playwright.async_api import Page, expect

from integration.server.conftest import Served

from .conftest import PHONE, Visiting
from .views import views_of

_TEXTS = Path(__file__).parents[2] / "web" / "src" / "texts"
_WORDS = """
() => {
  const said = new Set();
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) said.add(walk.currentNode.data.trim());
  for (const e of document.body.querySelectorAll("*"))
    for (const name of ["aria-label", "title", "placeholder", "aria-description", "alt"])
      if (e.getAttribute(name)) said.add(e.getAttribute(name).trim());
  said.add(document.title);
  return [...said].filter((text) => text);
}
"""


def _catalogue(language: str) -> dict[str, str]:
    """Every text by its key."""

    def flat(value: dict[str, Any], path: str) -> dict[str, str]:
        found: dict[str, str] = {}
        for key, one in value.items():
            place = f"{path}.{key}"
            found |= flat(one, place) if isinstance(one, dict) else {place: one}
        return found

    texts: dict[str, str] = {}
    for file in sorted((_TEXTS / language).glob("*.json")):
        texts |= flat(json.loads(file.read_text("utf-8")), file.stem)
    return texts


def _only_english() -> list[re.Pattern[str]]:
    """Texts that German says in other words, as patterns of how they would look."""
    german = _catalogue("de")
    said_in_german = set(german.values())
    found = []
    for key, text in _catalogue("en").items():
        words = re.sub(r"{{.*?}}", "", text)
        # What the welcome proposes to say was said in the house.
        if (
            key.endswith("sayText")
            or text in said_in_german
            or len(re.findall("[A-Za-z]{2}", words)) < 3
        ):
            continue
        parts = [re.escape(part) for part in re.split(r"{{.*?}}", text)]
        found.append(re.compile(".+?".join(parts)))
    return found


async def _settled(page: Page) -> None:
    await page.wait_for_load_state("networkidle")


async def test_german_leaves_no_english_word_on_any_view(house: Served, visit: Visiting) -> None:
    """Every text, name, title and placeholder comes from the catalogue, the browser's dates too."""
    english = _only_english()
    left: dict[str, list[str]] = {}
    dates = ""
    async with visit(house, locale="de-DE") as visited:
        for name, path in (await views_of(house)).items():
            await _settled(await visited.go(path))
            words: list[str] = await visited.page.evaluate(_WORDS)
            left[name] = [w for w in words if any(one.fullmatch(w) for one in english)]
            dates += " ".join(await visited.page.locator("time").all_inner_texts())
        assert await visited.page.locator("html").get_attribute("lang") == "de"

        page = await visited.go("/c/new")
        await page.locator("h1").click()
        await page.keyboard.press("?")
        sheet = page.get_by_role("dialog", name="Tasten")
        await expect(sheet).to_be_visible()
        # What the keys themselves are called is printed on them.
        does = await sheet.locator("dt").all_inner_texts()
        left["keys"] = [one for one in does if any(text.fullmatch(one) for text in english)]

    assert {name: words for name, words in left.items() if words} == {}
    assert re.search(r"\d+\. (Jan|Feb|März|Apr|Mai|Juni|Juli|Aug|Sept|Okt|Nov|Dez)", dates)


async def test_the_language_is_chosen_in_the_profile_and_stays(
    house: Served, visit: Visiting
) -> None:
    """At once, over a reload, and back again."""
    async with visit(house) as visited:
        page = await visited.go("/profile/appearance")
        english = page.get_by_role("heading", name="Language", exact=True)
        german = page.get_by_role("heading", name="Sprache", exact=True)
        await expect(english).to_be_visible()
        await page.get_by_text("Deutsch", exact=True).click()
        await expect(german).to_be_visible()
        await page.reload()
        await expect(german).to_be_visible()
        await page.get_by_text("English", exact=True).click()
        await expect(english).to_be_visible()
        await _settled(page)
    async with house.client() as client:
        await client.put("/api/preferences", json={"language": "auto"})


async def test_from_right_to_left_nothing_hangs_over_the_edge(
    house: Served, visit: Visiting
) -> None:
    """The sidebar stands on the right, and no view scrolls sideways."""
    wide: dict[str, int] = {}
    async with visit(house) as visited:
        for name, path in (await views_of(house)).items():
            await visited.page.set_viewport_size({"width": 1440, "height": 900})
            page = await visited.go(path)
            await page.evaluate("document.documentElement.dir = 'rtl'")
            await _settled(page)
            list_at = await page.locator("nav").first.bounding_box()
            assert list_at is not None
            assert list_at["x"] > 700, name
            wide[f"{name}, desktop"] = await visited.sideways()
            await page.set_viewport_size(PHONE)  # type: ignore[arg-type]
            wide[f"{name}, phone"] = await visited.sideways()

    assert {name: pixels for name, pixels in wide.items() if pixels > 0} == {}


async def test_who_wants_no_motion_gets_none(house: Served, visit: Visiting) -> None:
    """Whatever opens or waits: no animation runs for longer than a blink."""
    running = """() => Math.max(0, ...document.getAnimations().map(
      (one) => Number(one.effect.getComputedTiming().activeDuration)))"""
    async with visit(house) as visited:
        page = await visited.go("/c/new")
        await page.keyboard.press("Control+k")
        await page.get_by_role("dialog").wait_for()
        opening = await page.evaluate(running)
        await page.keyboard.press("Escape")
        await page.locator("#composer").fill("slow motion")
        await page.keyboard.press("Enter")
        await page.locator("article", has_text="one").last.wait_for()
        answering = await page.evaluate(running)
        house.let_go("motion")
        await expect(page.locator("article", has_text="one two")).to_have_count(1)
        session = page.url.rsplit("/", 1)[1]
    async with house.client() as client:
        await client.delete(f"/api/conversations/current_user/{session}")

    assert opening < 1
    assert answering < 1
