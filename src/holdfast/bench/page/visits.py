"""What somebody does on the page, timed in the page: one visit has a browser context of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from holdfast.bench.page import watching
from holdfast.bench.page.filling import LONG, LONG_NEEDLE
from holdfast.bench.server.serving import Served

if TYPE_CHECKING:
    from playwright.async_api import Browser, BrowserContext, Page

__all__ = ["Found", "finding", "first_find", "loading", "reading", "throttled"]

Found = dict[str, float]
"""What was measured in one visit, by the names of `programs`."""
_SLOW = {
    "offline": False,
    "latency": 150,
    "downloadThroughput": 200_000,
    "uploadThroughput": 94_000,
}
"""1.6 Mbit/s down, 0.75 up, 150 ms."""
_FOCUSED = "window.__watch.focused"
_LIST = "div:has(> [role=list][aria-label=Conversations])"
_BODY = "document.querySelector('#body')"
_AT_TOP = f"{_BODY}.scrollTop < 60"
_AT_BOTTOM = f"{_BODY}.scrollHeight - {_BODY}.scrollTop - {_BODY}.clientHeight < 60"
_MESSAGE = (
    "[...document.querySelectorAll('#body article')]"
    ".some((one) => window.__watch.shown(one) && one.innerText.length > 40)"
)
"""A whole message is on the screen."""
_OLDEST = (
    "[...document.querySelectorAll('[data-row]')]"
    ".some((one) => one.ariaPosInSet === one.ariaSetSize && window.__watch.shown(one))"
)
_STEPS = 60


@asynccontextmanager
async def _visit(browser: Browser, served: Served) -> AsyncIterator[tuple[BrowserContext, Page]]:
    """A logged in page that has not loaded anything yet."""
    context = await browser.new_context(viewport={"width": 1440, "height": 900}, locale="en-GB")
    try:
        key = {"key": served.askers[0].key}
        await context.request.post(f"{served.url}/api/login", data=key)
        await watching.install(context)
        yield context, await context.new_page()
    finally:
        await context.close()


async def _composer_ms(page: Page) -> float:
    # No wait_for_function: the page's policy lets nothing be evaluated from within it.
    await page.locator("#composer:focus").wait_for()
    return float(await page.evaluate(_FOCUSED))


async def _open(page: Page, served: Served) -> None:
    await page.goto(f"{served.url}/c/new")
    await _composer_ms(page)
    await page.locator("[data-row]").first.wait_for()
    await page.wait_for_load_state("networkidle")


async def loading(browser: Browser, served: Served) -> Found:
    """Cold and warm: what comes over the wire, and when one can type."""
    async with _visit(browser, served) as (context, page):
        wire = await context.new_cdp_session(page)
        requests: list[str] = []
        sizes: list[float] = []
        wire.on("Network.requestWillBeSent", lambda one: requests.append(one["request"]["url"]))
        wire.on("Network.loadingFinished", lambda one: sizes.append(one["encodedDataLength"]))
        await wire.send("Network.enable")
        await _open(page, served)
        cold = await _composer_ms(page)
        # The finder is fetched ahead of its use, when nothing else is to be done.
        await page.wait_for_timeout(2_500)
        away = [url for url in requests if not url.startswith((served.url, "ws:", "data:"))]
        found = {
            "kb": sum(sizes) / 1_000,
            "requests": float(len(requests)),
            "away": float(len(away)),
            "cold": cold,
        }
        await page.reload()
        found["warm"] = await _composer_ms(page)
        return found


async def throttled(browser: Browser, served: Served) -> Found:
    """Cold over a slow line."""
    async with _visit(browser, served) as (context, page):
        wire = await context.new_cdp_session(page)
        await wire.send("Network.enable")
        await wire.send("Network.emulateNetworkConditions", _SLOW)
        await page.goto(f"{served.url}/c/new", timeout=60_000)
        return {"slow": await _composer_ms(page)}


async def _find(page: Page, words: str, shown: str) -> tuple[float, float]:
    """Milliseconds to the focused field, and from the words to the result."""
    await page.keyboard.press("Control+k")
    field = await watching.until(page, "document.activeElement?.role === 'combobox'")
    await page.keyboard.insert_text(words)
    result = await watching.until(
        page,
        "[...document.querySelectorAll('[role=option]')]"
        f".some((one) => one.textContent.includes({shown!r}) && one.querySelector('mark'))",
    )
    return field, result


async def _land(page: Page) -> float:
    await page.keyboard.press("Enter")
    return await watching.until(
        page, "window.__watch.shown(document.querySelector('article mark'))"
    )


async def first_find(browser: Browser, served: Served) -> float:
    """The first question after the server's start, which has to read everything once."""
    async with _visit(browser, served) as (_, page):
        await _open(page, served)
        return (await _find(page, "third oar tape", "third oar"))[1]


