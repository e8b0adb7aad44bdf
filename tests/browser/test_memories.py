"""What is remembered: seen with where it comes from, put right, forgotten and brought back."""

from __future__ import annotations

from typing import Any

from playwright.async_api import Locator, Page, expect

from integration.server.conftest import Served

from .conftest import PHONE, Visiting

_GREEN = "Favourite colour: green"
_BLUE = "Favourite colour: blue"


def _card(page: Page, text: str) -> Locator:
    return page.get_by_role("article", name=text, exact=True)


async def _act(page: Page, text: str, what: str) -> None:
    await _card(page, text).get_by_role("button", name=f"Actions for “{text}”").click()
    await page.get_by_role("menuitem", name=what, exact=True).click()


async def _by_text(house: Served, text: str) -> dict[str, Any]:
    found = await house.get(f"/api/memories?limit=100&q={text.split()[-1]}")
    memory: dict[str, Any] = next(one for one in found["memories"] if one["text"] == text)
    return memory


async def test_points_31_and_32_one_click_away_narrowed_and_with_its_very_source(
    house: Served, visit: Visiting
) -> None:
    """Filters stand in the address; the quote is the person's own words, and leads to them."""
    async with visit(house) as visited:
        page = await visited.go("/c/new")
        await page.get_by_role("link", name="Memories").click()
        await expect(
            page.get_by_role("list", name="Memories").get_by_role("article")
        ).not_to_have_count(0)
        await page.get_by_role("button", name="Preference 2").click()
        await expect(
            page.get_by_role("list", name="Memories").get_by_role("article")
        ).to_have_count(2)
        await page.get_by_role("button", name="Filters").click()
        await page.get_by_label("Assistant").select_option("helper")
        await page.get_by_label("Learned from").fill("2020-01-01")
        await page.get_by_label("Search in memories").fill("green")
        await expect(page.get_by_role("article")).to_have_count(1)
        await page.reload()
        await expect(page.get_by_role("article")).to_have_count(1)
        assert "kind=preference" in page.url
        assert "since=2020-01-01" in page.url
        await page.get_by_role("button", name="Without “helper”").click()

        card = _card(page, _GREEN)
        await expect(card.locator("mark")).to_have_text("my favourite colour is green")
        await expect(card.get_by_role("img", name="Importance")).to_be_visible()
        for said in ("Helper", "Since ", "learned", "used"):
            await expect(card).to_contain_text(said)
        await card.get_by_role("button", name="What was said around it").click()
        await expect(card.get_by_role("listitem")).to_contain_text(["Actually my", "Noted."])
        await card.get_by_role("link", name="Open source").click()
        await expect(page.get_by_role("log").locator("mark")).to_be_in_viewport()
        await expect(page.get_by_role("log").locator("mark")).to_have_text(
            "my favourite colour is green"
        )


async def test_point_32_a_source_that_is_gone_is_told(house: Served, visit: Visiting) -> None:
    """What outlives its conversation says so."""
    path = "/api/conversations/current_user"
    async with house.client() as client:
        begun = (await client.post(path, json={"title": "Short"})).json()["session"]["id"]
        said = {"user_message": "My oar is made of ash", "assistant_message": "Noted."}
        turn = (await client.post(f"{path}/{begun}/exchanges", json=said)).json()
        source = turn["message_ids"][0]
        body = {"text": "The oar is ash", "sources": [source]}
        made = (await client.post("/api/memories", json=body)).json()
        await client.delete(f"{path}/{begun}?memories=keep")
        async with visit(house) as visited:
            page = await visited.go(f"/memories/{made['id']}")
            await expect(_card(page, "The oar is ash")).to_contain_text(
                "The conversation it came from is gone"
            )
        await client.delete(f"/api/memories/{made['id']}")


