"""Small exports in the shapes of the providers, made in code."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any


def gpt_message(role: str, text: str, **more: Any) -> dict[str, Any]:
    """A ChatGPT message; `more` overrides its members."""
    message = {
        "id": "inner",
        "author": {"role": role, "name": None, "metadata": {}},
        "create_time": 1_700_000_000.0,
        "content": {"content_type": "text", "parts": [text]},
        "recipient": "all",
        "metadata": {},
    }
    return {**message, **more}


def gpt_node(
    node_id: str, parent: str | None, message: dict[str, Any] | None = None, **more: Any
) -> dict[str, Any]:
    """A node of ChatGPT's mapping."""
    return {"id": node_id, "parent": parent, "children": [], "message": message, **more}


def gpt_conversation(*nodes: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A ChatGPT conversation of these nodes, by default a question and its answer."""
    nodes = nodes or (
        gpt_node("root", None),
        gpt_node("q", "root", gpt_message("user", "What is blue?")),
        gpt_node("a", "q", gpt_message("assistant", "A colour.", create_time=1_700_000_005.5)),
    )
    conversation = {
        "id": "c1",
        "conversation_id": "c1",
        "title": "Colours",
        "create_time": 1_700_000_000.0,
        "update_time": 1_700_000_009.0,
        "current_node": nodes[-1]["id"],
        "mapping": {node["id"]: node for node in nodes},
    }
    return {**conversation, **more}


def claude_message(uuid: str, sender: str, text: str, **more: Any) -> dict[str, Any]:
    """A message of Claude's export."""
    message = {
        "uuid": uuid,
        "sender": sender,
        "text": text,
        "content": [{"type": "text", "text": text}],
        "created_at": "2024-05-01T10:00:00.000000Z",
        "attachments": [],
        "files": [],
    }
    return {**message, **more}


def claude_conversation(*messages: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A conversation of Claude's export."""
    conversation = {
        "uuid": "u1",
        "name": "Rivers",
        "created_at": "2024-05-01T09:59:00Z",
        "updated_at": "2024-05-01T10:01:00Z",
        "account": {"uuid": "acc"},
        "chat_messages": list(messages),
    }
    return {**conversation, **more}


def write_json(path: Path, value: Any) -> Path:
    """Write one JSON document."""
    path.write_text(json.dumps(value), encoding="utf-8")
    return path


def write_lines(path: Path, *values: Any) -> Path:
    """Write JSON Lines."""
    path.write_text("".join(json.dumps(value) + "\n" for value in values), encoding="utf-8")
    return path


def write_zip(path: Path, members: dict[str, bytes | Any]) -> Path:
    """Write a ZIP; what is no bytes becomes JSON."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, value in members.items():
            data = value if isinstance(value, bytes) else json.dumps(value).encode()
            archive.writestr(name, data)
    return path
