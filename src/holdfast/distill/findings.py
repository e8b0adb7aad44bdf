"""What is found in a conversation, what is left out of it, and why."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, TypeAlias

from msgspec import Struct

from holdfast.model import MemoryKind, Source

__all__ = ["RULES_VERSION", "Dropped", "Finding", "Found", "Origin", "Reason"]

RULES_VERSION = "rules/1"
"""Goes up when the rules find something else in the same words, so that a session is read again."""

Origin: TypeAlias = Literal["said", "import"]
"""Whether the person said it here, or elsewhere in a conversation that was imported."""

Reason: TypeAlias = Literal[
    "question",
    "quoted",
    "joke",
    "hypothetical",
    "fiction",
    "instruction",
    "negated",
    "pasted",
    "not said by the user",
    "tool output",
    "file",
    "imported",
    "too long",
    "unclear",
]
"""Why something that looked like a memory is none.

quoted: somebody else's words. pasted: code, a log, an e-mail, a text to work on. instruction: aimed
at how the assistant behaves. imported: a preference or a request from an imported conversation.
too long: beyond what is read of one message. unclear: doubtful, or about nothing that was named.
"""


class Found(Struct, frozen=True, kw_only=True):
    """Something a person said that should be remembered."""

    kind: MemoryKind
    """fact, preference, episode (a decision) or note (a request to remember, a task)."""
    text: str
    """A sentence that stands alone, as it will be shown."""
    subject: str
    """"user", the author's name in a room, or whom they spoke of ("sister", "mia"): casefolded."""
    attribute: str
    """What is said of the subject ("favourite colour", "home"), the same key in every language; ""
    when it has none, and then it never supersedes anything. A key with a colon ("allergy: nuts")
    stands for one of several values that are true beside each other."""
    value: str
    """In the person's own words; "" when `ends`."""
    ends: bool = False
    """What was true of this attribute is not any more ("I no longer live in Oslo")."""
    ended: str = ""
    """The value that is no longer true, when it was named; "" stands for any."""
    importance: int
    """1 to 10."""
    tags: tuple[str, ...] = ()
    """Of: asked, task, decision, change."""
    source: Source
    """The span the quote stands at, in code points."""
    quote: str
    """`message.text[source.start : source.end]`, exactly."""
    said_at: datetime
    """When it was said, that is from when it holds at the latest."""
    origin: Origin = "said"


class Dropped(Struct, frozen=True, kw_only=True):
    """Something that looked like a memory and was left out. It holds no words, only the span."""

    reason: Reason
    source: Source


class Finding(Struct, frozen=True, kw_only=True):
    """What came of a run of messages, each in the order it was said."""

    found: tuple[Found, ...] = ()
    dropped: tuple[Dropped, ...] = ()
