"""The index of one vault."""

from __future__ import annotations

import zlib

import pytest

from holdfast.index.embedder import Floats, StaticEmbedder
from holdfast.index.entries import Entry, Filter
from holdfast.index.queries import parse
from holdfast.index.vault_index import VaultIndex

DAY_MS = 86_400_000


def entry(number: int, text: str = "we talked about boats", **given: object) -> Entry:
    defaults = {"id": f"m{number}", "session_id": "s1", "seq": number, "at_ms": number * DAY_MS}
    return Entry(**{**defaults, "text": text, **given})


def filled(embedder: StaticEmbedder, *entries: Entry) -> VaultIndex:
    index = VaultIndex(embedder)
    index.add(entries)
    return index


def test_what_was_added_is_found_at_once(static: StaticEmbedder) -> None:
    """One addition after another; no build step between."""
    index = VaultIndex(static)
    for number, word in enumerate(["zebra", "walrus", "otter"]):
        index.add([entry(number, f"I saw a {word}")])

        assert index.search(word).bm25[0, 0] > 0
    assert 3 == len(index)


def test_an_id_added_again_replaces_the_old(static: StaticEmbedder) -> None:
    """The text of before is not found any more."""
    index = filled(static, entry(1, "zebra"))

    index.add([entry(1, "walrus")])

    assert 1 == len(index)
    assert () == index.search("zebra").terms


def test_the_last_of_equal_ids_in_one_batch_stays(static: StaticEmbedder) -> None:
    """As if they had come one by one."""
    index = filled(static, entry(1, "zebra"), entry(1, "walrus"))

    assert (1, 1) == (len(index), len(index.search("walrus").terms))


def test_removed_entries_leave_nothing(static: StaticEmbedder) -> None:
    """Neither the entry nor its words nor its place between its neighbours."""
    index = filled(static, entry(0, "red"), entry(1, "zebra"), entry(2, "blue"))

    index.remove(["m1", "unknown"])

    evidence = index.search("red zebra blue")
    assert ["m2", "m0"] == evidence.ids
    assert {"red", "blue"} == {term.text for term in evidence.terms}
    assert evidence.counts[2, :, 1].any()  # blue now follows red


def test_removing_a_session_takes_its_memories_too(static: StaticEmbedder) -> None:
    """What was distilled in it goes with it; other sessions stay."""
    memory = entry(9, is_memory=True, seq=0)
    index = filled(static, entry(0), memory, entry(1, session_id="s2"))

    index.remove_session("s1")

    assert ["m1"] == index.search("boats").ids


def test_many_removals_are_cleared_away(static: StaticEmbedder) -> None:
    """Dead rows do not pile up: memory falls when most of a vault is forgotten."""
    index = filled(static, *(entry(number) for number in range(6000)))
    before = index.nbytes

    index.remove([f"m{number}" for number in range(10, 6000)])

    assert index.nbytes < before / 2
    assert 10 == len(index.search("boats").ids)


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        (Filter(speaker="ADA"), {"m1"}),
        (Filter(role="assistant"), {"m2"}),
        (Filter(kind="tool_call"), {"m2"}),
        (Filter(assistant="helper"), {"m3"}),
        (Filter(project="trip"), {"m3"}),
        (Filter(platform="phone"), {"m3"}),
        (Filter(session_kind="room"), {"m1"}),
        (Filter(session_ids=("s2", "nowhere")), {"m3"}),
        (Filter(session_ids=()), set()),
        (Filter(tags=("Blue",)), {"m4"}),
        (Filter(tags=("blue", "green")), set()),
        (Filter(since_ms=2 * DAY_MS, until_ms=4 * DAY_MS), {"m2", "m3"}),
        (Filter(memories=True), {"m4"}),
        (Filter(memories=False), {"m1", "m2", "m3"}),
        (Filter(speaker="nobody"), set()),
    ],
)
def test_filters_admit_exactly_what_they_name(
    static: StaticEmbedder, where: Filter, expected: set[str]
) -> None:
    """Each field alone."""
    index = filled(
        static,
        entry(1, speaker="Ada", session_kind="room"),
        entry(2, role="assistant", kind="tool_call"),
        entry(3, assistant="helper", project="trip", platform="phone", session_id="s2"),
        entry(4, is_memory=True, session_id="", tags=("blue", "red")),
    )

    assert expected == set(index.search("boats", where=where).ids)


