"""Whether words that are looked for stand in a title or a thought, and what is shown of a hit.

Messages, memories and titles are found by the index. Thoughts are few and short: they are looked
through as they are, by the same words. Of titles and thoughts it is asked here whether they have
what the question requires, which recall asks of the rest.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set

from msgspec import Struct

from holdfast.index.queries import Phrase, Query, parse
from holdfast.index.words import sequence_of, surfaces, term_of, term_of_form
from holdfast.keeper.find_shown import shown_text
from holdfast.keeper.found import FoundHit, HitLabel
from holdfast.keeper.known import KnownSession, KnownThought
from holdfast.keeper.recalling import Hit, Hits
from holdfast.model import Memory, Message, SessionId
from holdfast.recall.asking import Ranked, Reason
from holdfast.recall.confidence import NOTHING
from holdfast.recall.ranking import Answer
from holdfast.recall.snippets import Snippet, marked_terms, snippet_of

__all__ = ["Matching", "in_memory", "in_message", "in_room", "telling"]

_CLOSE = 4.0
"""A hit without a word of the question is shown when similar meaning adds so much to its score and
something relevant was found at all: below it lies what a vault answers to a word that nobody ever
said."""
_CLOSEST = 20
"""Hits without a word of the question are looked for among so many of the best."""
_SAME_WORDS, _SIMILAR = "same words", "similar meaning"
_MOST = 0.6
"""Of several words so many must be in a thought."""


def telling(answer: Answer) -> list[Ranked]:
    """What a page should show of an answer, best first: recall ranks whatever there is."""
    if answer.confidence < NOTHING:
        return [one for one in answer.hits if one.held]
    wordless = [one for one in answer.hits[:_CLOSEST] if not one.held]
    close = {one.id for one in answer.explained(wordless) if _is_close(one.reasons)}
    return [one for one in answer.hits if one.held or one.id in close]


def _is_close(reasons: Iterable[Reason]) -> bool:
    return any(reason.name == _SIMILAR and reason.value >= _CLOSE for reason in reasons)


class Matching(Struct, frozen=True, kw_only=True):
    """The words of one search."""

    query: Query
    terms: tuple[str, ...]
    """Those that tell something, as they are looked up."""
    beginning: str | None
    """The surface of the last one while it is typed: words that begin so match too."""
    marks: frozenset[str]

    @classmethod
    def of(cls, text: str, *, as_you_type: bool) -> Matching:
        """For a text that is looked for."""
        query = parse(text, typing=as_you_type)
        return cls(
            query=query,
            terms=tuple(dict.fromkeys(map(term_of, query.telling))),
            beginning=query.surfaces[-1] if query.prefix else None,
            marks=marked_terms([query.text]),
        )

    def admits(self, text: str) -> bool:
        """Whether the quoted phrases are in a text, and nothing that was excluded."""
        if not self.query.phrases and not self.query.excluded:
            return True
        forms = sequence_of(text)
        return all(_holds(forms, phrase) for phrase in self.query.phrases) and not any(
            _excludes(forms, phrase) for phrase in self.query.excluded
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

    def _snippet(self, text: str) -> Snippet:
        """What is shown of a text that the index did not find, with the matched words."""
        begun: Iterable[str] = ()
        if self.beginning is not None:
            begun = (s for s in surfaces(text) if s.startswith(self.beginning))
        return snippet_of(text, self.marks.union(map(term_of, begun)))

    def titles(
        self,
        titled: Iterable[str],
        sessions: Mapping[SessionId, KnownSession],
        marks: frozenset[str],
    ) -> dict[SessionId, FoundHit]:
        """Of the sessions those whose title was found; `marks` are the terms that it was found
        by."""
        found = (sessions.get(SessionId(one)) for one in titled)
        return {
            known.session.id: FoundHit(
                label="title",
                session_id=known.session.id,
                score=1.0,
                reasons=(Reason(name="title", value=1.0, words=self.terms),),
                snippet=snippet_of(known.session.title, marks),
            )
            for known in found
            if known is not None and self.admits(known.session.title)
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
                        snippet=self._snippet(thought.text),
                    )
                )
        found.sort(key=lambda hit: (hit.score, hit.place), reverse=True)
        return found


def in_room(room_id: str, hits: Hits) -> tuple[FoundHit, ...]:
    """What recall found in a room and tells something."""
    return tuple(
        FoundHit(
            label="room",
            session_id=hit.session_id,
            message=hit.message,
            room_id=room_id,
            score=hit.score,
            reasons=hit.reasons,
            snippet=hit.snippet,
        )
        for hit in hits
        if _has_words(hit) or (not hits.nothing and _is_close(hit.reasons))
    )


def _has_words(hit: Hit) -> bool:
    return any(reason.name == _SAME_WORDS for reason in hit.reasons)


def in_message(ranked: Ranked, message: Message) -> FoundHit:
    """A ranked message as it is shown."""
    return FoundHit(
        label=_label(message),
        session_id=message.session_id,
        message=message,
        score=ranked.score,
        reasons=ranked.reasons,
        snippet=snippet_of(shown_text(message), ranked.marks),
    )


def in_memory(ranked: Ranked, memory: Memory) -> FoundHit:
    """A ranked memory likewise."""
    return FoundHit(
        label="memory",
        session_id=memory.session_id,
        memory=memory,
        score=ranked.score,
        reasons=ranked.reasons,
        snippet=snippet_of(memory.text, ranked.marks),
    )


def _label(message: Message) -> HitLabel:
    if message.kind == "audio" or message.speech is not None:
        return "speech"
    return "file" if message.kind == "file" else "message"


def _holds(forms: Sequence[str], phrase: Phrase) -> bool:
    size = len(phrase)
    return any(tuple(forms[at : at + size]) == phrase for at in range(len(forms) - size + 1))


def _excludes(forms: Sequence[str], phrase: Phrase) -> bool:
    """A single word stands for all its forms."""
    if len(phrase) > 1:
        return _holds(forms, phrase)
    return term_of_form(phrase[0]) in map(term_of_form, forms)
