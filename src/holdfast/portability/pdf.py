"""One PDF document, set by Typst with fonts that are installed as packages.

The template is fixed; what was said goes beside it as JSON, all in memory: no text of a user is
ever read as markup, and none is written to a temporary file. No font of the system is used, so
that the same conversation looks the same on every machine.
"""

from __future__ import annotations

import importlib.util
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any, Literal

import msgspec

from holdfast.errors import BadInput, MissingExtra
from holdfast.model import Memory
from holdfast.portability.bundle import BundledSession
from holdfast.portability.exported import (
    Exported,
    Shown,
    moment,
    shown_messages,
    speaker_of,
    tool_text,
)
from holdfast.portability.typeset import Block, fact, is_rtl, spans_of, typeset

__all__ = ["page_pictures", "write_pdf"]

_MAX_MESSAGES = 20_000
"""About 300 MB of memory and a minute; more belongs into several documents."""
_MAX_BYTES = 8 << 20
"""Of what is set, however few messages hold it: setting takes a hundred times as much memory."""
_SETTING = threading.BoundedSemaphore(1)
"""One document at a time in this process."""
_FONT_PACKAGES = (
    ("fontpkg_noto_sans", "files"),
    ("fontpkg_noto_sans_arabic", "files"),
    ("fontpkg_ibm_plex_sans_arabic", "files"),
    ("noto_cjk_sans_jp_regular", ""),
)
_HERE = Path(__file__).parent
_ASIDES = ("tool_call", "tool_result", "reasoning")
_ASIDE_NOTES = {"tool_call": "call", "tool_result": "result", "reasoning": "reasoning"}


def write_pdf(target: IO[bytes], exported: Exported) -> None:
    """Write the document. All of it is in memory while it is set.

    Raises:
        MissingExtra: Typst or one of the fonts is not installed.
        BadInput: more messages than one document can hold.
    """
    target.write(_compiled(exported, "pdf")[0])


def page_pictures(exported: Exported) -> list[bytes]:
    """The pages as PNG, for a preview.

    Raises:
        MissingExtra: Typst or one of the fonts is not installed.
        BadInput: more messages than one document can hold.
    """
    return _compiled(exported, "png")


def _compiled(exported: Exported, form: Literal["pdf", "png"]) -> list[bytes]:
    """One PDF, or one picture a page."""
    typst = _typst()
    data = _data(exported)
    if len(data) > _MAX_BYTES:
        raise BadInput(
            "messages",
            f"a PDF holds at most {_MAX_BYTES:,} bytes of text: export fewer sessions at a time",
        )
    files = {"main.typ": (_HERE / "document.typ").read_bytes(), "data.json": data}
    fonts = typst.Fonts(include_system_fonts=False, font_paths=_font_folders())
    with _SETTING:
        compiled = typst.compile(
            files,
            font_paths=fonts,
            format=form,
            timestamp=int(exported.exported_at.timestamp()),
        )
    return list(compiled) if isinstance(compiled, list) else [bytes(compiled)]


def _typst() -> Any:  # the package has no types of its own for what is used here
    try:
        import typst
    except ImportError as exc:
        raise MissingExtra("PDF export", "pdf") from exc
    return typst


def _font_folders() -> list[str]:
    folders = [str(_HERE / "fonts")]
    for package, folder in _FONT_PACKAGES:
        spec = importlib.util.find_spec(package)
        if spec is None or spec.origin is None:
            raise MissingExtra("PDF export", "pdf")
        folders.append(str(Path(spec.origin).parent / folder))
    return folders


def _data(exported: Exported) -> bytes:
    sessions: list[Mapping[str, object]] = []
    left = _MAX_MESSAGES
    for session in exported.sessions:
        left -= len(session.messages)
        if left < 0:
            raise BadInput(
                "messages",
                f"a PDF holds at most {_MAX_MESSAGES:,}: export fewer sessions at a time",
            )
        sessions.append(_session(session))
    return msgspec.json.encode(
        {
            "title": exported.title,
            "exported": moment(exported.exported_at),
            "subtitle": f"Exported {moment(exported.exported_at)} (UTC)",
            "sessions": sessions,
            "memories": [_memory(memory) for memory in exported.memories],
        }
    )


def _session(bundled: BundledSession) -> Mapping[str, object]:
    session = bundled.session
    facts = [f"{moment(session.started_at)} to {moment(session.last_at)} (UTC)"]
    facts += [f"with {session.assistant}"] if session.assistant else []
    facts += [f"project {session.project}"] if session.project else []
    facts += [", ".join(session.tags)] if session.tags else []
    return {
        "title": " ".join(session.title.split()) or "Conversation",
        "facts": "  ·  ".join(facts),
        "messages": [_message(shown, session.assistant) for shown in shown_messages(bundled)],
    }


def _message(shown: Shown, assistant: str | None) -> Mapping[str, object]:
    message = shown.message
    aside = message.kind in _ASIDES
    notes = [_ASIDE_NOTES[message.kind]] if aside else []
    notes += ["failed"] if message.tool and message.tool.failed else []
    notes += ["another version"] if shown.branches_off else []
    return {
        "who": speaker_of(message, assistant),
        "at": moment(message.at),
        "note": ", ".join(notes),
        "side": "aside" if aside else message.role,
        "blocks": _blocks(shown),
    }


def _blocks(shown: Shown) -> list[Block]:
    message = shown.message
    if message.forgotten:
        return [fact("forgotten")]
    if message.tool:
        text = tool_text(message.tool, message.text)
        language = "" if message.text else "json"
        return typeset(text, code=True, language=language) if text else [fact("nothing")]
    blocks: list[Block] = []
    if message.file:
        blocks.append(fact(f"File: {message.file.name} ({message.file.size:,} bytes)"))
    if message.kind == "error":
        blocks.append(fact(f"Error: {message.error_code or 'unknown'}", bad=True))
    return blocks + typeset(message.text, rich=message.role == "assistant")


def _memory(memory: Memory) -> Mapping[str, object]:
    facts = [memory.kind, f"importance {memory.importance}", moment(memory.created_at)]
    facts += [", ".join(memory.tags)] if memory.tags else []
    return {
        "kind": "text",
        "rtl": is_rtl(memory.text),
        "spans": spans_of(memory.text, rich=False),
        "facts": "  ·  ".join(facts),
    }
