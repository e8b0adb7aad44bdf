"""A conversation as one text: the resource `memory://conversation/{id}`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from holdfast.assistant.tools.fencing import NOTE, Fence, one_line, text_of
from holdfast.errors import NotFound

if TYPE_CHECKING:
    from holdfast.assistant.tools.registry import ToolContext
    from holdfast.model import Message, Session

__all__ = ["TEMPLATE", "Listed", "conversation_text", "listed_conversations", "named_in"]

TEMPLATE = "memory://conversation/{id}"
_START = TEMPLATE.removesuffix("{id}")
_MESSAGES = 200
_MESSAGE_CHARS = 4_000
_MAX_ID = 200
_PAGE = 50


class Listed(Struct, frozen=True, kw_only=True):
    """One conversation of a listing."""

    id: str
    uri: str
    title: str
    about: str


def named_in(uri: str) -> str:
    """The id that a URI names.

    Raises:
        NotFound: it is no conversation's.
    """
    name = uri.removeprefix(_START)
    if name == uri or not 0 < len(name) <= _MAX_ID:
        raise NotFound("session")
    return name


async def listed_conversations(
    context: ToolContext, cursor: str | None
) -> tuple[list[Listed], str | None]:
    """A page of conversations, the latest first, and the cursor of the next.

    Raises:
        BadInput: the cursor is not one that a page returned.
    """
    page = await context.user.sessions.page(cursor=cursor or None, limit=_PAGE)
    return [_listed(session) for session in page.sessions], page.next_cursor


def _listed(session: Session) -> Listed:
    return Listed(
        id=session.id,
        uri=f"{_START}{session.id}",
        title=_title(session),
        about=f"{session.message_count} messages, the last on {session.last_at:%Y-%m-%d}",
    )


def _title(session: Session) -> str:
    return one_line(session.title or session.preview) or "Conversation"


async def conversation_text(context: ToolContext, session_id: str) -> str:
    """What was said in it from the beginning, fenced, as far as one text holds it.

    Raises:
        NotFound: unknown, somebody else's, or in the trash.
    """
    session = await context.conversation(session_id)
    info = await session.info()
    fence = Fence()
    lines = [
        f"Conversation {info.id} with {one_line(info.assistant or 'nobody in particular', 80)}, "
        f"begun on {info.started_at:%Y-%m-%d}.",
        NOTE,
        f"Title: {fence.around(_title(info))}",
    ]
    messages = await session.messages(limit=_MESSAGES + 1)
    shown: list[Message] = []
    for message in messages[:_MESSAGES]:
        if fence.left <= 0:
            break
        lines.append(_line(message, fence))
        shown.append(message)
    if len(shown) < len(messages):
        lines.append(f'It goes on: get_conversation with cursor "{shown[-1].seq}" reads the rest.')
    return "\n".join(lines)


def _line(message: Message, fence: Fence) -> str:
    who = one_line(message.author or message.role, 80)
    text = fence.around(text_of(message), max_chars=_MESSAGE_CHARS)
    return f"[{message.at:%Y-%m-%d %H:%M} {who}] {text}"
