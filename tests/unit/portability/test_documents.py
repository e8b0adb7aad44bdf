"""The documents for people: JSON, Markdown, PDF."""

from __future__ import annotations

import importlib.util
import io
import json
import sys

import pypdf
import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from holdfast.errors import BadInput, MissingExtra
from holdfast.model import Speech, ToolPart
from holdfast.portability import pdf
from holdfast.portability.exported import Exported, shown_messages
from holdfast.portability.json_export import write_json
from holdfast.portability.markdown import write_markdown
from holdfast.portability.pdf import page_pictures, write_pdf
from holdfast.portability.prose import Segment, segments
from unit.portability.owned import (
    ASSISTANT,
    AT,
    MEMORY,
    PROJECT,
    THOUGHT,
    exported,
    file_part,
    message,
)

CALL = ToolPart(name="weather", call_id="c", arguments={"city": "Oslo"})
RESULT = ToolPart(name="weather", call_id="c", failed=True)


def json_of(document: Exported):
    target = io.BytesIO()
    write_json(target, document)
    return json.loads(target.getvalue())


def markdown_of(document: Exported) -> str:
    target = io.StringIO()
    write_markdown(target, document)
    return target.getvalue()


def pdf_document(document: Exported) -> bytes:
    target = io.BytesIO()
    write_pdf(target, document)
    return target.getvalue()


def pdf_text(document: Exported) -> str:
    pages = pypdf.PdfReader(io.BytesIO(pdf_document(document))).pages
    return "\n".join(page.extract_text() for page in pages)


def test_json_holds_everything_in_one_document():
    """Sessions hold their messages; what there is none of is an empty list."""
    found = json_of(
        exported(
            "hi",
            memories=[MEMORY],
            thoughts=[THOUGHT],
            assistants=[ASSISTANT],
            projects=iter([PROJECT]),
        )
    )

    assert (found["format"], found["version"]) == ("holdfast-json", 1)
    assert found["sessions"][0]["title"] == "Oslo"
    assert found["sessions"][0]["messages"][0]["text"] == "hi"
    assert found["memories"][0]["sources"][0]["message_id"] == "m0"
    assert [len(found[name]) for name in ("thoughts", "assistants", "projects")] == [1, 1, 1]
    assert json_of(Exported(exported_at=AT))["sessions"] == []


def test_markdown_reads_like_a_conversation():
    """Title, dates, speakers, code, tools, files, errors and memories all show."""
    text = markdown_of(
        exported(
            message(0, "Weather?", author="Ada"),
            message(1, kind="tool_call", tool=CALL),
            message(2, "no network", role="tool", kind="tool_result", tool=RESULT),
            message(3, "Look:\n```py\nprint(1)\n```"),
            message(4, kind="file", file=file_part(b"1234")),
            message(5, "gone", kind="error", error_code="timeout"),
            message(6, forgotten=True),
            message(7, "Again", parent_id="m0"),
            memories=[MEMORY],
        )
    )

    assert text.startswith("# Conversations\n\nExported 9 January 2026, 10:00 (UTC)\n\n## Oslo\n")
    assert "**Ada** · 9 January 2026, 10:00\n\n> Weather?\n" in text
    assert "<summary>Call of weather</summary>\n\n```json\n{\n" in text
    assert "<summary>Result of weather (failed)</summary>\n\n```\nno network\n```\n" in text
    assert "> Look:\n>\n> ```py\n> print(1)\n> ```\n" in text
    assert "*File: boat\\.png (4 bytes)*" in text
    assert "*Error: timeout*\n\n> gone" in text
    assert "*forgotten*" in text
    assert "*another version*\n\n> Again" in text
    assert "## Memories\n\n- Likes blue\n" in text


BREAKOUTS = [
    "</details><script>alert(1)</script>",
    "# Heading\n\n## Other",
    "a\n===\nb\n---",
    "- a\n  ===\n> b\n> ---",
    "[a]: /x\n[^1]: note\n[b\nb]: /url\n> [1]: /z",
    "```\nnever closed <b>",
    "- ```\n<i>\n",
    "- a\n  ```\n<script>\n  ```",
    "- ~~~\n  ```\n  <x>\n  ~~~\n<script>",
    "a ` b\nc ` <script> ` d",
    "`` ` <b> `` <i>",
    "| a | `x|<b>` |\n|-|-|-|",
    "\\<u> \\\\<u> `\\` <u>",
    "<!-- a\n\n-->\n<?php\n<![CDATA[",
    "    <pre>\n\t<pre>",
    "1. # x\n   # y\n* # z",
    "&lt;b&gt; \\`<b>` `",
    "````\n```\n<b>\n````\n<b>",
    "~~~ x\n```\n~~~\n<b>\n```",
    "\r# a\r\n# b\u2028# c\x0b# d\x85# e",
]


