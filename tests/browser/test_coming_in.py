"""Before anybody is known: the one way in that the server has, or that the store is locked."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from playwright.async_api import Route, expect

from integration.server.conftest import Served

from .conftest import PHONE, Visiting

_LINK = "holdfast serve"


async def test_on_ones_own_machine_only_the_link_is_named(house: Served, visit: Visiting) -> None:
    """No field asks for a key that there is not."""
    async with visit(house, log_in=False) as visited:
        visited.expected += ["401"]
        page = await visited.go("/")

        await expect(page.get_by_text(_LINK)).to_be_visible()
        await expect(page.get_by_role("textbox")).to_have_count(0)
        assert await visited.axe() == []


async def test_where_others_are_served_a_key_lets_in(tmp_path: Path, visit: Visiting) -> None:
    """A wrong one is told beside the field; nothing is said of a link."""
    served = Served(tmp_path, auth="tokens").start()
    key = served.key("ben")
    try:
        async with visit(served, log_in=False, size=PHONE) as visited:
            visited.expected += ["401"]
            page = await visited.go("/")
            field = page.get_by_role("textbox", name="Key")
            await expect(field).to_be_focused()
            await expect(page.get_by_text(_LINK)).to_have_count(0)
            assert await visited.axe() == []

            await field.fill("hf_wrong")
            await page.keyboard.press("Enter")
            await expect(page.get_by_text("does not open anything here")).to_be_visible()
            await field.fill(key)
            await page.keyboard.press("Enter")
            await expect(page.get_by_role("heading", name="Log in")).to_have_count(0)
            await expect(page.get_by_role("main")).to_be_visible()
    finally:
        served.kill()


@pytest.mark.parametrize("code", ["vault_locked", "root_key_wrong"])
async def test_a_locked_store_is_told_as_such(code: str, house: Served, visit: Visiting) -> None:
    """Neither a failure of the server nor a way to log in: that its key has to be provided."""
    async with visit(house) as visited:
        visited.expected += ["503"]

        async def locked(route: Route) -> None:
            error = {"code": code, "message": "the vault is locked", "request_id": "r"}
            await route.fulfill(
                status=503, content_type="application/json", body=json.dumps({"error": error})
            )

        await visited.page.route("**/api/me", locked)
        page = await visited.go("/")

        await expect(page.get_by_role("heading", name="This store is locked")).to_be_visible()
        await expect(page.get_by_role("button", name="Reload")).to_be_visible()
        assert await visited.axe() == []
