"""Whether anything answers a question."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from holdfast.clock import to_ms
from holdfast.index.embedder import StaticEmbedder
from holdfast.index.entries import Entry
from holdfast.index.vault_index import VaultIndex
from holdfast.recall.asking import Ask
from holdfast.recall.confidence import NOTHING
from holdfast.recall.ranking import answer

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
TALK = [
    "Remember, my favourite colour is blue",
    "How do I repair a bicycle chain?",
    "We adopted a puppy called Rex in June",
    "My commute to the office takes 45 minutes each way",
    "The spare key for the boat shed hangs behind the third oar",
]
SMALL_TALK = "Thank you, that helps a lot with my plans for the {} of next year."


@pytest.fixture(scope="module")
def index(static: StaticEmbedder) -> VaultIndex:
    made = VaultIndex(static)
    texts = [
        *TALK,
        *(SMALL_TALK.format(word) for word in ["garden", "kitchen", "holiday", "course"]),
    ]
    for number, text in enumerate(texts):
        at_ms = to_ms(NOW) - (len(texts) - number) * 86_400_000
        of_session = {"session_id": f"s{number}", "at_ms": at_ms}
        made.add([Entry(id=f"q{number}", seq=0, text=text, **of_session)])
        made.add([Entry(id=f"a{number}", seq=1, text="Noted.", role="assistant", **of_session)])
    return made


def sure(index: VaultIndex, question: str, **given: int) -> float:
    return answer(Ask(question=question, now=NOW, **given), index).confidence


@pytest.mark.parametrize(
    "question",
    ["How long is my commute to the office?", "Where does the spare key for the boat shed hang?"],
)
def test_a_question_that_was_answered_is_trusted(index: VaultIndex, question: str) -> None:
    """Above the threshold, and within 0 and 1."""
    assert NOTHING < sure(index, question) <= 1


@pytest.mark.parametrize(
    "question",
    ["What is the name of my dentist's daughter?", "Which opera did I see in Verona?"],
)
def test_a_question_about_what_was_never_said_finds_nothing(
    index: VaultIndex, question: str
) -> None:
    """There are hits all the same: what came closest."""
    found = answer(Ask(question=question, now=NOW), index)

    assert found.confidence < NOTHING
    assert found.hits


def test_every_page_is_as_sure(index: VaultIndex) -> None:
    """The confidence is the answer's, not the page's."""
    assert sure(index, "boat shed", limit=2) == sure(index, "boat shed", limit=2, offset=2)


def test_an_empty_vault_is_sure_of_nothing(static: StaticEmbedder) -> None:
    """0, not an error."""
    assert 0 == sure(VaultIndex(static), "anything?")
