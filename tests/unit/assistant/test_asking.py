"""Telling questions from statements."""

from __future__ import annotations

import pytest

from holdfast.assistant.asking import is_question, only_asks, sentence_spans

QUESTIONS = [
    "What's my favourite colour?",
    "what is my favourite colour",
    "which colour do I like best",
    "how many cats do I have",
    "Where did I put my keys",
    "do you remember my sister",
    "who told me about Oslo",
    "And what about my brother?",
    "Tell me where I live.",
    "remind me what I said about Oslo",
    "Can you remember when we met?",
    "My sister lives in Oslo, right?",
    "I moved to Oslo. What should I see?",
    "What should I see? I moved to Oslo.",
    '"Is that so?"',
    "Really?!",
    "¿Cuál es mi color favorito?",
    "Ποιο είναι το αγαπημένο μου χρώμα\u037e",
    "ما هو لوني المفضل؟",
    "我最喜欢的颜色是什么？",
    "你还记得我吗",
    "私の好きな色は何ですか",
    "Ի՞նչ գույն եմ սիրում՞",
]
STATEMENTS = [
    "Remember, my favourite colour is blue",
    "My sister Nora lives in Oslo.",
    "When I was a child I lived in Bergen.",
    "What a lovely day!",
    "How I love the sea.",
    "Can you remember that I moved?",
    "Please remember my new number is 12",
    "Remind me to buy milk",
    "Is it raining! I love it!",
    "hello",
    "我最喜欢的颜色是蓝色。",
    "Have a nice day",
    "Will is my brother",
    "",
    "   ",
    "…",
]


@pytest.mark.parametrize("text", QUESTIONS)
def test_what_expects_an_answer_is_a_question(text: str) -> None:
    """Question marks of all scripts count, and English questions that have none."""
    assert is_question(text)


@pytest.mark.parametrize("text", STATEMENTS)
def test_what_tells_something_is_a_statement(text: str) -> None:
    """Exclamations, requests to remember, and words that only look like a question's first."""
    assert not is_question(text)


def test_a_text_that_also_states_something_does_not_only_ask() -> None:
    """It may be an answer to somebody's question; a mere question is none."""
    assert only_asks("Where do I live? And since when?")
    assert not only_asks("I moved to Oslo. What should I see?")
    assert not only_asks("")


def test_sentences_are_found_where_they_stand() -> None:
    """Spans cover all but the space between sentences, whatever script ends them."""
    text = ' He said "Go!" Then he left…  好。走吧？\n\nend'

    found = [text[start:end] for start, end in sentence_spans(text)]

    assert found == ['He said "Go!"', "Then he left…", "好。", "走吧？", "end"]
