"""A conversation read message by message: what was spoken of last, and what is taken back."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

from holdfast.distill.drafting import found_in, introduced, shown, source_of
from holdfast.distill.findings import Dropped, Finding, Found, Origin, Reason
from holdfast.distill.grammar import WORD
from holdfast.distill.guards import Guards
from holdfast.distill.passages import MAX_READ, sentences_of
from holdfast.distill.phrases import lowered
from holdfast.distill.rules import LANGUAGES, Language, Rule, language
from holdfast.distill.statements import Statement, Statements
from holdfast.distill.values import key_of
from holdfast.model import Message

__all__ = ["Conversation"]

_REACH = {"any": 20, "near": 2, "next": 1}
"""How many messages of the user may lie between a thing and its change."""
_MAX_FOREIGN = 1_000
"""Characters of a message that is not the user's in which to look for what is left out."""
_MAX_FOUND = 100
"""So many memories may come of one message; more of them are a list that was pasted."""


class _Topic(Struct, frozen=True):
    found: Found
    rule: Rule
    label: str
    """The attribute, as it is shown."""
    turn: int
    author: str | None
    """Only who said it changes it: "it is green now" of somebody else is about something else."""


class Conversation:
    """Reads messages of one session in order and gathers what they leave behind."""

    def __init__(self, codes: Sequence[str] = LANGUAGES) -> None:
        self._tongues = [language(code) for code in codes]
        self._found: list[Found] = []
        self._dropped: list[Dropped] = []
        self._topic: _Topic | None = None
        self._turn = 0
        self._author: str | None = None
        """Who said the user's latest message."""
        self._latest = 0
        """Where in `_found` begins what the user's latest message gave."""
        self._playing = False
        self._earlier: list[Found] = []
        """What the user's latest message gave, when it was read before the gathering began."""

    def begin(self) -> None:
        """Gather from here on; what was read before is only remembered."""
        self._earlier = self._found[self._latest :]
        self._found, self._dropped, self._latest = [], [], 0

    def finding(self) -> Finding:
        """What was gathered so far."""
        return Finding(found=tuple(self._found), dropped=tuple(self._dropped))

    def read(self, message: Message) -> None:
        """Take in the next message."""
        if not message.text or message.forgotten:
            return
        reason = _foreign(message)
        if reason is not None:
            self._read_foreign(message, reason)
            return
        self._turn += 1
        small = lowered(message.text[:MAX_READ])
        all_guards = [Guards(message.text, tongue, small=small) for tongue in self._tongues]
        # A statement of its own that somebody else calls a joke stays said.
        if message.author == self._author and any(guards.retracts() for guards in all_guards):
            self._take_back()
        self._author = message.author
        self._latest = len(self._found)
        self._earlier = []
        playing = self._plays(message.text, small)
        for sentence in sentences_of(message.text):
            words = WORD.findall(small, sentence.start, sentence.end)
            for tongue, guards in zip(self._tongues, all_guards, strict=True):
                if not tongue.may_state(words):
                    continue
                for stated in Statements(message.text, sentence, words, tongue, guards):
                    fiction: Reason | None = "fiction" if playing(stated.start) else None
                    # "Translate: ich wohne in Wien": the guard may be in another language.
                    zones = (other.zone(stated.start) for other in all_guards)
                    zone = next((reason for reason in zones if reason is not None), None)
                    reason = stated.reason or zone or fiction
                    self._take(message, replace(stated, reason=reason), tongue)
        if len(message.text) > MAX_READ:
            self._drop(message, "too long", MAX_READ, len(message.text))

    def _read_foreign(self, message: Message, reason: Reason) -> None:
        """Look for the first thing that would have counted, had the user said it."""
        text = message.text[:_MAX_FOREIGN]
        small = lowered(text)
        for sentence in sentences_of(text):
            words = WORD.findall(small, sentence.start, sentence.end)
            for tongue in self._tongues:
                if not tongue.may_state(words):
                    continue
                guards = Guards(text, tongue, small=small)
                for stated in Statements(text, sentence, words, tongue, guards):
                    if not stated.rule.change:
                        self._drop(message, reason, stated.start, stated.end)
                        return

    def _plays(self, text: str, small: str) -> _Playing:
        """Where in this message a part is played; what began goes on in the next ones."""
        began = ended = -1
        for tongue in self._tongues:
            began = max(began, _part_begins(text, small, tongue))
            ended = max(ended, tongue.phrases["roleplay_over"].place(small))
        before = self._playing
        if ended >= 0 or began >= 0:
            self._playing = began > ended
        return _Playing(before, began, ended)

    def _take_back(self) -> None:
        for found in self._earlier + self._found[self._latest :]:
            self._dropped.append(Dropped(reason="joke", source=found.source))
        del self._found[self._latest :]
        self._topic = None

    def _drop(self, message: Message, reason: Reason, start: int, end: int) -> None:
        self._dropped.append(Dropped(reason=reason, source=source_of(message, start, end)))

    def _take(self, message: Message, stated: Statement, tongue: Language) -> None:
        reason = stated.reason
        origin: Origin = "said" if message.source is None else "import"
        if reason is None and origin == "import" and _needs_own_words(stated):
            reason = "imported"
        if reason is None and stated.rule.asks and _is_for_others(message):
            reason = "unclear"
        if reason is not None:
            if not stated.rule.change:
                self._drop(message, reason, stated.start, stated.end)
            return
        if stated.rule.change:
            self._take_change(message, stated, tongue)
            return
        if "relation" in stated.slots and "subject" in stated.slots:
            self._found.append(introduced(message, stated, tongue, origin))
        for start, end in stated.values:
            found = found_in(message, stated, (start, end), tongue, origin)
            if len(self._found) - self._latest >= _MAX_FOUND:
                self._drop(message, "too long", stated.start, stated.end)
                return
            if not self._repeats(found):
                self._found.append(found)
            if found.attribute and ":" not in found.attribute:
                label = stated.slots.get("attribute", "")
                self._topic = _Topic(found, stated.rule, label, self._turn, message.author)

    def _repeats(self, found: Found) -> bool:
        """Whether the message said just this before, and nothing else about it since."""
        same = (f for f in reversed(self._found[self._latest :]) if _key(f) == _key(found))
        latest = next(same, None)
        return latest is not None and (latest.text, latest.ends) == (found.text, found.ends)

    def _take_change(self, message: Message, stated: Statement, tongue: Language) -> None:
        topic = self._topic
        near = topic is not None and self._turn - topic.turn <= _REACH[stated.rule.change or "any"]
        start, end = stated.values[0]
        value = message.text[start:end]
        own = topic is not None and topic.author == message.author
        own = own and _is_about(stated.slots.get("ended", ""), topic, tongue)
        if topic is None or not own or not near or not _fits(value, topic, tongue):
            if stated.rule.change != "near":
                self._drop(message, "unclear", stated.start, stated.end)
            return
        former = topic.found
        slots = {"attribute": topic.label, "value": value, "subject": former.subject}
        found = replace(
            former,
            text=shown(topic.rule, slots, "", tongue),
            value=value,
            ends=False,
            ended="",
            tags=("change",),
            source=source_of(message, stated.start, stated.end),
            quote=message.text[stated.start : stated.end],
            said_at=message.at,
            origin="said" if message.source is None else "import",
        )
        self._found.append(found)
        self._topic = _Topic(found, topic.rule, topic.label, self._turn, message.author)


