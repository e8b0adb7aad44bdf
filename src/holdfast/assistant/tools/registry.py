"""What a tool is: one definition for models, for MCP and for library users.

A tool's arguments are a msgspec Struct: the JSON schema comes from it, and whatever a model or a
client sends is checked by it, so what `call` gets has the types it names.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Self

import msgspec
from msgspec import Struct

from holdfast.assistant.answering import ToolSpec
from holdfast.errors import BadInput, NotAllowed, NotFound
from holdfast.keeper.access import ALL_SCOPES, Scope

if TYPE_CHECKING:
    from holdfast.keeper.rooms import OpenRoom
    from holdfast.keeper.sessions import OpenSession
    from holdfast.keeper.users import User
    from holdfast.model import Json, JsonObject, Message

__all__ = ["Tool", "ToolArguments", "ToolContext", "ToolSet"]


class ToolArguments(Struct, forbid_unknown_fields=True):
    """Base of every tool's arguments: what has no field is refused."""


class ToolContext(Struct, frozen=True, kw_only=True):
    """For whom a tool runs, and where. A tool reaches nothing that is not reached from here."""

    user: User
    now: datetime
    """Aware."""
    scopes: frozenset[Scope] = ALL_SCOPES
    """What the caller's credential lets them do."""
    session: OpenSession | None = None
    """The conversation in which the tool was called, if it was in one."""
    room: OpenRoom | None = None
    """The room it was called in: then the room is all that may be read or written, and nothing of
    the user's own."""
    heard: Message | None = None
    """The input of the present turn, which is recorded."""
    base_url: str = ""
    """Where the pages of the conversations are, for links; without one they are holdfast: URLs."""

    @property
    def place(self) -> User | OpenRoom:
        """What recall looks through."""
        return self.room or self.user

    async def conversation(self, session_id: str) -> OpenSession:
        """One of the user's conversations, to be read.

        Raises:
            NotFound: unknown, somebody else's, or in the trash, which is out of sight.
        """
        session = await self.user.sessions.open(session_id)
        if (await session.info()).trashed_at is not None:
            raise NotFound("session")
        return session


class Tool(Struct, frozen=True, kw_only=True):
    """One tool. Everything that offers or calls it takes it from here."""

    name: str
    title: str
    description: str
    """For a model to read."""
    arguments: type[ToolArguments]
    call: Callable[[ToolContext, Any], Awaitable[Json]]  # Any: an instance of `arguments`
    """Runs it with checked arguments. May raise; HoldfastError is told to the caller."""
    scope: Scope
    read_only: bool = False
    destructive: bool = False
    """Whether it may destroy something; such a tool is offered to a model only on request."""
    idempotent: bool = False
    """Whether calling it again with the same arguments changes nothing more."""
    open_world: bool = False
    """Whether it reaches beyond what is kept here."""
    in_rooms: bool = False
    """Whether it may run in a room: it then keeps to `ToolContext.room`."""
    timeout_s: float | None = None
    """How long it may take where that is longer than usual."""

    @property
    def parameters(self) -> dict[str, object]:
        """JSON schema of the object that it takes."""
        return _schema(self.arguments)

    @property
    def spec(self) -> ToolSpec:
        """As it is offered to a model."""
        return ToolSpec(name=self.name, description=self.description, parameters=self.parameters)

    async def run(self, context: ToolContext, arguments: JsonObject) -> Json:
        """Check who asks and what they sent, then run it.

        Raises:
            NotAllowed: the caller's credential has no scope for it.
            BadInput: the arguments do not fit; the message names the place, never the value.
            HoldfastError: what the tool itself raises.
        """
        if self.scope not in context.scopes:
            raise NotAllowed(self.name)
        return await self.call(context, self.checked(arguments))

    def checked(self, arguments: JsonObject) -> ToolArguments:
        """The arguments with their types.

        Raises:
            BadInput: they do not fit.
        """
        try:
            # Not strict: models write numbers as text often enough.
            return msgspec.convert(arguments, self.arguments, strict=False)
        except msgspec.ValidationError as exc:
            raise BadInput("arguments", _without_values(str(exc))) from None


class ToolSet:
    """Tools by name, in the order in which they are offered."""

    def __init__(self, tools: Iterable[Tool] = ()) -> None:
        """Of two tools with one name the later stands."""
        self._tools = {tool.name: tool for tool in tools}

    def __iter__(self) -> Iterator[Tool]:
        return iter(self._tools.values())

    def __len__(self) -> int:
        return len(self._tools)

    def get(self, name: str) -> Tool | None:
        """The tool of that name, None when there is none."""
        return self._tools.get(name)

    def including(self, tools: Iterable[Tool]) -> Self:
        """These and others; of two with one name the other stands."""
        return type(self)([*self, *tools])

    def offered(
        self,
        *,
        scopes: frozenset[Scope] = ALL_SCOPES,
        destructive: bool = False,
        room: bool = False,
        ephemeral: bool = False,
    ) -> Self:
        """Those that may be called here.

        Args:
            scopes: what the caller's credential lets them do.
            destructive: also those that may destroy something.
            room: only those that keep to a room.
            ephemeral: only those that keep nothing, for a talk of which nothing is kept.
        """
        return type(self)(
            tool
            for tool in self
            if tool.scope in scopes
            and (destructive or not tool.destructive)
            and (tool.in_rooms or not room)
            and (tool.read_only or not ephemeral)
        )


@lru_cache(maxsize=256)
def _schema(arguments: type[ToolArguments]) -> dict[str, object]:
    _, parts = msgspec.json.schema_components((arguments,), ref_template="#/$defs/{name}")
    schema = parts.pop(arguments.__name__)
    # Name and docstring of a class are for people who read the code.
    schema = {key: value for key, value in schema.items() if key not in ("title", "description")}
    return {**schema, "$defs": parts} if parts else schema


def _without_values(problem: str) -> str:
    """What msgspec says of a value without the value: only its place and what was expected."""
    place = problem.rpartition(" - at `")[2].rstrip("`") if " - at `" in problem else "$"
    if problem.startswith("Invalid"):
        return f"{place} is none of the values it may have"
    if problem.startswith("Object contains unknown field"):
        return f"{place} has a field that is unknown: leave it out"
    return problem
