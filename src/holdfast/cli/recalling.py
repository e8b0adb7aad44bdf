"""`recall`: from a question to what was said."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypedDict

import click

from holdfast.cli.call import Call, session_named
from holdfast.cli.options import Command, pass_call
from holdfast.cli.output import Output, Span
from holdfast.cli.shown import day_time, one_line, short_id, speaker

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from holdfast.keeper.recalling import Hit, Hits
    from holdfast.keeper.recalling_sessions import SessionHit
    from holdfast.recall.snippets import Snippet

__all__ = ["recall_command", "show_hits", "snippet_spans"]

_SHOWN_COLUMNS = 200


class _Narrowed(TypedDict):
    """What narrows a search, of messages and of sessions."""

    limit: int
    since: str | None
    until: str | None
    days_back: float | None
    assistant: str | None
    project: str | None
    kind: str | None
    tags: tuple[str, ...]
    platform: str | None


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
@click.option("--sessions", is_flag=True, help="Find whole sessions, not single messages.")
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
    sessions: bool,
) -> None:
    """Find what was said. QUESTION may be in any language and name a time ("in March").

    "Words in quotation marks" are required in this order; -word excludes (write -- before a
    QUESTION that begins with it).

    With --json: {"hits": [...], "confidence", "nothing"}, with --sessions {"sessions": [...]}; best
    first, times in UTC.
    """
    narrowed: _Narrowed = {
        "limit": limit,
        "since": since,
        "until": until,
        "days_back": days_back,
        "assistant": assistant,
        "project": project,
        "kind": kind,
        "tags": tags,
        "platform": platform,
    }
    if sessions:
        if role or session or speaker or include != "both":
            raise click.UsageError(
                "--role, --session, --speaker and --include choose messages: "
                "leave them out with --sessions"
            )
        _recall_sessions(call, question, narrowed)
        return

    async def work() -> Hits:
        async with call.opened() as keeper:
            user = await call.person(keeper)
            session_id = None if session is None else (await session_named(user, session)).id
            return await user.recall(
                question,
                **narrowed,
                role=role,
                session_id=session_id,
                speaker=speaker,
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


def _recall_sessions(call: Call, question: str, narrowed: _Narrowed) -> None:
    async def work() -> list[SessionHit]:
        async with call.opened() as keeper:
            user = await call.person(keeper)
            return await user.recall_sessions(question, **narrowed)

    found = call.run(work)
    if call.json:
        call.output.document({"sessions": found})
    elif not found:
        call.output.note("Nothing was found.")
    for number, hit in enumerate(found, 1):
        if not call.json:
            _show_session(call.output, number, hit)


def _show_session(out: Output, number: int, hit: SessionHit) -> None:
    if number > 1:
        out.line("")
    session = hit.session
    title = session.title or session.preview or "(untitled)"
    when = day_time(session.last_at)
    out.line(Span(f"{number:>2}. ", "dim"), Span(when, "cyan"), Span(f"  {title}", "bold"))
    for message in hit.messages:
        who = speaker(message.role, message.author, None)
        out.block(Span(f"{who}: ", "dim"), Span(one_line(message.text, _SHOWN_COLUMNS)), indent=4)
    about = [", ".join(reason.name for reason in hit.reasons[:3])] if hit.reasons else []
    about.append(f"session {short_id(session.id)}")
    out.block(Span(" · ".join(about), "dim"), indent=4)


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
