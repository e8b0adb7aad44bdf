"""What is worth keeping of what a person said, found without a model.

`find` is pure: messages in, what was found and what was left out of it out, each with the exact
span it rests on. It prefers to miss something over making something up: a clause counts only when
it matches a pattern of `languages/` from its first word on, and when nothing around it says that it
is not meant (`guards`). Nothing here reads a clock, a key or a setting.

Time is bounded: of a message the first 20,000 characters are read, of a sentence the first 500, and
no pattern has more than two parts whose length is open.
"""

from __future__ import annotations

from collections.abc import Sequence

from holdfast.distill.findings import RULES_VERSION, Dropped, Finding, Found, Origin, Reason
from holdfast.distill.reading import Conversation
from holdfast.model import Message

__all__ = ["RULES_VERSION", "Dropped", "Finding", "Found", "Origin", "Reason", "find"]


def find(messages: Sequence[Message], *, before: Sequence[Message] = ()) -> Finding:
    """What `messages` leave behind.

    Two contradicting statements are both told, in the order they were said. Only what a person said
    or spoke counts: what an assistant, a tool, a file or the system said is never found, and of an
    imported conversation facts and decisions are, preferences and requests are not.

    Args:
        messages: of one session, in order.
        before: those just before them, which were read already. They tell what "it is green now" is
            about. Nothing is found in them; but what the last of them gave and the next message
            takes back ("just kidding") is among the dropped, with its source.
    """
    conversation = Conversation()
    for message in before:
        conversation.read(message)
    conversation.begin()
    for message in messages:
        conversation.read(message)
    return conversation.finding()
