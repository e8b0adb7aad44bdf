"""How many sockets and streams there may be, and how much speech they may hold together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from holdfast.errors import TooLarge
from holdfast.keeper.access import Caller
from holdfast.server.failures import Refused

__all__ = ["Places"]

_FILES_IN_FLIGHT = 4


class Places:
    """Counts what the sockets of this process take.

    Args:
        most: sockets at once. per_user: of one user. max_file_bytes: the longest speech.
    """

    def __init__(self, *, most: int, per_user: int, max_file_bytes: int) -> None:
        self._most = most
        self._per_user = per_user
        self.max_file_bytes = max_file_bytes
        self._max_speech_bytes = _FILES_IN_FLIGHT * max_file_bytes
        self._of_user: Counter[tuple[str, str]] = Counter()
        self._speech_bytes = 0

    @property
    def taken(self) -> int:
        """So many sockets are open."""
        return self._of_user.total()

    @contextmanager
    def place(self, caller: Caller) -> Iterator[None]:
        """Hold a place for one socket or stream.

        Raises:
            Refused: there are too many, of this user or in all.
        """
        who = (caller.account, caller.user_id)
        if self._of_user[who] >= self._per_user:
            message = "you have too many sockets or streams open: close some"
            raise Refused(429, "too_many_sockets", message)
        if self.taken >= self._most:
            raise Refused(503, "busy", "too many sockets are open in all: try again soon")
        self._of_user[who] += 1
        try:
            yield
        finally:
            self._of_user[who] -= 1
            if not self._of_user[who]:
                del self._of_user[who]

    def take_speech(self, held: int, more: int) -> None:
        """Make room for more bytes of a speech that has `held` so far.

        Raises:
            TooLarge: the speech is over the limit of a file.
            Refused: too much is being spoken at once.
        """
        if held + more > self.max_file_bytes:
            raise TooLarge("audio", size=held + more, limit=self.max_file_bytes)
        if self._speech_bytes + more > self._max_speech_bytes:
            raise Refused(503, "busy", "too many speak at once: try again soon")
        self._speech_bytes += more

    def free_speech(self, size: int) -> None:
        """Give room back."""
        self._speech_bytes -= size
