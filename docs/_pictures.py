"""Take the pictures of the page that the documents show, of a made-up person's conversations.

    python docs/_pictures.py [--only find,memories] [--folder docs/images]

It fills a store of its own, serves it, and visits every view: two sizes, light and dark.
It needs the packages of requirements/dev.lock, Chromium, and the page built (`make page`).
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
from playwright.async_api import Browser, BrowserContext, Page, async_playwright

from holdfast.assistant.answering import NO_TOOLS, Asked, Piece, Toolbox
from holdfast.server import serve
from holdfast.settings import load_settings

ROOT = Path(__file__).resolve().parent
SIZES = {"desktop": {"width": 1440, "height": 900}, "phone": {"width": 390, "height": 844}}
THEMES = ("light", "dark")
_ASKED = "I am at the boat shed. Where did I put the key, and is it safe to go out this afternoon?"
_ANSWERED = """The key hangs **behind the third oar**, wrapped in blue tape: you told me so
two months ago.

As for going out: you like to be back before the ferry's wake at five, and the wind turns after
two.

| when | wind | what you said you would do |
|---|---|---|
| until 14:00 | 3 m/s, south-west | the short round to Bjorøy |
| 14:00 to 16:00 | 6 m/s | stay in the bay |
| after 16:00 | 9 m/s, gusts | tie up |

