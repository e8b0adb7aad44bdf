"""Every view of the page, by the addresses that show it in the house."""

from __future__ import annotations

from integration.server.conftest import Served

__all__ = ["views_of"]


async def views_of(house: Served) -> dict[str, str]:
    """Names and addresses; what needs an id has that of something that is there."""
    listed = await house.get("/api/conversations/current_user?limit=100")
    by_title = {session["title"]: session["id"] for session in listed["sessions"]}
    memory = (await house.get("/api/memories?limit=1"))["memories"][0]["id"]
    room = (await house.get("/api/rooms"))["rooms"][0]["id"]
    return {
        "new": "/c/new",
        "conversation": f"/c/{by_title['Boat shed clear-out']}",
        "find": "/find?q=oar",
        "memories": "/memories",
        "memory": f"/memories/{memory}",
        "assistants": "/assistants",
        "assistant": "/assistants/helper",
        "projects": "/projects",
        "project": "/projects/trip",
        "rooms": "/rooms",
        "room": f"/rooms/{room}",
        "trash": "/trash",
        "profile": "/profile",
        "import": "/profile/import",
        "export": "/profile/export",
        "learning": "/profile/learning",
        "appearance": "/profile/appearance",
        "access": "/profile/access",
        "privacy": "/profile/privacy",
        "erase": "/profile/erase",
        "nothing": "/rooms/of/nobody",
    }
