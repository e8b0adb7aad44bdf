"""Who is meant by a text: the assistants of a room that it mentions."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from holdfast.model import Assistant

__all__ = ["MAX_MENTIONED", "mentioned"]

MAX_MENTIONED = 8
"""So many answer one post; a longer list is somebody else's bill."""
# A letter of a script that sets words apart by spaces. In the others (Chinese, Japanese, and also
# Korean, whose particles follow a name at once) a name ends where it ends.
_LETTER = r"[^\W\u2e80-\u9fff\uac00-\ud7af]"


def mentioned(text: str, assistants: Iterable[Assistant]) -> Sequence[Assistant]:
    """Those that are mentioned, in the order of their first mention, at most `MAX_MENTIONED`.

    A mention is "@slug" or "@name", whatever the case of its letters, and not within a word as in
    an e-mail address; or the name at the very beginning with a comma or colon ("Helper, ...").
    """
    by_name: dict[str, Assistant] = {}
    for assistant in assistants:
        for name in (assistant.slug, assistant.name):
            # The slug is unique, so nobody can take it from its owner by a name.
            if name == assistant.slug or name.casefold() not in by_name:
                by_name[name.casefold()] = assistant
    if not by_name:
        return []
    # The longest first: "helper.bot" is not "helper" at the end of a sentence.
    names = "|".join(re.escape(name) for name in sorted(by_name, key=len, reverse=True))
    called = rf"(?<!{_LETTER})[@\uff20]({names})(?!{_LETTER}|[.-]{_LETTER})"
    addressed = rf"\A\s*({names})\s*[,:\uff0c\uff1a\u3001]"
    found: dict[str, Assistant] = {}
    for match in re.finditer(f"{addressed}|{called}", text.casefold()):
        assistant = by_name[match[1] or match[2]]
        found.setdefault(assistant.slug, assistant)
        if len(found) == MAX_MENTIONED:
            break
    return list(found.values())
