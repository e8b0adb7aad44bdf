"""Tools that ask memories.ai: what trends, what is in videos, what is in one's own media.

They are offered when a key is configured, and not in rooms: what they ask is recorded among the
conversations of the person who asks. What they return is the provider's text, fenced like all that
others said.
"""

from __future__ import annotations

import functools
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated, Any

from msgspec import Meta
from msgspec.structs import replace

from holdfast.assistant.providers.media_listing import take_over
from holdfast.assistant.providers.memories_ai import PLATFORMS, Ask, MemoriesAi, Platform
from holdfast.assistant.providers.recorded_media import RecordedMedia, owner_id
from holdfast.assistant.tools.fencing import NOTE, Fence, one_line
from holdfast.assistant.tools.registry import Tool, ToolArguments, ToolContext
from holdfast.errors import BadInput, NotAllowed, ProviderFailed

if TYPE_CHECKING:
    from holdfast.keeper.sessions import OpenSession
    from holdfast.model import Json, Session
    from holdfast.settings import Settings

__all__ = [
    "MediaArguments",
    "TrendingArguments",
    "TrendingListArguments",
    "VideoArguments",
    "media_tools",
    "media_tools_of",
]

_TIMEOUT_S = 180.0
"""An answer takes 20 to 40 seconds, and waits for rate limits before it."""
_TEXT_CHARS = 16_000
_REFS_CHARS = 6_000

_Prompt = Annotated[str, Meta(min_length=1, max_length=8000)]
_SessionId = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=200,
        description="The session_id of an earlier answer, to go on there; none for what follows "
        "from this conversation by itself.",
    ),
]
_VideoNo = Annotated[str, Meta(min_length=1, max_length=100)]


class TrendingArguments(ToolArguments):
    """What to find among what trends."""

    query: Annotated[
        _Prompt, Meta(description="A question; @creator and #tag in it narrow the search.")
    ]
    platform: Platform | None = None
    session_id: _SessionId | None = None


class TrendingListArguments(ToolArguments):
    """Which sessions."""

    limit: Annotated[int, Meta(ge=1, le=100)] = 20
    platform: Platform | None = None


class VideoArguments(ToolArguments):
    """Which videos, and what about them."""

    video_nos: Annotated[
        tuple[_VideoNo, ...],
        Meta(min_length=1, max_length=50, description="Numbers of videos, as VI... or PI-..."),
    ]
    query: _Prompt
    session_id: _SessionId | None = None


class MediaArguments(ToolArguments):
    """What to ask about one's own media."""

    message: _Prompt
    session_id: _SessionId | None = None


async def _search_trending(
    media: RecordedMedia, context: ToolContext, asked: TrendingArguments
) -> Json:
    ask = Ask(kind="marketer_chat", prompt=asked.query, unique_id=owner_id(context.user))
    return await _asked(media, context, ask, asked.session_id, platform=asked.platform)


async def _query_video(media: RecordedMedia, context: ToolContext, asked: VideoArguments) -> Json:
    ask = Ask(
        kind="video_chat",
        prompt=asked.query,
        unique_id=owner_id(context.user),
        video_nos=asked.video_nos,
    )
    return await _asked(media, context, ask, asked.session_id)


async def _chat_with_media(
    media: RecordedMedia, context: ToolContext, asked: MediaArguments
) -> Json:
    ask = Ask(kind="personal_chat", prompt=asked.message, unique_id=owner_id(context.user))
    return await _asked(media, context, ask, asked.session_id)


async def _asked(
    media: RecordedMedia,
    context: ToolContext,
    ask: Ask,
    session_id: str | None,
    *,
    platform: Platform | None = None,
) -> Json:
    """Ask, in the session that is named or in the one that belongs here, and show the answer."""
    within = context.session
    if within is not None and within.vault.raw != context.user.vault.raw:
        # A room, or a talk of which nothing is kept: nothing of it goes among the user's own.
        raise NotAllowed("ask memories.ai")
    if session_id is not None:
        session = await media.find(context.user, session_id)
        ask = _with_platform(ask, platform, await _platform_of(session, ask))
    else:
        ask = _with_platform(ask, platform, None)
        session = await media.session_for(context.user, ask, within=within)
    answer = await media.ask(context.user, session, ask, heard=context.heard)
    fence = Fence()
    return {
        "note": NOTE,
        "session_id": answer.session_id,
        "kind": ask.kind,
        "platform": ask.platform if ask.kind == "marketer_chat" else None,
        "content": fence.around(answer.text, max_chars=_TEXT_CHARS),
        "references": fence.around("\n".join(answer.refs), max_chars=_REFS_CHARS),
    }


