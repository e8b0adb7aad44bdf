"""Speech made by espeak-ng, and the containers that it comes in."""

from __future__ import annotations

import ctypes
import io
import struct
import wave
from functools import cache
from typing import Any

import av
import espeakng_loader

BLUE = "My favourite colour is blue."

_SYNCHRONOUS, _UTF8, _RATE = 2, 1, 1
_WORDS_PER_MINUTE = 140
_Hear = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p
)

CONTAINERS = {
    "WebM with Opus": ("webm", "libopus", {}),
    "Ogg with Opus": ("ogg", "libopus", {}),
    "MP3 with ID3": ("mp3", "libmp3lame", {}),
    "MP3 without a tag": ("mp3", "libmp3lame", {"id3v2_version": "0", "write_xing": "0"}),
    "MP4 with AAC": ("mp4", "aac", {}),
    "FLAC": ("flac", "flac", {}),
}


@cache
def spoken(text: str = BLUE) -> bytes:
    """The text said aloud, as a WAV file."""
    espeak = ctypes.CDLL(espeakng_loader.get_library_path())
    rate = espeak.espeak_Initialize(_SYNCHRONOUS, 0, espeakng_loader.get_data_path().encode(), 0)
    samples = bytearray()

    @_Hear
    def hear(at: Any, count: int, events: object) -> int:
        if at and count > 0:
            samples.extend(ctypes.string_at(at, count * 2))
        return 0

    espeak.espeak_SetSynthCallback(hear)
    espeak.espeak_SetVoiceByName(b"en-us")
    espeak.espeak_SetParameter(_RATE, _WORDS_PER_MINUTE, 0)
    said = text.encode()
    espeak.espeak_Synth(said, len(said) + 1, 0, 0, 0, _UTF8, None, None)
    espeak.espeak_Synchronize()
    espeak.espeak_Terminate()
    return wav(bytes(samples), rate=rate)


def wav(samples: bytes, *, rate: int = 16_000, width: int = 2) -> bytes:
    """Samples of one channel as a WAV file."""
    target = io.BytesIO()
    with wave.open(target, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(width)
        file.setframerate(rate)
        file.writeframes(samples)
    return target.getvalue()


def lying_wav(*, channels: int = 1, rate: int = 16_000, claimed: int = 0xFFFFFFF0) -> bytes:
    """A WAV file whose head claims more than there is."""
    head = struct.pack(
        "<HHIIHH", 1, channels, rate, min(rate * 2 * channels, 0xFFFFFFFF), 2 * channels & 65535, 16
    )
    return (
        b"RIFF" + struct.pack("<I", 0xFFFFFFFF) + b"WAVEfmt " + struct.pack("<I", 16) + head
        + b"data" + struct.pack("<I", claimed) + b"\0" * 3200
    )  # fmt: skip


@cache
def contained(name: str) -> bytes:
    """The sentence about the colour in one of `CONTAINERS`."""
    return encoded(*CONTAINERS[name])


def encoded(kind: str, codec: str, options: dict[str, str]) -> bytes:
    """The sentence about the colour in any container and codec that FFmpeg writes."""
    target = io.BytesIO()
    with (
        av.open(io.BytesIO(spoken())) as source,
        av.open(target, "w", format=kind, options=options) as file,
    ):
        stream = file.add_stream(codec, rate=48_000)
        stream.layout = "mono"
        resampler = av.AudioResampler(format=stream.format, layout="mono", rate=48_000)
        for frame in source.decode(audio=0):
            for piece in resampler.resample(frame):
                file.mux(stream.encode(piece))
        for piece in resampler.resample(None):
            file.mux(stream.encode(piece))
        file.mux(stream.encode(None))
    return target.getvalue()