class _Playing(Struct, frozen=True):
    before: bool
    began: int
    ended: int

    def __call__(self, place: int) -> bool:
        """Whether a part is played at `place`."""
        last_began = self.began if 0 <= self.began <= place else -1
        last_ended = self.ended if 0 <= self.ended <= place else -1
        if last_began == last_ended:
            return self.before
        return last_began > last_ended


def _part_begins(text: str, small: str, tongue: Language) -> int:
    """Where a part begins to be played, or -1."""
    began = tongue.phrases["roleplay"].place(small)
    given = tongue.phrases["roleplay_as"]
    at = given.place(small)
    if at >= 0 and text[at + given.beginning(small[at:]) :].lstrip()[:1].isupper():
        return max(began, at)
    return began


def _foreign(message: Message) -> Reason | None:
    """Why nothing in this message counts, whatever it says."""
    if message.role == "tool" or message.kind in ("tool_call", "tool_result"):
        return "tool output"
    if message.kind == "file":
        return "file"
    if message.role != "user" or message.kind not in ("text", "audio"):
        return "not said by the user"
    return None


def _key(found: Found) -> tuple[str, str]:
    return found.subject, found.attribute


def _is_for_others(message: Message) -> bool:
    """Whether people are among themselves: "don't forget to relax" asks no assistant."""
    return message.author is not None and "@" not in message.text


def _needs_own_words(stated: Statement) -> bool:
    """Preferences and requests count only where they were made."""
    return stated.rule.kind == "preference" or stated.rule.asks or stated.asked


def _is_about(ended: str, topic: _Topic | None, tongue: Language) -> bool:
    """Whether what is said to be over is what was said; "not bad but" is about nothing."""
    if not ended or topic is None:
        return True
    return set(key_of(ended, tongue).split()) <= set(topic.found.value.casefold().split())


def _fits(value: str, topic: _Topic, tongue: Language) -> bool:
    """Whether a bare value can be one of what was spoken of."""
    words = lowered(value).split()
    if not words or len(words) > 4 or words[0] in tongue.lists["starts"]:
        return False
    if words[0] in tongue.lists["articles"] and words[0] not in tongue.lists["place_articles"]:
        return False
    if topic.found.value[:1].isupper() and value[0].islower():
        return False
    if topic.found.attribute.endswith("colour"):
        return not tongue.lists["colours"].isdisjoint(words)
    if topic.rule.value in ("place", "name"):
        return not value[0].islower()
    return not words[0].endswith("ing")
