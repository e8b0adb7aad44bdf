"""One request to a model and its response as it comes in."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack

from pydantic_ai.direct import model_request_stream
from pydantic_ai.messages import ModelMessage, ModelResponse, ModelResponseStreamEvent
from pydantic_ai.models import Model, ModelRequestParameters, StreamedResponse
from pydantic_ai.settings import ModelSettings

from holdfast.assistant.models.failing import failure_of
from holdfast.errors import ModelFailed, ModelIncomplete, ModelRefused

__all__ = ["Exchange"]

_logger = logging.getLogger(__name__)


class Exchange:
    """Asks once. `response` is whole when `events` has ended by itself."""

    def __init__(self, model: Model, settings: ModelSettings, *, timeout_s: float) -> None:
        self._model = model
        self._settings = settings
        self._timeout_s = timeout_s
        self._stream: StreamedResponse | None = None

    @property
    def response(self) -> ModelResponse:
        """What came, as far as it came.

        Raises:
            ModelIncomplete: nothing did.
        """
        if self._stream is None:
            raise ModelIncomplete
        return self._stream.get()

    async def events(
        self, messages: Sequence[ModelMessage], parameters: ModelRequestParameters
    ) -> AsyncGenerator[ModelResponseStreamEvent, None]:
        """What the response consists of, in order. Closing this closes the connection.

        Raises:
            ModelFailed: one of its kinds; it is chained to nothing, since a provider's error may
                quote what was said.
        """
        failure = None
        async with AsyncExitStack() as stack:
            try:
                async with asyncio.timeout(self._timeout_s):
                    self._stream = await stack.enter_async_context(
                        model_request_stream(
                            self._model,
                            messages,
                            model_settings=self._settings,
                            model_request_parameters=parameters,
                            instrument=False,
                        )
                    )
                coming = aiter(self._stream)
            except Exception as exc:  # noqa: BLE001  # the libraries' boundary: all of it is named
                failure = self._failed(exc)
            while failure is None:
                try:
                    async with asyncio.timeout(self._timeout_s):
                        event = await anext(coming, None)
                except Exception as exc:  # noqa: BLE001  # as above
                    failure = self._failed(exc)
                    break
                if event is None:
                    break
                yield event
        if failure is not None:
            raise failure
        self._check_end()

    def _failed(self, error: Exception) -> ModelFailed:
        failure = failure_of(error, began=self._stream is not None, timeout_s=self._timeout_s)
        _logger.warning(
            "model failed",
            extra={"action": "model.fail", "code": failure.code, "error": type(error).__name__},
        )
        return failure

    def _check_end(self) -> None:
        """A response that does not say why it ended has not ended: it broke off."""
        response = self.response
        reason = response.finish_reason or (response.provider_details or {}).get("finish_reason")
        if reason == "content_filter":
            raise ModelRefused
        if reason is None or reason == "error":
            raise ModelIncomplete
