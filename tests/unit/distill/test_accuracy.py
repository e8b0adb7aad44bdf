"""The labelled conversations hold the rules to their figures."""

from __future__ import annotations

from pathlib import Path

import pytest

from holdfast.bench.distilling import made_up_session
from holdfast.bench.labelled import accuracy_of, messages_of, read_labelled
from holdfast.distill.finding import find

_FILES = Path(__file__).parents[3] / "bench" / "distill"


@pytest.mark.parametrize("name", ["development", "held_out"])
def test_what_is_found_is_right_and_most_is_found(name: str) -> None:
    """Precision of at least 0.95 and recall of at least 0.7, on each half."""
    accuracy = accuracy_of(read_labelled(_FILES / f"{name}.jsonl"))

    assert accuracy.precision >= 0.95, accuracy.mistakes
    assert accuracy.recall >= 0.7, accuracy.mistakes


def test_the_labelled_set_is_large_and_of_every_kind() -> None:
    """At least 240 messages, with all that goes wrong elsewhere, in several languages."""
    labelled = [c for path in sorted(_FILES.glob("*.jsonl")) for c in read_labelled(path)]

    assert sum(len(c.messages) for c in labelled) >= 240
    assert {"statement", "change", "negation", "question", "joke", "injection", "tool"} <= {
        c.about for c in labelled
    }
    assert len({c.language for c in labelled}) >= 5


def test_a_wrong_and_a_missed_memory_are_counted() -> None:
    """The measure itself can fail: a label that is not there, a memory without a label."""
    (conversation, *_) = read_labelled(_FILES / "development.jsonl")
    from msgspec.structs import replace

    wrong = accuracy_of([replace(conversation, expected=())])
    label = replace(conversation.expected[0], value="beige")
    missed = accuracy_of([replace(conversation, expected=(label,))])

    assert (wrong.precision, wrong.missed) == (0.0, 0)
    assert (missed.right, missed.missed, missed.recall) == (0, 1, 0.0)


def test_every_quote_is_in_its_message() -> None:
    """In all labelled and made-up conversations."""
    sessions = [messages_of(c) for p in sorted(_FILES.glob("*.jsonl")) for c in read_labelled(p)]
    for messages in [*sessions, made_up_session(200)]:
        texts = {message.id: message.text for message in messages}
        for found in find(messages).found:
            source = found.source
            assert texts[source.message_id][source.start : source.end] == found.quote
