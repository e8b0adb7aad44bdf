"""A summary is made of sentences that were said, each told from the next."""

from __future__ import annotations

from typing import Any

import pytest

from holdfast.distill.extract import condense


@pytest.mark.parametrize(
    ("texts", "summary"),
    [
        (
            ("The key hangs behind the oar", "My favourite colour is blue"),
            "The key hangs behind the oar. My favourite colour is blue",
        ),
        (("It rained all day!", "We stayed in."), "It rained all day! We stayed in."),
        (("First the sails,", "then the mast"), "First the sails. then the mast"),
        (("鍵は小屋にある。", "船は青い。"), "鍵は小屋にある。 船は青い。"),
    ],
)
def test_a_sentence_that_another_follows_ends_as_one(
    said: Any, texts: tuple[str, ...], summary: str
) -> None:
    """People end what they say with a new message, not with a full stop; sources stay as said."""
    condensed = condense(said(*texts))

    assert condensed.text == summary
    assert [(s.start, s.end) for s in condensed.sources] == [(0, len(text)) for text in texts]


def test_a_summary_holds_no_marks_of_markdown(said: Any) -> None:
    """Code and tables are passed over, items and headings lose their marks; sources stay exact."""
    text = (
        "# Packing\n\n- The **tent** stands in the cellar.\n- We need `two` stoves.\n\n"
        "| item | price |\n|---|---|\n| stove | 20 |\n\n```sh\nbuy --stoves 2\n```\n"
    )

    condensed = condense(said(text))

    assert condensed.text == "Packing. The tent stands in the cellar. We need two stoves."
    quoted = [text[source.start : source.end] for source in condensed.sources]
    assert quoted == ["Packing", "The **tent** stands in the cellar.", "We need `two` stoves."]
    assert not {"buy", "item", "price"} & {word for tag in condensed.tags for word in tag.split()}


def test_a_link_without_words_is_no_sentence(said: Any) -> None:
    """A picture or an anchor, as exports hold them: it is passed over, and nothing fails."""
    text = "[](#top)\nThe key hangs behind the oar.\n\n![](attachment:key)\n\nIt is red."

    assert condense(said(text)).text == "The key hangs behind the oar. It is red."
    assert condense(said("![](attachment:key)")).text == ""


@pytest.mark.parametrize(
    ("text", "states"),
    [
        ("What is the capital of France?", False),
        ("what is the capital of france", False),
        ("wie wird das Wetter morgen", False),
        ("Hello!", False),
        ("May is my favourite month.", True),
        ("The key hangs behind the oar", True),
        ("I moved to Oslo. What is there to see?", True),
    ],
)
def test_a_question_states_nothing(said: Any, text: str, states: bool) -> None:
    """Nor does a greeting: of such a talk a title says as much as a summary."""
    assert condense(said(text)).states is states
