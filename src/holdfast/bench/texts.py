"""Made-up talk of a realistic shape, the same for the same seed: what is stored and asked for.

Words follow Zipf's law over a vocabulary of 20,000: the commonest are English function words, then
some hundred words of everyday topics, then a long tail of rare made-up words, as names, brands and
typing mistakes are. A question has about 120 characters and an answer about 400.
"""

from __future__ import annotations

import random
from bisect import bisect
from collections.abc import Iterator
from functools import cache
from itertools import accumulate

from msgspec import Struct

__all__ = ["Exchange", "Talk"]


def _words(*lines: str) -> list[str]:
    return [word for line in lines for word in line.split()]


_COMMON = _words(
    "the of and to a in is it you that was for on are with as I his they be at one have this from",
    "or had by hot but some what there we can out other were all your when up use how said an each",
    "she which do their time if will way about many then them would write like so these her long",
    "make thing see him two has look more day could go come did my sound no most number who over",
    "know than call first people may down been now find any new work part take get place made",
    "where after back little only round man year came show every good me give our under name",
)
_TOPICS = {
    "travel": "flight hotel Oslo Lisbon Kyoto train ticket luggage visa museum hostel ferry map "
    "airport beach itinerary passport delay booking seat window terminal mountain trail",
    "cooking": "recipe lentil oven garlic butter dough yeast saffron risotto broth marinade spice "
    "tomato basil knife simmer bake roast dessert chocolate flour sourdough breakfast",
    "health": "doctor sleep migraine allergy pollen dentist vaccine exercise yoga running knee "
    "physio appointment blood pressure vitamin diet therapy prescription pharmacy",
    "money": "budget rent invoice salary mortgage pension tax refund insurance savings loan bank "
    "transfer receipt subscription price discount currency dividend interest",
    "work": "meeting deadline project client contract presentation manager release roadmap ticket "
    "review hiring interview report spreadsheet remote office workshop strategy launch",
    "code": "python function database index query thread commit branch deploy server cache token "
    "exception parser compiler latency migration schema socket library test refactor",
    "home": "garden kitchen paint shelf boiler window roof carpet lamp plumber neighbour balcony "
    "tomatoes compost sofa curtain washing machine leak heater tiles cellar",
    "family": "sister brother birthday wedding daughter school teacher grandmother cousin puppy "
    "cat anniversary present holiday homework football piano lesson camp kindergarten",
}
_OPENINGS = (
    "Can you help me with the {a} for {b}?",
    "I was thinking about the {a} again,",
    "What would you do about a {a} and the {b}?",
    "Remember that my {a} is {b} now.",
    "Yesterday the {a} in {b} did not work,",
    "Please compare {a} with {b} for me,",
)
_ASKED = {
    "fact": "What did I say about the {a} and the {b}?",
    "words": "{a} {b} {rare}",
    "dated": "What did we discuss in {month} about the {a}?",
    "vague": "What was it that you said to me about that thing with the {a}?",
    "long": (
        "I remember that some time ago we talked at length about {topic}, I believe it was "
        "something with a {a}, and also a {b} came up; what did you recommend to me then?"
    ),
}
_MONTHS = _words("January February March April May June July August September October November")
_SYLLABLES = _words("ba ce di fo gu ha je ki lo mu na pe ri so tu va we xi yo zu bral ster nor lin")
_VOCABULARY = 20_000
_EXPONENT = 1.25


class Exchange(Struct, frozen=True):
    """A question with its answer."""

    question: str
    answer: str


class Talk:
    """An endless conversation; two of the same seed say the same."""

    def __init__(self, seed: int = 1) -> None:
        self._random = random.Random(seed)
        self._vocabulary = _vocabulary()
        self._cumulative = _cumulative(len(self._vocabulary))

    def exchanges(self) -> Iterator[Exchange]:
        """Exchanges without end; about twenty in a row are of one topic."""
        while True:
            topic = self._random.choice(sorted(_TOPICS))
            for _ in range(self._random.randint(10, 30)):
                opening = self._random.choice(_OPENINGS).format(**self._subjects(topic))
                yield Exchange(
                    f"{opening} {self._prose(topic, 55, 95)}.", self._answer(topic, 300, 430)
                )

    def questions(self) -> Iterator[str]:
        """Questions about such conversations without end, of every kind in turn."""
        while True:
            for kind in sorted(_ASKED):
                topic = self._random.choice(sorted(_TOPICS))
                yield _ASKED[kind].format(
                    **self._subjects(topic),
                    topic=topic,
                    month=self._random.choice(_MONTHS),
                    rare=self._word(),
                )

    def _subjects(self, topic: str) -> dict[str, str]:
        first, second = self._random.sample(_TOPICS[topic].split(), 2)
        return {"a": first, "b": second}

    def _answer(self, topic: str, low: int, high: int) -> str:
        sentences, length, wanted = [], 0, self._random.randint(low, high)
        while length < wanted:
            sentence = self._prose(topic, 40, 90)
            sentences.append(f"{sentence[0].upper()}{sentence[1:]}.")
            length += len(sentence) + 2
        return " ".join(sentences)

    def _prose(self, topic: str, low: int, high: int) -> str:
        subjects, wanted = _TOPICS[topic].split(), self._random.randint(low, high)
        words: list[str] = []
        length = 0
        while length < wanted:
            on_topic = self._random.random() < 0.2
            words.append(self._random.choice(subjects) if on_topic else self._word())
            length += len(words[-1]) + 1
        return " ".join(words)

    def _word(self) -> str:
        at = self._random.random() * self._cumulative[-1]
        return self._vocabulary[bisect(self._cumulative, at)]


@cache
def _cumulative(size: int) -> list[float]:
    return list(accumulate(1 / (rank + 2) ** _EXPONENT for rank in range(size)))


@cache
def _vocabulary() -> list[str]:
    """Words from the commonest to the rarest, always the same."""
    made = random.Random(0)
    topical = sorted({word for words in _TOPICS.values() for word in words.split()})
    words = dict.fromkeys([*_COMMON, *topical])
    while len(words) < _VOCABULARY:
        words["".join(made.choices(_SYLLABLES, k=made.randint(2, 4)))] = None
    return list(words)
