"""Write a synthetic ChatGPT export of N messages, for measuring imports.

Run it with `python bench/make_export.py N FILE [--read]`: FILE ends in .json or .zip. The shapes
are those of real exports (metadata and all), the words follow Zipf's law, one conversation in five
has a regenerated answer and one in eight a tool call; 200,000 messages come to some 220 MB. With
`--read` it is read back, and the time, speed and peak memory of the reading are printed.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import platform
import random
import resource
import sys
import time
import uuid
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

MESSAGES_PER_CONVERSATION = 40
_FIRST_DAY = 1_640_995_200.0  # 2022-01-01
_ENDINGS = ["a", "e", "i", "o", "u", "an", "er", "is", "on", "um", "al", "or", "ia", "ed", "ing"]


class Words:
    """Made-up words, the common ones far more often."""

    def __init__(self, rng: random.Random, *, size: int = 20_000) -> None:
        starts = [c + v + d for c in "bcdfghklmnprst" for v in "aeiou" for d in "lmnrstk"]
        self._rng = rng
        self._words = [rng.choice(starts) + rng.choice(_ENDINGS) for _ in range(size)]
        self._weights = list(itertools.accumulate(1 / (rank + 2) for rank in range(size)))

    def text(self, count: int) -> str:
        """`count` words in sentences, now and then with code or an emoji."""
        words = self._rng.choices(self._words, cum_weights=self._weights, k=count)
        text = " ".join(w + ". " if n % 11 == 10 else w for n, w in enumerate(words)).capitalize()
        if self._rng.random() < 0.1:
            text += '\n\n```python\nprint("' + self._rng.choice(words) + '", {"a": [1, 2]})\n```\n'
        return text + (" 🙂 é 你好" if self._rng.random() < 0.1 else "")


class Maker:
    """Conversations, one after the other, the same for the same seed."""

    def __init__(self, seed: int = 1) -> None:
        self._rng = random.Random(seed)
        self._words = Words(self._rng)
        self._at = _FIRST_DAY

    def conversations(self, messages: int) -> Iterator[dict[str, Any]]:
        """Conversations with `messages` messages in all."""
        while messages > 0:
            count = min(messages, max(2, int(self._rng.expovariate(1 / MESSAGES_PER_CONVERSATION))))
            yield self._conversation(count)
            messages -= count

    def _id(self) -> str:
        return str(uuid.UUID(int=self._rng.getrandbits(128), version=4))

    def _conversation(self, count: int) -> dict[str, Any]:
        root = self._id()
        mapping: dict[str, Any] = {
            root: {"id": root, "message": None, "parent": None, "children": []}
        }
        started, last = self._at, root
        branch, tool = self._rng.random() < 0.2, self._rng.random() < 0.125
        for number in range(count):
            role = "assistant" if number % 2 else "user"
            sibling = branch and number == count - 1 and number > 1
            parent = mapping[last]["parent"] if sibling else last
            last = self._add(mapping, parent, role, tool=tool and number == 1)
        self._at += self._rng.expovariate(1 / 20_000)
        return self._wrapped(mapping, started, last)

    def _wrapped(self, mapping: dict[str, Any], started: float, last: str) -> dict[str, Any]:
        name = self._id()
        return {
            "title": self._words.text(4),
            "create_time": started,
            "update_time": self._at,
            "mapping": mapping,
            "moderation_results": [],
            "current_node": last,
            "plugin_ids": None,
            "conversation_id": name,
            "conversation_template_id": None,
            "gizmo_id": None,
            "is_archived": False,
            "safe_urls": [],
            "default_model_slug": "gpt-5",
            "id": name,
        }

    def _add(self, mapping: dict[str, Any], parent: str, role: str, *, tool: bool) -> str:
        node_id = self._id()
        self._at += self._rng.expovariate(1 / 40)
        words = int(self._rng.expovariate(1 / (25 if role == "user" else 110))) + 3
        mapping[parent]["children"].append(node_id)
        mapping[node_id] = {
            "id": node_id,
            "message": self._message(node_id, role, self._words.text(words), tool=tool),
            "parent": parent,
            "children": [],
        }
        return node_id

    def _message(self, node_id: str, role: str, text: str, *, tool: bool) -> dict[str, Any]:
        metadata: dict[str, Any] = {"message_type": None, "timestamp_": "absolute"}
        if role == "assistant":
            metadata |= {
                "citations": [],
                "content_references": [],
                "finish_details": {"type": "stop", "stop_tokens": [200002]},
                "model_slug": "gpt-5",
                "request_id": self._id(),
                "search_result_groups": [],
            }
        return {
            "id": node_id,
            "author": {"role": role, "name": None, "metadata": {}},
            "create_time": self._at,
            "update_time": None,
            "content": {"content_type": "text", "parts": [text]},
            "status": "finished_successfully",
            "end_turn": True,
            "weight": 1.0,
            "metadata": metadata,
            "recipient": "web.search" if tool else "all",
            "channel": None,
        }


def write_export(target: IO[bytes], messages: int) -> None:
    """Write the array of conversations."""
    separator = b"["
    for conversation in Maker().conversations(messages):
        target.write(separator + json.dumps(conversation).encode())
        separator = b", "
    target.write(b"]")


def make(path: Path, messages: int) -> None:
    """Write the export, packed when the name ends in .zip."""
    if path.suffix != ".zip":
        with path.open("wb") as target:
            write_export(target, messages)
        return
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("conversations.json", "w", force_zip64=True) as member,
    ):
        write_export(member, messages)


def read_back(path: Path) -> None:
    """Read the export in a process of its own and print what that took."""
    from holdfast.portability.conversations import Conversation
    from holdfast.portability.reader import open_export

    started = time.perf_counter()
    conversations = messages = 0
    with open_export(path) as reader:
        for item in reader:
            if isinstance(item, Conversation):
                conversations += 1
                messages += len(item.messages)
        size = reader.total_bytes
    took = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}: "
        f"{conversations:,} conversations, {messages:,} messages, {size / 1e6:,.0f} MB in "
        f"{took:.1f} s ({messages / took:,.0f} messages/s, {size / 1e6 / took:,.0f} MB/s), "
        f"{peak:,.0f} MB resident"
    )


def main() -> None:
    """Make the file unless it is there; with --read, measure reading it."""
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("messages", type=int)
    parser.add_argument("file", type=Path)
    parser.add_argument("--read", action="store_true", help="measure reading it back")
    asked = parser.parse_args()
    if not asked.file.exists():
        make(asked.file, asked.messages)
    if asked.read:
        read_back(asked.file)


if __name__ == "__main__":
    sys.exit(main())