async def test_point_33_an_edit_keeps_what_it_was_and_forgetting_can_be_taken_back(
    house: Served, visit: Visiting
) -> None:
    """Added by hand, then pinned, edited and forgotten by keys alone; the old words stay seen."""
    async with visit(house) as visited:
        # What is shown of the memory is asked for once more when it is forgotten.
        visited.expected.append("404")
        page = await visited.go("/memories?q=kayak")
        await page.get_by_role("button", name="Add a memory").click()
        await page.get_by_role("textbox", name="What is remembered").fill("My kayak is red")
        await page.keyboard.press("Escape")
        await page.get_by_role("button", name="Add a memory").click()
        await expect(page.get_by_role("textbox", name="What is remembered")).to_have_value(
            "My kayak is red"
        )
        await page.get_by_label("Tags").fill("boats, red")
        await page.get_by_role("dialog").get_by_role("button", name="Add a memory").click()

        card = _card(page, "My kayak is red")
        await card.focus()
        await page.keyboard.press("p")
        await expect(card).to_contain_text("Pinned")
        await page.keyboard.press("e")
        await card.get_by_role("textbox", name="What is remembered").fill("My kayak is yellow")
        await card.get_by_role("button", name="Save").click()
        card = _card(page, "My kayak is yellow")
        await expect(card).to_be_focused()
        await page.keyboard.press("Delete")
        await expect(card).to_have_count(0)
        await page.get_by_role("button", name="Undo").last.click()
        await expect(card).to_be_visible()

        await card.get_by_role("link", name="Show everything").click()
        history = page.get_by_role("region", name="History")
        await expect(history.locator("s")).to_have_text("My kayak is red")
        await expect(history).to_contain_text("Edited by you")
        await history.get_by_role("button", name="Take the last change back").click()
        await expect(_card(page, "My kayak is red")).to_be_visible()
        await _act(page, "My kayak is red", "Forget")

        await page.goto(house.url + "/memories#learning")
        await page.get_by_role("button", name="Forget “My kayak is red” for good").click()
        question = page.get_by_role("alertdialog")
        await expect(question.get_by_role("button", name="Cancel")).to_be_focused()
        await question.get_by_role("button", name="Forget for good").click()
        await expect(page.get_by_text("Nothing is in the trash.")).to_be_visible()

    assert (await house.get("/api/memories?q=kayak"))["memories"] == []


async def test_point_33_memories_that_contradict_each_other_are_settled(
    house: Served, visit: Visiting
) -> None:
    """Both are shown with their dates; one choice ends the older one."""
    blue = await _by_text(house, _BLUE)
    async with house.client() as client:
        await client.patch(f"/api/memories/{blue['id']}", json={"valid_to": None})
        async with visit(house) as visited:
            page = await visited.go("/memories?kind=preference")
            told = _card(page, _GREEN).get_by_role("region", name="Contradiction")
            await expect(told.get_by_role("link", name=_BLUE)).to_be_visible()
            await expect(told).to_contain_text("Since ")
            await told.get_by_role("button", name="The older one has ended").click()
            await expect(page.get_by_role("region", name="Contradiction")).to_have_count(0)
            await expect(_card(page, _BLUE)).to_contain_text("Held from")
        for _ in range(2):
            await client.post(f"/api/memories/{blue['id']}/undo")

    assert (await _by_text(house, _BLUE))["valid_to"] == blue["valid_to"]


