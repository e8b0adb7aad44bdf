"""The process that hears may die, hang, or be let go at any moment; the next file gets another."""

from __future__ import annotations

import asyncio
import os
import select
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from fix_speech import contained, spoken, wav
from fix_tiny_whisper import write_tiny_whisper
from holdfast.assistant.speech.whisper import WhisperTranscriber
from holdfast.errors import (
    HoldfastError,
    NotAudio,
    NothingHeard,
    TranscriberBusy,
    TranscriptionFailed,
)

_SILENCE = wav(b"\0" * 3200)
_UNREADABLE = b"OggS" + b"\xff" * 64
_CANARY = "canary-in-the-environment"


pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The folder of a model that loads at once and understands nothing."""
    folder = tmp_path_factory.mktemp("tiny")
    write_tiny_whisper(folder)
    return str(folder)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def whisper(tiny: str) -> AsyncIterator[WhisperTranscriber]:
    """A transcriber for all tests that leave it in a state that the next can start from."""
    transcriber = WhisperTranscriber(tiny)
    yield transcriber
    await transcriber.close()


@pytest_asyncio.fixture(loop_scope="module")
async def opened() -> AsyncIterator[list[WhisperTranscriber]]:
    """Transcribers that are closed at the end."""
    made: list[WhisperTranscriber] = []
    yield made
    for transcriber in made:
        await transcriber.close()


async def _started(whisper: WhisperTranscriber) -> int:
    """Have it load its model; returns the id of its process."""
    with pytest.raises(NothingHeard):
        await whisper.transcribe(_SILENCE, "")
    assert whisper.pid is not None
    return whisper.pid


async def _asked(whisper: WhisperTranscriber) -> asyncio.Task[object]:
    """A file that a process which was stopped will not get to."""
    assert whisper.pid is not None
    os.kill(whisper.pid, signal.SIGSTOP)
    task: asyncio.Task[object] = asyncio.ensure_future(whisper.transcribe(_SILENCE, ""))
    for _ in range(10):  # its frame is written in the first of these steps
        await asyncio.sleep(0)
    assert not task.done()
    return task


def _has_ended(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


async def test_a_process_that_dies_over_a_file_fails_that_file_alone(
    whisper: WhisperTranscriber,
) -> None:
    """Killed while it hears, by whatever: that call fails, and there is no process any more."""
    pid = await _started(whisper)
    task = await _asked(whisper)

    os.kill(pid, signal.SIGKILL)
    with pytest.raises(TranscriptionFailed):
        await task

    assert (_has_ended(pid), whisper.pid) == (True, None)


async def test_a_process_that_died_while_idle_is_replaced(
    whisper: WhisperTranscriber,
) -> None:
    """Nobody was asking, so nobody is told."""
    pid = await _started(whisper)
    os.kill(pid, signal.SIGKILL)
    while whisper.pid is not None:
        await asyncio.sleep(0)

    assert await _started(whisper) != pid


async def test_cancelling_kills_what_was_heard(whisper: WhisperTranscriber) -> None:
    """A caller that has gone leaves nothing running."""
    pid = await _started(whisper)
    task = await _asked(whisper)

    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert (_has_ended(pid), whisper.pid) == (True, None)


async def test_cancelling_who_waits_disturbs_nobody(whisper: WhisperTranscriber) -> None:
    """Only the one whose file is being heard ends the process by leaving."""
    pid = await _started(whisper)
    first = await _asked(whisper)
    second = asyncio.ensure_future(whisper.transcribe(_SILENCE, ""))
    await asyncio.sleep(0)

    second.cancel()
    os.kill(pid, signal.SIGCONT)
    with pytest.raises(NothingHeard):
        await first

    assert whisper.pid == pid


async def test_a_file_that_takes_too_long_is_given_up(
    whisper: WhisperTranscriber, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that hangs is killed at its deadline."""
    pid = await _started(whisper)
    monkeypatch.setattr(whisper, "_timeout_s", 0.5)  # from now on: it is stopped
    task = await _asked(whisper)

    with pytest.raises(TranscriptionFailed, match="too long"):
        await task

    assert _has_ended(pid)


async def test_the_queue_is_bounded(tiny: str, opened: list[WhisperTranscriber]) -> None:
    """Beyond what may wait, a file is refused at once: try again in a moment."""
    opened.append(whisper := WhisperTranscriber(tiny, max_waiting=1))
    pid = await _started(whisper)
    heard = await _asked(whisper)
    waits = asyncio.ensure_future(whisper.transcribe(_SILENCE, ""))
    await asyncio.sleep(0)

    with pytest.raises(TranscriberBusy):
        async with asyncio.timeout(60):
            await whisper.transcribe(_SILENCE, "")

    os.kill(pid, signal.SIGCONT)
    for task in (heard, waits):
        with pytest.raises(NothingHeard):
            await task


async def test_a_recording_beyond_the_limit_is_not_heard(
    tiny: str,
    opened: list[WhisperTranscriber],
) -> None:
    """What counts is what is decoded, not what the head says."""
    opened.append(whisper := WhisperTranscriber(tiny, max_speech_s=1.0))

    with pytest.raises(TranscriptionFailed, match="in parts"):
        await whisper.transcribe(contained("WebM with Opus"), "")


