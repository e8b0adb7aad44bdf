"""What a ChatGPT message holds, by its content type, as parts that each become one message."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct

from holdfast.model import MessageKind, Speech
from holdfast.portability.conversations import Assets, ImportedFile
from holdfast.portability.filenames import bare_name, media_type_of
from holdfast.portability.json_values import clean_text, string_or_none

__all__ = ["Part", "content_parts"]

_Content = Mapping[str, Any]  # JSON objects of a provider: any value, each checked where it is used


class Part(Struct, frozen=True, kw_only=True):
    """What becomes one message."""

    kind: MessageKind = "text"
    text: str = ""
    file: ImportedFile | None = None
    speech: Speech | None = None
    error_code: str | None = None
    context: bool = False
    """Set by the system for the model, whoever the export names as its author."""
    keep_item: bool = False
    """The text does not say all that the provider's item says."""


def content_parts(content: _Content, metadata: _Content, assets: Assets) -> list[Part]:
    """The parts of a message in order: what was said first, then the files that came with it.

    Empty when the message says nothing (a placeholder at the root, an empty system prompt).
    """
    kind = content.get("content_type")
    read = _READERS.get(kind) if isinstance(kind, str) else None
    attachments = _attachments(metadata)
    parts = read(content) if read else _mixed(content, attachments, assets)
    shown = {part.file.name for part in parts if part.file}
    for pointer, attachment in attachments.items():
        file = _file(pointer, attachment, assets)
        if file.name not in shown:
            parts.append(Part(kind="file", file=file, keep_item=file.data is None))
    return parts


def _text_only(text: str | None, **more: Any) -> list[Part]:
    cleaned = clean_text(text or "")
    return [Part(text=cleaned, **more)] if cleaned.strip() else []


def _strings(values: object) -> list[str]:
    return [v for v in values if isinstance(v, str)] if isinstance(values, list) else []


def _first_string(content: _Content, *names: str) -> str:
    """The first of these members that is a string with something in it; else the string parts."""
    for name in names:
        value = content.get(name)
        if isinstance(value, str) and value.strip():
            return value
    return "\n".join(_strings(content.get("parts")))


def _code(content: _Content) -> list[Part]:
    return _text_only(_first_string(content, "text"), keep_item=True)


def _output(content: _Content) -> list[Part]:
    return _text_only(_first_string(content, "text", "output_str", "result"), keep_item=True)


def _thoughts(content: _Content) -> list[Part]:
    thoughts = content.get("thoughts")
    said = []
    for thought in thoughts if isinstance(thoughts, list) else []:
        if isinstance(thought, dict):
            lines = (thought.get("summary"), thought.get("content"))
            said.append("\n".join(line for line in lines if isinstance(line, str) and line))
    text = "\n\n".join(filter(None, said)) or _first_string(content, "content", "text")
    return _text_only(text, kind="reasoning")


def _recap(content: _Content) -> list[Part]:
    return _text_only(_first_string(content, "content", "text"), kind="reasoning")


def _quote(content: _Content) -> list[Part]:
    title = string_or_none(content.get("title"))
    url = string_or_none(content.get("url"))
    quoted = _first_string(content, "text", "result", "summary", "snippet")
    return _text_only("\n".join(filter(None, (title, url, quoted))), keep_item=True)


def _error(content: _Content) -> list[Part]:
    name = string_or_none(content.get("name")) or "system_error"
    return _text_only(_first_string(content, "text") or name, kind="error", error_code=name)


def _context(content: _Content) -> list[Part]:
    names = ("user_profile", "user_instructions", "model_set_context", "repository", "repo_summary")
    said = [content[name] for name in names if isinstance(content.get(name), str)]
    return _text_only("\n\n".join(filter(str.strip, said)), context=True, keep_item=True)


