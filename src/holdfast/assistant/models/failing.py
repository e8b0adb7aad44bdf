"""What the libraries raise about a model, in our own words.

Their exceptions quote what a provider answered, and that may quote what was said: nothing of them
is passed on but an HTTP status.
"""

from __future__ import annotations

from pydantic_ai import exceptions as theirs

from holdfast.errors import (
    ModelFailed,
    ModelIncomplete,
    ModelRefused,
    ModelStalled,
    ModelUnreachable,
)

__all__ = ["failure_of"]

_REFUSED = (
    theirs.ModelRequestRejectedError,
    theirs.ModelRateLimitError,
    theirs.ModelQuotaExceededError,
    theirs.ContentFilterError,
)
_BROKEN = (theirs.ModelUnavailableError, theirs.ModelServerError)


def failure_of(error: Exception, *, began: bool, timeout_s: float) -> ModelFailed:
    """The failure that stands for what a library raised.

    Args:
        error: anything a request to a model may raise.
        began: whether the response had begun.
        timeout_s: how long the model was waited for.
    """
    if isinstance(error, theirs.ModelConnectionError):
        return _of_connection(error, began=began, timeout_s=timeout_s)
    if isinstance(error, TimeoutError | theirs.ModelRequestTimeout):
        return ModelStalled(timeout_s)
    status = error.status_code if isinstance(error, theirs.ModelHTTPError) else None
    if isinstance(error, _REFUSED) or (status is not None and 400 <= status < 500):
        return ModelRefused(status)
    if isinstance(error, _BROKEN) or status is not None:
        return ModelUnreachable(status)
    if isinstance(error, theirs.ModelAPIError | theirs.UnexpectedModelBehavior):
        return ModelIncomplete()
    return ModelFailed()


def _of_connection(
    error: theirs.ModelConnectionError, *, began: bool, timeout_s: float
) -> ModelFailed:
    if isinstance(error, theirs.ModelTimeoutError) and error.phase not in ("connect", "pool"):
        return ModelStalled(timeout_s)
    return ModelIncomplete() if began else ModelUnreachable()
