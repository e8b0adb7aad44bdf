"""`chat`: talk in a terminal or through a pipe; one line is one input.

The loop that talks to the store runs in a thread, so that the terminal's own line editing and
Ctrl-C work here as everywhere: Ctrl-C ends the turn it breaks into, and nothing else.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from holdfast.cli.call import Call, session_named
from holdfast.cli.failures import Exit, exit_code_of, tell
from holdfast.cli.options import Command, pass_call
from holdfast.cli.output import Output, Span
from holdfast.cli.shown import day_time, one_line, speaker
from holdfast.cli.wrapping import WordWrap
from holdfast.errors import BadInput, HoldfastError, NotFound

if TYPE_CHECKING:
    from holdfast.assistant.events import Event, Recalled
    from holdfast.keeper.keeper import Keeper
    from holdfast.keeper.recalling import Hit
    from holdfast.keeper.sessions import OpenSession
    from holdfast.keeper.users import User
    from holdfast.sync.portal import Portal

__all__ = ["chat_command"]

_SHOWN_HITS = 3
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

    With --json: one event a line: started, recalled, delta, finished or failed.
    """
    from holdfast.sync.portal import Portal

    if sum((new, session is not None, ephemeral)) > 1:
        raise click.UsageError("--new, --session and --ephemeral exclude each other")
    portal = Portal()
    try:
        keeper = portal.call(lambda: _opened(call))
        try:
            slug = assistant or call.settings.assistant
            talk = _Talk(call, portal)
            portal.call(
                lambda: talk.begin(keeper, slug, project, session, new=new, ephemeral=ephemeral)
            )
            return talk.run()
        finally:
            portal.call(keeper.close)
    finally:
        portal.close()


async def _opened(call: Call) -> Keeper:
    return await call.opened(create=True)


class _Talk:
    """One run of `holdfast chat`."""

    user: User
    session: OpenSession
    _answer: WordWrap
    """The answer that is being shown."""

    def __init__(self, call: Call, portal: Portal) -> None:
        self._call = call
        self._out: Output = call.output
        self._portal = portal
        self._assistant: str | None = None
        self._ephemeral = False
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
        from holdfast.assistant.chat import chat
        from holdfast.assistant.quoting import QuotingAnswerer

        answerer = QuotingAnswerer(zone=self._zone)
        self._answer = WordWrap(sys.stdout.write, self._out.width)
        try:
            events = self._portal.each(
                lambda: chat(self.user, self.session, line, answerer=answerer)
            )
            with contextlib.closing(events):  # type: ignore[type-var]  # a generator
                for event in events:
                    self._show(event)
        except KeyboardInterrupt:
            if not sys.stdin.isatty():
                raise
            self._answer.end()
            self._out.line(Span("Cancelled. What you said is kept.", "dim"))
        except HoldfastError as exc:
            self._failed(exc)

    def _failed(self, error: HoldfastError) -> None:
        """Tell it and go on: the next line may well be kept."""
        self._code = exit_code_of(error)
        tell(error.code, str(error), as_json=self._call.json)

    def _show(self, event: Event) -> None:
        from holdfast.assistant.events import Delta, Failed, Finished, Recalled

        if self._call.json:
            self._out.record(event)
        elif isinstance(event, Recalled):
            self._show_recalled(event)
        elif isinstance(event, Delta):
            self._answer.feed(event.text)
        elif isinstance(event, Finished):
            self._answer.end()
        if isinstance(event, Failed):
            self._code = Exit.FAILED
            if not self._call.json:
                tell(event.code, event.message, as_json=False)
        sys.stdout.flush()

    def _show_recalled(self, event: Recalled) -> None:
        """The best that share a word with the input: recall always finds something."""
        telling = {hit.snippet.text: hit for hit in reversed(event.hits) if hit.snippet.marks}
        room = max(40, self._out.width - 3) if self._out.is_terminal else None
        for hit in list(reversed(telling.values()))[:_SHOWN_HITS]:
            self._out.line(Span(f"  {_recalled_line(hit, room)}", "dim"))


def _recalled_line(hit: Hit, width: int | None) -> str:
    who = "memory"
    if hit.message is not None:
        who = speaker(hit.message.role, hit.message.author, None)
    return one_line(f"recalled {day_time(hit.at)} {who}: {hit.snippet.text}", width)


async def _latest(user: User, assistant: str) -> OpenSession | None:
    """The last chat with this assistant that is not archived."""
    try:
        page = await user.sessions.page(kind="chat", assistant=assistant, archived=False, limit=1)
    except NotFound:
        return None
    return await user.sessions.open(page.sessions[0].id) if page.sessions else None
