"""Times in German, Spanish, French and Chinese words."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.errors import BadInput
from holdfast.recall.dates import Mention, mentions, span_of

FRIDAY = datetime(2026, 11, 20, 6, 30, tzinfo=UTC)


def days(mention: Mention) -> tuple[str, str]:
    last = mention.end - timedelta(seconds=1)
    return mention.start.date().isoformat(), last.date().isoformat()


@pytest.mark.parametrize(
    ("question", "words", "first", "last"),
    [
        ("Was haben wir letzten Dienstag besprochen?", "letzten Dienstag", "11-17", "11-17"),
        ("Wer kam am Freitag zu Besuch?", "am Freitag", "11-13", "11-13"),
        ("Wo war ich im März?", "im März", "03-01", "03-31"),
        ("wo war ich im maerz", "im maerz", "03-01", "03-31"),
        ("Was war vor zwei Wochen los?", "vor zwei Wochen", "11-03", "11-09"),
        ("Was ist vor ein paar Tagen passiert?", "vor ein paar Tagen", "11-16", "11-18"),
        ("Was habe ich vorgestern gekocht?", "vorgestern", "11-18", "11-18"),
        ("Was war gestern Abend?", "gestern Abend", "11-19", "11-19"),
        ("Wohin sind wir letztes Wochenende gefahren?", "letztes Wochenende", "11-14", "11-15"),
        ("Wen traf ich in der letzten Woche?", "in der letzten Woche", "11-09", "11-15"),
        ("Was habe ich letzten Monat gelesen?", "letzten Monat", "10-01", "10-31"),
        ("Wie war es letzten Sommer?", "letzten Sommer", "06-01", "08-31"),
        ("Was geschah am 3. Oktober 2026?", "am 3. Oktober 2026", "10-03", "10-03"),
        ("Was geschah am 03.10.2026?", "03.10.2026", "10-03", "10-03"),
        ("Was lernte ich in den letzten zwei Wochen?", "in den letzten zwei Wochen", "11-06", "*"),
        ("¿Qué dijimos el martes pasado?", "el martes pasado", "11-17", "11-17"),
        ("¿Qué pasó hace dos semanas?", "hace dos semanas", "11-03", "11-09"),
        ("¿Dónde estuve en marzo?", "en marzo", "03-01", "03-31"),
        ("¿Qué leí el mes pasado?", "el mes pasado", "10-01", "10-31"),
        ("¿Qué cenamos anoche?", "anoche", "11-19", "11-19"),
        ("¿Qué hicimos el fin de semana pasado?", "el fin de semana pasado", "11-14", "11-15"),
        ("¿Qué compré el 3 de octubre?", "el 3 de octubre", "10-03", "10-03"),
        ("¿A quién vi anteayer?", "anteayer", "11-18", "11-18"),
        ("¿Adónde fuimos el verano pasado?", "el verano pasado", "06-01", "08-31"),
        ("¿Qué tengo la semana que viene?", "la semana que viene", "11-23", "11-29"),
        ("Qu'avons-nous dit mardi dernier ?", "mardi dernier", "11-17", "11-17"),
        ("Qu'est-ce que j'ai lu le mois dernier ?", "le mois dernier", "10-01", "10-31"),
        ("Que s'est-il passé il y a deux semaines ?", "il y a deux semaines", "11-03", "11-09"),
        ("Où étais-je en février ?", "en février", "02-01", "02-28"),
        ("ou etais-je en fevrier", "en fevrier", "02-01", "02-28"),
        ("Qui avons-nous vu avant-hier ?", "avant-hier", "11-18", "11-18"),
        ("Qu'avons-nous mangé hier soir ?", "hier soir", "11-19", "11-19"),
        ("Où sommes-nous allés l'été dernier ?", "l'été dernier", "06-01", "08-31"),
        ("Qu'ai-je acheté le 1er octobre ?", "le 1er octobre", "10-01", "10-01"),
        ("Que faisons-nous la semaine prochaine ?", "la semaine prochaine", "11-23", "11-29"),
        ("我们上周说了什么?", "上周", "11-09", "11-15"),
        ("我們上週說了什麼?", "上週", "11-09", "11-15"),
        ("上个月我读了什么书", "上个月", "10-01", "10-31"),
        ("上周二我们去了哪里", "上周二", "11-10", "11-10"),
        ("两周前发生了什么", "两周前", "11-03", "11-09"),
        ("我三月在哪里", "三月", "03-01", "03-31"),
        ("今年3月我在哪", "今年3月", "03-01", "03-31"),
        ("10月3日我买了什么", "10月3日", "10-03", "10-03"),
        ("十月三号我买了什么", "十月三号", "10-03", "10-03"),
        ("昨天晚饭吃了什么", "昨天", "11-19", "11-19"),
        ("前天谁来了", "前天", "11-18", "11-18"),
        ("上周末我们去了哪里", "上周末", "11-14", "11-15"),
        ("今年夏天我们去了哪里", "今年夏天", "06-01", "08-31"),
    ],
)
def test_times_are_understood_in_other_languages(
    question: str, words: str, first: str, last: str
) -> None:
    """With accents and without, in the words and order of the language."""
    (mention,) = mentions(question, now=FRIDAY)
    last = "11-20" if last == "*" else last

    assert words == mention.words
    assert (f"2026-{first}", f"2026-{last}") == days(mention)


@pytest.mark.parametrize(
    ("question", "year"),
    [
        ("Was war im Sommer 2022?", 2022),
        ("Was war im Dezember?", 2025),
        ("Wo war ich letztes Jahr?", 2025),
        ("¿Qué pasó en abril de 2021?", 2021),
        ("¿Dónde viví el año pasado?", 2025),
        ("Que s'est-il passé en décembre ?", 2025),
        ("Où ai-je habité l'année dernière ?", 2025),
        ("去年我住在哪里", 2025),
        ("2022年我在哪里", 2022),
        ("去年十二月下雪了吗", 2025),
    ],
)
def test_years_are_those_that_are_meant(question: str, year: int) -> None:
    """Named, last year's, or of the latest such month that has begun."""
    (mention,) = mentions(question, now=FRIDAY)

    assert year == mention.start.year