def test_filters_apply_before_the_cut(static: StaticEmbedder) -> None:
    """A rare admitted entry is a candidate though a thousand others match better."""
    crowd = [entry(number, "boats boats boats") for number in range(1000)]
    index = filled(static, *crowd, entry(5000, "something else", role="assistant"))

    assert ["m5000"] == index.search("boats", where=Filter(role="assistant"), pool=10).ids


def test_a_relabelled_session_is_found_under_its_new_labels_only(static: StaticEmbedder) -> None:
    """A memory keeps its own assistant and tags, and follows its session in the rest."""
    index = filled(static, entry(1), entry(2, is_memory=True, tags=("own",), assistant="other"))

    index.label_session(
        "s1", assistant="helper", project="trip", kind="room", tags=("New",), platform="phone"
    )

    found = {
        field: index.search("boats", where=where).ids
        for field, where in {
            "project": Filter(project="trip", session_kind="room", platform="phone"),
            "assistant": Filter(assistant="helper"),
            "tags": Filter(tags=("new",)),
            "own": Filter(tags=("own",), assistant="other"),
        }.items()
    }
    assert {"project": ["m2", "m1"], "assistant": ["m1"], "tags": ["m1"], "own": ["m2"]} == found


def test_neighbours_follow_seq_and_not_the_order_of_arrival(static: StaticEmbedder) -> None:
    """A message that arrives late takes its place between the others."""
    index = filled(static, entry(0, "red"), entry(2, "blue"))

    index.add([entry(1, "green")])

    evidence = index.search("red green blue")
    middle = evidence.ids.index("m1")
    assert 3 == evidence.counts[:, :, middle].sum()


def test_a_thousand_identical_entries_are_cut_by_content(static: StaticEmbedder) -> None:
    """The newest stay, whatever was added first."""
    entries = [entry(number) for number in range(1000)]
    forward, backward = filled(static, *entries), filled(static, *reversed(entries))

    ids = forward.search("boats", pool=60).ids

    assert ids == backward.search("boats", pool=60).ids
    assert "m999" == ids[0]


def test_an_empty_index_answers_with_nothing(static: StaticEmbedder) -> None:
    """No division by zero, no error."""
    assert [] == VaultIndex(static).search("anything").ids


@pytest.mark.parametrize("question", ["", "the of and", "zzz", "\x00\ud800", "🍕", "a " * 10_000])
def test_any_question_gets_evidence(static: StaticEmbedder, question: str) -> None:
    """Odd questions fall back on whatever is there."""
    assert ["m1"] == filled(static, entry(1)).search(question).ids


def test_a_loaded_snapshot_answers_the_same_and_goes_on(static: StaticEmbedder) -> None:
    """All that was known is known again, and can be changed."""
    index = filled(static, entry(0, "red"), entry(1, "blue", speaker="Ada", tags=("x",)))
    index.rev = 7

    loaded = VaultIndex.load(index.dump(), static)
    loaded.add([entry(2, "green")])
    loaded.remove(["m0"])

    assert (7, 2) == (loaded.rev, len(loaded))
    assert ["m1"] == loaded.search("blue", where=Filter(speaker="ada", tags=("x",))).ids


