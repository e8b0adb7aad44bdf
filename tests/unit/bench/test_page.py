"""The page takes over what was measured and leaves the rest alone."""

from __future__ import annotations

import runpy
from pathlib import Path

from holdfast.bench.programs import PROGRAMS

_ROOT = Path(__file__).parents[3]
_WRITER = runpy.run_path(str(_ROOT / "bench" / "write_page.py"))

PAGE = """\
# Page

<!-- a: begin -->
old a
<!-- a: end -->

<!-- b: begin -->
old b
<!-- b: end -->
"""


def test_a_result_replaces_its_section_only() -> None:
    """What has a result is replaced whole, the rest stays to the letter; twice is as once."""
    once = _WRITER["filled"](PAGE, {"a": "new a\n", "c": "nobody asked"})

    assert once == PAGE.replace("old a", "new a")
    assert _WRITER["filled"](once, {"a": "new a\n"}) == once


def test_the_page_has_a_place_for_every_program() -> None:
    """No program's figures are lost for want of markers."""
    page = (_ROOT / "docs" / "benchmarks.md").read_text(encoding="utf-8")

    names = [*PROGRAMS, "quality", "targets"]
    assert [name for name in names if f"<!-- {name}: begin -->\n" not in page] == []
