"""Whether words that are looked for stand in a title or a thought, and what is shown of a hit.

Messages and memories are found by recall. Titles and thoughts are few and short: they are looked
through as they are, by the same words.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence, Set

from msgspec import Struct

from holdfast.index.words import STOP_TERMS, surfaces, term_of
from holdfast.keeper.find_words import Read, folded_words
from holdfast.keeper.found import FoundHit, HitLabel
from holdfast.keeper.indexes import indexed_text
from holdfast.keeper.known import KnownSession, KnownThought
from holdfast.keeper.recalling import Hit
from holdfast.model import Memory, Message, SessionId
from holdfast.recall.asking import Ranked, Reason
from holdfast.recall.snippets import Snippet, marked_terms, snippet_of

__all__ = ["Matching", "is_telling"]

_CLOSE = 4.0
"""A hit without a word of the question is shown when similar meaning adds so much to its score:
below it lies what a vault answers to a word that nobody ever said."""
_SAME_WORDS, _SIMILAR = "same words", "similar meaning"
_MOST = 0.6
"""Of several words so many must be in a thought."""


def is_telling(ranked: Ranked) -> bool:
    """Whether a page should show it: recall ranks whatever there is."""
    return ranked.held > 0 or _is_close(ranked.reasons)


def _is_close(reasons: Iterable[Reason]) -> bool:
    return any(reason.name == _SIMILAR and reason.value >= _CLOSE for reason in reasons)


class Matching(Struct, frozen=True, kw_only=True):
    """The words of one search."""

    terms: tuple[str, ...]
    """Those that tell something, as they are looked up."""
    beginning: str | None
    """The surface of the last one while it is typed: words that begin so match too."""
    marks: frozenset[str]
    phrases: tuple[tuple[str, ...], ...]
    without: tuple[tuple[str, ...], ...]

    @classmethod
    def of(cls, text: str, read: Read, *, as_you_type: bool) -> Matching:
        """For a text that is looked for."""
        found = surfaces(text)
        telling = [s for s in found if s.replace("'", "") not in STOP_TERMS] or found
        typing = as_you_type and bool(found) and text[-1:].isalnum()
        return cls(
            terms=tuple(dict.fromkeys(map(term_of, telling))),
            beginning=found[-1] if typing else None,
            marks=marked_terms([text]),
            phrases=read.phrases,
            without=read.without,
        )

    @property
    def demands(self) -> bool:
        """Whether a text can be refused although its words match."""
        return bool(self.phrases or self.without)

    def admits(self, text: str) -> bool:
        """Whether the quoted phrases are in a text, and nothing that was excluded."""
        if not self.demands:
            return True
        words = folded_words(text)
        return all(_holds(words, phrase) for phrase in self.phrases) and not any(
            _holds(words, phrase) for phrase in self.without
        )

    def share(self, words: Set[str]) -> float:
        """The part of the words that is among those of a short text, 0 to 1."""
        found = sum(term in words or self._begins(term, words) for term in self.terms)
        return found / len(self.terms) if self.terms else 0.0

    def _begins(self, term: str, words: Set[str]) -> bool:
        typed = self.beginning
        if typed is None or term != term_of(typed):
            return False
        return any(word.startswith(typed) for word in words)

    def snippet(self, text: str, marks: frozenset[str] = frozenset()) -> Snippet:
        """What is shown of a text, with the matched words; `marks` are more of them, as terms."""
        marks = self.marks | marks
        if self.beginning is not None:
            begun = (s for s in surfaces(text) if s.startswith(self.beginning))
            marks = marks | set(map(term_of, begun))
        return snippet_of(text, frozenset(marks))

    def titles(self, sessions: Iterable[KnownSession]) -> dict[SessionId, FoundHit]:
        """Sessions whose title has all of the words."""
        return {
            known.session.id: FoundHit(
                label="title",
                session_id=known.session.id,
                score=1.0,
                reasons=(Reason(name="title", value=1.0, words=self.terms),),
                snippet=self.snippet(known.session.title),
            )
            for known in sessions
            if self.share(known.words) == 1 and self.admits(known.session.title)
        }

    def thoughts(self, thoughts: Iterable[KnownThought]) -> list[FoundHit]:
        """Thoughts that have most of the words, best first, newest of equals first."""
        found = []
        for known in thoughts:
            thought, share = known.thought, self.share(known.words)
            if share >= _MOST and self.admits(thought.text):
                found.append(
                    FoundHit(
                        label="thought",
                        session_id=thought.session_id,
                        thought=thought,
                        score=share,
                        reasons=(Reason(name=_SAME_WORDS, value=share, words=self.terms),),
                        snippet=self.snippet(thought.text),
                    )
                )
        found.sort(key=lambda hit: (hit.score, hit.place), reverse=True)
        return found

    def in_room(self, room_id: str, hit: Hit) -> FoundHit | None:
        """What recall found in a room; None when it tells nothing, or is not admitted."""
        has_words = any(reason.name == _SAME_WORDS for reason in hit.reasons)
        if not (has_words or _is_close(hit.reasons)) or not self.admits(hit.text):
            return None
        return FoundHit(
            label="room",
            session_id=hit.session_id,
            message=hit.message,
            room_id=room_id,
            score=hit.score,
            reasons=hit.reasons,
            snippet=self.snippet(hit.text, frozenset(t for r in hit.reasons for t in r.words)),
        )

    def message(self, ranked: Ranked, message: Message | None) -> FoundHit | None:
        """A ranked message as it is shown; None for one that is gone or not admitted."""
        text = "" if message is None else indexed_text(message)
        if message is None or not self.admits(text):
            return None
        return FoundHit(
            label=_label(message),
            session_id=message.session_id,
            message=message,
            score=ranked.score,
            reasons=ranked.reasons,
            snippet=self.snippet(text, ranked.marks),
        )

    def memory(self, ranked: Ranked, memory: Memory | None) -> FoundHit | None:
        """A ranked memory likewise."""
        if memory is None or not self.admits(memory.text):
            return None
        return FoundHit(
            label="memory",
            session_id=memory.session_id,
            memory=memory,
            score=ranked.score,
            reasons=ranked.reasons,
            snippet=self.snippet(memory.text, ranked.marks),
        )


def _label(message: Message) -> HitLabel:
    if message.kind == "audio" or message.speech is not None:
        return "speech"
    return "file" if message.kind == "file" else "message"


def _holds(words: Sequence[str], phrase: Sequence[str]) -> bool:
    size = len(phrase)
    return any(tuple(words[at : at + size]) == phrase for at in range(len(words) - size + 1))
