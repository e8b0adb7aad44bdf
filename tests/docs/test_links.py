"""Pages lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
_LINK = re.compile(r"(?<!!)\[[^\]]*\]\((?P<target>[^)\s]+)\)")
_HEADING = re.compile(r"^#+ (?P<title>.+)$", re.MULTILINE)
_CODE = re.compile(r"^```.*?^```$|`[^`\n]*`", re.MULTILINE | re.DOTALL)


def _pages() -> list[Path]:
    return sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *ROOT.glob("changelog.d/*")])


def _anchors(page: Path) -> set[str]:
    titles = [m["title"] for m in _HEADING.finditer(page.read_text(encoding="utf-8"))]
    kept = [re.sub(r"[^\w\- ]", "", title.lower()) for title in titles]
    return {title.replace(" ", "-") for title in kept}


def _leads_nowhere(page: Path, link: str) -> bool:
    target, _, anchor = link.partition("#")
    if re.match(r"[a-z]+:", target):
        return False
    file = (page.parent / target) if target else page
    if not file.exists():
        return True
    return bool(anchor) and file.suffix == ".md" and anchor not in _anchors(file)


def test_every_link_between_pages_leads_somewhere() -> None:
    """Each relative link names a file that is there, and a heading that is in it."""
    dead = []
    for page in _pages():
        # A table of codes links by a label in code marks; only the target matters here.
        text = re.sub(r"`[^`\n]*`(?=\])", "x", page.read_text(encoding="utf-8"))
        links = [m["target"] for m in _LINK.finditer(_CODE.sub("", text))]
        dead += [
            f"{page.relative_to(ROOT)}: {link}" for link in links if _leads_nowhere(page, link)
        ]

    assert dead == []


def test_every_page_can_be_reached_from_the_index() -> None:
    """Following links from docs/README.md arrives at every page under docs/."""
    docs = ROOT / "docs"
    reached, waiting = set(), [docs / "README.md"]
    while waiting:
        page = waiting.pop().resolve()
        if page in reached or page.suffix != ".md" or not page.exists():
            continue
        reached.add(page)
        links = [m["target"].partition("#")[0] for m in _LINK.finditer(page.read_text("utf-8"))]
        waiting += [page.parent / link for link in links if link and ":" not in link]

    lost = {page.relative_to(docs) for page in docs.rglob("*.md") if page.resolve() not in reached}

    assert lost == set()
