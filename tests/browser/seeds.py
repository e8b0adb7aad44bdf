"""What stands in the house that the page is tried in: months of conversations of one person."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

from integration.server.conftest import Served

__all__ = ["NEEDLE", "NOW", "seed_house"]

NOW = datetime.now(UTC)
NEEDLE = "The spare key for the boat shed hangs behind the third oar, wrapped in blue tape"
_TOPICS = (
    (
        "Tomatoes on the balcony",
        "The tomatoes on the balcony want more sun",
        "Turn the pots every second day.",
    ),
    ("Night train to Oslo", "Which night train to Oslo has beds?", "The one at 22:40 has beds."),
    (
        "A letter to the landlord",
        "Help me write to the landlord about the damp wall",
        "Dear Mr Moen, ...",
    ),
    (
        "Bread that rises",
        "My bread does not rise in winter",
        "Give it an hour more, near the stove.",
    ),
    ("Piano for beginners", "How do I read the left hand?", "Begin with the notes on the lines."),
)


def seed_house(server: Served) -> None:
    """Fill a running server: 39 conversations over a year, assistants, a project, memories."""
    asyncio.run(_seed(server))


async def _seed(server: Served) -> None:
    async with server.client() as client:

        async def put(path: str, body: dict[str, Any]) -> None:
            (await client.put(path, json=body)).raise_for_status()

        async def post(path: str, body: dict[str, Any]) -> dict[str, Any]:
            answered = await client.post(path, json=body)
            answered.raise_for_status()
            found: dict[str, Any] = answered.json()
            return found

        await put(
            "/api/assistants/helper",
            {"name": "Helper", "avatar": "🦉", "purpose": "Helps with the day"},
        )
        await put(
            "/api/assistants/cook", {"name": "Cook", "avatar": "🍲", "purpose": "Knows what to eat"}
        )
        await put("/api/projects/trip", {"name": "A trip to Oslo"})

        async def talk(
            title: str, turns: list[tuple[str, str]], at: datetime, **options: Any
        ) -> str:
            begun = await post(
                "/api/conversations/current_user",
                {"title": title, "assistant": "helper", **options},
            )
            session_id: str = begun["session"]["id"]
            for number, (said, answered) in enumerate(turns):
                moment = (at + timedelta(minutes=number)).isoformat()
                exchange = {"user_message": said, "assistant_message": answered, "at": moment}
                await post(f"/api/conversations/current_user/{session_id}/exchanges", exchange)
            return session_id

        for number in range(36):
            title, said, answered = _TOPICS[number % len(_TOPICS)]
            options: dict[str, Any] = {"assistant": "cook"} if number % 5 == 3 else {}
            if number % 5 == 1:
                options["project"] = "trip"
            moment = NOW - timedelta(days=10 * number, hours=number)
            await talk(
                f"{title} {number // 5 + 1}",
                [(said, answered), ("Thank you", "Gladly.")],
                moment,
                **options,
            )
        await talk(
            "Boat shed clear-out",
            [
                ("Where do we put the old sails?", "On the rack at the back wall."),
                (NEEDLE, "Noted: behind the third oar."),
                ("And the paint?", "On the shelf above the door."),
            ],
            NOW - timedelta(days=61),
        )
        await talk(
            "What I like",
            [("Remember, my favourite colour is blue", "Noted."), ("I live in Bergen", "Noted.")],
            NOW - timedelta(days=20),
        )
        await talk(
            "What I like now",
            [("Actually my favourite colour is green now", "Noted.")],
            NOW - timedelta(days=2),
        )
        await post("/api/rooms", {"name": "Boat owners", "assistants": ["helper"]})
    server.command("distill")
