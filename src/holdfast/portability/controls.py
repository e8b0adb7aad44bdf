"""Characters that command whatever shows a text, made visible."""

from __future__ import annotations

__all__ = ["visible"]

# Control characters could move the cursor, rewrite the screen or fill the clipboard; overriding
# the direction of writing could show another text than the one that is there. They are shown as
# pictures (U+2400 and following) or as U+FFFD; line feed and tab stay.
_SHOWN = {code: 0x2400 + code for code in range(0x20) if code not in (0x09, 0x0A)}
_SHOWN |= {0x7F: 0x2421, 0x202D: 0xFFFD, 0x202E: 0xFFFD}
_SHOWN |= dict.fromkeys(range(0x80, 0xA0), 0xFFFD)
_SHOWN |= dict.fromkeys(range(0xD800, 0xE000), 0xFFFD)


def visible(text: str) -> str:
    """The text with everything that could command a terminal shown instead of done."""
    return text.replace("\r\n", "\n").translate(_SHOWN)
