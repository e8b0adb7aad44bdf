"""One process that hears: started, asked, and ended for good; never asked again after a failure."""

from __future__ import annotations

import asyncio
import logging
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from contextlib import suppress

import msgspec
from msgspec import Struct

from holdfast.assistant.speech.listener import Ask, Begin, Heard
from holdfast.errors import TranscriptionFailed

__all__ = ["Listener"]

logger = logging.getLogger(__name__)

_MAX_ANSWER_BYTES = 16 * 1024 * 1024
_PROGRAM = "holdfast.assistant.speech.listener"


class Listener:
    """A running process of `holdfast.assistant.speech.listener`, asked one thing at a time."""

    def __init__(self, process: Process) -> None:
        self._process = process

    @classmethod
    async def start(cls, begin: Begin) -> Listener:
        """Start one and load its model.

        Raises:
            TranscriptionFailed: it cannot be started, or has no such model.
        """
        environment = {
            # Not the server's own: it may hold keys, and the process reads hostile files.
            "PYTHONPATH": ":".join(path for path in sys.path if path),
            "HF_HUB_OFFLINE": "1",
            "OMP_NUM_THREADS": "2",
            # onnxruntime would otherwise open a database of its own, for events to be sent.
            "ORT_DISABLE_TELEMETRY": "1",
        }
        try:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-P", "-m", _PROGRAM),
                stdin=PIPE,
                stdout=PIPE,
                stderr=DEVNULL,  # a decoder's complaints quote what it reads
                env=environment,
                cwd="/",
                start_new_session=True,
            )
        except OSError as exc:
            raise TranscriptionFailed("the process for it cannot be started") from exc
        listener = cls(process)
        try:
            answer = await listener._exchange(begin, b"")
        except BaseException:
            await listener.end()
            raise
        if answer.failed is not None:
            await listener.end()
            raise TranscriptionFailed(
                "the Whisper model cannot be loaded; name the folder of one that is complete"
            )
        return listener

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    @property
    def is_running(self) -> bool:
        """False once it has ended, whatever ended it."""
        return self._process.returncode is None

    async def ask(self, audio: bytes, media_type: str) -> Heard:
        """What it hears in a file. When this raises, the process is of no use any more: end it.

        Raises:
            TranscriptionFailed: it died, or what it says cannot be read.
        """
        return await self._exchange(Ask(media_type=media_type, size=len(audio)), audio)

    async def end(self) -> None:
        """Kill it and wait for its end."""
        with suppress(ProcessLookupError):
            self._process.kill()
        await self._process.wait()
        if self._process.stdin is not None:
            self._process.stdin.close()

    async def _exchange(self, said: Struct, content: bytes) -> Heard:
        stdin, stdout = self._process.stdin, self._process.stdout
        if stdin is None or stdout is None:
            raise TranscriptionFailed("the process for it has no pipes")
        frame = msgspec.json.encode(said)
        try:
            stdin.writelines((len(frame).to_bytes(4, "big"), frame, content))
            await stdin.drain()
            size = int.from_bytes(await stdout.readexactly(4), "big")
            if size > _MAX_ANSWER_BYTES:
                raise TranscriptionFailed("the process for it answered nonsense")
            return msgspec.json.decode(await stdout.readexactly(size), type=Heard)
        except (OSError, asyncio.IncompleteReadError) as exc:
            code = await self._process.wait()
            logger.warning(
                "transcribing process died", extra={"action": "speech.died", "exit_code": code}
            )
            raise TranscriptionFailed("the process for it died over this file") from exc
        except (msgspec.DecodeError, UnicodeDecodeError) as exc:
            raise TranscriptionFailed("the process for it answered nonsense") from exc
