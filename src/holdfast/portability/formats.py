"""The table of formats: one module and one row each.

A row says how to know the format from the beginning of a file's content, and how to read it. There
are two ways of reading: `convert` gets one JSON object per conversation, cut out of an array, out
of a file of one object, or out of a line; `read` gets the whole file, and `read_sealed` also the
key that it may be encrypted under.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from msgspec import Struct

from holdfast.portability import (
    agent_sessions,
    chat_logs,
    chatgpt,
    claude,
    claude_code,
    instagram,
    jsonl,
    mem0,
    memory_blobs,
    message_trees,
    telegram,
    text_chats,
)
from holdfast.portability.containers import Member
from holdfast.portability.conversations import Assets, Conversation, Item
from holdfast.portability.limits import Limits
from holdfast.portability.sampling import Sample
from holdfast.vault.foreign import ForeignKey

__all__ = ["CONVERSATIONS_NAME", "EXPECTED", "FORMATS", "Format"]


class Format(Struct, frozen=True, kw_only=True):
    """One row."""

    name: str
    matches: Callable[[Sample], bool]
    convert: Callable[[bytes, Assets], Conversation] | None = None
    read: Callable[[Member, Limits], Iterator[Item]] | None = None
    read_sealed: Callable[[Member, Limits, ForeignKey | None], Iterator[Item]] | None = None


def _has(*names: str) -> Callable[[Sample], bool]:
    """A JSON object with all of these members."""
    return lambda sample: sample.shape != "text" and all(n in sample.fields for n in names)


def _is_captured_chatgpt(sample: Sample) -> bool:
    return "raw_provider_payload" in sample.fields


FORMATS: tuple[Format, ...] = (
    Format(name="chatgpt", matches=_has("mapping"), convert=chatgpt.convert),
    Format(name="chatgpt", matches=_is_captured_chatgpt, convert=chatgpt.convert),
    Format(name="claude", matches=_has("chat_messages"), convert=claude.convert),
    Format(
        name="claude-code",
        matches=claude_code.is_claude_code,
        read=claude_code.read_claude_code,
    ),
    Format(
        name="open-webui",
        matches=message_trees.is_open_webui,
        convert=message_trees.convert_open_webui,
    ),
    Format(
        name="librechat",
        matches=message_trees.is_librechat,
        convert=message_trees.convert_librechat,
    ),
    Format(name="instagram", matches=instagram.is_instagram, convert=instagram.convert),
    Format(name="telegram", matches=telegram.is_telegram, read=telegram.read_telegram),
    Format(name="signal", matches=text_chats.is_signal, read=text_chats.read_signal),
    Format(name="whatsapp", matches=text_chats.is_whatsapp, read=text_chats.read_whatsapp),
    Format(name="mem0", matches=mem0.is_mem0, read=mem0.read_mem0),
    Format(
        name="openai-agents",
        matches=agent_sessions.is_agent_rows,
        read_sealed=agent_sessions.read_agent_rows,
    ),
    Format(
        name="memory-blob",
        matches=memory_blobs.is_memory_blob,
        read=memory_blobs.read_memory_blob,
    ),
    Format(name="jsonl", matches=jsonl.is_conversation, convert=jsonl.convert),
    Format(name="jsonl", matches=jsonl.is_message, read=jsonl.read_messages),
    Format(name="chat-log", matches=chat_logs.is_chat_log, read=chat_logs.read_chat_log),
)

EXPECTED = (
    "expected a ChatGPT or Claude export (ZIP, folder or conversations.json), a Holdfast bundle, a "
    "chat of Claude Code, Open WebUI, LibreChat, WhatsApp, Telegram, Signal or Instagram, sessions "
    "of the OpenAI Agents SDK, memories of mem0, a chat log, or JSON Lines as described in the "
    "import guide"
)

CONVERSATIONS_NAME = re.compile(r"conversations(-\d+)?\.jsonl?", re.IGNORECASE)
"""Files so named hold conversations in every export: one that cannot be read is reported."""
