"""Assistants and projects: what they are called."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from msgspec import structs

from holdfast.clock import from_ms
from holdfast.keeper.counting import Tallies, Tally
from holdfast.model import Assistant, Project
from holdfast.server.caching import POLLED
from holdfast.server.identity.asking import Reader, Writer
from holdfast.server.openapi import RESPONSES
from holdfast.server.routing import Route
from holdfast.server.schemas import (
    AssistantIn,
    AssistantOut,
    AssistantsOut,
    ProjectIn,
    ProjectOut,
    ProjectsOut,
)

__all__ = [
    "describe_assistant",
    "describe_project",
    "list_assistants",
    "list_projects",
    "router",
]

router = APIRouter(prefix="/api", tags=["names"], route_class=Route, responses=RESPONSES)


@router.get("/assistants", operation_id="list_assistants", dependencies=[POLLED])
async def list_assistants(owner: Reader) -> AssistantsOut:
    """All assistants that conversations were held with, by slug."""
    found, tallies = await owner.names.assistants(), await owner.tallies()
    return AssistantsOut(assistants=[_assistant_out(one, tallies) for one in found])


@router.put("/assistants/{slug}", operation_id="describe_assistant")
async def describe_assistant(owner: Writer, slug: str, asked: AssistantIn) -> AssistantOut:
    """Name an assistant and say what it is for; made when it is new, what is left out stays."""
    made = await owner.names.describe_assistant(
        slug, name=asked.name, avatar=asked.avatar, purpose=asked.purpose
    )
    return _assistant_out(made, await owner.tallies())


@router.get("/projects", operation_id="list_projects", dependencies=[POLLED])
async def list_projects(owner: Reader) -> ProjectsOut:
    """All projects that conversations were held for, by slug."""
    found, tallies = await owner.names.projects(), await owner.tallies()
    return ProjectsOut(projects=[_project_out(one, tallies) for one in found])


@router.put("/projects/{slug}", operation_id="describe_project")
async def describe_project(owner: Writer, slug: str, asked: ProjectIn) -> ProjectOut:
    """Name a project; made when it is new, what is left out stays."""
    made = await owner.names.describe_project(slug, name=asked.name)
    return _project_out(made, await owner.tallies())


def _assistant_out(one: Assistant, tallies: Tallies) -> AssistantOut:
    return AssistantOut(**structs.asdict(one), **_counts(tallies.assistants.get(one.slug)))


def _project_out(one: Project, tallies: Tallies) -> ProjectOut:
    return ProjectOut(**structs.asdict(one), **_counts(tallies.projects.get(one.slug)))


def _counts(tally: Tally | None) -> dict[str, Any]:  # fields of a wire model
    tally = tally or Tally()
    return {
        "sessions": tally.sessions,
        "messages": tally.messages,
        "memories": tally.memories,
        "last_message_at": None if tally.last_ms is None else from_ms(tally.last_ms),
    }
