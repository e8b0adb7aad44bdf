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
