"""In which language a quotation is introduced, and with which words: pure."""

from __future__ import annotations

from datetime import datetime, tzinfo
from functools import cache

from holdfast.distill.frames import FRAMES, Frames
from holdfast.index.stems import STOP_FORMS, languages_of, only_english
from holdfast.index.words import STOP_TERMS, form_of, surfaces

__all__ = ["Phrasing", "language_of", "phrasing"]

_LOOKED_AT = 2_000
"""Characters of a text that are looked at: its language shows in its first words."""


def language_of(text: str) -> str:
    """The language of a text by its small words or its script, as a key of FRAMES; "" when they do
    not tell it."""
    text = text[:_LOOKED_AT]
    forms = [form_of(surface) for surface in surfaces(text)]
    # More characters than words in letters: others may ask what a Chinese word means.
    if sum("\u4e00" <= c <= "\u9fff" for c in text) > sum(map(str.isascii, forms)):
        # Japanese is written with such characters, too, but never with them alone.
        return "" if any("\u3040" <= character <= "\u30ff" for character in text) else "zh"
    likely = languages_of(forms, STOP_TERMS)
    if len(likely) == 1:
        return likely[0]
    return "en" if not likely and only_english(forms, STOP_TERMS) else ""


class Phrasing:
    """The sentences of one language, and its small words, which no text is about."""

    def __init__(self, language: str) -> None:
        self.language = language
        self.frames: Frames = FRAMES[language]
        self.small_words = STOP_FORMS.get(language, frozenset())
        """Folded."""

    @property
    def nothing(self) -> str:
        """The answer when nothing relevant was said."""
        return self.frames.nothing

    def day(self, at: datetime, now: datetime, zone: tzinfo) -> str:
        """9 January, with the year when it is another than this one."""
        day, today = at.astimezone(zone), now.astimezone(zone)
        form = self.frames.day if day.year == today.year else self.frames.day_of_year
        # Not strftime: month names must follow the question and not the process's locale.
        return form.format(
            number=self.frames.first if day.day == 1 else day.day,
            month=self.frames.months[day.month - 1],
            year=day.year,
        )

    def kept(self, quote: str) -> str:
        """That a statement was kept."""
        return self.frames.kept.format(quote=self._marked(quote)) if quote else self.frames.kept_it

    def said(self, quote: str, *, day: str, who: str | None) -> str:
        """Words of somebody's; `who` None: of the one who asks."""
        frame = self.frames.told if who is None else self.frames.said
        return frame.format(day=day, who=who, quote=self._marked(quote))

    def noted(self, quote: str, *, day: str, until: str) -> str:
        """A memory; `day` and `until` are "" where they are not known."""
        frames = self.frames
        frame = frames.noted_until if until else frames.noted_on
        if not day:
            frame = frames.noted
        return frame.format(day=day, until=until, quote=self._marked(quote))

    def _marked(self, quote: str) -> str:
        opening, closing = self.frames.marks
        return f"{opening}{quote}{closing}"


@cache
def phrasing(language: str) -> Phrasing:
    """The phrasing of a language; English for one that is not known, "" among them."""
    return Phrasing(language if language in FRAMES else "en")
