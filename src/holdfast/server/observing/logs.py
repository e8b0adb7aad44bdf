"""How a line of the log looks: logfmt for people, JSON for what collects logs."""

from __future__ import annotations

import json
import logging
import re
import sys
import traceback
from datetime import UTC, datetime
from typing import Any, Literal, TypeAlias

from holdfast.errors import HoldfastError

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


class _Careful(logging.Formatter):
    """Tells where something failed and of what kind, but not in whose words.

    What another library's exception says may be what somebody said: the text that was no number,
    the byte that was no UTF-8. Ours hold no such thing.
    """

    def format(self, record: logging.LogRecord) -> str:
        """The lines of a record."""
        record.exc_text = None  # what another handler made of it is not looked at
        return super().format(record)

    def formatException(self, ei: Any) -> str:  # noqa: N802  # the name of the one it replaces
        """The traceback, of the causes too, without the words of foreign exceptions."""
        return "\n".join(_traced(ei[1])) if ei[1] is not None else ""


class _Logfmt(_Careful):
    """The message, then the facts that came with it, then a traceback."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802  # as above
        """The head of the line."""
        record.message = _message(record)
        return super().formatMessage(record)

    def format(self, record: logging.LogRecord) -> str:
        line = super().format(record)
        head, _, trace = line.partition("\n")
        told = " ".join([head, *(f"{name}={_word(value)}" for name, value in _facts(record))])
        return told + (f"\n{trace}" if trace else "")


class _Json(_Careful):
    """One object a line."""

    def format(self, record: logging.LogRecord) -> str:
        shown: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": _message(record),
            **dict(_facts(record)),
        }
        if record.exc_info:
            shown["trace"] = self.formatException(record.exc_info)
        return json.dumps(shown, ensure_ascii=True, default=str)


def _message(record: logging.LogRecord) -> str:
    """What is told, on one line: asyncio's further ones quote the exception of a task."""
    return record.getMessage().partition("\n")[0]


def _traced(error: BaseException) -> list[str]:
    before = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    lines = [] if before is None else [*_traced(before), "The exception above led to this one:"]
    lines.append("Traceback (most recent call last):")
    for frame in traceback.extract_tb(error.__traceback__):
        lines.append(f'  File "{frame.filename}", line {frame.lineno}, in {frame.name}')
        lines.append(f"    {frame.line}")
    words = f": {error}" if isinstance(error, HoldfastError) else ""
    lines.append(f"{type(error).__module__}.{type(error).__qualname__}{words}")
    if isinstance(error, BaseExceptionGroup):
        lines += [line for each in error.exceptions for line in _traced(each)]
    return lines


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
