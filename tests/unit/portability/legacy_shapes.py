"""Stores of other programs, made as those programs make them."""

from __future__ import annotations

import base64
import json
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from cryptography.fernet import Fernet
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC

_AGENT_TABLES = """
CREATE TABLE agent_sessions (
    session_id TEXT PRIMARY KEY,
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    updated_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP
);
CREATE TABLE agent_messages (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    session_id TEXT NOT NULL,
    message_data TEXT NOT NULL,
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    FOREIGN KEY (session_id) REFERENCES agent_sessions (session_id) ON DELETE CASCADE
);
"""


def said(role: str, content: str, minute: int = 0, **more: Any) -> dict[str, Any]:
    """An item as such programs write it."""
    at = f"2026-01-09T10:{minute:02d}:00"
    return {"role": role, "content": content, "timestamp": at, **more}


def blob(
    ai: Sequence[Mapping[str, Any]] = (), general: Sequence[Mapping[str, Any]] = (), **more: Any
) -> dict[str, Any]:
    """A user's memory: two lists, and both again."""
    metadata = {"user_id": 7, "created_at": "2026-01-09T09:00:00", "version": "1.0"}
    lists = {"messages": [*general, *ai], "general_chat": [*general], "ai_conversation": [*ai]}
    return {**lists, "metadata": metadata, **more}


def fernet_file(path: Path, key: bytes, *values: object) -> Path:
    """Values as Fernet tokens, one a line."""
    tokens = [Fernet(key).encrypt(json.dumps(value).encode()) for value in values]
    path.write_bytes(b"\n".join(tokens))
    return path


def password_key(password: str, salt: bytes, iterations: int) -> bytes:
    """The Fernet key of a password, as the documentation of `cryptography` makes it."""
    kdf = PBKDF2HMAC(hashes.SHA256(), 32, salt, iterations)
    return base64.urlsafe_b64encode(kdf.derive(password.encode()))


def sealed_item(item: Mapping[str, Any], secret: str, session_id: str) -> dict[str, Any]:
    """An item as the Agents SDK's EncryptedSession stores it."""
    try:
        master = base64.urlsafe_b64decode(secret)
    except ValueError:
        master = b""
    master = master if len(master) == 32 else secret.encode()
    info = b"agents.session-store.hkdf.v1"
    derived = HKDF(hashes.SHA256(), 32, session_id.encode(), info).derive(master)
    token = Fernet(base64.urlsafe_b64encode(derived)).encrypt(json.dumps(item).encode())
    return {"__enc__": 1, "v": 1, "kid": "hkdf-v1", "payload": token.decode()}


def agent_database(path: Path, sessions: Mapping[str, Sequence[Mapping[str, Any]]]) -> Path:
    """A file of the Agents SDK's SQLiteSession."""
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.executescript(_AGENT_TABLES)
        for session_id, items in sessions.items():
            connection.execute("INSERT INTO agent_sessions (session_id) VALUES (?)", [session_id])
            for item in items:
                connection.execute(
                    "INSERT INTO agent_messages (session_id, message_data, created_at) "
                    "VALUES (?, ?, '2026-01-09 10:00:00')",
                    [session_id, json.dumps(item)],
                )
    return path


AGENT_ITEMS: list[dict[str, Any]] = [
    {"role": "user", "content": "How warm is Oslo?"},
    {"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "hm"}]},
    {
        "type": "function_call",
        "id": "fc_1",
        "call_id": "c1",
        "name": "weather",
        "arguments": '{"city": "Oslo"}',
    },
    {"type": "function_call_output", "call_id": "c1", "output": "4"},
    {
        "type": "message",
        "id": "msg_1",
        "role": "assistant",
        "status": "completed",
        "content": [{"type": "output_text", "text": "4 degrees", "annotations": []}],
    },
]
"""One exchange with a tool, as the SDK keeps it."""
