"""`sessions` and `show`: which conversations there are, and what was said in one."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from holdfast.cli.call import Call, session_named
from holdfast.cli.options import Command, pass_call
from holdfast.cli.output import Column, Output, Span
from holdfast.cli.shown import counted, day_time, one_line, short_id, size, speaker

if TYPE_CHECKING:
    from collections.abc import Sequence

    from holdfast.keeper.sessions import OpenSession, Page
    from holdfast.model import Message, Session

__all__ = ["sessions_command", "show_command", "show_message"]

_COLUMNS = (
    Column("id", style="cyan"),
    Column("title", flexible=True),
    Column("assistant", from_width=80),
    Column("project", from_width=100),
    Column("kind", from_width=110),
    Column("messages", from_width=70, right=True),
    Column("last"),
)
_TOOL_CHARS = 300
_WHO_STYLE = {"user": "bold green", "assistant": "bold blue"}


@click.command("sessions", cls=Command)
@click.option("--assistant", metavar="SLUG", help="Only those held with this assistant.")
@click.option("--project", metavar="SLUG", help="Only those held for this project.")
@click.option("--kind", metavar="KIND", help="Only of this kind: chat, room, ...")
@click.option("--archived/--not-archived", default=None, help="Only archived ones, or only others.")
@click.option("--trashed", is_flag=True, help="Only those in the trash.")
@click.option("--restore", metavar="SESSION", help="Take this one out of the trash first.")
@click.option("--limit", type=click.IntRange(1, 1000), default=20, show_default=True)
@click.option("--cursor", metavar="CURSOR", help="Go on where the listing before ended.")
@pass_call
def sessions_command(
    call: Call,
    assistant: str | None,
    project: str | None,
    kind: str | None,
    archived: bool | None,
    trashed: bool,
    restore: str | None,
    limit: int,
    cursor: str | None,
) -> None:
    """List conversations, newest first.

    Those that `forget --trash` put aside are listed with --trashed alone.

    With --json: {"sessions": [...], "next_cursor": ...}; times in UTC.
    """

    async def work() -> Page:
        async with call.opened() as keeper:
            user = await call.person(keeper)
            if restore is not None:
                await user.sessions.restore((await session_named(user, restore)).id)
            return await user.sessions.page(
                trashed=trashed,
                assistant=assistant,
                project=project,
                kind=kind,
                archived=archived,
                limit=limit,
                cursor=cursor,
            )

    page = call.run(work)
    out = call.output
    if call.json:
        out.document({"sessions": page.sessions, "next_cursor": page.next_cursor})
        return
    if not page.sessions:
        narrowed = any((assistant, project, kind, archived is not None, cursor))
        empty = "Nothing is in the trash." if trashed else "No conversations yet."
        out.note("None is like that." if narrowed else empty)
        return
    out.table(_COLUMNS, [_row(session) for session in page.sessions])
    if page.next_cursor is not None:
        out.note(f"There are more: the same command with --cursor {page.next_cursor}")


def _row(session: Session) -> Sequence[str]:
    title = session.title or session.preview or "(untitled)"
    return (
        short_id(session.id),
        ("* " if session.pinned else "") + title,
        session.assistant or "",
        session.project or "",
        session.kind,
        str(session.message_count),
        day_time(session.last_at),
    )


@click.command("show", cls=Command)
@click.argument("session")
@click.option("--last", type=click.IntRange(1), metavar="N", help="Only the last N messages.")
@click.option(
    "--branch",
    metavar="MESSAGE_ID",
    help="The branch that ends with this message; by default the one that was shown last.",
)
@click.option("--all", "everything", is_flag=True, help="Every branch, in the order it was kept.")
@click.option("--ids", is_flag=True, help="Show the id of each message.")
@pass_call
def show_command(
    call: Call, session: str, last: int | None, branch: str | None, everything: bool, ids: bool
) -> None:
    """Show a conversation. SESSION is an id, or its last digits as `sessions` lists them.

    With --json: {"session": {...}, "turns": [...], "messages": [...]}; times in UTC.
    """
    if everything and branch:
        raise click.UsageError("--all and --branch exclude each other")

    async def work() -> None:
        async with call.opened() as keeper:
            user = await call.person(keeper)
            opened = await session_named(user, session)
            info = await opened.info()
            messages, hidden = await _messages(opened, info, branch, everything, last)
            if call.json:
                turns = await opened.turns(limit=1_000_000)
                call.output.document({"session": info, "turns": turns, "messages": messages})
            else:
                _show(call.output, info, messages, ids=ids, hidden=hidden)

    call.run(work)


async def _messages(
    opened: OpenSession, info: Session, branch: str | None, everything: bool, last: int | None
) -> tuple[Sequence[Message], int]:
    """What is to be shown, and how many messages stand on other branches."""
    if everything:
        # A session without branches needs no walk along its parents.
        return await opened.messages(last=last or max(info.message_count, 1)), 0
    found = await opened.branch(branch)
    hidden = info.message_count - sum(not message.forgotten for message in found)
    return found if last is None else found[-last:], max(0, hidden)


def _show(
    out: Output, info: Session, messages: Sequence[Message], *, ids: bool, hidden: int
) -> None:
    out.line(Span(info.title or "(untitled)", "bold"))
    count = counted(info.message_count, "message")
    about = [info.kind, info.assistant or "", info.project or "", count]
    about += [f"{hidden:,} more on other branches: --all"] if hidden else []
    about += [day_time(info.started_at), info.id]
    out.line(Span(" · ".join(part for part in about if part), "dim"))
    for message in messages:
        out.line("")
        show_message(out, message, info.assistant, ids=ids)


def show_message(
    out: Output, message: Message, assistant: str | None, *, ids: bool = False
) -> None:
    """One message: who and when in one line, what below it."""
    who = speaker(message.role, message.author, assistant)
    when = f"  {day_time(message.at)}" + (f"  {message.id}" if ids else "")
    what = {"tool_call": " calls", "reasoning": " thinks", "error": ": error"}.get(message.kind, "")
    out.line(Span(who + what, _WHO_STYLE.get(message.role, "bold")), Span(when, "dim"))
    if message.tool is not None:
        out.block(Span(_tool_line(message), "dim"))
    if message.file is not None:
        file = message.file
        out.block(Span(f"[{one_line(file.name)}, {file.media_type}, {size(file.size)}]", "dim"))
    if message.text:
        quiet = message.kind in ("reasoning", "error") or message.role in ("tool", "system")
        out.block(Span(message.text, "dim" if quiet else ""))


def _tool_line(message: Message) -> str:
    tool = message.tool
    if tool is None:
        return ""
    value = tool.arguments if message.kind == "tool_call" else tool.result
    written = "" if value is None else json.dumps(value, ensure_ascii=False)
    failed = " failed" if tool.failed else ""
    return f"{tool.name}{failed} {one_line(written, _TOOL_CHARS)}".rstrip()
