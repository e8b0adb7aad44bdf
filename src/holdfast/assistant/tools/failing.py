"""What a model is told when a tool did not do what it was asked."""

from __future__ import annotations

from holdfast.assistant.answering import ToolOutcome
from holdfast.errors import HoldfastError

__all__ = ["failure_of"]

_MEANING = {
    "unknown_tool": "there is no such tool: call one of those that are offered",
    "too_many_calls": "no more tools can be called in this turn: answer with what you have",
    "timeout": "the tool took too long: go on without it",
    "tool_failed": "the tool failed: go on without it",
    "bad_arguments": "the arguments cannot be read: send a JSON object that fits the schema",
}


def failure_of(cause: str | BaseException) -> ToolOutcome:
    """The outcome of a call that failed: a code and a sentence.

    Our own errors hold nothing that was said, so their message is passed on; any other exception
    may quote whatever it came across, a key among it, so it is not.

    Args:
        cause: an exception, or one of the codes of this module.
    """
    if isinstance(cause, HoldfastError):
        return _outcome(cause.code, str(cause))
    if isinstance(cause, BaseException):
        cause = "timeout" if isinstance(cause, TimeoutError) else "tool_failed"
    return _outcome(cause, _MEANING[cause])


def _outcome(code: str, message: str) -> ToolOutcome:
    return ToolOutcome(result={"error": code, "message": message}, failed=True)
