"""Names of files that come from somebody else."""

from __future__ import annotations

import mimetypes
import re

__all__ = ["bare_name", "media_type_of"]

_UNSAFE = re.compile(r"[\x00-\x1f\x7f/\\]")
_LONGEST = 200
_TYPES = mimetypes.MimeTypes()
"""The table of the standard library alone: the system's would differ from machine to machine."""


def bare_name(name: str) -> str:
    """The last part of a name, without folders, control characters, or a length nobody can use.

    Never empty, never "." or "..": it can be shown and offered for download as it is.
    """
    last = re.split(r"[/\\]", name)[-1]
    cleaned = _UNSAFE.sub("", last).strip()
    if cleaned.strip(".") == "":
        return "file"
    if len(cleaned) <= _LONGEST:
        return cleaned
    stem, dot, ending = cleaned.rpartition(".")
    ending = dot + ending if stem and len(ending) < 16 else ""
    return cleaned[: _LONGEST - len(ending)] + ending


def media_type_of(name: str) -> str:
    """The media type that the ending of a name stands for."""
    return _TYPES.guess_type(name)[0] or "application/octet-stream"
