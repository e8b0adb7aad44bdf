"""`memories`: what is remembered, where it comes from, and the owner's hand on it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from holdfast.cli.call import Call, session_named
from holdfast.cli.failures import Exit
from holdfast.cli.options import Command, Group, pass_call
from holdfast.cli.output import Output, Span
from holdfast.cli.shown import counted, day_time, short_id

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from holdfast.keeper.hand import ForgottenMemories
    from holdfast.keeper.users import User
    from holdfast.model import Memory, MemoryKind, MemoryOrigin

__all__ = ["memories_command", "show_memories"]

_ORIGINS = click.Choice(["said", "assistant", "tool", "file", "import", "hand"])
_KINDS = click.Choice(["fact", "preference", "summary", "episode", "note"])


@click.group("memories", cls=Group, invoke_without_command=True)
@click.pass_context
def memories_command(ctx: click.Context) -> None:
    """List, add, correct and forget memories. Without a command: list them."""
    if ctx.invoked_subcommand is None:
        ctx.invoke(_list_command)


@memories_command.command("list", cls=Command)
@click.option("--kind", type=_KINDS)
@click.option("--tag", metavar="TAG", help="Only with this tag.")
@click.option("--assistant", metavar="SLUG", help="Only this assistant's.")
@click.option("--session", metavar="SESSION", help="Only from this session.")
@click.option("--min-importance", type=click.IntRange(1, 10), default=1, show_default=True)
@click.option("--origin", type=_ORIGINS, help="Only what rests on such words.")
@click.option("--pinned", is_flag=True, help="Only what is pinned.")
@click.option(
    "--at", "valid_at", metavar="WHEN", help='Only what held then (2026-03-01, "last week").'
)
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True)
@pass_call
def _list_command(
    call: Call,
    kind: MemoryKind | None = None,
    tag: str | None = None,
    assistant: str | None = None,
    session: str | None = None,
    min_importance: int = 1,
    origin: MemoryOrigin | None = None,
    pinned: bool = False,
    valid_at: str | None = None,
    limit: int = 50,
) -> None:
    """List memories, newest first, with when they hold and what they rest on.

    With --json: {"memories": [...]}; times in UTC.
    """

    async def work() -> list[Memory]:
        async with call.opened() as keeper:
            user = await call.person(keeper)
            session_id = None if session is None else (await session_named(user, session)).id
            return await user.memories.list(
                kind=kind,
                tag=tag,
                assistant=assistant,
                session_id=session_id,
                min_importance=min_importance,
                origin=origin,
                pinned=True if pinned else None,
                valid_at=valid_at,
                limit=limit,
            )

    memories = call.run(work)
    if call.json:
        call.output.document({"memories": memories})
    elif memories:
        show_memories(call.output, memories)
    else:
        narrowed = any(
            (kind, tag, assistant, session, min_importance > 1, origin, pinned, valid_at)
        )
        call.output.note("None is like that." if narrowed else "No memories yet.")


def show_memories(out: Output, memories: Sequence[Memory]) -> None:
    """Each memory with its kind, its time, what it rests on, and its id."""
    for number, memory in enumerate(memories):
        if number:
            out.line("")
        about = [f"importance {memory.importance}"]
        about += [f"#{tag}" for tag in memory.tags]
        about += ["pinned"] * memory.pinned + ["corrected"] * memory.corrected
        until = "" if memory.valid_to is None else f" to {day_time(memory.valid_to)}"
        out.line(
            Span(memory.kind, "bold magenta"),
            Span(f"  {day_time(memory.valid_from)}{until}", "cyan"),
            Span(f"  {' '.join(about)}", "dim"),
        )
        out.block(memory.text)
        out.block(Span(" · ".join(_origin(memory)), "dim"))


def _origin(memory: Memory) -> Sequence[str]:
    parts = [f"memory {memory.id}"]
    if memory.session_id is not None:
        parts.append(f"session {short_id(memory.session_id)}")
    count = len(memory.sources)
    parts.append(f"{count} source{'s' * (count != 1)}" if count else "written by hand")
    if memory.origin not in ("said", "hand"):
        parts.append(f"from {_FROM[memory.origin]}")
    return parts


_FROM = {
    "assistant": "an assistant",
    "tool": "a tool's result",
    "file": "a file",
    "import": "an imported chat",
}


@memories_command.command("add", cls=Command)
@click.argument("text")
@click.option("--kind", type=_KINDS, default="note", show_default=True)
@click.option("--tag", "tags", multiple=True, metavar="TAG", help="May be given several times.")
@click.option("--importance", type=click.IntRange(1, 10), default=5, show_default=True)
@click.option(
    "--source", "sources", multiple=True, metavar="MESSAGE_ID", help="A message it rests on."
)
@pass_call
def _add_command(
    call: Call,
    text: str,
    kind: MemoryKind,
    tags: tuple[str, ...],
    importance: int,
    sources: tuple[str, ...],
) -> None:
    """Remember TEXT. With --json: {"memory": {...}}."""

    async def work() -> Memory:
        from holdfast.keeper.learning import NewMemory

        async with call.opened(create=True) as keeper:
            user = await call.person(keeper, create=True)
            new = NewMemory(text=text, kind=kind, tags=tags, importance=importance)
            return await user.memories.add(new, sources=sources)

    memory = call.run(work)
    if call.json:
        call.output.document({"memory": memory})
    else:
        call.output.line(f"Kept as memory {memory.id}.")


@memories_command.command("forget", cls=Command)
@click.argument("memory_ids", nargs=-1, required=True, metavar="MEMORY_ID...")
@pass_call
def _forget_command(call: Call, memory_ids: tuple[str, ...]) -> None:
    """Remove memories; the messages they came from stay.

    It shows what went, and what holds again because of it. With --json: {"forgotten": N};
    `holdfast forget --memory` names them in JSON too.
    """
    from holdfast.cli.forgetting import show_gone

    async def work() -> ForgottenMemories:
        async with call.opened() as keeper:
            user = await call.person(keeper)
            return await user.memories.forget(memory_ids)

    what = call.run(work)
    count = len(what.gone)
    if call.json:
        call.output.document({"forgotten": count})
    else:
        call.output.line(f"{count} forgotten.")
        show_gone(call.output, what)


@memories_command.command("edit", cls=Command)
@click.argument("memory_id")
@click.argument("text", required=False)
@click.option("--kind", type=_KINDS)
@click.option("--tag", "tags", multiple=True, metavar="TAG", help="In the place of its tags.")
@click.option("--importance", type=click.IntRange(1, 10))
@click.option("--until", metavar="WHEN", help='It held until then; "now" ends it.')
@pass_call
def _edit_command(
    call: Call,
    memory_id: str,
    text: str | None,
    kind: MemoryKind | None,
    tags: tuple[str, ...],
    importance: int | None,
    until: str | None,
) -> None:
    """Correct a memory: it says TEXT from now on.

    What it said before is kept with it; nothing that is distilled overrules you. With --json:
    {"memory": {...}}.
    """
    if text is None and kind is None and not tags and importance is None and until is None:
        raise click.UsageError("say what changes: TEXT, --kind, --tag, --importance or --until")

    async def change(user: User) -> Memory:
        from msgspec import UNSET

        from holdfast.keeper.correcting import Correction
        from holdfast.keeper.moments import edge

        clock = user.store.clock
        ended = clock() if until == "now" else edge(until, clock, end=True)
        correction = Correction(
            text=text,
            kind=kind,
            tags=tags or None,
            importance=importance,
            valid_to=UNSET if until is None else ended,
        )
        return await user.memories.edit(memory_id, correction)

    _show_one(call, change, "Corrected.")


@memories_command.command("pin", cls=Command)
@click.argument("memory_id")
@click.option("--off", is_flag=True, help="No longer.")
@pass_call
def _pin_command(call: Call, memory_id: str, off: bool) -> None:
    """Put a memory first in every context. With --json: {"memory": {...}}."""
    _show_one(
        call,
        lambda user: user.memories.pin(memory_id, pinned=not off),
        "No longer pinned." if off else "Pinned.",
    )


@memories_command.command("merge", cls=Command)
@click.argument("memory_ids", nargs=-1, required=True, metavar="MEMORY_ID...")
@click.option("--text", metavar="TEXT", help="What it says from now on.")
@pass_call
def _merge_command(call: Call, memory_ids: tuple[str, ...], text: str | None) -> None:
    """Make one memory of several: the first, which takes in the others. With --json:
    {"memory": {...}}."""
    _show_one(call, lambda user: user.memories.merge(memory_ids, text=text), "Merged.")


@memories_command.command("undo", cls=Command)
@click.argument("memory_id")
@pass_call
def _undo_command(call: Call, memory_id: str) -> None:
    """Take back your last edit or merge of a memory. With --json: {"memory": {...}}."""
    _show_one(call, lambda user: user.memories.undo(memory_id), "As it was before.")


def _show_one(call: Call, change: Callable[[User], Awaitable[Memory]], done: str) -> None:
    async def work() -> Memory:
        async with call.opened() as keeper:
            return await change(await call.person(keeper))

    memory = call.run(work)
    if call.json:
        call.output.document({"memory": memory})
        return
    show_memories(call.output, [memory])
    call.output.note(done)


@memories_command.command("history", cls=Command)
@click.argument("memory_id")
@pass_call
def _history_command(call: Call, memory_id: str) -> None:
    """Show what was true before and after, and what it said before you changed it.

    With --json: {"chain": [...], "former": [...]}, oldest first.
    """

    async def work() -> list[Memory]:
        async with call.opened() as keeper:
            user = await call.person(keeper)
            return await user.memories.history(memory_id)

    chain = call.run(work)
    former = next(memory for memory in chain if memory.id == memory_id.lower()).former
    if call.json:
        call.output.document({"chain": chain, "former": former})
        return
    show_memories(call.output, chain)
    for version in former:
        call.output.line("")
        call.output.line(Span(f"{version.change} {day_time(version.changed_at)}; before:", "dim"))
        call.output.block(version.memory.text)


@memories_command.command("clear", cls=Command)
@click.option("--yes", is_flag=True, help="Do not ask.")
@pass_call
def _clear_command(call: Call, yes: bool) -> int:
    """Forget every memory for good; what was said stays. With --json: {"forgotten": N}."""
    from holdfast.cli.forgetting import confirmed

    async def work() -> int | None:
        async with call.opened() as keeper:
            user = await call.person(keeper)
            count = len(await user.memories.list())
            if not confirmed(f"Forget all {counted(count, 'memory')} for good?", yes=yes):
                return None
            return await user.memories.clear()

    count = call.run(work)
    if count is None:
        call.output.note("Nothing was forgotten.")
        return Exit.FAILED
    if call.json:
        call.output.document({"forgotten": count})
    else:
        call.output.line(f"{count} forgotten.")
    return Exit.OK


@memories_command.command("pause", cls=Command)
@click.option("--session", metavar="SESSION", help="Only in this session.")
@pass_call
def _pause_command(call: Call, session: str | None) -> None:
    """Make no memories of what is said from now on; it is kept and found all the same.

    With --json: {"learning": false}.
    """
    _set_learning(call, session, learning=False)


@memories_command.command("resume", cls=Command)
@click.option("--session", metavar="SESSION", help="Only in this session.")
@pass_call
def _resume_command(call: Call, session: str | None) -> None:
    """Make memories again of what is said from now on; what was said in the pause stays out.

    With --json: {"learning": true}.
    """
    _set_learning(call, session, learning=True)


def _set_learning(call: Call, session: str | None, *, learning: bool) -> None:
    async def work() -> None:
        async with call.opened() as keeper:
            user = await call.person(keeper)
            if session is not None:
                await (await session_named(user, session)).change(learning=learning)
            elif learning:
                await user.resume_learning()
            else:
                await user.pause_learning()

    call.run(work)
    if call.json:
        call.output.document({"learning": learning})
    else:
        call.output.line("Learning again." if learning else "Learning is paused.")
