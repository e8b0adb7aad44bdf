"""What each group of features is worth: learned anew without it, as a table and as a plot."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from pathlib import Path

from holdfast.bench.recall import Found, shares_of
from holdfast.recall.reasons import GROUPS

Measure = Callable[[frozenset[str]], list[Found]]
_WANTED = (
    ("people", "messages_all", "10", "people, messages all@10"),
    ("assistant", "messages_all", "10", "assistant, messages all@10"),
    ("assistant", "sessions_all", "5", "assistant, sessions all@5"),
)
_COLOURS = ("#3b6ea5", "#c46a2b", "#5a9367")
_ROW, _BAR, _LEFT, _WIDTH = 54, 14, 170, 720
_POINT = 40
"""Pixels for one percent."""
_TOGETHER = {
    "states a number": ("states a number or time", ("states a number", "states a time")),
    "answers a question": (
        "answers a question, about oneself",
        ("answers a question", "about oneself"),
    ),
}
_NOT_MEASURED = frozenset(("title of the conversation", "newest", "states a time", "about oneself"))
"""Of weights that are given, not learned; or part of another row."""
Row = tuple[str, list[float], list[float]]


def write_ablations(measures: dict[str, Measure], folder: Path) -> None:
    """Write recall-ablations.md and recall-ablations.svg."""
    whole = {kind: measure(frozenset()) for kind, measure in measures.items()}
    full = _values(whole)
    full_depth = _depth(whole)
    rows: list[Row] = []
    for group in GROUPS:
        if group in _NOT_MEASURED:
            continue
        name, groups = _TOGETHER.get(group, (group, (group,)))
        features = frozenset(feature for one in groups for feature in GROUPS[one])
        without = {kind: measure(features) for kind, measure in measures.items()}
        values = _values(without)
        rows.append((name, values, [*_depth(without)]))
        print(name, values, flush=True)
    folder.mkdir(parents=True, exist_ok=True)
    text = _table([("all features", full, [*full_depth]), *rows])
    (folder / "recall-ablations.md").write_text(text, encoding="utf-8")
    (folder / "recall-ablations.svg").write_text(_plot(rows, full), encoding="utf-8")


def _values(found: dict[str, list[Found]]) -> list[float]:
    shares = {kind: shares_of(each) for kind, each in found.items()}
    return [getattr(shares[kind], field)[depth] for kind, field, depth, _ in _WANTED]


def _depth(found: dict[str, list[Found]]) -> list[float]:
    """Mean share of a question's evidence among the first ten messages, percent: less jumpy."""
    shares = []
    for each in found.values():
        parts = [sum(rank < 10 for rank in one.messages) / one.message_count for one in each]
        shares.append(round(100 * sum(parts) / max(len(parts), 1), 2))
    return shares


def _table(rows: list[Row]) -> str:
    head = [title for *_, title in _WANTED] + ["people, share@10", "assistant, share@10"]
    lines = [f"| without | {' | '.join(head)} |", "|---" * (len(head) + 1) + "|"]
    for name, values, depth in rows:
        lines.append(f"| {name} | {' | '.join(f'{v:.1f}' for v in (*values, *depth))} |")
    return "\n".join(lines) + "\n"


def _plot(rows: list[Row], full: list[float]) -> str:
    """Bars to the left: percent lost without the group; to the right: won."""
    height = _ROW * len(rows) + 70
    middle = _LEFT + (_WIDTH - _LEFT) * 0.7
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" '
        'font-family="sans-serif" font-size="12">',
        "<title>What is lost without each group of features</title>",
        f'<rect width="{_WIDTH}" height="{height}" fill="#ffffff"/>',
        f'<line x1="{middle}" y1="40" x2="{middle}" y2="{height - 20}" stroke="#888888"/>',
    ]
    for at, (*_, title) in enumerate(_WANTED):
        x = 10 + at * 235
        parts.append(f'<rect x="{x}" y="10" width="10" height="10" fill="{_COLOURS[at]}"/>')
        parts.append(f'<text x="{x + 15}" y="19" fill="#222222">{escape(title)}</text>')
    for row, (name, values, _) in enumerate(rows):
        top = 45 + row * _ROW
        parts.append(f'<text x="10" y="{top + 26}" fill="#222222">{escape(name)}</text>')
        for at, value in enumerate(values):
            change = value - full[at]
            size = min(abs(change) * _POINT, middle - _LEFT if change < 0 else _WIDTH - middle - 50)
            x, y = (middle - size if change < 0 else middle), top + at * (_BAR + 1)
            parts.append(
                f'<rect x="{x:.1f}" y="{y}" width="{size:.1f}" height="{_BAR}" '
                f'fill="{_COLOURS[at]}"/>'
            )
            parts.append(
                f'<text x="{middle + (size if change >= 0 else 0) + 4:.1f}" y="{y + 11}" '
                f'fill="#444444">{change:+.1f}</text>'
            )
    return "\n".join([*parts, "</svg>"]) + "\n"