async def finding(browser: Browser, served: Served) -> Found:
    """A sentence of two months ago, and one in the middle of a long conversation."""
    async with _visit(browser, served) as (_, page):
        await _open(page, served)
        await page.wait_for_timeout(2_000)
        field, result = await _find(page, "third oar tape", "third oar")
        landed = await _land(page)
        await page.get_by_role("link", name="New conversation").click()
        _, long_result = await _find(page, LONG_NEEDLE[:30], LONG)
        return {
            "field": field,
            "result": result,
            "landed": landed,
            "long result": long_result,
            "long landed": await _land(page),
        }


async def reading(browser: Browser, served: Served) -> Found:
    """The long conversation, the list, the memories and an assistant, scrolled through."""
    async with _visit(browser, served) as (_, page):
        asked: list[str] = []
        page.on("request", lambda one: asked.append(one.url))
        await _open(page, served)
        found = await _list(page)
        await page.get_by_role("link", name="New conversation").click()
        found |= await _long(page, asked)
        return found | await _places(page)


async def _list(page: Page) -> Found:
    await watching.mark(page)
    rows = "[role=list][aria-label=Conversations] > *"
    scrolled = await watching.scroll_frames(page, _LIST, steps=_STEPS, by=900, counted=rows)
    await page.get_by_role("button", name="Jump to a month").click()
    await page.get_by_role("button", name="To the oldest").click()
    jumped = await watching.until(page, _OLDEST)
    tasks = max([0.0, *scrolled["tasks"]])
    await page.locator(_LIST).evaluate("list => list.scrollTo(0, 0)")
    return {"rows": float(scrolled["rows"]), "jump": jumped, "list task": tasks}


async def _long(page: Page, asked: list[str]) -> Found:
    asked.clear()
    row = page.locator("[data-row]", has_text=LONG).locator("a").first
    await row.click()
    opened = await watching.until(page, _MESSAGE)
    await page.wait_for_load_state("networkidle")
    scrolled = await watching.scroll_frames(page, "#body", steps=_STEPS, by=-400)
    await page.locator("#body").focus()
    ends = {}
    for key, there in (("Home", _AT_TOP), ("End", _AT_BOTTOM)):
        await page.keyboard.press(key)
        ends[key] = await watching.until(page, f"{there} && {_MESSAGE}")
    await page.keyboard.press("Control+f")
    await page.get_by_role("search").get_by_role("textbox").wait_for()
    await page.keyboard.insert_text("green lanyard")
    bar = await watching.until(
        page, "document.querySelector('[role=search] [role=status]')?.innerText.includes('1 of')"
    )
    parts = [url for url in asked if "/api/conversations/" in url and "after_seq" in url]
    return {
        "open": opened,
        "nodes": float(scrolled["nodes"]),
        "frame": max(scrolled["frames"]),
        "home": ends["Home"],
        "end": ends["End"],
        "find bar": bar,
        "twice": float(len(parts) - len(set(parts))),
    }


async def _places(page: Page) -> Found:
    await page.get_by_role("link", name="Memories", exact=True).click()
    cards = "document.querySelector('main article')"
    memories = await watching.until(page, f"window.__watch.shown({cards})")
    await page.get_by_role("link", name="Assistants", exact=True).click()
    helper = page.locator("main a[href='/assistants/helper']").first
    await helper.click()
    sessions = "document.querySelectorAll('main a[href^=\"/c/\"]').length > 4"
    await watching.until(page, sessions)
    await page.wait_for_load_state("networkidle")
    await watching.mark(page)
    await page.locator("main").hover()
    for _ in range(_STEPS):
        await page.mouse.wheel(0, 600)
    await page.wait_for_load_state("networkidle")
    return {"memories": memories, "assistant task": await watching.long_tasks(page)}
