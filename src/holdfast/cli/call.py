"""One run of one command: what was given, the settings, the opened store, whose vault."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from holdfast.errors import BadInput, NotFound

if TYPE_CHECKING:
    from holdfast.cli.output import Output
    from holdfast.keeper.keeper import Keeper
    from holdfast.keeper.opening import Opening
    from holdfast.keeper.sessions import OpenSession
    from holdfast.keeper.users import User
    from holdfast.settings import Settings

__all__ = ["Call", "session_named"]

_T = TypeVar("_T")
_FULL_ID = 36
_SHORTEST = 6
"""Digits: 24 random bits; among 1,000 sessions two share an ending in one of 30 vaults."""


@dataclass
class Call:
    """What stands before or after a command, and what follows from it."""

    data_dir: Path | None = None
    config: Path | None = None
    user: str | None = None
    json: bool = False
    debug: bool = False

    @cached_property
    def settings(self) -> Settings:
        """The settings in force.

        Raises:
            BadSettings: every mistake that was found.
        """
        from holdfast.settings import load_settings

        return load_settings(file=self.config, data_dir=self.data_dir, user=self.user)

    @cached_property
    def output(self) -> Output:
        """Where to write."""
        from holdfast.cli.output import Output

        return Output(as_json=self.json)

    def run(self, work: Callable[[], Coroutine[Any, Any, _T]]) -> _T:
        """Run the asynchronous part of a command; Ctrl-C cancels it and is raised afterwards."""
        return asyncio.run(work())

    def opened(self, *, create: bool = False, migrate: bool = True) -> Opening:
        """The store, for an `async with`.

        Args:
            create: make it when it is not there. A command that only reads says so instead, so
                that a mistyped folder does not become a new, empty store with a new key.

        Raises:
            BadInput: there is none and it is not to be made.
        """
        from holdfast.keeper.configured import open_configured

        if not create:
            self.check_store_exists()
        return open_configured(self.settings, migrate=migrate)

    def has_store(self) -> bool:
        """Whether there is a database; one that is not in a file counts as being there."""
        from holdfast.storage import StorageUrl

        file = StorageUrl(url=self.settings.url).file
        return file is None or file.exists()

    def check_store_exists(self) -> None:
        """Refuse when there is no database.

        Raises:
            BadInput: says where it was looked for.
        """
        if not self.has_store():
            raise BadInput(
                "data directory",
                f"there is no database at {self.settings.url.partition(':///')[2]}: begin with "
                "'holdfast chat' or 'holdfast import', or name the right folder with --data-dir",
            )

    async def person(self, keeper: Keeper, *, create: bool = False) -> User:
        """The user this command speaks for.

        Raises:
            NotFound: nobody of this name has a vault here, and `create` is False.
        """
        try:
            return await keeper.user(self.settings.user, create=create)
        except NotFound as exc:
            # The library speaks of an id; here somebody typed a name, perhaps for the first time.
            name = self.settings.user
            exc.args = (
                f"nothing is kept for {name} yet: say something with 'holdfast chat --user "
                f"{name}', or see 'holdfast users'",
            )
            raise


async def session_named(user: User, identifier: str) -> OpenSession:
    """A session by its id, or by the ending of it that a listing shows; in the trash or not.

    Raises:
        NotFound: unknown, or somebody else's.
        BadInput: several of the user's sessions end so, or the ending is too short.
    """
    wanted = identifier.strip().lower()
    if len(wanted) >= _FULL_ID:
        return await user.sessions.open(wanted)
    if len(wanted) < _SHORTEST:
        raise BadInput("session", f"give at least the last {_SHORTEST} digits of its id")
    found = [s.id async for s in user.sessions.each(trashed=None) if s.id.endswith(wanted)]
    if not found:
        raise NotFound("session")
    if len(found) > 1:
        raise BadInput("session", f"{len(found)} sessions end so: give more digits of the id")
    return await user.sessions.open(found[0])
