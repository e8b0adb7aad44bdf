"""Every route, and what the matrix of `test_matrix.py` tries on it. One line a route.

    "VERB /path/{with}/{names}": Needs(scope, json=[...], query=[...])

The scope is what a key needs for it: READ, WRITE, DELETE, or None when any key will do. Names in
braces, in the path and inside `json` and `query`, stand for things: {user_id}, {session_id},
{message_id} (one with a file), {turn_id}, {memory_id}, {thought_id}, {room_id}, {assistant} and
{project}.
Each attempt (one of `json` with one of `query`) is made with things of one's own and, name by name,
with somebody else's and with one that is not there: those two get the same answer, of the status
`foreign`, which is 404 unless a name is only a filter (of a {user_id} in a path it is always 404).
Other names in a path are in `PLAIN`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

__all__ = [
    "DELETE",
    "OPEN",
    "PLAIN",
    "READ",
    "ROUTES",
    "SOCKET",
    "WRITE",
    "Needs",
    "Open",
    "Socket",
]

READ, WRITE, DELETE = "memory:read", "memory:write", "memory:delete"


@dataclass(frozen=True)
class Needs:
    """A route that wants a credential."""

    scope: str | None
    json: list[Any] = field(default_factory=lambda: [None])
    query: list[str] = field(default_factory=lambda: [""])
    foreign: tuple[int, ...] = (404,)
    headers: dict[str, str] = field(default_factory=dict)
    only: bool = False
    """Whether the path wants a credential for this verb alone, others being turned away at once."""


@dataclass(frozen=True)
class Open:
    """A route that anybody may ask for."""


@dataclass(frozen=True)
class Socket:
    """A socket that wants a ticket."""


_SEARCHED = {"session_id": "session_id", "assistant": "assistant", "project": "project"}
OPEN, SOCKET = Open(), Socket()
PLAIN = {"member": "somebody", "model": "helper", "rest": "nothing", "chat_id": "chat", "slug": "x"}
PLAIN |= {"name": "nothing.js"}
# Only people make and end these, and the matrix has keys: see test_logins.py.
PLAIN |= {"login_id": "x", "token_id": "x"}
"""What other names in a path are filled with."""

_FILTER = (200, 404)
_FILTERS = [f"q=hello&{name}={{{thing}}}" for name, thing in _SEARCHED.items()]
_LISTED = ["assistant={assistant}", "project={project}"]
_SAY = {"text": "hello"}
_EXCHANGE = {"user_message": "hello", "assistant_message": "hello to you"}
_THOUGHT = {"text": "x", "assistant": "helper"}
_V1 = {"model": "helper", "messages": [{"role": "user", "content": "hello"}]}
_MCP = [
    ("tools/list", {}),
    ("resources/list", {}),
    ("resources/read", {"uri": "memory://conversation/{session_id}"}),
    *(
        ("tools/call", {"name": name, "arguments": arguments})
        for name, arguments in (
            ("get_conversation", {"session_id": "{session_id}"}),
            ("fetch", {"id": "message:{message_id}"}),
            ("fetch", {"id": "memory:{memory_id}"}),
            ("fetch", {"id": "conversation:{session_id}"}),
            ("delete_memory", {"memory_id": "{memory_id}"}),
        )
    ),
]
_VIEWS = ("c", "find", "memories", "assistants", "projects", "rooms", "profile", "trash", "welcome")
_FILES = ("apple-touch-icon.png", "favicon.ico", "favicon.svg", "icon.svg")
_FILES += ("manifest.webmanifest", "robots.txt", "theme.js")
_MINE = "/api/conversations/{user_id}"
_SESSION = _MINE + "/{session_id}"
_ROOM = "/api/rooms/{room_id}"

ROUTES: dict[str, Needs | Open | Socket] = {
    # Coming in
    "GET /": OPEN,
    **{f"GET /{name}": OPEN for name in (*_VIEWS, *_FILES)},
    **{f"GET /{name}/{{rest}}": OPEN for name in _VIEWS},
    "GET /assets/{name}": OPEN,
    "GET /docs": Needs(None),
    "GET /openapi.json": Needs(None),
    "GET /healthz": OPEN,
    "GET /login": OPEN,
    "GET /api/access": OPEN,
    "POST /api/login": OPEN,
    "POST /api/logout": Needs(None),
    "GET /api/logins": Needs(READ),
    "DELETE /api/logins/{login_id}": Needs(None),
    "GET /api/tokens": Needs(READ),
    "POST /api/tokens": Needs(None, json=[{"scopes": ["memory:read"]}]),
    "DELETE /api/tokens/{token_id}": Needs(None),
    "POST /api/ws-ticket": Needs(None),
    "SOCKET /ws": SOCKET,
    # Conversations
    f"GET {_MINE}": Needs(READ, query=["", *_LISTED], foreign=_FILTER),
    f"POST {_MINE}": Needs(WRITE, json=[{"title": "x"}]),
    f"DELETE {_MINE}": Needs(DELETE, query=["confirm=all"]),
    f"GET {_SESSION}": Needs(READ, query=["", "after_seq=0&max_text=9", "last=1"]),
    f"GET {_MINE}/months": Needs(READ, query=["", *_LISTED], foreign=_FILTER),
    f"POST {_MINE}/batch": Needs(
        WRITE,
        json=[
            {"session_ids": ["{session_id}"], "do": "pin"},
            {"session_ids": ["{session_id}"], "do": "restore"},
        ],
        foreign=(200,),
    ),
    f"POST {_SESSION}/trash": Needs(DELETE, json=[None, {"memories": "keep"}]),
    f"POST {_SESSION}/restore": Needs(WRITE),
    f"GET {_SESSION}/consequences": Needs(READ),
    f"POST {_SESSION}/seen": Needs(WRITE, json=[{"seq": 0}]),
    f"POST {_SESSION}/keep": Needs(WRITE),
    f"GET {_SESSION}/outline": Needs(READ),
    f"GET {_SESSION}/find": Needs(READ, query=["q=hello"]),
    f"PATCH {_SESSION}": Needs(WRITE, json=[{"title": "x"}]),
    f"DELETE {_SESSION}": Needs(DELETE),
    f"GET {_SESSION}/messages": Needs(READ),
    f"GET {_SESSION}/messages/{{message_id}}": Needs(READ),
    f"DELETE {_SESSION}/messages/{{message_id}}": Needs(DELETE),
    f"GET {_SESSION}/messages/{{message_id}}/file": Needs(READ),
    f"GET {_SESSION}/export": Needs(READ, query=["format=json"]),
    f"POST {_SESSION}/turns": Needs(
        WRITE, json=[_SAY, {"text": "x", "edits": "{message_id}"}, {"answers": "{message_id}"}]
    ),
    f"POST {_SESSION}/exchanges": Needs(WRITE, json=[_EXCHANGE]),
    f"GET {_SESSION}/turns/{{turn_id}}/used": Needs(READ),
    f"GET {_SESSION}/stream": Needs(READ),
    f"GET {_SESSION}/turns/{{chat_id}}/stream": Needs(READ),
    f"POST {_SESSION}/cancel": Needs(WRITE, json=[None, {}]),
    # What is found and remembered
    "GET /api/search": Needs(READ, query=["q=hello", *_FILTERS], foreign=_FILTER),
    "GET /api/search/sessions": Needs(READ, query=["q=hello", "q=hello&kind=chat"]),
    "GET /api/find": Needs(READ, query=["q=hello", *_FILTERS], foreign=_FILTER),
    "GET /api/context": Needs(READ, query=["q=hello", "q=hello&session_id={session_id}"]),
    "GET /api/memories": Needs(
        READ,
        query=["", "session_id={session_id}", "project={project}", "trashed=true&sort=used"],
        foreign=_FILTER,
    ),
    "GET /api/memories/facets": Needs(READ),
    "GET /api/memories/changes": Needs(READ),
    "POST /api/memories/{memory_id}/trash": Needs(DELETE),
    "POST /api/memories/{memory_id}/restore": Needs(WRITE),
    "POST /api/memories": Needs(WRITE, json=[{"text": "x", "sources": ["{message_id}"]}]),
    "DELETE /api/memories": Needs(DELETE, query=["confirm=all"]),
    "GET /api/memories/about": Needs(READ, query=["q=hello"]),
    "POST /api/memories/forget": Needs(
        DELETE, json=[{"memory_ids": ["{memory_id}"]}, {"message_ids": ["{message_id}"]}]
    ),
    "POST /api/memories/merge": Needs(WRITE, json=[{"memory_ids": ["{memory_id}", "x"]}]),
    "GET /api/memories/{memory_id}": Needs(READ),
    "PATCH /api/memories/{memory_id}": Needs(WRITE, json=[{"text": "x"}, {"pinned": True}]),
    "GET /api/memories/{memory_id}/history": Needs(READ),
    "POST /api/memories/{memory_id}/undo": Needs(WRITE),
    "GET /api/learning": Needs(READ),
    "PUT /api/learning": Needs(WRITE, json=[{"learning": True}]),
    "GET /api/learning/receipts": Needs(READ, query=["session_id={session_id}"]),
    "DELETE /api/memories/{memory_id}": Needs(DELETE),
    "GET /api/memories/{memory_id}/sources": Needs(READ),
    "GET /api/thoughts": Needs(
        READ,
        query=["", *(f"{name}={{{name}}}" for name in ("session_id", "turn_id", "memory_id"))],
        foreign=_FILTER,
    ),
    "POST /api/thoughts": Needs(
        WRITE,
        json=[{**_THOUGHT, n: f"{{{n}}}"} for n in ("session_id", "turn_id", "memory_id")],
    ),
    "GET /api/assistants": Needs(READ),
    "PUT /api/assistants/{slug}": Needs(WRITE, json=[{"name": "x"}]),
    "GET /api/projects": Needs(READ),
    "PUT /api/projects/{slug}": Needs(WRITE, json=[{"name": "x"}]),
    # The whole of it
    "GET /api/me": Needs(READ),
    "PUT /api/preferences": Needs(WRITE, json=[{"theme": "dark"}]),
    "GET /api/profile": Needs(READ),
    "GET /api/profile/activity": Needs(READ),
    "POST /api/erase": Needs(DELETE, json=[{"confirm": "{user_id}"}], foreign=(400,)),
    "GET /api/export": Needs(READ, query=["format=json", "format=json&session_id={session_id}"]),
    "POST /api/import": Needs(WRITE, query=["", "preview=true"]),
    # Rooms
    "GET /api/rooms": Needs(READ),
    "POST /api/rooms": Needs(WRITE, json=[{"name": "x"}]),
    f"GET {_ROOM}": Needs(READ),
    f"PATCH {_ROOM}": Needs(WRITE, json=[{"name": "x"}]),
    f"DELETE {_ROOM}": Needs(DELETE),
    f"POST {_ROOM}/members": Needs(WRITE, json=[{"user_id": "cleo"}, {"assistant": "helper"}]),
    f"DELETE {_ROOM}/members/{{member}}": Needs(DELETE),
    f"POST {_ROOM}/leave": Needs(DELETE),
    f"GET {_ROOM}/messages": Needs(READ),
    f"POST {_ROOM}/messages": Needs(WRITE, json=[_SAY]),
    f"GET {_ROOM}/search": Needs(READ, query=["q=hello"]),
    f"GET {_ROOM}/memories": Needs(READ),
    "GET /readyz": OPEN,
    "GET /metrics": Needs(None, only=True),
    # As another's server
    "POST /v1/chat/completions": Needs(WRITE, json=[_V1]),
    "GET /v1/models": Needs(READ),
    "GET /v1/models/{model}": Needs(READ),
    **{f"{verb} /v1/{{rest}}": Needs(None) for verb in ("GET", "POST", "PUT", "PATCH", "DELETE")},
    # For MCP hosts; what scopes let them call is tried in tests/integration/mcp
    "POST /mcp": Needs(
        None,
        json=[{"jsonrpc": "2.0", "id": 1, "method": m, "params": params} for m, params in _MCP],
        foreign=(200,),
        headers={"Accept": "application/json"},
    ),
    "GET /.well-known/oauth-protected-resource": OPEN,
    "GET /.well-known/oauth-protected-resource/mcp": OPEN,
}
