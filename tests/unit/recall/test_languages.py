"""Sentences in many languages among English conversations, asked for in other forms."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from holdfast.index.embedder import StaticEmbedder
from holdfast.index.entries import Entry
from holdfast.index.vault_index import VaultIndex
from holdfast.recall.asking import Ask, Ranked
from holdfast.recall.ranking import rank
from holdfast.recall.snippets import snippet_of

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
SAID = {
    "de": "Der Ersatzschlüssel für den Bootsschuppen hängt hinter dem dritten Ruder",
    "de-houses": "Wir haben uns gestern mehrere alte Häuser in der Altstadt angesehen",
    "de-bought": "Ich habe für Oma einen Wollschal und zwei Bücher gekauft",
    "de-dog": "Unser Hund frisst seit Dienstag nur noch Reis",
    "es": "Las llaves del cobertizo cuelgan detrás del tercer remo",
    "es-bought": "Compramos dos gatos pequeños en el mercado de los sábados",
    "es-doctor": "Mi hermana trabaja como médica en un hospital de Sevilla",
    "fr": "Les clés du hangar à bateaux sont suspendues derrière la troisième rame",
    "fr-bought": "Nous avons acheté deux chevaux blancs à la foire",
    "fr-doctor": "Ma sœur travaille comme médecin dans un hôpital de Lyon",
    "zh": "船屋的备用钥匙挂在第三支桨后面，用蓝色胶带包着",
    "zh-food": "我妹妹最喜欢的食物是饺子和麻婆豆腐",
    "zh-trip": "我们明年春天打算去京都看樱花",
    "ja": "ボート小屋の予備の鍵は三本目のオールの後ろに掛けてあります",
    "ja-food": "妹の一番好きな食べ物は餃子と柿です",
    "ja-trip": "来年の春に京都へ桜を見に行くつもりです",
    "ko": "보트 창고의 예비 열쇠는 세 번째 노 뒤에 걸려 있습니다",
    "ko-food": "여동생이 가장 좋아하는 음식은 만두입니다",
    "ko-trip": "내년 봄에 교토로 벚꽃을 보러 갈 계획입니다",
    "ar": "المفتاح الاحتياطي لسقيفة القوارب معلق خلف المجداف الثالث",
    "ar-food": "أختي تحب القهوة العربية والتمر كثيرا",
    "ar-trip": "سنسافر إلى اسطنبول في الربيع القادم لزيارة المتاحف",
    "hi": "नाव घर की अतिरिक्त चाबी तीसरे चप्पू के पीछे टंगी है",
    "hi-food": "मेरी बहन को आम का अचार और रोटियाँ बहुत पसंद हैं",
    "hi-trip": "हम अगले वसंत में जयपुर के किले देखने जाएंगे",
    "ru": "Запасной ключ от лодочного сарая висит за третьим веслом",
}


def ordinary() -> list[Entry]:
    who = ["My sister", "The neighbour", "A colleague", "Our teacher"]
    did = ["painted the fence", "sold a kettle", "read a novel", "cooked soup", "fixed the roof"]
    return [
        Entry(
            id=f"o{number}",
            session_id=f"o{number}",
            seq=0,
            at_ms=1_750_000_000_000 + number,
            text=f"{who[number % 4]} {did[number % 5]} on day {number}",
        )
        for number in range(200)
    ]


@pytest.fixture(scope="module")
def index(static: StaticEmbedder) -> VaultIndex:
    made = VaultIndex(static)
    made.add(ordinary())
    made.add(
        Entry(id=name, session_id=name, seq=0, at_ms=1_751_000_000_000, text=text)
        for name, text in SAID.items()
    )
    return made


def ask(index: VaultIndex, question: str) -> list[Ranked]:
    return rank(Ask(question=question, now=NOW, limit=300), index)


def with_same_words(index: VaultIndex, question: str) -> set[str]:
    """What was found by its words, and not by its meaning or by standing there."""
    hits = ask(index, question)
    return {hit.id for hit in hits if any(r.name == "same words" for r in hit.reasons)}


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("Schlüssel", "de"),
        ("wo hängt der Schlüssel für das Boot", "de"),
        ("Schuppen", "de"),
        ("Boots Schuppen", "de"),
        ("Ersatz Schlüssel", "de"),
        ("die dritten Ruders", "de"),
        ("Bootschuppen", "de"),
        ("welches Haus haben wir angesehen", "de-houses"),
        ("Haeuser", "de-houses"),
        ("welches Buch soll ich kaufen", "de-bought"),
        ("der Schal für Oma", "de-bought"),
        ("Hunde", "de-dog"),
        ("Hundefutter Reis", "de-dog"),
        ("la llave", "es"),
        ("¿dónde cuelga la llave?", "es"),
        ("una gata pequeña", "es-bought"),
        ("¿qué compré en los mercados?", "es-bought"),
        ("MEDICO hospitales", "es-doctor"),
        ("où est la clé du bateau", "fr"),
        ("le cheval blanc", "fr-bought"),
        ("acheter", "fr-bought"),
        ("hopitaux Lyon", "fr-doctor"),
        ("钥匙", "zh"),
        ("备用钥匙在哪里", "zh"),
        ("蓝色 胶带", "zh"),
        ("妹妹喜欢什么食物", "zh-food"),
        ("樱花", "zh-trip"),
        ("鍵", "ja"),
        ("予備の鍵はどこですか", "ja"),
        ("オール 小屋", "ja"),
        ("餃子", "ja-food"),
        ("桜", "ja-trip"),
        ("열쇠", "ko"),
        ("예비 열쇠", "ko"),
        ("만두", "ko-food"),
        ("벚꽃 교토", "ko-trip"),
        ("مفتاح", "ar"),
        ("المجداف الثالث", "ar"),
        ("قهوة", "ar-food"),
        ("القَهْوَة", "ar-food"),
        ("متحف ربيع", "ar-trip"),
        ("चाबी", "hi"),
        ("चप्पू के पीछे चाबियाँ", "hi"),
        ("रोटी", "hi-food"),
        ("जयपुर का किला", "hi-trip"),
        ("ключ", "ru"),
    ],
)
def test_a_sentence_is_found_by_other_forms_of_its_words(
    index: VaultIndex, question: str, expected: str
) -> None:
    """One word or two, another case, gender or tense, a part of a compound, or a question."""
    assert expected == ask(index, question)[0].id


@pytest.mark.parametrize(
    ("question", "others"),
    [
        ("柿", {"zh", "zh-food", "zh-trip"}),
        ("豆腐", {"ja", "ja-food", "ko-food"}),
        ("かぎ", {"ja", "ja-food"}),
        ("지하철", {"ko", "ko-food", "ko-trip"}),
        ("سمك", {"ar", "ar-food", "ar-trip"}),
        ("मछली", {"hi", "hi-food", "hi-trip"}),
        ("Fisch", {"de", "de-dog", "de-bought"}),
    ],
)
def test_a_word_that_was_not_said_does_not_match(
    index: VaultIndex, question: str, others: set[str]
) -> None:
    """Other words of the same script share nothing with it."""
    assert not others & with_same_words(index, question)


@pytest.mark.parametrize(
    ("question", "name", "expected"),
    [
        ("Schlüssel", "de", ["Ersatzschlüssel"]),
        ("welches Haus", "de-houses", ["Häuser"]),
        ("la llave", "es", ["llaves"]),
        ("钥匙", "zh", ["钥匙"]),
        ("قهوة", "ar-food", ["القهوة"]),
    ],
)
def test_what_was_found_is_marked_as_it_stands(
    index: VaultIndex, question: str, name: str, expected: list[str]
) -> None:
    """The form in the text, not the one in the question."""
    (marks,) = {hit.marks for hit in ask(index, question)}
    cut = snippet_of(SAID[name], marks, 200)

    assert expected == [cut.text[start:end] for start, end in cut.marks]


def test_english_words_are_not_taken_for_foreign_ones(index: VaultIndex) -> None:
    """A vault with a few foreign sentences answers English questions as one without them."""
    plain = VaultIndex(index.embedder)
    plain.add(ordinary())

    for question in ("who read a note", "the gift of a kettle", "sold novel", "cost of the roof"):
        found = [hit.id for hit in ask(index, question) if hit.id not in SAID][:5]
        assert [hit.id for hit in ask(plain, question)][:5] == found
