"""`distill`: take in what was said since the last time, and say what was learned."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from holdfast.cli.call import Call, session_named
from holdfast.cli.options import Command, pass_call
from holdfast.cli.output import Output, Span
from holdfast.cli.shown import counted, day_time, one_line, short_id

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from holdfast.keeper.proposing import Distiller
    from holdfast.keeper.receipts import LearningReceipt, ModelRun
    from holdfast.keeper.users import User
    from holdfast.model import Memory
    from holdfast.settings import Settings

__all__ = ["distill_command", "show_receipts"]


@click.command("distill", cls=Command)
@click.option("--session", metavar="SESSION", help="Show the earlier receipts of this session.")
@click.option("--rules-only", is_flag=True, help="Ask no model, also when one is configured.")
@pass_call
def distill_command(call: Call, session: str | None, rules_only: bool) -> None:
    """Make memories of what was said since the last time.

    Shows a receipt for each session in which there was something new. A server does this by
    itself. Without a model, precise rules do it; the configured model, when there is one, finds
    more, and what it proposes is checked against what was said. Running it again changes nothing.
    With --session nothing is done: it shows what earlier runs came to.

    With --json: {"receipts": [...], "memories": [...]}; times in UTC.
    """

    async def work() -> tuple[list[LearningReceipt], list[Memory]]:
        from holdfast.keeper.distilling import distill_vault

        async with call.opened() as keeper:
            user = await call.person(keeper)
            if session is not None:
                found = await session_named(user, session)
                receipts = await user.memories.receipts(found.id)
                return receipts, await _named_in(user, receipts)
            done = await distill_vault(
                user.store, user.vault, distiller=None if rules_only else _model(call.settings)
            )
            receipts = sorted(done.receipts, key=lambda receipt: receipt.session_id)
            memories = await _named_in(user, receipts)
            if done.failure is not None:
                raise done.failure
            return receipts, memories

    receipts, memories = call.run(work)
    if call.json:
        call.output.document({"receipts": receipts, "memories": memories})
        return
    show_receipts(call.output, receipts, {memory.id: memory for memory in memories})


def _model(settings: Settings) -> Distiller | None:
    from holdfast.assistant.distiller import distiller_of

    return distiller_of(settings)


async def _named_in(user: User, receipts: Sequence[LearningReceipt]) -> list[Memory]:
    """The memories that receipts name, as far as they are there."""
    ids = [i for receipt in receipts for i in (*receipt.learned, *receipt.changed)]
    return await user.memories.by_ids(dict.fromkeys(ids))


def show_receipts(
    out: Output, receipts: Sequence[LearningReceipt], memories: Mapping[str, Memory]
) -> None:
    """Each receipt with what was learned and closed, and what was left out and why."""
    if not receipts:
        out.note("Nothing new.")
    for receipt in receipts:
        read = counted(receipt.last - receipt.first, "message")
        out.line(
            Span(f"session {short_id(receipt.session_id)}", "bold"),
            Span(f"  {day_time(receipt.at)}  {read} read", "dim"),
        )
        for line in _lines(receipt, memories):
            out.line(f"  {line}")


def _lines(receipt: LearningReceipt, memories: Mapping[str, Memory]) -> list[str]:
    closed = set(receipt.closed)
    lines = [f"learned    {_told(memories[i])}" for i in receipt.learned if i in memories]
    for memory_id in receipt.changed:
        if memory_id in memories:
            verb = "closed   " if memory_id in closed else "confirmed"
            lines.append(f"{verb}  {_told(memories[memory_id])}")
    if receipt.removed:
        lines.append(f"taken back {counted(len(receipt.removed), 'memory')}")
    if receipt.summary:
        lines.append("summed up")
    if receipt.reasons:
        why = ", ".join(f"{count} {reason}" for reason, count in sorted(receipt.reasons.items()))
        lines.append(f"left out   {why}")
    if receipt.model is not None:
        lines.append(_model_line(receipt.model))
    return lines or ["nothing new"]


def _told(memory: Memory) -> str:
    until = "" if memory.valid_to is None else f" (until {day_time(memory.valid_to)})"
    return one_line(memory.text) + until


def _model_line(model: ModelRun) -> str:
    if model.failed is not None:
        return f"{model.name} failed ({model.failed}): it is asked again later"
    cost = "" if model.cost_usd is None else f", {model.cost_usd:.4f} USD"
    return (
        f"{model.name}: {model.kept} of {model.proposed} proposals kept, "
        f"{model.input_tokens:,} + {model.output_tokens:,} tokens{cost}"
    )
