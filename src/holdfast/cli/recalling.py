"""`recall`: from a question to what was said."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import click

from holdfast.cli.call import Call, session_named
from holdfast.cli.options import Command, pass_call
from holdfast.cli.output import Output, Span
from holdfast.cli.shown import day_time, short_id, speaker

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from holdfast.keeper.recalling import Hit, Hits
    from holdfast.recall.snippets import Snippet

__all__ = ["recall_command", "show_hits", "snippet_spans"]


@click.command("recall", cls=Command)
@click.argument("question")
@click.option("--limit", type=click.IntRange(1, 1000), default=10, show_default=True)
@click.option("--since", metavar="WHEN", help='Not before: "last week", "2026-01-09".')
@click.option("--until", metavar="WHEN", help='Not after: "yesterday", "in March".')
@click.option("--days-back", type=float, metavar="DAYS", help="Only the last so many days.")
@click.option("--assistant", metavar="SLUG", help="Only what was said with this assistant.")
@click.option("--project", metavar="SLUG", help="Only what was said for this project.")
@click.option("--kind", metavar="KIND", help="Only in sessions of this kind.")
@click.option("--role", type=click.Choice(["user", "assistant", "tool", "system"]))
@click.option("--tag", "tags", multiple=True, metavar="TAG", help="May be given several times.")
@click.option("--session", metavar="SESSION", help="Only in this session.")
@click.option("--speaker", metavar="NAME", help="Only what this person said.")
@click.option("--platform", metavar="NAME", help="Only what was said there.")
@click.option(
    "--include",
    type=click.Choice(["both", "messages", "memories"]),
    default="both",
    show_default=True,
)
@pass_call
def recall_command(
    call: Call,
    question: str,
    limit: int,
    since: str | None,
    until: str | None,
    days_back: float | None,
    assistant: str | None,
    project: str | None,
    kind: str | None,
    role: str | None,
    tags: tuple[str, ...],
    session: str | None,
    speaker: str | None,
    platform: str | None,
    include: Literal["both", "messages", "memories"],
) -> None:
    """Find what was said. QUESTION may be in any language and name a time ("in March").

    "Words in quotation marks" are required in this order; -word excludes (write -- before a
    QUESTION that begins with it).

    With --json: {"hits": [...], "confidence", "nothing"}, best first; times in UTC.
    """

    async def work() -> Hits:
        async with call.opened() as keeper:
            user = await call.person(keeper)
            session_id = None if session is None else (await session_named(user, session)).id
            return await user.recall(
                question,
                limit=limit,
                since=since,
                until=until,
                days_back=days_back,
                assistant=assistant,
                project=project,
                kind=kind,
                role=role,
                tags=tags,
                session_id=session_id,
                speaker=speaker,
                platform=platform,
                include=include,
            )

    hits = call.run(work)
    if call.json:
        call.output.document({"hits": hits, "confidence": hits.confidence, "nothing": hits.nothing})
    elif hits:
        if hits.nothing:
            call.output.note("Nothing here seems to answer that. What comes closest:")
        show_hits(call.output, hits)
    else:
        call.output.note("Nothing was found.")


def show_hits(out: Output, hits: Sequence[Hit]) -> None:
    """Hits, best first: when, who, the words with what matched marked, why, and where."""
    for number, hit in enumerate(hits, 1):
        if number > 1:
            out.line("")
        who = "memory"
        if hit.message is not None:
            who = speaker(hit.message.role, hit.message.author, None)
        elif hit.memory is not None:
            who = f"memory ({hit.memory.kind})"
        out.line(
            Span(f"{number:>2}. ", "dim"), Span(day_time(hit.at), "cyan"), Span(f"  {who}", "bold")
        )
        out.block(*snippet_spans(hit.snippet), indent=4)
        out.block(Span(" · ".join(_about(hit)), "dim"), indent=4)


def _about(hit: Hit) -> Iterator[str]:
    if hit.reasons:
        # The words a reason rests on are marked in the text above.
        yield ", ".join(reason.name for reason in hit.reasons[:3])
    if hit.session_id is not None:
        yield f"session {short_id(hit.session_id)}"
    if hit.message is not None:
        yield f"message {hit.message.id}"
    elif hit.memory is not None:
        yield f"memory {hit.memory.id}"


def snippet_spans(snippet: Snippet) -> Iterator[Span]:
    """The text of a snippet with its marks highlighted; as it is on a pipe."""
    at = 0
    for start, end in snippet.marks:
        yield Span(snippet.text[at:start])
        yield Span(snippet.text[start:end], "bold yellow")
        at = end
    yield Span(snippet.text[at:])
