"""Who is logged in, what the server is, and how the person wants to have it."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from fastapi import APIRouter, Request

import holdfast
from holdfast.keeper.preferences import Preferences
from holdfast.keeper.users import User
from holdfast.server.identity.asking import Reader, Writer, caller_of, keeper_of
from holdfast.server.openapi import RESPONSES
from holdfast.server.routing import Route
from holdfast.server.schemas.me import MeOut, PreferencesIn, PreferencesOut

if TYPE_CHECKING:
    from holdfast.server.facts import Facts
    from holdfast.server.warming import Warming

__all__ = ["change_preferences", "me", "router"]

router = APIRouter(prefix="/api", tags=["me"], route_class=Route, responses=RESPONSES)


@router.get("/me", operation_id="me")
async def me(request: Request, owner: Reader) -> MeOut:
    """Who asks, and what the page has to know of the server before it shows anything."""
    facts: Facts = request.app.state.facts
    warming: Warming = request.app.state.warming
    warming.page_opens(keeper_of(request), owner)
    key, *before = map(_base64url, await owner.draft_keys())
    return MeOut(
        user=owner.id,
        auth=facts.auth,
        scopes=sorted(caller_of(request).scopes),
        first_run=not (await owner.stats()).sessions,
        assistant=facts.assistant,
        model=facts.model,
        speech=facts.speech,
        sealing=facts.sealing,
        limits=facts.limits,
        trash_days=facts.trash_days,
        version=holdfast.__version__,
        draft_key=key,
        draft_keys_before=before,
        preferences=await _shown(owner, await owner.preferences()),
    )


def _base64url(key: bytes) -> str:
    return base64.urlsafe_b64encode(key).rstrip(b"=").decode("ascii")


@router.put("/preferences", operation_id="change_preferences")
async def change_preferences(owner: Writer, asked: PreferencesIn) -> PreferencesOut:
    """Choose language, theme, who words the answers, and whether anything is learned."""
    chosen = await owner.prefer(language=asked.language, theme=asked.theme, answers=asked.answers)
    if asked.learning is not None:
        await (owner.resume_learning() if asked.learning else owner.pause_learning())
    return await _shown(owner, chosen)


async def _shown(owner: User, chosen: Preferences) -> PreferencesOut:
    pauses = await owner.learning_pauses()
    return PreferencesOut(
        language=chosen.language,
        theme=chosen.theme,
        answers=chosen.answers,
        learning=not pauses or pauses[-1].until is not None,
    )
