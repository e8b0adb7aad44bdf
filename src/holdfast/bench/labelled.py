"""How right the rules are about memories, on conversations labelled by hand.

A label names a kind, an attribute, a value and, where those are not enough, words of the quote. A
found memory is right when its message has a label of the same kind, attribute, value, subject and
ending that no other has used, and its quote holds the label's words.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
from msgspec import Struct

from holdfast.distill.finding import Found, find
from holdfast.model import Message, MessageId, MessageKind, Role, SessionId, TurnId

__all__ = ["Accuracy", "Label", "Labelled", "Said", "accuracy_of", "messages_of", "read_labelled"]

_BEGAN = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


class Said(Struct, frozen=True, forbid_unknown_fields=True):
    """A message of a labelled conversation."""

    role: Role
    text: str
    kind: MessageKind = "text"
    source: str | None = None


class Label(Struct, frozen=True, forbid_unknown_fields=True):
    """A memory that should be found in the message of this index."""

    message: int
    kind: str
    attribute: str
    value: str
    ends: bool = False
    subject: str = "user"
    quote: str = ""


class Labelled(Struct, frozen=True, forbid_unknown_fields=True):
    """One conversation with all that should be found in it."""

    language: str
    about: str
    messages: tuple[Said, ...]
    expected: tuple[Label, ...]


class Accuracy(Struct, frozen=True, kw_only=True):
    """What was right, wrong and missed; `mistakes` are shown to those who tune."""

    messages: int
    right: int
    wrong: int
    missed: int
    mistakes: tuple[str, ...]

    @property
    def precision(self) -> float:
        """Share of what was found that is right."""
        return self.right / max(1, self.right + self.wrong)

    @property
    def recall(self) -> float:
        """Share of what is labelled that was found."""
        return self.right / max(1, self.right + self.missed)


def read_labelled(path: Path) -> list[Labelled]:
    """The conversations of a file, one a line.

    Raises:
        msgspec.ValidationError: a line is none.
    """
    lines = path.read_bytes().splitlines()
    return [msgspec.json.decode(line, type=Labelled) for line in lines if line.strip()]


def messages_of(labelled: Labelled) -> list[Message]:
    """The conversation as recorded messages, a minute apart."""
    return [
        Message(
            id=MessageId(str(index)),
            session_id=SessionId("labelled"),
            turn_id=TurnId(str(index)),
            seq=index,
            role=said.role,
            kind=said.kind,
            text=said.text,
            at=_BEGAN + timedelta(minutes=index),
            source=said.source,
        )
        for index, said in enumerate(labelled.messages)
    ]


def accuracy_of(conversations: Iterable[Labelled]) -> Accuracy:
    """Compare what is found with what is labelled."""
    messages = right = 0
    wrong: list[str] = []
    missed: list[str] = []
    for labelled in conversations:
        messages += len(labelled.messages)
        left = list(labelled.expected)
        for found in find(messages_of(labelled)).found:
            label = _label_of(found, left)
            if label is None:
                wrong.append(f"wrong: {found.kind} {found.attribute!r} {found.value!r}")
                wrong[-1] += f" ends={found.ends} {found.subject!r} <- {found.quote!r}"
            else:
                left.remove(label)
                right += 1
        missed += [f"missed: {x} <- {labelled.messages[x.message].text!r}" for x in left]
    return Accuracy(
        messages=messages,
        right=right,
        wrong=len(wrong),
        missed=len(missed),
        mistakes=(*wrong, *missed),
    )


def _label_of(found: Found, labels: Sequence[Label]) -> Label | None:
    return next((label for label in labels if _is(found, label)), None)


def _is(found: Found, label: Label) -> bool:
    said = (found.kind, found.attribute, found.value.casefold(), found.ends, found.subject)
    asked = (label.kind, label.attribute, label.value.casefold(), label.ends, label.subject)
    here = found.source.message_id == str(label.message)
    return here and said == asked and label.quote in found.quote