async def _platform_of(session: OpenSession, ask: Ask) -> Platform | None:
    """The platform of a session to go on in.

    Raises:
        BadInput: it is a session of another kind.
    """
    info = await session.info()
    if info.kind != ask.kind:
        raise BadInput("session_id", f"it is of a {info.kind}, not of a {ask.kind}")
    return info.platform if info.platform in PLATFORMS else None


def _with_platform(ask: Ask, asked: Platform | None, of_session: Platform | None) -> Ask:
    if ask.kind != "marketer_chat":
        return ask
    if asked is not None and of_session is not None and asked != of_session:
        raise BadInput("platform", f"this session is about {of_session}: leave session_id out")
    return replace(ask, platform=asked or of_session or PLATFORMS[0])


async def _list_trending(
    media: RecordedMedia, context: ToolContext, asked: TrendingListArguments
) -> Json:
    taken_over, failed = 0, None
    if "memory:write" in context.scopes:
        try:
            taken_over = await take_over(context.user, media.provider, now=context.now)
        except ProviderFailed as exc:
            # What is here can be listed all the same; that it may not be all is told.
            failed = exc.code
    found: list[Session] = []
    cursor = None
    while len(found) < asked.limit:
        page = await context.user.sessions.page(
            kind="marketer_chat", platform=asked.platform, cursor=cursor
        )
        found += page.sessions
        cursor = page.next_cursor
        if cursor is None:
            break
    fence = Fence()
    return {
        "note": NOTE,
        "sessions": [
            {
                "session_id": session.id,
                "title": fence.around(one_line(session.title)),
                "platform": session.platform,
                "messages": session.message_count,
                "last_at": f"{session.last_at:%Y-%m-%dT%H:%M:%SZ}",
            }
            for session in found[: asked.limit]
        ],
        "taken_over_messages": taken_over,
        "provider_error": failed,
    }


def media_tools(media: RecordedMedia) -> tuple[Tool, ...]:
    """The four tools over one provider."""

    def over(
        call: Callable[[RecordedMedia, ToolContext, Any], Awaitable[Json]],  # Any: its arguments
    ) -> Callable[[ToolContext, Any], Awaitable[Json]]:  # Any: as above
        return functools.partial(call, media)

    return (
        Tool(
            name="search_trending_content",
            title="Search what trends",
            description=(
                "Ask about trending videos, creators and topics on TikTok, YouTube or Instagram. "
                "The answer comes from memories.ai and is recorded; a follow-up in the same "
                "conversation goes on where the last answer ended."
            ),
            arguments=TrendingArguments,
            call=over(_search_trending),
            scope="memory:write",
            open_world=True,
            timeout_s=_TIMEOUT_S,
        ),
        Tool(
            name="list_trending_sessions",
            title="List searches of what trends",
            description="List earlier searches of what trends, the latest first.",
            arguments=TrendingListArguments,
            call=over(_list_trending),
            scope="memory:read",
            idempotent=True,
            open_world=True,
            timeout_s=_TIMEOUT_S,
        ),
        Tool(
            name="query_video",
            title="Ask about videos",
            description="Ask what is seen and said in videos that memories.ai knows by number.",
            arguments=VideoArguments,
            call=over(_query_video),
            scope="memory:write",
            open_world=True,
            timeout_s=_TIMEOUT_S,
        ),
        Tool(
            name="chat_with_media",
            title="Ask about one's own media",
            description="Ask about the person's own photos and videos at memories.ai.",
            arguments=MediaArguments,
            call=over(_chat_with_media),
            scope="memory:write",
            open_world=True,
            timeout_s=_TIMEOUT_S,
        ),
    )


def media_tools_of(settings: Settings) -> tuple[Tool, ...]:
    """The tools as configured: none without a key."""
    if settings.memories_api_key is None:
        return ()
    provider = MemoriesAi(
        base_url=settings.memories_base_url, api_key=settings.memories_api_key.reveal()
    )
    return media_tools(RecordedMedia(provider))
