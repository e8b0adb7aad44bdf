"""An assistant's and a project's own view: what was said, what is remembered and thought."""

from __future__ import annotations

from typing import Any

from playwright.async_api import expect

from integration.server.conftest import Served

from .conftest import PHONE, Visiting

_LIST = "/api/conversations/current_user"


async def test_point_36_an_assistant_has_its_conversations_memories_and_thoughts(
    house: Served, visit: Visiting
) -> None:
    """Sorted as one likes; a thought leads to where it came up and to the memory it led to."""
    held = await house.get(f"{_LIST}?assistant=helper&sort=title&limit=5")
    memory: dict[str, Any] = (await house.get("/api/memories?q=green"))["memories"][0]
    async with house.client() as client:
        turns = (await client.get(f"{_LIST}/{memory['session_id']}")).json()
        thought = {
            "assistant": "helper",
            "text": "They may want a green boat",
            "memory_id": memory["id"],
            "turn_id": turns["session"]["turns"][0]["id"],
        }
        made = await client.post("/api/thoughts", json=thought)
        assert made.status_code == 201, made.text
    async with visit(house) as visited:
        page = await visited.go("/assistants")
        await page.get_by_role("main").get_by_role("link", name="Helper").click()
        await expect(page.get_by_text("Helps with the day")).to_be_visible()
        rows = page.get_by_role("tabpanel").get_by_role("listitem")
        await expect(rows.first).to_contain_text("messages")
        await page.get_by_label("Sort by").select_option("title")
        await expect(rows.first).to_contain_text(held["sessions"][0]["title"])
        await expect(rows.first).to_contain_text(held["sessions"][0]["preview"][:20])

        await page.get_by_role("tab", name="What it remembers").click()
        cards = page.get_by_role("list", name="Memories").get_by_role("article")
        await expect(cards.first).to_contain_text("Helper")
        await page.get_by_role("tab", name="Thought log").click()
        noted = page.get_by_role("listitem").filter(has_text="They may want a green boat")
        await noted.get_by_role("link", name="The memory it led to").click()
        await expect(page.get_by_role("region", name="Thoughts that led to it")).to_contain_text(
            "They may want a green boat"
        )
        await page.go_back()
        await noted.get_by_role("link", name="Where it came up").click()
        await expect(page.get_by_role("heading", level=1)).to_contain_text("What I like now")

        await visited.go("/assistants/cook/sessions")
        await page.get_by_role("tab", name="What it remembers").click()
        await expect(cards.first).to_contain_text("Cook")
        await expect(page.get_by_role("article", name="Favourite colour: green")).to_have_count(0)
        await page.get_by_role("button", name="Talk to it").click()
        await expect(page).to_have_url(house.url + "/c/new?assistant=cook")


async def test_point_37_a_project_keeps_to_itself(house: Served, visit: Visiting) -> None:
    """Begun on its page, a conversation is its own; what one project holds another never uses."""
    async with house.client() as client:
        await client.put("/api/projects/regatta", json={"name": "Regatta"})
        begun = await client.post(_LIST, json={"title": "Cabin", "project": "trip"})
        cabin = begun.json()["session"]["id"]
        said = {
            "user_message": "The cabin code is quokka-7319",
            "assistant_message": "Noted.",
            "memory": "Cabin code: quokka-7319",
        }
        kept = (await client.post(f"{_LIST}/{cabin}/exchanges", json=said)).json()["memory_id"]
        try:
            async with visit(house, size=PHONE) as visited:
                page = await visited.go("/projects/regatta")
                await page.get_by_label("Begin a conversation in “Regatta”").fill(
                    "What is the cabin code?"
                )
                await page.get_by_role("button", name="Begin", exact=True).tap()
                log = page.get_by_role("log")
                await expect(page.get_by_role("button", name="Answer once more")).to_be_visible()
                await expect(log).to_contain_text("What is the cabin code?")
                await expect(log).not_to_contain_text("quokka")
                await visited.go("/projects/regatta#memories")
                await expect(page.get_by_text("Nothing is remembered yet")).to_be_visible()
                await visited.go("/projects/trip#memories")
                await expect(page.get_by_role("article", name=said["memory"])).to_be_visible()
                await page.get_by_role("button", name="Find in this project").tap()
                await expect(page).to_have_url(f"{house.url}/find?project=trip")
            held = await house.get(f"{_LIST}?project=regatta")
            assert held["sessions"][0]["preview"] == "What is the cabin code?"
        finally:
            await client.delete(f"/api/memories/{kept}")
            await client.delete(f"{_LIST}/{cabin}")
            for session in (await house.get(f"{_LIST}?project=regatta"))["sessions"]:
                await client.delete(f"{_LIST}/{session['id']}")
            await client.delete("/api/projects/regatta")