def _tokens(text: str):
    parser = MarkdownIt("commonmark", {"html": True}).enable("table")
    for token in parser.parse(text):
        yield token, token.type
        for child in token.children or []:
            yield child, child.type


def check_nothing_broke_out(said: str) -> None:
    """Only the document's own headings and folds are in what a Markdown program makes of it."""
    call = ToolPart(name=said, call_id="c", arguments={"x": said})
    text = markdown_of(
        exported(
            message(0, said, author=said),
            message(1, kind="tool_call", tool=call),
            message(2, said, kind="reasoning", role="assistant"),
            message(3, "[a] [^1] [b\nb] [1] `canary`"),
            title="T",
        )
    )

    tokens = list(_tokens(text))
    html = [t.content for t, kind in tokens if kind.startswith("html")]
    assert all(h.startswith(("<details>\n<summary>", "</details>")) for h in html), html
    assert len(html) == 4
    assert [t.tag for t, kind in tokens if kind == "heading_open"] == ["h1", "h2"]
    assert all(t.level == 0 for t, kind in tokens if kind == "heading_open")
    (last,) = (t for t, kind in tokens if kind == "inline" and "canary" in t.content)
    assert {child.type for child in last.children} == {"text", "code_inline", "softbreak"}


@pytest.mark.parametrize("said", BREAKOUTS)
def test_nothing_said_breaks_out_of_its_place(said):
    """No heading, no HTML, no definition and no fence of a message acts on the document."""
    check_nothing_broke_out(said)


@given(st.text("#<>`~-=*_[]():|\\&! \n\tab1.", max_size=40))
def test_no_mixture_of_markdown_breaks_out(said):
    """The same, for whatever Hypothesis can put together."""
    check_nothing_broke_out(said)


@given(st.text("`~ab \n<", max_size=60))
def test_code_in_fences_is_kept_as_it_is(code):
    """Whatever is inside a fenced block comes out of Markdown unchanged."""
    held = code.replace("~~~~", "")
    text = markdown_of(exported(f"x\n~~~~~~~~py\n{held}\n~~~~~~~~\ny"))

    blocks = [t.content for t, kind in _tokens(text) if kind == "fence"]

    assert blocks == [f"{held}\n"]


def test_segments_are_the_lines_they_came_from():
    """Prose and code alternate; an open fence runs to the end, an indented one is no fence."""
    assert segments("") == []
    assert segments("a\n```py x\nb\n\n```\nc") == [
        Segment("a"),
        Segment("b\n", True, "py"),
        Segment("c"),
    ]
    assert segments("~~~\n```\na") == [Segment("```\na", True)]
    assert segments("    ```\na") == [Segment("    ```\na")]
    assert segments("```a`b```") == [Segment("```a`b```")]


SCRIPTS = {
    "Latin": "Blåbærsyltetøy, naïveté",
    "Cyrillic": "Привет, мир",
    "Greek": "Καλημέρα κόσμε",
    "Chinese": "你好世界",
    "Japanese": "こんにちは世界カタカナ",
    "Korean": "안녕하세요 세계",
    "emoji": "💙",
    "joined emoji": "👩\u200d👩\u200d👧",
    "flag": "🇳🇴",
}


@pytest.mark.parametrize("script", sorted(SCRIPTS))
def test_every_script_can_be_found_in_the_pdf(script):
    """What was said is text in the PDF: it can be searched for and copied."""
    assert SCRIPTS[script] in pdf_text(exported(SCRIPTS[script]))


def test_arabic_words_are_whole_in_the_pdf():
    """Letters are joined for the eye and single for the search; lines run from the right."""
    words = ["مرحبا", "بالعالم", "كيف", "حالك"]

    text = pdf_text(exported(" ".join(words)))

    assert all(word in text for word in words)


def test_no_character_of_these_scripts_is_missing():
    """Every script has a font: none of the glyphs is the box for what is not there."""
    document = pypdf.PdfReader(
        io.BytesIO(pdf_document(exported(*SCRIPTS.values(), "مرحبا بالعالم")))
    )
    fonts = {
        str(font.get_object().get("/BaseFont") or font.get_object()["/Name"])
        for page in document.pages
        for font in page["/Resources"]["/Font"].values()
    }
    wanted = ["NotoSans", "NotoSansCJKjp", "IBMPlexSansArabic", "TwemojiMozilla"]
    assert all(any(name in font for font in fonts) for name in wanted), fonts


def test_what_was_said_is_never_markup_in_the_pdf():
    """Typst code in a message is printed, not run; the same in titles, names and tools."""
    said = '#panic("x") $x$ *b* _i_ @ref <label> = h \\ #eval("1") [x] `r` // c'
    document = exported(
        message(0, said, author=said),
        message(1, kind="tool_call", tool=ToolPart(name=said, call_id="c", arguments=said)),
        message(2, f"```{said}\n{said}\n```"),
        memories=[MEMORY],
        title='#panic("t")',
    )

    text = " ".join(pdf_text(document).split())

    assert text.count('#panic("x")') >= 4
    assert '#panic("t")' in text


