"""The page stands: it comes up, and shows where one is."""

from __future__ import annotations

from integration.server.conftest import Served

from .conftest import Visiting


async def test_an_address_that_is_nothing_says_so(house: Served, visit: Visiting) -> None:
    """And shows a way on."""
    async with visit(house) as visited:
        page = await visited.go("/rooms/of/nobody")

        assert await page.get_by_role("heading", level=1).inner_text() == "Not found"
