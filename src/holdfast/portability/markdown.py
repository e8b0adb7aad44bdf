"""One Markdown document that people read.

What was said keeps its own Markdown and cannot leave its place: every message is a block quote, in
which headings, link definitions, raw HTML and stray fences lose their power, and code is fenced
anew with a fence that the code does not contain. Reading programs disagree about Markdown's edges,
so that the rule is to neutralise rather than to trust a parse.
"""

from __future__ import annotations

import re
from typing import IO

from holdfast.model import Memory, Message
from holdfast.portability.bundle import BundledSession
from holdfast.portability.controls import visible
from holdfast.portability.exported import (
    Exported,
    Shown,
    moment,
    shown_messages,
    speaker_of,
    tool_text,
)
from holdfast.portability.prose import segments

__all__ = ["write_markdown"]

_PUNCTUATION = re.compile(r"([\\`*_{}\[\]()<>#+.!|~&:=^$-])")
_MARKERS = r"(?:[ \t]|[-*+>]|\d{1,9}[.)])*"
"""What may stand before a block's own beginning: indents, list markers, quotes."""
_HEADING = re.compile(rf"^({_MARKERS})(#{{1,6}}(?:[ \t]|$))")
_NO_LANGUAGE = re.compile(r"[^\w+#.-]")
_FENCE = re.compile(r"(`{3,}|~{3,})")
_CODE_SPAN = re.compile(r"(?<![`\\])(`+)(?!`)(.+?)(?<!`)\1(?!`)")


class _Visible:
    """Writes to a file; a terminal that shows the file is not commanded by what was said."""

    def __init__(self, target: IO[str]) -> None:
        self._target = target

    def write(self, text: str) -> None:
        self._target.write(visible(text))


def write_markdown(file: IO[str], exported: Exported) -> None:
    """Write the document. One session is in memory at a time."""
    target = _Visible(file)
    target.write(f"# {_inline(exported.title)}\n\n")
    target.write(f"Exported {moment(exported.exported_at)} (UTC)\n")
    for session in exported.sessions:
        _write_session(target, session)
    memories = list(exported.memories)
    if memories:
        target.write("\n## Memories\n\n")
        for memory in memories:
            target.write(_memory(memory))


def _write_session(target: _Visible, bundled: BundledSession) -> None:
    session = bundled.session
    target.write(f"\n## {_inline(session.title) or 'Conversation'}\n\n")
    facts = [f"{moment(session.started_at)} to {moment(session.last_at)} (UTC)"]
    facts += [f"{name}: {_inline(value)}" for name, value in _facts(bundled) if value]
    target.write("*" + " · ".join(facts) + "*\n")
    for shown in shown_messages(bundled):
        target.write("\n" + _message(shown, session.assistant))


def _facts(bundled: BundledSession) -> list[tuple[str, str | None]]:
    session = bundled.session
    return [
        ("with", session.assistant),
        ("project", session.project),
        ("on", session.platform),
        ("tags", ", ".join(session.tags)),
    ]


def _message(shown: Shown, assistant: str | None) -> str:
    message = shown.message
    head = f"**{_inline(speaker_of(message, assistant))}** · {moment(message.at)}"
    if shown.branches_off:
        head += " · *another version*"
    if message.forgotten:
        return f"{head}\n\n*forgotten*\n"
    if message.kind in ("tool_call", "tool_result", "reasoning"):
        return f"{head}\n\n{_folded(message)}"
    parts = [head]
    if message.file:
        size = f"{message.file.size:,} bytes"
        parts.append(f"*File: {_inline(message.file.name)} ({size})*")
    if message.kind == "error":
        parts.append(f"*Error: {_inline(message.error_code or 'unknown')}*")
    if message.text:
        parts.append(_quoted(message.text))
    return "\n\n".join(parts) + "\n"


def _folded(message: Message) -> str:
    """Tools and reasoning, folded away; their text is shown as it is."""
    labels = {"tool_call": "Call", "tool_result": "Result", "reasoning": "Reasoning"}
    label = labels[message.kind]
    text, language = message.text, ""
    if message.tool:
        label += f" of {message.tool.name}" + (" (failed)" if message.tool.failed else "")
        text = tool_text(message.tool, message.text)
        language = "" if message.text else "json"
    summary = label.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    summary = " ".join(summary.split())
    body = _fenced(text, language) if text else "*nothing*"
    return f"<details>\n<summary>{summary}</summary>\n\n{body}\n\n</details>\n"


def _memory(memory: Memory) -> str:
    facts = [memory.kind, f"importance {memory.importance}", moment(memory.created_at)]
    facts += [f"tags {_inline(', '.join(memory.tags))}"] if memory.tags else []
    return f"- {_inline(memory.text)}\n  *{' · '.join(facts)}*\n"


def _inline(text: str) -> str:
    """Text on one line in which no character means anything."""
    return _PUNCTUATION.sub(r"\\\1", " ".join(text.split()))


def _fenced(code: str, language: str = "") -> str:
    """A fenced block; the fence is longer than any run of backticks inside."""
    longest = max((len(run) for run in re.findall(r"`+", code)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{_NO_LANGUAGE.sub('', language)}\n{code}\n{fence}"


def _quoted(text: str) -> str:
    """What was said, as a block quote that nothing inside can end."""
    blocks = [
        _fenced(segment.text, segment.language) if segment.is_code else _tamed(segment.text)
        for segment in segments(text)
    ]
    lines = "\n\n".join(block.strip("\n") for block in blocks if block.strip()).split("\n")
    return "\n".join(f"> {line}" if line else ">" for line in lines)


def _tamed(prose: str) -> str:
    """Prose whose lines can begin no heading, no definition, no fence and no HTML."""
    paragraphs = re.split(r"(\n[ \t]*\n)", prose)
    return "".join(_tamed_paragraph(paragraph) for paragraph in paragraphs)


def _tamed_paragraph(paragraph: str) -> str:
    lines = paragraph.split("\n")
    # A code span may hold "<" as it is, if it is sure to be one: in a table a bar ends it, and a
    # backtick left open on one line changes what the backticks of the next lines mean.
    spans_hold = "|" not in paragraph and all(_spans_close(line) for line in lines)
    return "\n".join(_tamed_line(line, spans_hold=spans_hold) for line in lines)


def _spans_close(line: str) -> bool:
    # Backticks of many lengths make finding spans quadratic, so that long lines do without.
    return "`" not in line or (len(line) < 5000 and "`" not in _CODE_SPAN.sub("", line))


def _tamed_line(line: str, *, spans_hold: bool) -> str:
    if spans_hold and not _FENCE.search(line):
        pieces: list[str] = []
        at = 0
        for span in _CODE_SPAN.finditer(line):
            pieces += [_tamed_text(line[at : span.start()]), span[0]]
            at = span.end()
        line = "".join(pieces) + _tamed_text(line[at:])
    else:
        line = _tamed_text(line)
    line = _HEADING.sub(r"\1\\\2", line)
    tail = line.lstrip(" \t>")
    if tail.rstrip(" \t") and set(tail.rstrip(" \t")) in ({"="}, {"-"}):  # underlines a heading
        line = line.removesuffix(tail) + "\\" + tail
    return line


def _tamed_text(text: str) -> str:
    # "&lt;" and not a backslash: a backslash that was said before it would undo the escape.
    text = text.replace("<", "&lt;").replace("]:", "]&#58;")
    return _FENCE.sub(lambda run: "".join(f"&#{ord(char)};" for char in run[0]), text)
