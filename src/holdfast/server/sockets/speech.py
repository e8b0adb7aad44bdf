"""Speech that comes in pieces over a socket."""

from __future__ import annotations

from holdfast.errors import BadInput
from holdfast.server.schemas.frames import AudioEndFrame, AudioStartFrame
from holdfast.server.sockets.places import Places
from holdfast.server.talking.answers import Said

__all__ = ["Speaking"]


class Speaking:
    """At most one speech of a socket, from its start to its end."""

    def __init__(self, places: Places) -> None:
        self._places = places
        self._start: AudioStartFrame | None = None
        self._audio = bytearray()

    @property
    def client_key(self) -> str | None:
        """The client's own key of the speech that has begun."""
        return None if self._start is None else self._start.client_key

    def start(self, frame: AudioStartFrame) -> None:
        """Begin.

        Raises:
            BadInput: one has begun already; that one goes on.
        """
        if self._start is not None:
            raise BadInput("audio_start", "a speech has begun already: send audio_end first")
        self._start = frame

    def take(self, piece: bytes) -> None:
        """Take a piece of it.

        Raises:
            BadInput: none has begun.
            TooLarge, Refused: there is no room for it; the whole speech is thrown away.
        """
        if self._start is None:
            raise BadInput("binary frame", "no speech has begun: send audio_start first")
        try:
            self._places.take_speech(len(self._audio), len(piece))
        except Exception:
            self.discard()
            raise
        self._audio += piece

    def end(self, frame: AudioEndFrame) -> Said | None:
        """What was said; None when it is to be thrown away.

        Raises:
            BadInput: none has begun, or it is empty.
        """
        start, audio = self._start, bytes(self._audio)
        self.discard()
        if start is None:
            raise BadInput("audio_end", "no speech has begun: send audio_start first")
        if frame.discard:
            return None
        if not audio:
            raise BadInput("audio_end", "nothing was said: send binary frames before it")
        return Said(
            audio=audio,
            media_type=start.media_type,
            file_name=start.name,
            client_key=start.client_key,
        )

    def discard(self) -> None:
        """Throw away what has come."""
        self._places.free_speech(len(self._audio))
        self._start, self._audio = None, bytearray()