async def test_a_file_that_needs_too_much_memory_fails_alone(
    tiny: str,
    opened: list[WhisperTranscriber],
) -> None:
    """An hour is 28 MB as a file, 115 MB and more as samples: the limit holds. What is left of
    the process is not used again, so that the next file is heard."""
    opened.append(
        whisper := WhisperTranscriber(tiny, memory_bytes=96 * 1024 * 1024, max_speech_s=1e6)
    )

    with pytest.raises(TranscriptionFailed, match=r"failed over|died over"):
        await whisper.transcribe(wav(b"\x80" * 8_000 * 3_600, rate=8_000, width=1), "")

    await _started(whisper)


async def test_a_file_that_needs_too_much_time_ends_the_process(
    tiny: str,
    opened: list[WhisperTranscriber],
) -> None:
    """The system ends a process whose decoder does not come to an end."""
    opened.append(whisper := WhisperTranscriber(tiny, decode_cpu_s=0, max_speech_s=1e6))

    with pytest.raises(TranscriptionFailed, match="died"):
        await whisper.transcribe(wav(b"\x80" * 60_000_000, rate=8_000, width=1), "")


async def test_the_process_has_nothing_to_steal_or_to_open(
    tiny: str, opened: list[WhisperTranscriber], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It reads hostile files: it has no key of the server's, no file beside its pipes, and cannot
    open another file or socket."""
    monkeypatch.setenv("HOLDFAST_ROOT_KEY", _CANARY)
    opened.append(whisper := WhisperTranscriber(tiny))
    process = Path(f"/proc/{await _started(whisper)}")

    held = {str(handle.readlink()) for handle in (process / "fd").iterdir()}
    limits = (process / "limits").read_text().splitlines()

    assert _CANARY not in (process / "environ").read_text()
    assert {name for name in held if not name.startswith("pipe:")} == {os.devnull}
    assert [line.split()[3:5] for line in limits if line.startswith("Max open files")] == [
        ["0", "0"]
    ]


async def test_closing_ends_the_process(tiny: str, opened: list[WhisperTranscriber]) -> None:
    """Also a second time; what is asked afterwards fails."""
    opened.append(whisper := WhisperTranscriber(tiny))
    pid = await _started(whisper)

    await whisper.close()
    await whisper.close()

    assert _has_ended(pid)
    with pytest.raises(TranscriptionFailed):
        await whisper.transcribe(_SILENCE, "")


async def test_closing_fails_what_is_being_heard(
    tiny: str, opened: list[WhisperTranscriber]
) -> None:
    """A server that stops waits for nobody's recording."""
    opened.append(whisper := WhisperTranscriber(tiny))
    await _started(whisper)
    task = await _asked(whisper)

    await whisper.close()

    with pytest.raises(TranscriptionFailed):
        await task


_PARENT = """
import asyncio, sys
from pathlib import Path
from holdfast.assistant.speech.whisper import WhisperTranscriber

async def main():
    whisper = WhisperTranscriber(sys.argv[2])
    try:
        await whisper.transcribe(Path(sys.argv[1]).read_bytes(), "")
    except Exception:
        print(whisper.pid, flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""


async def test_a_server_that_is_killed_leaves_no_process_behind(tmp_path: Path, tiny: str) -> None:
    """Not even one that is in the middle of a file, or does not run at all."""
    silence = tmp_path / "silence.wav"
    silence.write_bytes(_SILENCE)
    command = [sys.executable, "-c", _PARENT, str(silence), tiny]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        handle = os.pidfd_open(pid)
        os.kill(pid, signal.SIGSTOP)
        parent.kill()

    ended = select.select([handle], [], [], 60)[0]
    os.close(handle)
    assert ended == [handle]


@pytest.mark.parametrize("model", ["/no/such/folder", "no-such-model", "./no-such-folder"])
async def test_a_model_that_is_not_there_is_not_fetched(
    model: str, opened: list[WhisperTranscriber]
) -> None:
    """The error says what to do; nothing goes looking for it on the network."""
    opened.append(whisper := WhisperTranscriber(model))

    with pytest.raises(TranscriptionFailed, match="model"):
        await whisper.transcribe(spoken(), "")

    assert whisper.pid is None


async def test_a_model_in_a_folder_is_named_after_it(
    whisper: WhisperTranscriber, tiny: str
) -> None:
    """A folder in the form of CTranslate2 is a model; who heard is noted by its name."""
    await _started(whisper)

    assert whisper.name == f"whisper:{Path(tiny).name}"


async def test_a_damaged_model_is_an_error(
    tmp_path: Path, opened: list[WhisperTranscriber]
) -> None:
    """A folder whose files are none of a model fails each file, and ends no server."""
    for name in ("config.json", "model.bin", "tokenizer.json"):
        (tmp_path / name).write_bytes(b"{}")
    opened.append(whisper := WhisperTranscriber(str(tmp_path)))

    with pytest.raises(TranscriptionFailed, match="model"):
        await whisper.transcribe(spoken(), "")


async def test_an_unreadable_file_costs_no_process(whisper: WhisperTranscriber) -> None:
    """What the decoder refuses is an answer: the loaded model is kept."""
    pid = await _started(whisper)

    with pytest.raises(NotAudio):
        await whisper.transcribe(_UNREADABLE, "")

    assert whisper.pid == pid


async def test_no_failure_names_what_was_said(whisper: WhisperTranscriber) -> None:
    """The error's text comes from here, whatever the file held."""

    with pytest.raises(HoldfastError) as raised:
        await whisper.transcribe(b"OggS" + _CANARY.encode() * 10, "")

    assert _CANARY not in str(raised.value)