def test_the_pdf_shows_what_happened():
    """Title, speakers, times, tools, files, errors, forgotten messages and page numbers."""
    text = pdf_text(
        exported(
            "Hello",
            message(1, kind="tool_call", tool=CALL),
            message(2, "no network", role="tool", kind="tool_result", tool=RESULT),
            message(3, "# Plan\n\n- **first**\n1. `second`\n\n```py\nx = 1\n```"),
            message(4, kind="file", file=file_part(b"1234")),
            message(5, "gone", kind="error", error_code="timeout"),
            message(6, "secret", forgotten=True),
            memories=[MEMORY],
        )
    )

    for part in (
        "Conversations",
        "You 9 January 2026, 10:00",
        "Helper",
        '"city": "Oslo"',
        "result, failed",
        "Plan",
        "first",
        "x = 1",
        "File: boat.png (4 bytes)",
        "Error: timeout",
        "forgotten",
        "Likes blue",
        "1 / ",
    ):
        assert part in text, part
    assert "secret" not in text
    assert "**" not in text


def test_a_word_longer_than_the_line_is_broken():
    """Nothing runs out of the page: every letter of a long address is inside the margins."""
    widths = []

    def visit(text, _cm, tm, _font, size):
        widths.append(tm[4] + len(text.strip()) * size * 0.4)

    data = pdf_document(exported("https://example.com/" + "a" * 900))
    pypdf.PdfReader(io.BytesIO(data)).pages[0].extract_text(visitor_text=visit)

    assert max(widths) < 595


def test_pages_can_be_had_as_pictures():
    """For a preview: one PNG a page."""
    pages = page_pictures(exported("Hello", "x\n" * 200))

    assert len(pages) > 1
    assert all(page.startswith(b"\x89PNG") for page in pages)


def test_the_same_export_gives_the_same_bytes():
    """Nothing of the machine or the hour is in the document."""
    assert pdf_document(exported("Hello")) == pdf_document(exported("Hello"))


def test_too_many_messages_for_one_pdf_are_refused(monkeypatch):
    """The error says what to do instead of filling the memory."""
    monkeypatch.setattr(pdf, "_MAX_MESSAGES", 2)

    with pytest.raises(BadInput, match="fewer sessions"):
        pdf_document(exported("a", "b", "c"))


def test_too_much_text_for_one_pdf_is_refused(monkeypatch):
    """Few messages can be long ones."""
    monkeypatch.setattr(pdf, "_MAX_BYTES", 10_000)

    with pytest.raises(BadInput, match="fewer sessions"):
        pdf_document(exported("word " * 3_000))


def test_without_the_extra_the_error_names_it(monkeypatch):
    """Neither Typst nor a font that is missing ends in an ImportError."""
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MissingExtra, match="pdf"):
        pdf_document(exported("a"))

    monkeypatch.setitem(sys.modules, "typst", None)
    with pytest.raises(MissingExtra, match="pdf"):
        pdf_document(exported("a"))


def _spoken(**more: object):
    return message(0, "", kind="audio", file=file_part(b"RIFF", "speech.wav"), **more)


_HEARD = Speech(engine="whisper:base", language="en", duration_s=2.5)


def test_speech_and_its_transcript_are_shown_as_one_thing_said() -> None:
    """Recording and words once, under one name and time; the next message is no other version."""
    document = (
        _spoken(),
        message(1, "Blue it is", role="user", speech=_HEARD),
        message(2, "Noted", role="assistant"),
    )

    shown = list(shown_messages(next(iter(exported(*document).sessions))))
    text = markdown_of(exported(*document))

    assert [(s.message.kind, s.message.text, s.branches_off) for s in shown] == [
        ("audio", "Blue it is", False),
        ("text", "Noted", False),
    ]
    assert (text.count("**You**"), text.count("speech"), text.count("Blue it is")) == (1, 1, 1)
    assert pdf_text(exported(*document)).count("Blue it is") == 1


def test_json_keeps_speech_and_its_transcript_apart() -> None:
    """The document for programs says what is recorded: two messages."""
    document = (_spoken(), message(1, "Blue it is", role="user", speech=_HEARD))

    (found,) = json_of(exported(*document))["sessions"]

    assert [m["text"] for m in found["messages"]] == ["", "Blue it is"]


def test_a_transcript_stays_when_its_speech_was_forgotten() -> None:
    """What is kept is shown, whatever became of the other half."""
    document = (_spoken(forgotten=True), message(1, "Blue it is", role="user", speech=_HEARD))

    assert "Blue it is" in markdown_of(exported(*document))
