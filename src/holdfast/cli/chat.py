"""`chat`: talk in a terminal or through a pipe; one line is one input.

The loop that talks to the store runs in a thread, so that the terminal's own line editing and
Ctrl-C work here as everywhere: Ctrl-C ends the turn it breaks into, and nothing else.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, tzinfo
from typing import TYPE_CHECKING, NamedTuple

import click

from holdfast.cli.call import Call, session_named
from holdfast.cli.failures import Exit, exit_code_of, tell
from holdfast.cli.options import Command, pass_call
from holdfast.cli.output import Output, Span
from holdfast.cli.shown import day_time, one_line, speaker
from holdfast.cli.telling import ShownTurn
from holdfast.errors import BadInput, HoldfastError, NotFound

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from holdfast.assistant.answering import Answerer
    from holdfast.assistant.events import Event
    from holdfast.assistant.options import ChatOptions
    from holdfast.assistant.tools.registry import ToolSet
    from holdfast.keeper.distilling import Progress
    from holdfast.keeper.keeper import Keeper
    from holdfast.keeper.sessions import OpenSession
    from holdfast.keeper.users import User
    from holdfast.settings import Settings
    from holdfast.sync.portal import Portal

__all__ = ["chat_command"]

_SHOWN_HISTORY = 4


@click.command("chat", cls=Command)
@click.option("--assistant", metavar="SLUG", help="Whom to talk to.")
@click.option("--project", metavar="SLUG", help="What a new session is held for.")
@click.option("--new", is_flag=True, help="Begin a new session.")
@click.option("--session", metavar="SESSION", help="Go on with this session.")
@click.option("--ephemeral", is_flag=True, help="Keep nothing of this talk.")
@pass_call
def chat_command(
    call: Call,
    assistant: str | None,
    project: str | None,
    new: bool,
    session: str | None,
    ephemeral: bool,
) -> int:
    """Talk; what you say is kept before anything else happens.

    Goes on with the last chat with this assistant. With no model configured the assistant answers
    by quoting what you said before. Ctrl-C cancels an answer, Ctrl-D leaves.

    With --json: one event a line: started, recalled, delta, thought, tool_started, tool_ended,
    fell_back, finished or failed.
    """
    from holdfast.sync.portal import Portal

    if sum((new, session is not None, ephemeral)) > 1:
        raise click.UsageError("--new, --session and --ephemeral exclude each other")
    portal = Portal()
    try:
        keeper = portal.call(lambda: _opened(call))
        talk = _Talk(call, portal)
        try:
            slug = assistant or call.settings.assistant
            portal.call(
                lambda: talk.begin(keeper, slug, project, session, new=new, ephemeral=ephemeral)
            )
            return talk.run()
        finally:
            portal.call(talk.learn)
            portal.call(keeper.close)
    finally:
        portal.close()


async def _opened(call: Call) -> Keeper:
    return await call.opened(create=True)


class _Means(NamedTuple):
    """Who answers, with what, and within which limits."""

    answerer: Answerer
    fallback: Answerer | None
    tools: ToolSet
    options: ChatOptions


def _means_of(settings: Settings, zone: tzinfo) -> _Means:
    from holdfast.assistant.models import answerers_of
    from holdfast.assistant.options import ChatOptions
    from holdfast.assistant.tools import tools_of

    answerer, fallback = answerers_of(settings, zone=zone)
    return _Means(answerer, fallback, tools_of(settings), ChatOptions.of(settings))


class _Talk:
    """One run of `holdfast chat`."""

    user: User
    session: OpenSession
    _means: _Means

    def __init__(self, call: Call, portal: Portal) -> None:
        self._call = call
        self._out: Output = call.output
        self._portal = portal
        self._assistant: str | None = None
        self._ephemeral = False
        self._learned: Progress | None = None
        self._code = Exit.OK
        # Days are those of the reader's clock.
        self._zone = datetime.now(UTC).astimezone().tzinfo or UTC

    async def begin(
        self,
        keeper: Keeper,
        assistant: str,
        project: str | None,
        session: str | None,
        *,
        new: bool,
        ephemeral: bool,
    ) -> None:
        """Find the session to go on with, or begin one when something is said first."""
        self._means = _means_of(self._call.settings, self._zone)
        self.user = await self._call.person(keeper, create=True)
        self._assistant = assistant
        self._ephemeral = ephemeral
        if ephemeral:
            self.session = await keeper.ephemeral(self.user.id, assistant=assistant)
        elif session is not None:
            self.session = await session_named(self.user, session)
            self._assistant = (await self.session.info()).assistant or assistant
        else:
            latest = None if new else await _latest(self.user, assistant)
            self.session = latest or await self.user.sessions.start(
                assistant=assistant, project=project
            )
        await self.learn()

    async def learn(self) -> None:
        """Make memories of what was said: what a killed talk left at the beginning, all at the end.

        What fails is found again by the next talk, by a server and by `holdfast distill`.
        """
        if self._ephemeral or not hasattr(self, "user"):
            return
        from holdfast.keeper.distilling import distill_vault

        with contextlib.suppress(HoldfastError):
            self._learned = (
                await distill_vault(self.user.store, self.user.vault, since=self._learned)
            ).progress

    def run(self) -> int:
        """Talk until the input ends; returns the exit code."""
        if self._out.is_terminal and not self._call.json:
            self._greet()
        for line in self._lines():
            if line.strip():
                self._turn(line)
        return self._code

    def _greet(self) -> None:
        if self._ephemeral:
            self._out.line(Span("Nothing of this is kept.", "dim"))
        earlier = self._portal.call(lambda: self.session.messages(last=_SHOWN_HISTORY))
        for message in earlier:
            if message.text.strip():
                who = speaker(message.role, message.author, self._assistant)
                said = one_line(message.text, 200)
                self._out.line(Span(f"{day_time(message.at)}  {who}: {said}", "dim"))
        self._out.line(Span("Ctrl-C cancels an answer, Ctrl-D leaves.", "dim"))

    def _lines(self) -> Iterator[str]:
        return self._typed() if sys.stdin.isatty() else self._piped()

    def _typed(self) -> Iterator[str]:
        with contextlib.suppress(ImportError):
            # Gives input() its line editing. Its history stays in memory: on disk it would be a
            # second, unsealed copy of what was said.
            import readline  # noqa: F401
        while True:
            try:
                line = input("you> ")
            except EOFError:
                self._out.line("")
                return
            except KeyboardInterrupt:
                self._out.line("")
                self._out.line(Span("Ctrl-D leaves.", "dim"))
                continue
            yield line

    def _piped(self) -> Iterator[str]:
        for raw in sys.stdin.buffer:
            try:
                yield raw.decode("utf-8").rstrip("\r\n")
            except UnicodeDecodeError as exc:
                self._failed(BadInput("input", f"it is not UTF-8 at byte {exc.start} of the line"))

    def _turn(self, line: str) -> None:
        shown = ShownTurn(self._out, as_json=self._call.json)
        try:
            events = self._portal.each(lambda: self._events(line))
            with contextlib.closing(events):  # type: ignore[type-var]  # a generator
                for event in events:
                    shown.show(event)
        except KeyboardInterrupt:
            if not sys.stdin.isatty():
                raise
            shown.end()
            self._out.line(Span("Cancelled. What you said is kept.", "dim"))
        except HoldfastError as exc:
            self._failed(exc)
        if shown.failed:
            self._code = Exit.FAILED

    def _events(self, line: str) -> AsyncGenerator[Event, None]:
        from holdfast.assistant.chat import chat

        means = self._means
        return chat(
            self.user,
            self.session,
            line,
            answerer=means.answerer,
            fallback=means.fallback,
            tools=means.tools,
            options=means.options,
        )

    def _failed(self, error: HoldfastError) -> None:
        """Tell it and go on: the next line may well be kept."""
        self._code = exit_code_of(error)
        tell(error.code, str(error), as_json=self._call.json)


async def _latest(user: User, assistant: str) -> OpenSession | None:
    """The last chat with this assistant that is not archived."""
    try:
        page = await user.sessions.page(kind="chat", assistant=assistant, archived=False, limit=1)
    except NotFound:
        return None
    return await user.sessions.open(page.sessions[0].id) if page.sessions else None
