"""An audio file becomes samples. Runs in the limited process only: the file may be hostile.

The container is named by the caller, who looked at the first bytes: left to guess, FFmpeg would
also try playlists and scripts that name other files.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["RATE_HZ", "TooLong", "Undecodable", "samples_of"]

RATE_HZ = 16_000
"""What Whisper listens to."""

_CONTAINERS = {
    "audio/wav": "wav",
    "audio/webm": "matroska",
    "audio/ogg": "ogg",
    "audio/mpeg": "mp3",
    "audio/mp4": "mov",
    "audio/flac": "flac",
}
_CODECS = (
    *("aac", "alac", "flac", "libopus", "mp3", "mp3float", "opus", "vorbis"),
    *("pcm_alaw", "pcm_f32be", "pcm_f32le", "pcm_f64le", "pcm_mulaw", "pcm_s16be", "pcm_s16le"),
    *("pcm_s24be", "pcm_s24le", "pcm_s32be", "pcm_s32le", "pcm_s8", "pcm_u8"),
)
"""What speech comes in. FFmpeg has hundreds more, most of them rarely looked at by anybody."""
_RATES_HZ = range(4_000, 768_001)
_MAX_BAD_PACKETS = 1_000


class Undecodable(Exception):
    """The bytes are no audio that can be read."""


class TooLong(Exception):
    """There is more of it than will be listened to."""


def samples_of(audio: bytes, media_type: str, *, max_s: float) -> NDArray[np.float32]:
    """The first audio track, mono, 16,000 samples a second in [-1, 1]; shape (n,), n may be 0.

    What is damaged inside is left out; a file that ends too early is read as far as it goes.

    Raises:
        Undecodable: it has no audio track, of a codec that speech comes in, that can be read.
        TooLong: it lasts more than `max_s` seconds, whatever its head says.
    """
    import av
    import numpy as np

    found, count, limit = [], 0, int(max_s * RATE_HZ)
    options = {"protocol_whitelist": "", "codec_whitelist": ",".join(_CODECS)}
    try:
        with av.open(
            io.BytesIO(audio),
            format=_CONTAINERS[media_type],
            metadata_errors="ignore",
            container_options=options,
        ) as container:
            for piece in _pieces(container):
                count += len(piece)
                if count > limit:
                    raise TooLong
                found.append(piece)
    except (av.FFmpegError, ValueError, OverflowError, IndexError) as exc:
        if not found:
            raise Undecodable from exc
    if not found:
        return np.zeros(0, np.float32)
    return np.concatenate(found).astype(np.float32) / np.float32(32768)


def _pieces(container: Any) -> Iterator[NDArray[np.int16]]:  # PyAV's types are not checked
    """Samples of one packet after the other, as 16 bit integers."""
    import av
    from av.audio.resampler import AudioResampler

    stream = next(iter(container.streams.audio), None)
    if stream is None or stream.codec_context.name not in _CODECS:
        raise Undecodable
    resampler = AudioResampler(format="s16", layout="mono", rate=RATE_HZ)
    bad = 0
    for packet in container.demux(stream):
        try:
            frames = packet.decode()
        except av.InvalidDataError:
            bad += 1
            if bad > _MAX_BAD_PACKETS:
                raise
            continue
        for frame in frames:
            if frame.sample_rate not in _RATES_HZ:
                raise Undecodable
            frame.pts = None
            yield from _resampled(resampler, frame)
    yield from _resampled(resampler, None)


def _resampled(resampler: Any, frame: Any) -> Iterator[NDArray[np.int16]]:  # as above
    for piece in resampler.resample(frame):
        yield piece.to_ndarray().reshape(-1)
