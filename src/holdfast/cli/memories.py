"""`memories`: what was distilled or written down, where it comes from, and away with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from holdfast.cli.call import Call, session_named
from holdfast.cli.options import Command, Group, pass_call
from holdfast.cli.output import Output, Span
from holdfast.cli.shown import day_time, short_id

if TYPE_CHECKING:
    from collections.abc import Sequence

    from holdfast.model import Memory, MemoryKind

__all__ = ["memories_command", "show_memories"]

_KINDS = click.Choice(["fact", "preference", "summary", "episode", "note"])


@click.group("memories", cls=Group, invoke_without_command=True)
@click.pass_context
def memories_command(ctx: click.Context) -> None:
    """List, add and forget memories. Without a command: list them."""
    if ctx.invoked_subcommand is None:
        ctx.invoke(_list_command)


@memories_command.command("list", cls=Command)
@click.option("--kind", type=_KINDS)
@click.option("--tag", metavar="TAG", help="Only with this tag.")
@click.option("--assistant", metavar="SLUG", help="Only this assistant's.")
@click.option("--session", metavar="SESSION", help="Only from this session.")
@click.option("--min-importance", type=click.IntRange(1, 10), default=1, show_default=True)
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True)
@pass_call
def _list_command(
    call: Call,
    kind: MemoryKind | None = None,
    tag: str | None = None,
    assistant: str | None = None,
    session: str | None = None,
    min_importance: int = 1,
    limit: int = 50,
) -> None:
    """List memories, newest first. With --json: {"memories": [...]}; times in UTC."""

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
                limit=limit,
            )

    memories = call.run(work)
    if call.json:
        call.output.document({"memories": memories})
    elif memories:
        show_memories(call.output, memories)
    else:
        call.output.note("No memories yet.")


def show_memories(out: Output, memories: Sequence[Memory]) -> None:
    """Each memory with its kind, its time, what it rests on, and its id."""
    for number, memory in enumerate(memories):
        if number:
            out.line("")
        about = [f"importance {memory.importance}"]
        about += [f"#{tag}" for tag in memory.tags]
        out.line(
            Span(memory.kind, "bold magenta"),
            Span(f"  {day_time(memory.valid_from)}", "cyan"),
            Span(f"  {' '.join(about)}", "dim"),
        )
        out.block(memory.text)
        out.block(Span(" · ".join(_origin(memory)), "dim"))


def _origin(memory: Memory) -> Sequence[str]:
    parts = [f"memory {memory.id}"]
    if memory.valid_to is not None:
        parts.append(f"until {day_time(memory.valid_to)}")
    if memory.session_id is not None:
        parts.append(f"session {short_id(memory.session_id)}")
    count = len(memory.sources)
    parts.append(f"{count} source{'s' * (count != 1)}" if count else "written by hand")
    return parts


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
    """Remove memories; the messages they came from stay. With --json: {"forgotten": N}."""

    async def work() -> None:
        async with call.opened() as keeper:
            user = await call.person(keeper)
            for memory_id in dict.fromkeys(memory_ids):
                await user.memories.get(memory_id)
            for memory_id in dict.fromkeys(memory_ids):
                await user.memories.forget(memory_id)

    call.run(work)
    count = len(set(memory_ids))
    if call.json:
        call.output.document({"forgotten": count})
    else:
        call.output.line(f"{count} forgotten.")