_READERS: Mapping[str, Callable[[_Content], list[Part]]] = {
    "citable_code_output": _output,
    "code": _code,
    "execution_output": _output,
    "model_editable_context": _context,
    "reasoning_recap": _recap,
    "sonic_webpage": _quote,
    "system_error": _error,
    "tether_browsing_display": _quote,
    "tether_quote": _quote,
    "thoughts": _thoughts,
    "user_editable_context": _context,
}


def _mixed(content: _Content, attachments: dict[str, _Content], assets: Assets) -> list[Part]:
    """Text, multimodal text and every type that is not known: strings are said, objects kept."""
    known = content.get("content_type") in ("text", "multimodal_text")
    values = content.get("parts")
    parts: list[Part] = []
    said: list[str] = []
    for value in values if isinstance(values, list) else []:
        if isinstance(value, str):
            said.append(value)
        elif isinstance(value, dict):
            parts.extend(_object_part(value, attachments, assets))
    if not said and not parts:
        said.append(_first_string(content, "text", "content", "result", "summary"))
    spoken = _joined_speech(parts)
    return _text_only("\n".join(said), keep_item=not known) + spoken


def _object_part(value: _Content, attachments: dict[str, _Content], assets: Assets) -> list[Part]:
    """A part of multimodal text: a transcript, a pointer to a file, or something unknown."""
    kind = value.get("content_type")
    if kind == "audio_transcription":
        return [Part(kind="audio", text=clean_text(str(value.get("text") or "")), speech=Speech())]
    nested = value.get("audio_asset_pointer")
    if isinstance(nested, dict):
        return _object_part(nested, attachments, assets)
    pointer = value.get("asset_pointer")
    if isinstance(pointer, str):
        file_id = _file_id(pointer)
        file = _file(file_id, attachments.pop(file_id, {}), assets)
        audio = kind == "audio_asset_pointer"
        missing = file.data is None
        return [Part(kind="audio" if audio else "file", file=file, keep_item=missing)]
    return _text_only(string_or_none(value.get("text")), keep_item=True) or [
        Part(
            kind="file",
            file=ImportedFile(name="part.json", media_type="application/json"),
            keep_item=True,
        )
    ]


def _joined_speech(parts: list[Part]) -> list[Part]:
    """A transcript and the recording beside it are one message."""
    joined: list[Part] = []
    for part in parts:
        before = joined[-1] if joined else None
        if before is not None and _belong_together(before, part):
            joined[-1] = Part(
                kind="audio",
                text=before.text or part.text,
                file=before.file or part.file,
                speech=Speech(),
                keep_item=before.keep_item or part.keep_item,
            )
        else:
            joined.append(part)
    return joined


def _belong_together(one: Part, other: Part) -> bool:
    both_audio = one.kind == other.kind == "audio"
    return both_audio and bool(one.file) != bool(other.file) and bool(one.text) != bool(other.text)


def _attachments(metadata: _Content) -> dict[str, _Content]:
    """Attachments by file id."""
    listed = metadata.get("attachments")
    found: dict[str, _Content] = {}
    for one in listed if isinstance(listed, list) else []:
        if isinstance(one, dict):
            file_id = one.get("id") or one.get("file_id")
            if isinstance(file_id, str):
                found[file_id] = one
    return found


def _file_id(pointer: str) -> str:
    """file-service://file-abc, sediment://file_0000 and sediment://<hash>#file_0000#p_1.jpg."""
    rest = pointer.partition("://")[2] or pointer
    pieces = [piece for piece in rest.split("#") if piece.startswith("file")]
    return pieces[0] if pieces else rest


def _file(file_id: str, attachment: _Content, assets: Assets) -> ImportedFile:
    """The file, with its bytes when the export holds it."""
    held = assets(file_id) or assets(str(attachment.get("file_id", "")))
    given = string_or_none(attachment.get("name"))
    name = bare_name(given or (held.name if held else file_id))
    kind = string_or_none(attachment.get("mime_type")) or string_or_none(attachment.get("mimeType"))
    return ImportedFile(
        name=name,
        media_type=kind or (held.media_type if held else media_type_of(name)),
        data=held.data if held else None,
    )