async def test_several_become_one_and_the_timeline_tells_of_it(
    house: Served, visit: Visiting
) -> None:
    """The merged text is chosen; what changed is listed by day, with who did it."""
    async with house.client() as client:
        for text in ("The dinghy leaks", "The dinghy leaks at the stern"):
            await client.post("/api/memories", json={"text": text, "sources": []})
        async with visit(house) as visited:
            page = await visited.go("/memories?q=dinghy")
            await _card(page, "The dinghy leaks").get_by_role("checkbox").check()
            await _card(page, "The dinghy leaks at the stern").get_by_role("checkbox").check()
            chosen = page.get_by_role("group", name="With what is selected")
            await expect(chosen).to_contain_text("2 selected")
            await chosen.get_by_role("button", name="Merge").click()
            await page.get_by_role("radio", name="The dinghy leaks at the stern").check()
            await page.get_by_role("dialog").get_by_role("button", name="Merge").click()
            await expect(page.get_by_role("article")).to_have_count(1)
            await page.get_by_role("tab", name="What changed").click()
            await expect(page.get_by_role("listitem").filter(has_text="Merged")).to_contain_text(
                ["The dinghy leaks at the stern"]
            )
            await expect(page.get_by_text("by you").first).to_be_visible()
        for memory in (await house.get("/api/memories?q=dinghy"))["memories"]:
            await client.delete(f"/api/memories/{memory['id']}")


async def test_what_was_said_about_something_is_listed_before_it_goes(
    house: Served, visit: Visiting
) -> None:
    """Nothing is removed that was not ticked; learning can be paused, which the list then tells."""
    path = "/api/conversations/current_user"
    async with house.client() as client:
        begun = (await client.post(path, json={"title": "Snorkel"})).json()["session"]["id"]
        said = {"user_message": "I hid the snorkel in the attic", "assistant_message": "Noted."}
        await client.post(f"{path}/{begun}/exchanges", json=said)
        async with visit(house) as visited:
            page = await visited.go("/memories#learning")
            await page.get_by_role("switch", name="Make memories of what I say").click()
            await page.get_by_label("About what").fill("snorkel")
            await page.get_by_role("button", name="Look").click()
            await page.get_by_role("checkbox", name="I hid the snorkel").check()
            await page.get_by_role("button", name="Forget what is ticked (1)").click()
            await page.get_by_role("alertdialog").get_by_role("button", name="Forget").click()
            await expect(page.get_by_text("Forgotten. Messages: 1")).to_be_visible()
            await page.get_by_role("tab", name="What is remembered").click()
            await expect(page.get_by_text("Learning is paused")).to_be_visible()
            await page.get_by_role("button", name="Learn again").click()
            await expect(page.get_by_text("Learning is paused")).to_have_count(0)
        await client.delete(f"{path}/{begun}")

    assert (await house.get("/api/learning"))["learning"] is True


async def test_point_31_on_a_phone(house: Served, visit: Visiting) -> None:
    """The same by touch, in German and dark, and nothing stands beside the screen."""
    async with visit(house, size=PHONE, theme="dark", locale="de-DE") as visited:
        page = await visited.go("/memories")
        await page.get_by_role("button", name="Vorliebe").tap()
        await page.get_by_role("button", name="Filter").tap()
        await page.get_by_role("combobox", name="Wichtigkeit").select_option("3")
        await expect(page.get_by_role("article")).to_have_count(2)
        await page.get_by_role("button", name=f"Aktionen für „{_GREEN}“").tap()
        await page.get_by_role("menuitem", name="Bearbeiten").tap()
        await expect(_card(page, _GREEN).get_by_role("textbox").first).to_be_focused()

        assert await visited.sideways() == 0


async def test_the_keyboard_walks_through_memories(house: Served, visit: Visiting) -> None:
    """Arrows, Home and End; however many there are, few are in the page."""
    async with visit(house) as visited:
        page = await visited.go("/memories")
        listed = page.get_by_role("list", name="Memories")
        await listed.get_by_role("article").first.focus()
        place = "document.activeElement.closest('li')?.ariaPosInSet"
        await page.keyboard.press("ArrowDown")
        await page.keyboard.press("ArrowDown")
        await page.wait_for_function(f"{place} === '3'")
        await page.keyboard.press("End")
        total = (await house.get("/api/memories/facets"))["total"]
        await page.wait_for_function(f"{place} === '{total}'")
        assert await listed.get_by_role("article").count() < 20
        await page.keyboard.press("Home")
        await page.wait_for_function(f"{place} === '1'")
