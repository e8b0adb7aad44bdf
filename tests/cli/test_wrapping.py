"""An answer that comes in pieces is wrapped between words."""

from __future__ import annotations

import pytest

from holdfast.cli.shown import cells
from holdfast.cli.wrapping import WordWrap

TEXT = (
    "On 9 January you said that the small hotel behind the opera house is the one to book.\n"
    "  Indented, and a word that is as long as https://example.org/a/path/that/fits/no/line is.\n\n"
    "东京的拉面店非常好吃所以我们明天还要再去一次。 Then 🍜 came."
)


def _wrapped(text: str, width: int, piece: int) -> str:
    written: list[str] = []
    wrap = WordWrap(written.append, width)
    for at in range(0, len(text), piece):
        wrap.feed(text[at : at + piece])
    wrap.end()
    return "".join(written)


@pytest.mark.parametrize("width", [20, 60, 80])
@pytest.mark.parametrize("piece", [1, 3, 1000])
def test_lines_end_between_words(width: int, piece: int) -> None:
    """Whatever the pieces are, no word that fits a line is broken and nothing is lost."""
    out = _wrapped(TEXT, width, piece)

    assert out == _wrapped(TEXT, width, 1000)
    assert "".join(out.split()) == "".join(TEXT.split())
    assert max(cells(line) for line in out.split("\n")) <= width
    short = {word for word in TEXT.split() if word.isascii() and len(word) <= width}
    assert short <= set(out.split())


@pytest.mark.parametrize("piece", [1, 3, 1000])
def test_on_a_pipe_all_is_written_as_it_is(piece: int) -> None:
    """Nothing is wrapped or held back."""
    assert _wrapped(TEXT, 0, piece) == TEXT + "\n"
