"""Put what `make bench` measured into docs/benchmarks.md, between the page's markers.

Run it with `python bench/write_page.py`. A program without a result keeps what the page says of it.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "benchmarks.md"
RESULTS = ROOT / "bench" / "results"
_SECTION = re.compile(r"(<!-- (?P<name>\w+): begin -->\n)(.*?)(<!-- (?P=name): end -->)", re.DOTALL)


def filled(page: str, results: dict[str, str]) -> str:
    """The page with the text of each result between the markers of its name."""

    def section(found: re.Match[str]) -> str:
        text = results.get(found["name"])
        return found[0] if text is None else f"{found[1]}{text.strip()}\n{found[4]}"

    return _SECTION.sub(section, page)


def main() -> int:
    """Write the page; the exit code is 1 when there are no results."""
    results = {path.stem: path.read_text(encoding="utf-8") for path in RESULTS.glob("*.md")}
    if not results:
        print(f"no results in {RESULTS}: run make bench first", file=sys.stderr)
        return 1
    if "summary" in results:
        results["targets"] = f"## Targets\n\n{results.pop('summary')}".replace(
            "### Targets\n\n", ""
        )
    PAGE.write_text(filled(PAGE.read_text(encoding="utf-8"), results), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
