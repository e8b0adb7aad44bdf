"""How a line of the log looks: logfmt for people, JSON for what collects logs."""

from __future__ import annotations

import json
import logging
import re
import sys
from datetime import UTC, datetime
from typing import Literal, TypeAlias

__all__ = ["LOGGED", "LogFormat", "formatter", "log_to_stderr"]

LogFormat: TypeAlias = Literal["logfmt", "json"]

LOGGED = (
    "action",
    "request_id",
    "trace_id",
    "method",
    "route",
    "status",
    "duration_ms",
    "bytes_in",
    "bytes_out",
    "via",
    "credential",
    "user_tag",
    "session_id",
    "turn_id",
    "turn_status",
    "replayed",
    "model",
    "recall_ms",
    "tools",
    "input_tokens",
    "output_tokens",
    "upstream_status",
    "upstream_ms",
    "turns",
    "retry",
    "code",
    "error",
    "checks",
    "count",
    "vault",
)
"""The facts that lines may bear, in this order. What is not here is not written."""

_PLAIN = re.compile(r"[^\s\"=\\]+")
_MAX_CHARS = 200


class _Logfmt(logging.Formatter):
    """The message, then the facts that came with it, then a traceback."""

    def format(self, record: logging.LogRecord) -> str:
        line = super().format(record)
        head, _, trace = line.partition("\n")
        told = " ".join([head, *(f"{name}={_word(value)}" for name, value in _facts(record))])
        return told + (f"\n{trace}" if trace else "")


class _Json(logging.Formatter):
    """One object a line."""

    def format(self, record: logging.LogRecord) -> str:
        shown: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **dict(_facts(record)),
        }
        if record.exc_info:
            shown["trace"] = self.formatException(record.exc_info)
        return json.dumps(shown, ensure_ascii=True, default=str)


def _facts(record: logging.LogRecord) -> list[tuple[str, object]]:
    return [(name, getattr(record, name)) for name in LOGGED if hasattr(record, name)]


def _word(value: object) -> str:
    """A value that cannot pretend to be another fact or another line."""
    text = str(value)[:_MAX_CHARS]
    return text if _PLAIN.fullmatch(text) and text.isprintable() else json.dumps(text)


def formatter(form: LogFormat) -> logging.Formatter:
    """What turns a record into a line."""
    if form == "json":
        return _Json()
    return _Logfmt("%(asctime)s %(levelname)s %(name)s %(message)s")


def log_to_stderr(level: str, form: LogFormat) -> None:
    """Let the log of this process go to stderr, and nowhere else."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter(form))
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    # Uvicorn tells of every socket with its ticket, and in debug of its frames, with what was said;
    # the one line of a request says what may be said.
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
    for chatty in _CHATTY:
        logging.getLogger(chatty).setLevel(logging.WARNING)


_CHATTY = (
    "anthropic",
    "httpcore",
    "httpcore2",
    "httpx",
    "httpx2",
    "mcp",
    "multipart",
    "openai",
    "opentelemetry",
    "python_multipart",
    "urllib3",
    "websockets",
)
"""Libraries that tell in debug what goes over their wires: bodies, headers, addresses."""
