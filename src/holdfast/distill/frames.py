"""The sentences an answer quotes in, by language: for who words it, and who knows it again.

`{day}` and `{until}` are days, `{who}` is a name, `{quote}` stands between the language's marks.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from msgspec import Struct

__all__ = ["FRAMES", "Frames"]

_ENGLISH_MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July", "August"),
    *("September", "October", "November", "December"),
)
_GERMAN_MONTHS = (
    *("Januar", "Februar", "März", "April", "Mai", "Juni", "Juli", "August"),
    *("September", "Oktober", "November", "Dezember"),
)
_SPANISH_MONTHS = (
    *("enero", "febrero", "marzo", "abril", "mayo", "junio", "julio", "agosto"),
    *("septiembre", "octubre", "noviembre", "diciembre"),
)
_FRENCH_MONTHS = (
    *("janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août"),
    *("septembre", "octobre", "novembre", "décembre"),
)


class Frames(Struct, frozen=True, kw_only=True):
    """One language's sentences."""

    months: tuple[str, ...]
    day: str
    """Of this year."""
    day_of_year: str
    first: str = "1"
    """The first of a month, where it is said otherwise than the other days."""
    marks: tuple[str, str]
    """Around a quotation."""
    told: str
    """What the one who asks has said."""
    said: str
    noted: str
    noted_on: str
    noted_until: str
    kept: str
    kept_it: str
    """When there is nothing to quote."""
    nothing: str
    """When nothing relevant was said."""
    assistant: str
    """One without a name."""

    def pattern(self) -> str:
        """A regular expression of how an answer in these sentences begins."""
        quoted = (self.told, self.said, self.noted, self.noted_on, self.noted_until, self.kept)
        begins = [self._beginning(frame) for frame in quoted]
        whole = [f"{re.escape(text)}$" for text in (self.kept_it, self.nothing)]
        return "|".join([*begins, *whole])

    def _beginning(self, frame: str) -> str:
        before = re.escape(frame.partition("{quote}")[0] + self.marks[0])
        for name, stands_for in self._fields():
            before = before.replace(re.escape(f"{{{name}}}"), stands_for)
        return before

    def _fields(self) -> Iterator[tuple[str, str]]:
        yield "who", ".{1,200}?"
        days = "|".join(self._day_pattern(day) for day in (self.day_of_year, self.day))
        yield "day", f"(?:{days})"
        yield "until", f"(?:{days})"

    def _day_pattern(self, day: str) -> str:
        months = "|".join(map(re.escape, self.months))
        found = re.escape(day).replace(r"\{month\}", f"(?:{months})").replace(r"\{year\}", r"\d{4}")
        return found.replace(r"\{number\}", rf"(?:\d{{1,2}}|{re.escape(self.first)})")


FRAMES: dict[str, Frames] = {
    "en": Frames(
        months=_ENGLISH_MONTHS,
        day="{number} {month}",
        day_of_year="{number} {month} {year}",
        marks=('"', '"'),
        told="On {day} you said: {quote}",
        said="On {day} {who} said: {quote}",
        noted="Noted: {quote}",
        noted_on="Noted on {day}: {quote}",
        noted_until="Noted on {day}, until {until}: {quote}",
        kept="Kept: {quote}",
        kept_it="Kept.",
        nothing="I have nothing about that yet. I keep what you tell me.",
        assistant="the assistant",
    ),
    "de": Frames(
        months=_GERMAN_MONTHS,
        day="{number}. {month}",
        day_of_year="{number}. {month} {year}",
        marks=("„", "“"),
        told="Am {day} hast du gesagt: {quote}",
        said="Am {day} hat {who} gesagt: {quote}",
        noted="Notiert: {quote}",
        noted_on="Notiert am {day}: {quote}",
        noted_until="Notiert am {day}, bis {until}: {quote}",
        kept="Gemerkt: {quote}",
        kept_it="Gemerkt.",
        nothing="Dazu habe ich noch nichts. Ich merke mir, was du mir sagst.",
        assistant="der Assistent",
    ),
    "es": Frames(
        months=_SPANISH_MONTHS,
        day="{number} de {month}",
        day_of_year="{number} de {month} de {year}",
        marks=("«", "»"),
        told="El {day} dijiste: {quote}",
        said="El {day} {who} dijo: {quote}",
        noted="Anotado: {quote}",
        noted_on="Anotado el {day}: {quote}",
        noted_until="Anotado el {day}, hasta el {until}: {quote}",
        kept="Guardado: {quote}",
        kept_it="Guardado.",
        nothing="Todavía no tengo nada sobre eso. Guardo lo que me cuentas.",
        assistant="el asistente",
    ),
    "fr": Frames(
        months=_FRENCH_MONTHS,
        day="{number} {month}",
        day_of_year="{number} {month} {year}",
        first="1er",
        marks=("«\u00a0", "\u00a0»"),
        told="Le {day}, tu as dit\u00a0: {quote}",
        said="Le {day}, {who} a dit\u00a0: {quote}",
        noted="Noté\u00a0: {quote}",
        noted_on="Noté le {day}\u00a0: {quote}",
        noted_until="Noté le {day}, jusqu’au {until}\u00a0: {quote}",
        kept="Retenu\u00a0: {quote}",
        kept_it="Retenu.",
        nothing="Je n’ai encore rien là-dessus. Je retiens ce que tu me dis.",
        assistant="l’assistant",
    ),
    "zh": Frames(
        months=tuple(f"{number}月" for number in range(1, 13)),
        day="{month}{number}日",
        day_of_year="{year}年{month}{number}日",
        marks=("“", "”"),
        told="{day}你说过\uff1a{quote}",
        said="{day}{who}说过\uff1a{quote}",
        noted="已记录\uff1a{quote}",
        noted_on="{day}记录\uff1a{quote}",
        noted_until="{day}记录\uff0c有效至{until}\uff1a{quote}",
        kept="已记住\uff1a{quote}",
        kept_it="已记住。",
        nothing="关于这件事我还没有记录。你告诉我的\uff0c我都会记住。",
        assistant="助手",
    ),
}
"""By the code of the language; every one has all sentences."""
