"""What is kept is somebody's text: two hundred payloads in every field do nothing, and are read."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.async_api import Page

from integration.server.conftest import Served

from .conftest import Visiting
from .payloads import PAYLOADS

_TALL = {"width": 1280, "height": 4000}
"""Much of a long view is drawn at once."""
_AT_ONCE = 8
_TALKS = 5
_PATIENCE_S = 60
_SHOWN = {
    "/rooms": PAYLOADS[::10],
    "/assistants": PAYLOADS,
    "/projects": PAYLOADS,
    "/memories": PAYLOADS[-20:],
}
_HARM = """
() => {
  const bad = [];
  if (window.__pwned !== undefined) bad.push("a payload ran");
  const never = "iframe, object, embed, base, form[action], math[href]";
  for (const e of document.querySelectorAll(never))
    bad.push(e.outerHTML.slice(0, 200));
  const ours = "script:not([src^='/assets/'], [src='/theme.js'])";
  for (const e of document.querySelectorAll(ours))
    bad.push(e.outerHTML.slice(0, 200));
  for (const e of document.body.querySelectorAll("*")) {
    for (const { name } of e.attributes) if (/^on/.test(name)) bad.push(`${name} on ${e.tagName}`);
    const led = ["href", "xlink:href", "src"].map((n) => e.getAttribute(n)).find((at) => at) ?? "";
    const own = /^(\\/|#|\\?|https?:|mailto:|blob:)/.test(led) && !led.startsWith("//");
    if (led && !own) bad.push(`${e.tagName} leads to ${led}`);
    if (e.tagName === "A" && /^https?:/.test(led) && !/noopener|noreferrer/.test(e.rel))
      bad.push(`${led} knows this page`);
    if (e.tagName === "IMG" && /^(https?:)?\\/\\//.test(led)) bad.push(`picture of ${led}`);
  }
  return bad;
}
"""
_UNFOLD = """
async () => {
  const folded = "article [aria-expanded=false]:not([aria-haspopup])";
  for (const e of document.querySelectorAll(folded)) e.click();
  await new Promise((go) => setTimeout(go));
  return document.body.textContent;
}
"""
_LONGEST = """
() => {
  const all = [document.scrollingElement, ...document.querySelectorAll("main *")];
  const scrolls = all.filter((e) => e.scrollHeight > e.clientHeight + 20 &&
    (e === document.scrollingElement || /auto|scroll/.test(getComputedStyle(e).overflowY)));
  return scrolls.sort((a, b) => b.scrollHeight - a.scrollHeight)[0] ?? null;
}
"""


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server every text of which is a payload."""
    server = Served(tmp_path_factory.mktemp("hostile"), rate_writes_per_minute="0").start()
    try:
        asyncio.run(_seed(server))
        yield server
    finally:
        server.kill()


async def _seed(server: Served) -> None:
    turns = asyncio.Semaphore(_AT_ONCE)
    async with server.client() as client:

        async def send(method: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
            async with turns:
                answered = await client.request(method, path, json=body)
            assert answered.status_code < 300, (path, body, answered.text)
            found: dict[str, Any] = answered.json()
            return found

        async def begin(number: int, **more: Any) -> str:
            payload = PAYLOADS[number]
            body = {"title": payload, "tags": [payload], "assistant": f"h{number}", **more}
            begun = await send("POST", "/api/conversations/current_user", body)
            return str(begun["session"]["id"])

        async def exchange(session: str, payload: str) -> None:
            tool = {"name": payload, "arguments": {payload: payload}, "result": payload}
            body = {
                "user_message": payload,
                "assistant_message": payload,
                "reasoning": payload,
                "author": payload,
                "tools": [tool, {**tool, "result": {payload: [payload]}, "failed": True}],
                "memory": {"text": payload, "tags": [payload], "kind": "fact"},
                "thought": payload,
            }
            await send("POST", f"/api/conversations/current_user/{session}/exchanges", body)

        async def named(number: int) -> None:
            payload = PAYLOADS[number]
            about = {"name": payload, "purpose": payload, "avatar": payload}
            await send("PUT", f"/api/assistants/h{number}", about)
            await send("PUT", f"/api/projects/p{number}", {"name": payload})
            session = await begin(number, project=f"p{number}")
            short = {"user_message": payload, "assistant_message": payload}
            await send("POST", f"/api/conversations/current_user/{session}/exchanges", short)

        async def talk(first: int) -> None:
            session = await begin(first, title=f"talk {first}")
            for number in range(first, len(PAYLOADS), _TALKS):
                await exchange(session, PAYLOADS[number])

        async def room(number: int) -> None:
            made = await send("POST", "/api/rooms", {"name": PAYLOADS[number]})
            if number == 0:
                for payload in PAYLOADS:
                    path = f"/api/rooms/{made['id']}/messages"
                    await send("POST", path, {"text": payload})

        await asyncio.gather(*(named(number) for number in range(len(PAYLOADS))))
        await asyncio.gather(*(talk(first) for first in range(_TALKS)))
        await asyncio.gather(*(room(number) for number in range(0, len(PAYLOADS), 10)))
        session = await begin(0, title="files")
        for payload in PAYLOADS[::10]:
            audio = {"data": "T2dnUw==", "media_type": "audio/ogg", "name": payload}
            path = f"/api/conversations/current_user/{session}/turns"
            await send("POST", path, {"text": payload, "audio": audio})


def _plain(text: str) -> str:
    """What two texts share that only differ in what cannot be seen."""
    return re.sub(r"[^!-~]+", "", text)


async def _read_through(page: Page, *, unfold: bool = False) -> tuple[str, list[str]]:
    """All the text of a view, from its top to its bottom, and the harm that was seen in it."""
    seen, harm = "", []
    scroller = await page.evaluate_handle(_LONGEST)
    height = await scroller.evaluate("e => e ? e.scrollHeight : 0")
    top = 0
    while True:
        await scroller.evaluate("(e, top) => e?.scrollTo({ top, behavior: 'instant' })", top)
        await page.wait_for_load_state("networkidle")
        if unfold:
            # Read at once, too: what unfolds pushes what is near it out of view.
            seen += await page.evaluate(_UNFOLD)
            await page.wait_for_load_state("networkidle")
        await page.evaluate("new Promise((go) => requestAnimationFrame(() => setTimeout(go)))")
        seen += await page.evaluate("document.body.textContent")
        harm += await page.evaluate(_HARM)
        top += _TALL["height"] // 3
        height = max(height, await scroller.evaluate("e => e ? e.scrollHeight : 0"))
        if top >= height:
            return _plain(seen), harm


async def _missing_and_harm(
    page: Page, wanted: list[str], *, unfold: bool = False
) -> tuple[list[str], list[str]]:
    """What a view does not show, although it was given time, and the harm that was seen in it."""
    until = asyncio.get_running_loop().time() + _PATIENCE_S
    seen = ""
    while True:
        text, harm = await _read_through(page, unfold=unfold)
        seen += text
        missing = [payload for payload in wanted if _plain(payload) not in seen]
        if not missing or harm or asyncio.get_running_loop().time() > until:
            return missing, harm


async def test_payloads_in_conversations_run_nothing(hostile: Served, visit: Visiting) -> None:
    """Point 29: messages, reasoning, tools' names, arguments and results, authors, files."""
    listed = (await hostile.get("/api/conversations/current_user?limit=10"))["sessions"]
    by_title = {one["title"]: one["id"] for one in listed}
    missing: list[str] = []
    harm: list[str] = []
    async with visit(hostile, size=_TALL) as visited:
        visited.page.on("dialog", lambda dialog: visited.broke.append(dialog.message))
        for first in range(_TALKS):
            page = await visited.go(f"/c/{by_title[f'talk {first}']}")
            await page.locator("article").first.wait_for()
            # A tool's name and values are no Markdown: they must stand there as they are.
            found = await _missing_and_harm(page, PAYLOADS[first::_TALKS], unfold=True)
            missing, harm = missing + found[0], harm + found[1]
        page = await visited.go(f"/c/{by_title['files']}")
        await page.locator("article").first.wait_for()
        harm += (await _read_through(page, unfold=True))[1]

    assert harm == []
    assert missing == []


@pytest.mark.parametrize(
    "view", ["/memories", "/assistants", "/projects", "/rooms", "/find?q=pwned", "/c/new"]
)
async def test_payloads_in_lists_are_read_as_they_are(
    view: str, hostile: Served, visit: Visiting
) -> None:
    """Memories, tags, names, avatars, purposes, titles: nothing runs, and all of it is shown."""
    async with visit(hostile, size=_TALL) as visited:
        visited.page.on("dialog", lambda dialog: visited.broke.append(dialog.message))
        page = await visited.go(view)
        await page.wait_for_load_state("networkidle")
        missing, harm = await _missing_and_harm(page, _SHOWN.get(view, []))

    assert harm == []
    assert missing == []


async def test_payloads_in_one_place_run_nothing(hostile: Served, visit: Visiting) -> None:
    """A memory with its sources, an assistant with its thoughts, a project, a room."""
    memory = (await hostile.get("/api/memories?limit=1"))["memories"][0]["id"]
    rooms = (await hostile.get("/api/rooms"))["rooms"]
    room = next(one["id"] for one in rooms if one["name"] == PAYLOADS[0])
    harm: dict[str, list[str]] = {}
    async with visit(hostile, size=_TALL) as visited:
        visited.page.on("dialog", lambda dialog: visited.broke.append(dialog.message))
        for path in (
            f"/memories/{memory}",
            "/assistants/h0",
            "/assistants/h1",
            "/projects/p2",
            f"/rooms/{room}",
        ):
            page = await visited.go(path)
            await page.wait_for_load_state("networkidle")
            for tab in await page.get_by_role("tab").all():
                await tab.click()
                await page.wait_for_load_state("networkidle")
                harm[f"{path} {await tab.inner_text()}"] = (await _read_through(page))[1]
            harm[path] = (await _read_through(page))[1]

    assert {path: found for path, found in harm.items() if found} == {}
