"""What the page consists of: one document for every address of it, and the assets it asks for.

The page finds out from its address what to show, so each of these addresses has the same document.
Which they are stands here, and not in the build: whatever else is asked for without a credential
is refused before it is known whether it is there.
"""

from __future__ import annotations

import re
from pathlib import Path

from msgspec import Struct

__all__ = ["ASSETS", "ROOT_FILES", "STATIC", "VIEWS", "Asset", "Pages", "is_page"]

STATIC = Path(__file__).parent / "static"
"""Where the build of web/ is put; it is part of the package, and of no checkout."""

VIEWS = (
    "c",
    "find",
    "memories",
    "assistants",
    "projects",
    "rooms",
    "profile",
    "login",
    "trash",
    "welcome",
)
"""The first parts of the page's addresses, beside /: it decides what follows."""
ASSETS = "assets"
"""The folder of the files with a digest in their names: those never change."""
ROOT_FILES = (
    "apple-touch-icon.png",
    "favicon.ico",
    "favicon.svg",
    "icon.svg",
    "manifest.webmanifest",
    "robots.txt",
    "theme.js",
)
"""What browsers look for at the root, and the theme, which comes before everything else."""

_TYPES = {
    ".avif": "image/avif",
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/x-icon",
    ".jpg": "image/jpeg",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".map": "application/json",
    ".mjs": "text/javascript; charset=utf-8",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".ttf": "font/ttf",
    ".txt": "text/plain; charset=utf-8",
    ".wasm": "application/wasm",
    ".webmanifest": "application/manifest+json",
    ".webp": "image/webp",
    ".woff": "font/woff",
    ".woff2": "font/woff2",
}
"""A file of another kind is not served: it came into the build by mistake."""
_ENCODINGS = (("br", ".br"), ("gzip", ".gz"))
"""By preference, with what the build adds to the name of a file that it has compressed."""
_PART = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*")
_VIEW = re.compile(rf"/(?:{'|'.join(VIEWS)})(?:/.*)?", re.DOTALL)
_FILES = frozenset(f"/{name}" for name in ROOT_FILES)


def is_page(path: str) -> bool:
    """Whether a path is one of the page's, which are open: of its views, or of its assets."""
    return (
        path == "/"
        or path in _FILES
        or path.startswith(f"/{ASSETS}/")
        or _VIEW.fullmatch(path) is not None
    )


class Asset(Struct, frozen=True):
    """A file as it is sent."""

    content: bytes
    media_type: str
    encoding: str | None = None


class Pages:
    """The files of a build in a folder, read when they are asked for: a new build is seen."""

    def __init__(self, folder: Path = STATIC) -> None:
        self._folder = folder

    def document(self) -> bytes | None:
        """The page itself; None when it was not built."""
        try:
            return (self._folder / "index.html").read_bytes()
        except OSError:
            return None

    def asset(self, name: str, accepted: frozenset[str]) -> Asset | None:
        """A file by its path in the folder, in an encoding of `accepted` if the build has it so.

        None when there is no such file, or it is none of the page's.
        """
        parts = name.split("/")
        media_type = _TYPES.get(Path(name).suffix)
        if media_type is None or not all(_PART.fullmatch(part) for part in parts):
            return None
        path = self._folder.joinpath(*parts)
        for encoding, suffix in _ENCODINGS:
            if encoding in accepted:
                content = _read(path.with_name(path.name + suffix))
                if content is not None:
                    return Asset(content, media_type, encoding)
        content = _read(path)
        return None if content is None else Asset(content, media_type)


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None
