"""Tools that read: which conversations there are, and one of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from msgspec import Meta

from holdfast.assistant.tools.fencing import NOTE, Fence, one_line, shown_message, text_of
from holdfast.assistant.tools.registry import Tool, ToolArguments, ToolContext
from holdfast.errors import BadInput

if TYPE_CHECKING:
    from holdfast.model import Json, Session

__all__ = ["GET_CONVERSATION", "LIST_CONVERSATIONS"]

_PREVIEW_CHARS = 160
_MESSAGE_CHARS = 4_000

_Label = Annotated[str, Meta(min_length=1, max_length=200)]
_Cursor = Annotated[
    str, Meta(max_length=100, description="The next_cursor of the page before; none for the first.")
]
_Limit = Annotated[int, Meta(ge=1, le=100, description="So many on a page.")]


class _ListArguments(ToolArguments):
    """Which conversations, and which page of them."""

    cursor: _Cursor | None = None
    limit: _Limit = 20
    assistant: _Label | None = None
    project: _Label | None = None
    kind: Annotated[_Label, Meta(description="chat, room, ...")] | None = None


class _ConversationArguments(ToolArguments):
    """Which conversation, and which page of it."""

    session_id: _Label
    cursor: _Cursor | None = None
    limit: _Limit = 40


async def _list(context: ToolContext, asked: _ListArguments) -> Json:
    page = await context.user.sessions.page(
        assistant=asked.assistant,
        project=asked.project,
        kind=asked.kind,
        cursor=asked.cursor or None,
        limit=asked.limit,
    )
    fence = Fence()
    return {
        "note": NOTE,
        "conversations": [_conversation(session, fence) for session in page.sessions],
        "next_cursor": page.next_cursor,
    }


async def _get(context: ToolContext, asked: _ConversationArguments) -> Json:
    session = await context.conversation(asked.session_id)
    info, fence = await session.info(), Fence()
    after = _place(asked.cursor)
    messages = await session.messages(after_seq=after, limit=asked.limit + 1)
    shown: list[Json] = []
    last = after
    for message in messages[: asked.limit]:
        if fence.left <= 0:
            break
        text = fence.around(text_of(message), max_chars=_MESSAGE_CHARS)
        shown.append(shown_message(message, text, info.assistant))
        last = message.seq
    more = len(shown) < len(messages)
    return {
        "note": NOTE,
        "conversation": _conversation(info, fence),
        "messages": shown,
        "next_cursor": str(last) if more else None,
    }


def _conversation(session: Session, fence: Fence) -> dict[str, Json]:
    return {
        "session_id": session.id,
        "title": fence.around(one_line(session.title)),
        "preview": fence.around(one_line(session.preview, _PREVIEW_CHARS)),
        "kind": session.kind,
        "assistant": session.assistant,
        "project": session.project,
        "platform": session.platform,
        "messages": session.message_count,
        "last_at": f"{session.last_at:%Y-%m-%dT%H:%M:%SZ}",
    }


def _place(cursor: str | None) -> int | None:
    if not cursor:
        return None
    if not (cursor.isascii() and cursor.isdigit() and len(cursor) < 18):
        raise BadInput("cursor", "it is not one that a page returned")
    return int(cursor)


LIST_CONVERSATIONS = Tool(
    name="list_conversations",
    title="List conversations",
    description="List the person's conversations, the latest first, page by page.",
    arguments=_ListArguments,
    call=_list,
    scope="memory:read",
    read_only=True,
    idempotent=True,
)
GET_CONVERSATION = Tool(
    name="get_conversation",
    title="Read a conversation",
    description=(
        "Read the messages of one conversation in order, page by page. The ids come from "
        "list_conversations and search_conversation_history."
    ),
    arguments=_ConversationArguments,
    call=_get,
    scope="memory:read",
    read_only=True,
    idempotent=True,
)
