"""What a model proposes to remember, and what of it is believed.

A model reads text that anybody may have written, so nothing of an answer counts by itself. Every
proposal quotes the message it rests on: where the quote does not stand there, it is dropped, and so
is a value that the message does not hold. What the rules left out with a reason (a joke, a quoted
text, an instruction) stays out. What is not the user's own word is marked as such, and is never a
preference, nor anything that tells the assistant what to do.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from msgspec import Struct
from msgspec.structs import replace

from holdfast.keeper.receipts import DroppedSpan
from holdfast.keeper.reconciling import Statement, folded
from holdfast.model import MemoryKind, MemoryOrigin, Message, Session, Source

if TYPE_CHECKING:
    from holdfast.distill.finding import Finding

__all__ = ["Believed", "Distiller", "Proposal", "Proposed", "believed"]

_KINDS: tuple[MemoryKind, ...] = ("fact", "preference", "episode", "note")
_MAX_QUOTE_CHARS = 600
_MAX_VALUE_CHARS = 200
_SENTENCE_END = re.compile(r"[.!?。！？\n]")
_WORD = re.compile(r"[^\W_]+")
_OVERRIDE = re.compile(
    r"\b(?:ignore|disregard|forget|override|bypass)\b.{0,40}\b(?:instruction|rule|prompt|previous"
    r"|above|everything)",
    re.IGNORECASE | re.DOTALL,
)
"""Words aimed at the instructions themselves: nobody's text is a memory that has them."""
_COMMAND = re.compile(
    r"\b(?:you (?:must|should|shall|will|are now)|from now on|always|never|do not|don't"
    r"|system prompt|act as|pretend|obey|respond|reply|answer with|remember (?:that|this))\b",
    re.IGNORECASE,
)
"""Words that tell somebody what to do. In text that is not the user's own they disqualify it."""


class Proposal(Struct, frozen=True, kw_only=True):
    """One thing that a model would remember. Nothing of it is checked yet."""

    message: int
    """Which of the messages it was shown, from 0."""
    quote: str
    kind: str
    subject: str = "user"
    attribute: str = ""
    value: str = ""
    ends: bool = False
    importance: int = 5


class Proposed(Struct, frozen=True, kw_only=True):
    """A model's answer, and what it took."""

    proposals: tuple[Proposal, ...] = ()
    input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: float | None = None
    """None when the price is not known."""


class Distiller(Protocol):
    """A language model that proposes memories."""

    @property
    def name(self) -> str:
        """What memories made with it name: "model NAME prompt/1"."""

    async def propose(self, messages: Sequence[Message]) -> Proposed:
        """What these messages of one session, in order, leave behind.

        Raises:
            ModelFailed: or one of its kinds: it cannot be reached, answers too late, or not in the
                form that is asked for.
            MissingExtra: the packages for it are not installed.
        """


class Believed(Struct, frozen=True, kw_only=True):
    """What is left of a model's proposals."""

    statements: tuple[Statement, ...] = ()
    dropped: tuple[DroppedSpan, ...] = ()


def believed(
    proposed: Sequence[Proposal],
    messages: Sequence[Message],
    finding: Finding,
    *,
    session: Session,
    made_by: str,
) -> Believed:
    """The proposals that hold against what was said.

    Args:
        messages: those that the model was shown.
        finding: what the rules make of the same messages. What they found, they found better.
    """
    statements: list[Statement] = []
    dropped: list[DroppedSpan] = []
    for proposal in proposed:
        if not 0 <= proposal.message < len(messages):
            continue
        message = messages[proposal.message]
        source = _quoted(message, proposal.quote)
        reason = _against(proposal, message, source, finding)
        if reason == "known":
            continue
        if reason is not None:
            dropped.append(DroppedSpan(reason=reason, source=source or _whole(message)))
        elif source is not None:
            statements.append(_statement(proposal, message, source, session, made_by))
    return Believed(statements=tuple(statements), dropped=tuple(dropped))


def _whole(message: Message) -> Source:
    return Source(session_id=message.session_id, message_id=message.id)


