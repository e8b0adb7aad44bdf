"""Reading: an answer that grows, what tools did, what was used, Markdown, speech, long texts."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator

import pytest
from playwright.async_api import Page, Route, expect

from integration.server.conftest import Served

from .conftest import DESKTOP, PHONE, Visiting

_MARKDOWN = """# Oars

| oar | where |
|---|---|
| third | *behind* the door |

- [x] painted
- [ ] varnished

```python
print("oar")
```

Length $l = \\frac{1}{2}$ and a picture ![of an oar](https://pictures.example/oar.png)
[a link](https://example.com/oars)"""
_SCROLLER = "document.querySelector('#body')"
_SHORT_OF_THE_END = f"(b => b.scrollHeight - b.clientHeight - b.scrollTop)({_SCROLLER})"


@pytest.fixture(scope="module")
def reading(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server where each test begins conversations of its own."""
    server = Served(tmp_path_factory.mktemp("reading")).start()
    yield server
    server.kill()


async def _say(page: Page, text: str) -> None:
    await page.locator("#composer").fill(text)
    await page.locator("form").get_by_role("button", name="Send").click()


async def _answered(page: Page, count: int = 1) -> None:
    await expect(page.get_by_role("button", name="Answer once more")).to_have_count(count)


async def _exchange(server: Served, said: str, answered: str) -> str:
    """A recorded conversation; its id."""
    async with server.client() as client:
        path = "/api/conversations/current_user/new/exchanges"
        body = {"user_message": said, "assistant_message": answered}
        made = await client.post(path, json=body)
        assert made.status_code == 201, made.text
        return str(made.json()["session_id"])


async def _late(route: Route) -> None:
    response = await route.fetch()
    await asyncio.sleep(0.5)
    await route.fulfill(response=response)


async def _settled(page: Page) -> None:
    """Until nothing has grown or moved for twenty frames."""
    await page.evaluate(
        """async (b) => {
            let same = 0, before = "";
            while (same < 20) {
                await new Promise(requestAnimationFrame);
                const now = `${b.scrollHeight} ${b.scrollTop}`;
                same = now === before ? same + 1 : 0;
                before = now;
            }
        }""",
        await page.query_selector("#body"),
    )


async def test_point_25_who_scrolls_up_is_not_pulled_down(reading: Served, visit: Visiting) -> None:
    """One notch is enough; a button leads to the latest, and from then on it is followed again."""
    session = await _exchange(reading, "Begin", "Words. " * 1500)
    async with visit(reading) as visited:
        page = await visited.go(f"/c/{session}")
        await page.locator("article").first.wait_for()
        await _say(page, "slow reader")
        await expect(page.locator("article", has_text="one").last).to_be_visible()
        await page.locator("article").last.hover()
        await page.mouse.wheel(0, -120)
        latest = page.get_by_role("button", name="To the latest")
        await expect(latest).to_be_visible()
        stood = await page.evaluate(f"{_SCROLLER}.scrollTop")
        reading.let_go("reader")
        await _answered(page, 2)
        assert await page.evaluate(f"{_SCROLLER}.scrollTop") == stood
        await latest.click()
        await expect(latest).to_have_count(0)
        await expect(page.locator("article").last).to_be_in_viewport()


@pytest.mark.parametrize(
    "size", [pytest.param(DESKTOP, id="desktop"), pytest.param(PHONE, id="phone")]
)
async def test_point_26_a_tool_is_one_line_that_opens_by_keyboard(
    size: dict[str, int], reading: Served, visit: Visiting
) -> None:
    """Name and state; what went in and came out; a link to what is ours; how it was thought."""
    session = await _exchange(reading, "Of the boat shed", "Noted.")
    reading.let_go("tools")
    async with visit(reading, size=size) as visited:
        page = await visited.go("/c/new")
        await _say(page, "every tools")
        await _answered(page)
        for again in (False, True):
            if again:
                await page.reload()
                await _answered(page)
            lists = page.get_by_role("button", name=re.compile("list_conversations.*done"))
            fails = page.get_by_role("button", name=re.compile("no_such_tool.*failed"))
            await expect(fails).to_be_visible()
            await lists.focus()
            await page.keyboard.press("Enter")
            card = lists.locator("..")
            await expect(card).to_contain_text("What went in")
            await expect(card).to_contain_text("What came out")
            await expect(card.locator(f'a[href*="/c/{session}"]').first).to_be_visible()
            thought = page.get_by_role("button", name="How it got there")
            await expect(page.get_by_text("hm", exact=True)).to_have_count(0)
            await thought.click()
            await expect(page.get_by_text("hm", exact=True)).to_be_visible()


async def test_point_28_an_answer_says_what_it_used(house: Served, visit: Visiting) -> None:
    """A count that opens to links to each source, and each can be set right or forgotten there."""
    async with visit(house) as visited:
        page = await visited.go("/c/new")
        await _say(page, "Where does the spare key for the boat shed hang?")
        await _answered(page)
        session = page.url.rsplit("/", 1)[1]
        await page.get_by_role("button", name=re.compile(r"^\d+ things? recalled")).click()
        panel = page.get_by_role("dialog", name="Recalled for this answer")
        await expect(panel).to_contain_text("third oar")
        await expect(panel.get_by_role("button", name="Forget").first).to_be_visible()
        await expect(panel.get_by_role("button", name="Set right").first).to_be_visible()
        source = panel.get_by_role("listitem").filter(has_text="third oar").first
        await source.get_by_role("link", name="Where it was said").first.click()
        await expect(page.get_by_role("heading", level=1)).to_contain_text("Boat shed clear-out")
    async with house.client() as client:
        await client.delete(f"/api/conversations/current_user/{session}")


async def test_point_29_markdown_is_the_same_after_a_reload(
    reading: Served, visit: Visiting
) -> None:
    """Tables, tasks, code with copy, mathematics; a picture elsewhere is named, not fetched."""
    session = await _exchange(reading, _MARKDOWN, _MARKDOWN)
    drawn = """() => [...document.querySelectorAll("article .prose")].map((one) =>
      one.innerHTML.replaceAll(/ (id|aria-[a-z]+|data-[a-z-]+)="[^"]*"/g, ""))"""
    async with visit(reading, permissions=["clipboard-read", "clipboard-write"]) as visited:
        page = await visited.go(f"/c/{session}")
        await page.locator("article math").last.wait_for()
        await expect(page.get_by_role("table")).to_have_count(2)
        await page.wait_for_load_state("networkidle")
        first = await page.evaluate(drawn)
        await page.reload()
        await page.locator("article math").last.wait_for()
        await page.wait_for_load_state("networkidle")
        second = await page.evaluate(drawn)
        await expect(page.locator("article img")).to_have_count(0)
        await expect(page.get_by_text("of an oar").first).to_be_visible()
        link = page.get_by_role("link", name="a link").last
        assert "noopener" in (await link.get_attribute("rel") or "")
        await page.get_by_role("button", name="Copy the code").last.click()
        copied = await page.evaluate("navigator.clipboard.readText()")

    assert first == second
    assert copied.strip() == 'print("oar")'


async def test_point_39_speech_is_recorded_kept_and_played(
    reading: Served, visit: Visiting
) -> None:
    """Level and time while it is recorded, by keyboard alone; it can be heard again."""
    async with visit(reading, permissions=["microphone"]) as visited:
        page = await visited.go("/c/new")
        await page.get_by_role("button", name="Record speech").focus()
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("meter", name="How loud it is")).to_be_visible()
        await expect(page.get_by_label("Recorded so far")).to_have_text(re.compile(r"0:0[1-9]"))
        await expect(page.get_by_role("button", name="Stop recording")).to_be_focused()
        await page.keyboard.press("Escape")
        await expect(page.locator("#composer")).to_be_focused()

        await page.get_by_role("button", name="Record speech").click()
        await expect(page.get_by_label("Recorded so far")).to_have_text(re.compile(r"0:0[1-9]"))
        await page.keyboard.press("Enter")
        recorder = page.get_by_role("group", name="Recording")
        await expect(recorder.locator("audio")).to_be_visible()
        await expect(recorder.get_by_role("button", name="Send")).to_be_focused()
        await page.keyboard.press("Enter")
        await expect(page.locator("article audio")).to_have_count(1)
        await page.wait_for_url("**/c/*-*")
        await expect(page.locator("article").filter(has_text="Sending")).to_have_count(0)
        await page.reload()
        await expect(page.locator("article audio")).to_have_count(1)
        await expect(page.locator("article").get_by_role("link", name="Download")).to_be_visible()
        session = page.url.rsplit("/", 1)[1]

    kept = await reading.get(f"/api/conversations/current_user/{session}")
    kinds = [one["kind"] for turn in kept["session"]["turns"] for one in turn["messages"]]
    assert kinds[0] == "audio"


@pytest.mark.parametrize(
    "size", [pytest.param(DESKTOP, id="desktop"), pytest.param(PHONE, id="phone")]
)
async def test_a_conversation_opens_at_its_very_end_though_it_grows_late(
    size: dict[str, int], reading: Served, visit: Visiting
) -> None:
    """Tables and mathematics are drawn when their parts are there; the end stays in view."""
    session = await _exchange(reading, "Which oars are there?", "Some.")
    async with reading.client() as client:
        path = f"/api/conversations/current_user/{session}/exchanges"
        for number in range(6):
            body = {"user_message": f"And {number}?", "assistant_message": _MARKDOWN}
            (await client.post(path, json=body)).raise_for_status()
    async with visit(reading, size=size) as visited:
        # What draws tables and mathematics is slow to come.
        await visited.page.route(re.compile(r"/assets/(markdown|Mathematics)[^/]*\.js"), _late)
        page = await visited.go(f"/c/{session}")
        await page.locator("article table").last.wait_for()
        await page.wait_for_load_state("networkidle")
        await _settled(page)

        assert await page.evaluate(_SHORT_OF_THE_END) <= 1


async def test_the_end_stays_in_view_when_room_is_taken_from_below(
    reading: Served, visit: Visiting
) -> None:
    """A keyboard comes up, lines are typed, the last block grows; not for who has scrolled up."""
    session = await _exchange(reading, "Which oars are there?", _MARKDOWN * 3)
    grow = """() => {
        const more = document.createElement("div");
        more.style.height = "300px";
        [...document.querySelectorAll("article")].at(-1).append(more);
    }"""
    async with visit(reading, size=PHONE) as visited:
        page = await visited.go(f"/c/{session}")
        await page.locator("article table").last.wait_for()
        await _settled(page)
        short = []
        await page.set_viewport_size({"width": PHONE["width"], "height": 500})
        await _settled(page)
        short.append(await page.evaluate(_SHORT_OF_THE_END))
        await page.locator("#composer").fill("one\ntwo\nthree\nfour")
        await _settled(page)
        short.append(await page.evaluate(_SHORT_OF_THE_END))
        await page.evaluate(grow)
        await _settled(page)
        short.append(await page.evaluate(_SHORT_OF_THE_END))
        await page.locator("#body").hover()
        await page.mouse.wheel(0, -200)
        await expect(page.get_by_role("button", name="To the latest")).to_be_visible()
        await _settled(page)
        reads = await page.evaluate(f"{_SCROLLER}.scrollTop")
        await page.set_viewport_size({"width": PHONE["width"], "height": 460})
        await page.evaluate(grow)
        await _settled(page)

        assert max(short) <= 1
        assert await page.evaluate(f"{_SCROLLER}.scrollTop") == reads


async def test_a_message_of_a_megabyte_is_read_in_pieces(reading: Served, visit: Visiting) -> None:
    """The page stays light: it shows the beginning, says how much there is, and gives more."""
    session = await _exchange(reading, "Read it to me", "An oar is an oar. " * 58_000)
    async with visit(reading) as visited:
        page = await visited.go(f"/c/{session}")
        told = page.get_by_text(re.compile(r"of 1,04\d,\d{3} characters"))
        await expect(told).to_be_visible()
        await page.get_by_role("button", name="Show more").click()
        await expect(told).to_contain_text("60,000 of")
        nodes = await page.evaluate("document.getElementsByTagName('*').length")

    assert nodes < 5_000
