"""What an audio file is, is decided by its first bytes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.assistant.speech.media_types import AUDIO_TYPES, media_type_of

_HEADS = {
    b"RIFF\x24\0\0\0WAVEfmt ": "audio/wav",
    b"RF64\xff\xff\xff\xffWAVEds64": "audio/wav",
    b"\x1a\x45\xdf\xa3\x9f\x42\x86\x81": "audio/webm",
    b"OggS\0\x02": "audio/ogg",
    b"ID3\x04\0\0\0\0\0\x23TSSE": "audio/mpeg",
    b"\xff\xfb\x90\x64": "audio/mpeg",
    b"\xff\xf3\x48\xc4": "audio/mpeg",
    b"\0\0\0\x1cftypM4A ": "audio/mp4",
    b"\0\0\0\x20ftypisom": "audio/mp4",
    b"fLaC\0\0\0\x22": "audio/flac",
}
_NONE = [
    b"",
    b"RIFF",
    b"RIFF\x24\0\0\0AVI LIST",
    b"ID3",
    b"\xff\xfb",
    b"\xff\xff\xff\xff",
    b"\xff\xd8\xff\xe0",
    b"\xff\xfe<\0h\0t\0",
    b"<!doctype html>",
    b"#EXTM3U\n",
    b"ffconcat version 1.0\n",
    b"\x89PNG\r\n\x1a\n",
    b"%PDF-1.7",
    b"PK\x03\x04",
]


@pytest.mark.parametrize("head", _HEADS, ids=str)
def test_a_container_is_known_by_its_head(head: bytes) -> None:
    """Each container that browsers, phones and messengers record in."""
    assert media_type_of(head + b"\0" * 16) == _HEADS[head]


@pytest.mark.parametrize("head", _NONE, ids=str)
def test_what_is_no_audio_has_no_media_type(head: bytes) -> None:
    """Pages, pictures, archives, playlists, and heads that break off."""
    assert media_type_of(head) is None


@given(st.binary(max_size=64))
def test_any_bytes_have_a_known_type_or_none(audio: bytes) -> None:
    """Whatever comes: a type that can be transcribed, or None; never an error."""
    assert media_type_of(audio) in {None, *AUDIO_TYPES}
