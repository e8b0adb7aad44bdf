"""`forget` and `erase`: single things away, or everything for good."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec
from msgspec.structs import replace

from holdfast.cli.call import Call, session_named
from holdfast.cli.failures import Exit
from holdfast.cli.memories import show_memories
from holdfast.cli.options import Command, new_file_path, pass_call
from holdfast.cli.output import Column, Output, Span
from holdfast.cli.shown import counted, day_time, one_line
from holdfast.errors import BadInput, StorageReadOnly

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from holdfast.keeper.about import About
    from holdfast.keeper.derived import Forgotten
    from holdfast.keeper.erasing import Receipt
    from holdfast.keeper.hand import ForgottenMemories
    from holdfast.keeper.users import User

__all__ = ["confirmed", "erase_command", "forget_command", "show_gone", "show_receipt"]

_BY_HAND = "not confirmed: give --yes when nobody is there to be asked"


@click.command("forget", cls=Command)
@click.argument("message_ids", nargs=-1, metavar="[MESSAGE_ID]...")
@click.option("--session", metavar="SESSION", help="A whole session, its key included.")
@click.option("--memory", "memory_id", metavar="MEMORY_ID", help="A memory; its sources stay.")
@click.option("--about", metavar="QUERY", help="What is found about it; it is listed first.")
@click.option("--trash", is_flag=True, help="With --session: put it aside; it can come back.")
@click.option("--limit", type=click.IntRange(1, 100), default=10, show_default=True)
@click.option("--yes", is_flag=True, help="Do not ask.")
@pass_call
def forget_command(
    call: Call,
    message_ids: tuple[str, ...],
    session: str | None,
    memory_id: str | None,
    about: str | None,
    trash: bool,
    limit: int,
    yes: bool,
) -> int:
    """Remove messages, a memory or a session for good.

    Or what is found about something. Message ids are shown by `show --ids` and `recall`. What
    rested on a removed message alone goes too. Asks before it removes a session or what it
    found; --limit is how much --about looks for.

    A session that is put into the trash (--trash) is in no list and found by no search; `sessions
    --restore` brings it back as it was. A server erases it when its time has come.

    The receipt shows the memories that went, and those that hold again because of it.

    With --json: {"forgotten": {...}, "gone": [...], "again": [...]}: counts and memories; or
    {"receipt": {...}} of a session, {"trashed": id} of one that is put aside.
    """
    given = [bool(message_ids), session is not None, memory_id is not None, about is not None]
    if sum(given) != 1:
        raise click.UsageError("name message ids, or one of --session, --memory and --about")
    if trash and session is None:
        raise click.UsageError("--trash is for a session: name it with --session")

    async def work() -> int:
        async with call.opened() as keeper:
            user = await call.person(keeper)
            if session is not None and trash:
                return await _trash_session(call, user, session)
            if session is not None:
                return await _forget_session(call, user, session, yes=yes)
            if memory_id is not None:
                what = await user.memories.forget(memory_id)
                _tell(call, _nothing(memories=len(what.gone)), what)
            elif about is not None:
                return await _forget_about(call, user, about, limit, yes=yes)
            else:
                _tell(call, *await _watched(user, lambda: user.forget(message_ids)))
            return Exit.OK

    return call.run(work)


async def _forget_session(call: Call, user: User, session: str, *, yes: bool) -> int:
    opened = await session_named(user, session)
    info = await opened.info()
    title = one_line(info.title or info.preview, 60)
    if not confirmed(
        f'Destroy "{title}" with its {counted(info.message_count, "message")}?', yes=yes
    ):
        return Exit.FAILED
    receipt = await user.erase_session(opened.id)
    if call.json:
        call.output.document({"receipt": receipt})
    else:
        show_receipt(call.output, receipt)
    return Exit.OK


async def _trash_session(call: Call, user: User, session: str) -> int:
    opened = await session_named(user, session)
    await user.sessions.trash(opened.id)
    if call.json:
        call.output.document({"trashed": opened.id})
    else:
        ending = session.strip()
        call.output.note(f"In the trash. To bring it back: holdfast sessions --restore {ending}")
    return Exit.OK


async def _forget_about(call: Call, user: User, about: str, limit: int, *, yes: bool) -> int:
    found = await user.find_about(about, limit=limit)
    if not found:
        call.output.note("Nothing was found.")
        _tell(call, _nothing(), _no_memories())
        return Exit.OK
    if not call.json:
        _show_found(call.output, found)
    if not confirmed(f"Remove these {len(found)} for good?", yes=yes):
        return Exit.FAILED
    done, what = await _watched(user, lambda: user.forget_about(found))
    if not call.json:  # they were listed before the question
        listed = {memory.id for memory in (*found.memories, *found.resting)}
        what = replace(what, gone=tuple(m for m in what.gone if m.id not in listed))
    _tell(call, done, what)
    return Exit.OK


async def _watched(
    user: User, forget: Callable[[], Awaitable[Forgotten]]
) -> tuple[Forgotten, ForgottenMemories]:
    """What was forgotten, in numbers, and what became of the memories."""
    from holdfast.keeper.hand import ForgottenMemories, holds_longer

    before = await user.memories.list()
    done = await forget()
    after = {memory.id: memory for memory in await user.memories.list()}
    return done, ForgottenMemories(
        gone=tuple(memory for memory in before if memory.id not in after),
        again=tuple(after[m.id] for m in before if m.id in after and holds_longer(m, after[m.id])),
    )


def _show_found(out: Output, found: About) -> None:
    """All that would go: what was said, what is remembered, and what rests on it alone."""
    for message in found.messages:
        who = one_line(message.author or message.role, 40)
        out.line(Span(f"{day_time(message.at)}  {who}", "cyan"), Span(f"  {message.id}", "dim"))
        out.block(message.text)
        out.line("")
    if found.memories:
        show_memories(out, found.memories)
        out.line("")
    if found.resting:
        out.line("With them go:")
        show_memories(out, found.resting)
        out.line("")


def confirmed(question: str, *, yes: bool) -> bool:
    """Whether somebody says yes, now or beforehand.

    Raises:
        BadInput: nobody is there to be asked.
    """
    if yes:
        return True
    if not sys.stdin.isatty():
        raise BadInput("confirmation", _BY_HAND)
    return click.confirm(question, err=True)


def _tell(call: Call, forgotten: Forgotten, what: ForgottenMemories) -> None:
    if call.json:
        call.output.document({"forgotten": forgotten, "gone": what.gone, "again": what.again})
        return
    found = {
        "message": forgotten.messages,
        "memory": forgotten.memories,
        "thought": forgotten.thoughts,
    }
    parts = [counted(count, noun) for noun, count in found.items() if count]
    call.output.line(f"Forgotten: {', '.join(parts)}." if parts else "Nothing was forgotten.")
    if forgotten.reduced:
        only = (
            "memory that lost a source rests"
            if forgotten.reduced == 1
            else ("memories that lost a source rest")
        )
        call.output.line(f"{forgotten.reduced:,} {only} on others.")
    show_gone(call.output, what)


def show_gone(out: Output, what: ForgottenMemories) -> None:
    """The memories that went, as they were, and those that hold again."""
    for title, memories in (("These memories went:", what.gone), ("Now holds again:", what.again)):
        if memories:
            out.line("")
            out.line(title)
            show_memories(out, memories)
    if what.thoughts:
        out.line("")
        out.line(f"{counted(what.thoughts, 'thought')} led to it: kept, without naming it.")


def _nothing(*, memories: int = 0) -> Forgotten:
    from holdfast.keeper.derived import Forgotten

    return Forgotten(memories=memories)


def _no_memories() -> ForgottenMemories:
    from holdfast.keeper.hand import ForgottenMemories

    return ForgottenMemories()


@click.command("erase", cls=Command)
@click.option("-o", "--output", "target", type=new_file_path, help="Write the receipt there.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@pass_call
def erase_command(call: Call, target: Path | None, yes: bool) -> int:
    """Destroy everything of a user for good.

    Keys first, then rows, index, and what was derived. --user must be given. Known key backups
    are written anew without the destroyed keys; discard every other copy of them. Keep the
    receipt: it proves the erasure and holds no content.

    With --json: the receipt.
    """
    if call.user is None:
        raise click.UsageError("say whose with --user")
    if target is not None and target.exists():
        raise BadInput("output", f"{target} exists already: name a new file")
    name = call.user

    async def work() -> Receipt | None:
        async with call.opened() as keeper:
            user = await call.person(keeper)
            stats = await user.stats()
            if not yes and not _typed(name, stats.sessions, stats.messages):
                return None
            if target is not None:
                # Made first: an erasure whose receipt cannot be written is not begun.
                _write_private(target, b"")
            receipt = await keeper.erase(name)
            if target is not None:
                encoded = msgspec.json.format(msgspec.json.encode(receipt), indent=2)
                _write_private(target, encoded + b"\n")
            return receipt

    receipt = call.run(work)
    if receipt is None:
        call.output.note("Nothing was erased.")
        return Exit.FAILED
    if call.json:
        call.output.document(receipt)
    else:
        show_receipt(call.output, receipt)
    return Exit.OK


def _typed(name: str, sessions: int, messages: int) -> bool:
    if not sys.stdin.isatty():
        raise BadInput("confirmation", _BY_HAND)
    click.echo(
        f"This destroys {counted(sessions, 'session')} with {counted(messages, 'message')} "
        "for good.",
        err=True,
    )
    typed: str = click.prompt(
        "Type the user's name to go on", default="", show_default=False, err=True
    )
    return typed.strip() == name


def _write_private(target: Path, content: bytes) -> None:
    try:
        handle = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except OSError as exc:
        raise StorageReadOnly(str(target)) from exc


def show_receipt(out: Output, receipt: Receipt) -> None:
    """A receipt as a table."""
    rows = [
        ("erased", receipt.what),
        ("at", day_time(receipt.at)),
        ("vault", receipt.vault_id),
        *((("session", receipt.session_id),) if receipt.session_id else ()),
        ("sessions", f"{receipt.sessions:,}"),
        ("turns", f"{receipt.turns:,}"),
        ("messages", f"{receipt.messages:,}"),
        ("memories", f"{receipt.memories:,}"),
        ("files", f"{receipt.files:,}"),
        ("keys destroyed", f"{len(receipt.keys_destroyed):,}"),
        ("audit entry", f"{receipt.audit_number} {receipt.audit_digest[:16]}"),
    ]
    out.table((Column("receipt"), Column("", flexible=True)), rows)
    for path in receipt.key_backups_left:
        out.line(f"{path} could not be written anew and still holds these keys: discard it.")
    out.line("Discard every copy of a key backup from before.")