def _quoted(message: Message, quote: str) -> Source | None:
    """Where the quote stands, None when it does not."""
    quote = quote.strip()
    start = message.text.find(quote) if quote and len(quote) <= _MAX_QUOTE_CHARS else -1
    if start < 0:
        return None
    return replace(_whole(message), start=start, end=start + len(quote), at=message.at)


def _against(
    proposal: Proposal, message: Message, source: Source | None, finding: Finding
) -> str | None:
    """Why a proposal does not count; None when it does, "known" when the rules said it already."""
    if source is None:
        return "invented quote"
    if any(_overlaps(found.source, source) for found in finding.found):
        return "known"
    origin = _origin(message)
    own = origin == "said"
    for left_out in finding.dropped:
        decides = own or left_out.reason == "instruction"
        if decides and _overlaps(left_out.source, source):
            return left_out.reason
    if _is_asked(message.text, source):
        return "question"
    if proposal.kind not in _KINDS:
        return "unclear"
    if _lacks(message.text, proposal.value) or len(proposal.value) > _MAX_VALUE_CHARS:
        return "invented value"
    if _has(_OVERRIDE, proposal) or (not own and _has(_COMMAND, proposal)):
        return "instruction"
    return _FOREIGN[origin] if not own and proposal.kind in ("preference", "note") else None


_FOREIGN: dict[MemoryOrigin, str] = {
    "assistant": "not said by the user",
    "tool": "tool output",
    "file": "file",
    "import": "imported",
}


def _is_asked(text: str, source: Source) -> bool:
    """Whether the sentence that the quote ends in is a question."""
    end = _SENTENCE_END.search(text, max(0, (source.end or 0) - 1))
    return end is not None and end.group() in "?？"


def _has(words: re.Pattern[str], proposal: Proposal) -> bool:
    said = (proposal.quote, proposal.attribute, proposal.value, proposal.subject)
    return any(words.search(text) for text in said)


def _overlaps(other: Source, source: Source) -> bool:
    if other.message_id != source.message_id or other.start is None or other.end is None:
        return False
    return other.start < (source.end or 0) and (source.start or 0) < other.end


def _origin(message: Message) -> MemoryOrigin:
    if message.role == "tool" or message.kind in ("tool_call", "tool_result"):
        return "tool"
    if message.kind == "file":
        return "file"
    if message.role != "user":
        return "assistant"
    return "said" if message.source is None else "import"


def _lacks(text: str, value: str) -> bool:
    """Whether a value has a word that the text has not."""
    known = set(_WORD.findall(text.casefold()))
    return any(word not in known for word in _WORD.findall(value.casefold()))


def _statement(
    proposal: Proposal, message: Message, source: Source, session: Session, made_by: str
) -> Statement:
    attribute = "" if _lacks_sense(proposal) else _key(proposal.attribute)
    subject = _key(proposal.subject) or "user"
    return Statement(
        kind=next(kind for kind in _KINDS if kind == proposal.kind),
        text=_shown(subject, attribute, proposal.value, message.text[source.start : source.end]),
        subject=subject,
        attribute=attribute,
        value=proposal.value.strip() if attribute else "",
        at=message.at,
        source=source,
        ends=proposal.ends and bool(attribute),
        importance=min(10, max(1, proposal.importance)),
        origin=_origin(message),
        made_by=made_by,
        assistant=session.assistant,
    )


def _lacks_sense(proposal: Proposal) -> bool:
    """An attribute without a value says nothing, unless it ends one."""
    return not proposal.ends and not proposal.value.strip()


def _key(name: str) -> str:
    return folded(name.replace("_", " "))[:80]


def _shown(subject: str, attribute: str, value: str, quote: str) -> str:
    """A sentence in the words that were said: a model's own are not kept."""
    if not attribute or not value.strip():
        return " ".join(quote.split())
    whose = "" if subject == "user" else f"{subject[:1].upper()}{subject[1:]}: "
    label = attribute if whose else attribute[:1].upper() + attribute[1:]
    return f"{whose}{label}: {value.strip()}"