So a short round now, and the jib stays in its bag."""
_DRY = "Dry until the evening, with a light wind from the north-west. Good for varnish until four."
_TALKS: list[tuple[str, float, str, str | None, list[tuple[str, str]]]] = [
    (
        "Boat shed clear-out",
        61,
        "skipper",
        "boat",
        [
            ("Where do we put the old sails?", "On the rack at the back wall, rolled, not folded."),
            (
                "The spare key for the boat shed hangs behind the third oar, wrapped in blue tape",
                "Noted: behind the third oar.",
            ),
            ("And the paint?", "On the shelf above the door, lids down."),
        ],
    ),
    (
        "Sourdough that rises in winter",
        0.4,
        "cook",
        None,
        [
            ("My bread does not rise since it got cold", "Give it an hour more, near the stove."),
            ("I prefer rye to wheat", "Then feed Waldemar with rye, one to one."),
        ],
    ),
    (
        "Night train to Oslo",
        1,
        "helper",
        "trip",
        [
            (
                "Which night train to Oslo has beds?",
                "The one at 22:59 has beds; the upper ones are quieter.",
            ),
            ("I live in Bergen", "Then it is right from your door."),
        ],
    ),
    (
        "Left hand alone",
        3,
        "tutor",
        None,
        [
            (
                "I am learning the piano since August",
                "Good: the left hand alone, slowly, ten minutes a day.",
            ),
        ],
    ),
    (
        "A letter to the landlord",
        5,
        "helper",
        None,
        [
            (
                "Help me write to Mr Moen about the damp wall",
                "Dear Mr Moen, since October the north wall ...",
            ),
        ],
    ),
    (
        "Tomatoes on the balcony",
        9,
        "cook",
        None,
        [
            ("The tomatoes want more sun", "Turn the pots every second day."),
            ("I am allergic to hazelnuts", "I leave them out of every recipe."),
        ],
    ),
    (
        "What the winch needs",
        13,
        "skipper",
        "boat",
        [
            ("My boat is called Wrack", "A fine name for one that floats."),
            ("The winch is a Lewmar 8", "It wants grease once a season, oil on the pawls."),
        ],
    ),
    (
        "Reading list for the cabin",
        20,
        "helper",
        None,
        [
            ("What shall I read at the cabin?", "You liked the last Fosse; try the trilogy."),
        ],
    ),
    (
        "Museum with Ingrid",
        34,
        "helper",
        "trip",
        [
            ("My sister's name is Ingrid", "I will remember her."),
            ("She likes Munch", "The new museum is open until nine on Thursdays."),
        ],
    ),
    (
        "Ferry times to Bjorøy",
        44,
        "skipper",
        "boat",
        [
            (
                "When does the last ferry pass?",
                "At five; its wake reaches the bay ten minutes later.",
            ),
        ],
    ),
    (
        "A birthday for Ola",
        80,
        "cook",
        None,
        [
            (
                "What cake for a boy who builds bridges?",
                "One with two piers and a span of marzipan.",
            ),
        ],
    ),
    ("Verb endings", 120, "tutor", None, [("Why -te and not -de?", "After a voiceless sound.")]),
    ("The damp wall, again", 160, "helper", None, [("It is back", "Then it is the gutter.")]),
    ("Summer plans", 200, "helper", "trip", [("Where to in July?", "North, slowly, by train.")]),
]
_MEMORIES = [
    ("I like to be back before the ferry's wake at five", "preference", ["boat"], 7),
    ("Ingrid visits at Easter", "fact", ["family"], 6),
]
_NAMES = {
    "skipper": ("Skipper", "⛵", "Knows the boat, the bay and the weather"),
    "cook": ("Cook", "🍲", "Knows what is in the house, and what to leave out"),
    "tutor": ("Tutor", "🎹", "Ten minutes a day"),
    "helper": ("Helper", "🦉", "Helps with the day"),
}
_THOUGHTS = [
    "She asks about the key twice a year: worth keeping at hand.",
    "The forecast turns after three; say so before she asks.",
]


class Scripted:
    """Answers the one question that is asked here; everything else shortly."""

    name = "scripted"

    async def answer(self, asked: Asked, tools: Toolbox = NO_TOOLS) -> AsyncIterator[Piece]:
        """The pieces of the answer."""
        if asked.text == _ASKED:
            await tools.run("list_conversations", {})
        if asked.text == _ASKED:
            yield _ANSWERED
        else:
            yield _DRY if "Saturday" in asked.text else "Noted."


def _environment(folder: Path) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "HOLDFAST_DATA_DIR": str(folder / "data"),
        "HOLDFAST_CONFIG_DIR": str(folder / "config"),
        "HOLDFAST_USER": "ada",
        "HOLDFAST_PORT": "0",
        "HOLDFAST_LOG_LEVEL": "warning",
    }


async def _distill(folder: Path) -> None:
    """Have memories made of what was said, as the server does by itself after a while."""
    command = [sys.executable, "-m", "holdfast", "distill"]
    running = await asyncio.create_subprocess_exec(
        *command, env=_environment(folder), stdout=asyncio.subprocess.DEVNULL
    )
    assert await running.wait() == 0


@contextlib.contextmanager
def served(folder: Path) -> Iterator[tuple[str, str]]:
    """A server over an empty folder: its address, and the link that logs in."""
    running = subprocess.Popen(  # noqa: S603  # ourselves
        [sys.executable, __file__, "--serve"],
        env=_environment(folder),
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert running.stdout is not None
        found = re.search(r"serves (http://\S+) - .*?(http://\S+)$", running.stdout.readline())
        assert found
        yield found[1], found[2]
    finally:
        running.terminate()
        running.wait(30)
        if running.stdout is not None:
            running.stdout.close()


async def fill(client: httpx2.AsyncClient) -> dict[str, str]:
    """Put in what somebody said over the last months; the addresses of the views."""

    async def send(method: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
        answered = await client.request(method, path, json=body)
        answered.raise_for_status()
        found: dict[str, Any] = answered.json() if answered.content else {}
        return found

    talks = "/api/conversations/current_user"
    for slug, (name, avatar, purpose) in _NAMES.items():
        about = {"name": name, "avatar": avatar, "purpose": purpose}
        await send("PUT", f"/api/assistants/{slug}", about)
    await send("PUT", "/api/projects/boat", {"name": "The boat"})
    await send("PUT", "/api/projects/trip", {"name": "A trip to Oslo"})
    now = datetime.now(UTC)
    for title, days, assistant, project, exchanges in reversed(_TALKS):
        about = {"title": title, "assistant": assistant, "project": project}
        session = (await send("POST", talks, about))["session"]["id"]
        for number, (said, answered) in enumerate(exchanges):
            at = now - timedelta(days=days) + timedelta(minutes=number)
            body = {"user_message": said, "assistant_message": answered, "at": at.isoformat()}
            await send("POST", f"{talks}/{session}/exchanges", body)
        await send("POST", f"{talks}/{session}/seen", {"seq": 2 * len(exchanges) - 1})
    for text, kind, tags, importance in _MEMORIES:
        body = {"text": text, "kind": kind, "tags": tags, "importance": importance}
        await send("POST", "/api/memories", body)
    for text in _THOUGHTS:
        await send("POST", "/api/thoughts", {"text": text, "assistant": "skipper"})
    room = (await send("POST", "/api/rooms", {"name": "Boat owners", "assistants": ["skipper"]}))[
        "id"
    ]
    for text in (
        "The slip is free on Saturday morning.",
        "I bring the grease and two winch handles.",
        "@skipper will Saturday be dry enough to varnish?",
    ):
        await send("POST", f"/api/rooms/{room}/messages", {"text": text})
    return {"room": f"/rooms/{room}"}


async def converse(client: httpx2.AsyncClient) -> str:
    """The conversation of the first picture, answered from what is remembered; its address."""
    talks = "/api/conversations/current_user"
    begun = await client.post(
        talks, json={"title": "Out this afternoon?", "assistant": "skipper", "project": "boat"}
    )
    session = begun.json()["session"]["id"]
    answered = await client.post(f"{talks}/{session}/turns", json={"text": _ASKED})
    answered.raise_for_status()
    return f"/c/{session}"


async def _find(page: Page) -> None:
    await page.keyboard.press("Control+k")
    await page.get_by_role("combobox").fill("third oar")
    await page.locator("[role=option] mark").first.wait_for()


async def _used(page: Page) -> None:
    await page.locator("article").last.wait_for()
    await page.get_by_role("button", name=re.compile(r"^\d+ things? recalled")).last.click()
    await page.get_by_role("dialog").wait_for()


async def _erase(page: Page) -> None:
    await page.get_by_role("button", name="Erase everything").click()
    await page.get_by_role("alertdialog").wait_for()


async def _facts(page: Page) -> None:
    await page.get_by_role("button", name=re.compile("^Fact")).first.click()
    await page.get_by_role("article").first.wait_for()


async def _drawer(page: Page) -> None:
    if await page.get_by_role("button", name="Show or hide the sidebar").is_visible():
        await page.get_by_role("button", name="Show or hide the sidebar").click()
        await page.locator("[data-row]").first.wait_for()


async def _room(page: Page) -> None:
    await page.get_by_text("Good for varnish").wait_for()


ACTS = {
    "room": _room,
    "find": _find,
    "used": _used,
    "erase": _erase,
    "history": _drawer,
    "memories": _facts,
}
"""What is done on a view before its picture is taken."""


async def take(
    browser: Browser, url: str, cookies: list[Any], views: dict[str, str], folder: Path
) -> None:
    """A picture of each view, at each size, in each theme."""
    for size, viewport in SIZES.items():
        context: BrowserContext = await browser.new_context(
            viewport=viewport,  # type: ignore[arg-type]
            has_touch=size == "phone",
            locale="en-GB",
            timezone_id="Europe/Oslo",
            reduced_motion="reduce",
        )
        await context.add_cookies(cookies)
        page = await context.new_page()
        for name, path in views.items():
            await page.emulate_media(color_scheme="light")
            await page.goto(url + path)
            await page.locator("h1").first.wait_for()
            await page.wait_for_load_state("networkidle")
            if name in ACTS:
                await ACTS[name](page)
                await page.wait_for_load_state("networkidle")
            await page.mouse.move(0, 0)
            for theme in THEMES:
                await page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
                await page.evaluate(
                    "Promise.allSettled(document.getAnimations().map((a) => a.finished))"
                )
                await page.screenshot(path=folder / f"{name}-{size}-{theme}.png")
        await context.close()


async def pictures(folder: Path, only: set[str]) -> None:
    """All of them."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    with (
        tempfile.TemporaryDirectory(prefix="holdfast-pictures-") as name,
        served(Path(name)) as (url, link),
    ):
        async with httpx2.AsyncClient(base_url=url, trust_env=False, timeout=60) as client:
            await client.get(link)
            places = await fill(client)
            await _distill(Path(name))
            talk = await converse(client)
            cookies = [{"name": n, "value": v, "url": url} for n, v in client.cookies.items()]
            memory = (await client.get("/api/memories?kind=preference&limit=1")).json()["memories"][
                0
            ]["id"]
        views = {
            "new": "/c/new",
            "conversation": talk,
            "used": talk,
            "history": talk,
            "find": "/c/new",
            "memories": "/memories",
            "memory": f"/memories/{memory}",
            "assistant": "/assistants/skipper",
            "project": "/projects/boat",
            "room": places["room"],
            "profile": "/profile",
            "privacy": "/profile/privacy",
            "export": "/profile/export",
            "erase": "/profile/erase",
            "trash": "/trash",
        }
        wanted = {name: path for name, path in views.items() if not only or name in only}
        async with (
            async_playwright() as playwright,
            await playwright.chromium.launch(
                executable_path=chromium, args=["--no-sandbox"]
            ) as browser,
        ):
            await take(browser, url, cookies, wanted, folder)


def main() -> int:
    """Take the pictures; returns the exit code."""
    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument("--serve", action="store_true", help="be the server that is pictured")
    parser.add_argument("--only", default="", help="names of views, with commas")
    parser.add_argument("--folder", type=Path, default=ROOT / "images")
    asked = parser.parse_args()
    if asked.serve:
        serve(load_settings(), answerer=Scripted())
        return 0
    asked.folder.mkdir(exist_ok=True)
    asyncio.run(pictures(asked.folder, {one for one in asked.only.split(",") if one}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