def test_a_damaged_snapshot_is_refused_wherever_it_is_damaged(static: StaticEmbedder) -> None:
    """A flipped bit, a cut, an empty file, another format: rebuild."""
    data = filled(static, entry(0)).dump()

    for at in range(0, len(data), max(1, len(data) // 100)):
        with pytest.raises(ValueError, match="snapshot"):
            VaultIndex.load(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :], static)
    for broken in (b"", data[:10], data[:-1], data + b"\0"):
        with pytest.raises(ValueError, match="snapshot"):
            VaultIndex.load(broken, static)


def test_a_wrong_snapshot_with_a_right_checksum_is_a_value_error(static: StaticEmbedder) -> None:
    """Even a header that is no header does not end in another kind of error."""
    body = (8).to_bytes(4, "little") + b"nonsense"
    data = b"HFINDEX3" + zlib.crc32(body).to_bytes(4, "little") + body

    with pytest.raises(ValueError, match="snapshot"):
        VaultIndex.load(data, static)


class _Other:
    name = "other"
    dims = 256

    def embed(self, texts: list[str]) -> Floats:
        raise NotImplementedError


def test_a_snapshot_of_another_embedder_is_refused(static: StaticEmbedder) -> None:
    """Vectors of two embedders cannot be compared."""
    with pytest.raises(ValueError, match="embedder"):
        VaultIndex.load(filled(static, entry(0)).dump(), _Other())


def test_who_speaks_no_more_is_known_no_more(static: StaticEmbedder) -> None:
    """A question's name is only a speaker's while something of theirs is left."""
    index = filled(static, entry(1, speaker="Ada"), entry(2, speaker="Grace"))

    index.remove(["m1"])

    assert {"grace"} == index.search("boats").known_speakers


def test_a_snapshot_holds_nothing_of_what_was_removed_or_relabelled(static: StaticEmbedder) -> None:
    """Canaries: a word, a speaker, a tag, a session and an id that are gone."""
    gone = entry(1, "canaryword", speaker="Canaryname", session_id="canarysession", tags=("x",))
    index = filled(static, entry(0, "red boat"), gone, entry(2, "blue", tags=("canarytag",)))

    index.remove(["m1"])
    index.label_session("s1", assistant=None, project=None, kind="chat", tags=(), platform=None)

    data = index.dump()
    assert b"canary" not in data.lower()
    assert b"m1" not in data
    assert ["m0", "m2"] == sorted(VaultIndex.load(data, static).search("red blue").ids)
    assert 1 == index.search("boat").bm25.astype(bool)[0].sum()


def test_the_words_of_an_old_title_are_unknown(static: StaticEmbedder) -> None:
    """As if it had never been: not looked up, not guessed, not completed."""
    index = filled(static, entry(0, "red boat"))
    index.title_session("s1", "zebra")
    before = index.search("zebra").terms
    index.title_session("s1", "walrus")

    assert ["zebra"] == [term.text for term in before]
    for question in ("zebra", "zerba"):
        assert () == index.search(question).terms
    assert () == index.search(parse("zeb", typing=True)).terms


def test_sessions_are_found_by_titles_that_hold_every_word(static: StaticEmbedder) -> None:
    """In whatever form, begun, mistyped, or written as one; not by one that was taken back."""
    index = filled(static, entry(0, "a red boat in a shed"))
    index.title_session("s1", "Boat shed clear-out")
    index.title_session("silent", "The shed")

    for question in ("boat shed", "BOATS sheds", "boatshed", "baot shed"):
        assert ["s1"] == index.titled(parse(question)), question
    assert ["s1"] == index.titled(parse("shed cle", typing=True))
    assert ["s1", "silent"] == sorted(index.titled(parse("shed")))
    for question in ("red boat", "shed zebra", "shed cle", ""):
        assert [] == index.titled(parse(question)), question
    index.title_session("s1", "Sails")
    assert ["silent"] == index.titled(parse("shed"))


def test_a_compound_is_not_split_by_what_was_removed(static: StaticEmbedder) -> None:
    """The one message with both parts is gone: the word is as unknown as if it had never been."""
    index = filled(static, entry(0, "the dog is blue"), entry(1, "a dog"), entry(2, "so blue"))
    split = index.search("dogblue")
    index.remove(["m0"])
    unknown = index.search("dogblue")

    assert {"dog", "blue"} < split.marks
    assert () == unknown.terms
    assert not {"dog", "blue"} & unknown.marks


def test_a_snapshot_holds_no_title_that_was_taken_back(static: StaticEmbedder) -> None:
    """Changed, or gone with its session; the new one is there."""
    index = filled(static, entry(0, "red boat"), entry(1, "blue", session_id="other"))
    index.title_session("s1", "canaryfirst")
    index.title_session("other", "canarysecond")
    index.title_session("s1", "Lighthouse")
    index.remove_session("other")

    data = index.dump()
    titled = VaultIndex.load(data, static).search("lighthouses").title_counts
    assert b"canary" not in data
    assert [[1.0]] == titled.tolist()


def test_messages_beside_one_are_named_only_when_all_are_known(static: StaticEmbedder) -> None:
    """A gap in seq, and the end of a session, may hide messages that the index does not hold."""
    index = filled(static, *(entry(number) for number in (0, 1, 2, 4, 5, 6)))

    assert {"m0": ["m1"], "m1": ["m0", "m2"], "m5": ["m4", "m6"]} == index.beside(
        ["m0", "m1", "m2", "m4", "m5", "m6", "unknown"], 1
    )
    assert {"m0": ["m1", "m2"]} == index.beside(["m0", "m1", "m5"], 2)