NO_TIMES = """
Wer hat hier so viel Mais gegessen?
Guten Morgen, wie geht es dir?
Am Morgen trinke ich Kaffee vor dem Haus
Vor zwei Häusern stehen drei Bäume
Was ist der Rat des Arztes für mich?
Er wohnt hier in der Nähe vom Mai-Platz
Mein zweiter Sohn mag den Winter nicht
Das letzte Stück Kuchen war für Jan
Die nächste Frage ist schwer
Mi segundo hijo vive cerca del mar y del sol
Me gusta el sol por la mañana
La señora Domingo come dos veces una media naranja
La última vez fue la mejor
Hace mucho frío y hace falta un abrigo
El martillo está en la mesa
¿Por qué no has ido a Santo Domingo?
Il a été très content de son dernier livre
Mardi gras est une fête
La dernière page est la plus belle
Il y a deux chats sur la table
Ce mois-là ne compte pas, mais je préfère le printemps
Le marché est près de la mer
早上月亮很圆
我一天到晚都很忙
请你等一下周末愉快的朋友
我们每周一次一起吃饭
他喜欢春天的花
上星期天气
目前年轻人都很忙
五月天的歌很好听
三个月亮
May the force be with you, so mi mar y sol
""".strip().splitlines()


@pytest.mark.parametrize("text", NO_TIMES)
def test_what_is_no_time_is_not_taken_for_one(text: str) -> None:
    """Words that mean something else, and halves of longer words."""
    read = [mention.words for mention in mentions(text, now=FRIDAY)]

    # "Last week" is a time wherever it stands; what follows it is not part of it.
    assert [] == [words for words in read if words != "上星期"]


def test_here_is_not_yesterday() -> None:
    """The German "hier" is not the French one."""
    assert () == mentions("Was steht hier auf dem Tisch?", now=FRIDAY)
    assert ("hier",) == tuple(m.words for m in mentions("Que voulait-il hier ?", now=FRIDAY))


@pytest.mark.parametrize(
    ("words", "first"),
    [
        ("letzte Woche", "2026-11-09"),
        ("Gestern", "2026-11-19"),
        ("hace tres días", "2026-11-17"),
        ("LE MOIS DERNIER", "2026-10-01"),
        ("hier", "2026-11-19"),
        ("上个月", "2026-10-01"),
        ("vor 9999 Jahren", None),
        ("31. Februar", None),
        ("letzte Woche oder so", None),
        ("二月三十号", None),
    ],
)
def test_filters_take_words_of_any_language(words: str, first: str | None) -> None:
    """All of them; what is not understood names its field."""
    if first is not None:
        assert first == span_of(words, now=FRIDAY).start.date().isoformat()
        return
    with pytest.raises(BadInput) as caught:
        span_of(words, now=FRIDAY, field="until")
    assert "until" == caught.value.field


@given(
    st.text(
        st.sampled_from("vor ein zwei Tagen letzte上个周月日3年前12 le mois él.'-"), max_size=60
    )
)
def test_any_text_gives_spans_in_order(text: str) -> None:
    """Each within the text, none over another."""
    at = 0
    for mention in mentions(text, now=FRIDAY):
        found = re.compile(re.escape(mention.words)).search(text, at)
        assert found
        at = found.end()
        assert mention.start < mention.end


@pytest.mark.parametrize(
    "piece", ["vor ", "letzten ", "hace ", "il y a ", "上", "en marzo ", "三月"]
)
def test_a_hostile_text_is_read_in_bounded_time(piece: str) -> None:
    """No pattern of any language backtracks over a long run."""
    assert len(mentions(piece * 20_000 + "9" * 20_000, now=FRIDAY)) <= 8
