"""Whisper hears what is said in every container, and nothing that is sent to it ends it."""

from __future__ import annotations

import asyncio
import re

import pytest

from fix_speech import BLUE, CONTAINERS, contained, encoded, lying_wav, spoken, wav
from holdfast.assistant.speech.whisper import WhisperTranscriber
from holdfast.errors import NotAudio, NothingHeard, TranscriptionFailed

pytestmark = pytest.mark.asyncio(loop_scope="module")

_MAGIC = {
    "WAV": b"RIFF\x24\0\0\0WAVEfmt ",
    "WebM": b"\x1a\x45\xdf\xa3",
    "Ogg": b"OggS",
    "MP3 with ID3": b"ID3\x04\0\0\0\0\x0f\x7f",
    "MP3": b"\xff\xfb\x90\x64",
    "MP4": b"\0\0\0\x1cftypM4A ",
    "FLAC": b"fLaC",
}
_NOISE = bytes(range(256)) * 16


def words(text: str) -> str:
    """The text without what an engine is free to choose."""
    british = re.sub(r"\b(colo|favo)(r|rite)\b", r"\1u\2", text.lower())
    return re.sub(r"[^a-z ]", "", british).strip()


async def test_a_wav_file_becomes_its_text(whisper: WhisperTranscriber) -> None:
    """With the engine, the language and how long it lasts."""
    found = await whisper.transcribe(spoken(), "audio/wav")

    assert words(found.text) == words(BLUE)
    assert (found.engine, found.language) == ("whisper:base", "en")
    assert found.duration_s == pytest.approx(1.75, abs=0.5)


@pytest.mark.parametrize("container", CONTAINERS)
async def test_the_container_does_not_matter(container: str, whisper: WhisperTranscriber) -> None:
    """What browsers, phones and messengers record is heard alike, whatever it is called."""
    found = await whisper.transcribe(contained(container), "application/octet-stream")

    assert words(found.text) == words(BLUE)


@pytest.mark.parametrize("container", ["WebM with Opus", "MP3 with ID3", "MP4 with AAC"])
async def test_a_recording_that_breaks_off_is_heard_as_far_as_it_goes(
    container: str, whisper: WhisperTranscriber
) -> None:
    """Half a file gives fewer words or says that it cannot be read; the next file is heard."""
    whole = contained(container)

    try:
        found = await whisper.transcribe(whole[: len(whole) // 2], "")
    except (NotAudio, NothingHeard):
        assert container == "MP4 with AAC"  # its table of contents stands at the end
    else:
        assert words(found.text).startswith("my favourite")
    assert whisper.pid is not None


@pytest.mark.parametrize("audio", [b"", b"\0", b"RIFF", b"#EXTM3U\nfile:///etc/hostname", _NOISE])
async def test_what_is_no_audio_never_reaches_the_process(audio: bytes) -> None:
    """A text, a playlist, nothing at all: refused by the first bytes, whatever it is called."""
    whisper = WhisperTranscriber()

    with pytest.raises(NotAudio):
        await whisper.transcribe(audio, "audio/wav")

    assert whisper.pid is None
    await whisper.close()


@pytest.mark.parametrize("kind", _MAGIC)
async def test_a_head_without_a_body_is_no_audio(kind: str, whisper: WhisperTranscriber) -> None:
    """The first bytes of a container, then noise: the decoder refuses it and goes on."""
    before = whisper.pid

    with pytest.raises((NotAudio, NothingHeard)):
        await whisper.transcribe(_MAGIC[kind] + _NOISE, "")

    assert before in (None, whisper.pid)


@pytest.mark.parametrize(
    "silence", [wav(b""), wav(b"\0" * 160_000)], ids=["no samples", "five seconds of silence"]
)
async def test_silence_has_no_words(silence: bytes, whisper: WhisperTranscriber) -> None:
    """Whisper makes up words for silence; here it is not asked about it."""
    with pytest.raises(NothingHeard):
        await whisper.transcribe(silence, "audio/wav")


@pytest.mark.parametrize(
    "audio",
    [
        lying_wav(),
        lying_wav(channels=65_535),
        lying_wav(rate=0xFFFFFFFF),
        lying_wav(rate=0),
        lying_wav(channels=0),
        b"\0\0\0\x1cftypM4A \0\0\0\0M4A isom\xff\xff\xff\xffmoov" + b"\xff" * 64,
        b"fLaC\x80\xff\xff\xff" + b"\xff" * 64,
        b"\x1a\x45\xdf\xa3\x01\xff\xff\xff\xff\xff\xff\xff" + b"\xff" * 64,
    ],
    ids=["data", "channels", "rate", "no rate", "no channels", "moov", "streaminfo", "ebml"],
)
async def test_a_head_that_claims_the_world_costs_nothing(
    audio: bytes, whisper: WhisperTranscriber
) -> None:
    """Sizes, rates and channels are claims; what is not there is not reserved."""
    before = whisper.pid

    with pytest.raises((NotAudio, NothingHeard, TranscriptionFailed)):
        await whisper.transcribe(audio, "")

    assert before in (None, whisper.pid)


@pytest.mark.parametrize("codec", ["adpcm_ms", "ac3"])
async def test_a_codec_that_nobody_records_speech_in_is_not_decoded(
    codec: str, whisper: WhisperTranscriber
) -> None:
    """FFmpeg knows hundreds of decoders; those of old games and players are not tried."""
    container = {"adpcm_ms": "wav", "ac3": "matroska"}[codec]

    with pytest.raises(NotAudio):
        await whisper.transcribe(encoded(container, codec, {}), "")


async def test_files_are_heard_one_after_the_other(whisper: WhisperTranscriber) -> None:
    """Whoever asks at the same time gets the answer to his own file."""
    red = spoken("The sky is red.")

    one, other, none = await asyncio.gather(
        whisper.transcribe(spoken(), ""),
        whisper.transcribe(red, ""),
        whisper.transcribe(wav(b""), ""),
        return_exceptions=True,
    )

    assert isinstance(none, NothingHeard)
    assert not isinstance(one, BaseException)
    assert not isinstance(other, BaseException)
    assert ("blue" in one.text, "red" in other.text) == (True, True)
