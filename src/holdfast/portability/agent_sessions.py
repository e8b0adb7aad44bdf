"""Sessions of the OpenAI Agents SDK: its SQLite files, and rows of its tables as JSON Lines.

A row's item may be an envelope of `EncryptedSession`,
{"__enc__": 1, "v": 1, "kid": "hkdf-v1", "payload": <Fernet token>}; items that the SDK no longer
shows because their time was up are there like all others. The item is kept as it stands.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from holdfast.errors import HostileFile, ImportFailed, ImportKeyMissing, ImportKeyWrong
from holdfast.portability.containers import Member
from holdfast.portability.conversations import Broken, Conversation, Item
from holdfast.portability.grouped_lines import read_grouped
from holdfast.portability.heard import Heard, chained, heard
from holdfast.portability.json_values import Malformed, digest_of, json_text, value_of
from holdfast.portability.limits import Limits
from holdfast.portability.objects import sound
from holdfast.portability.sampling import Sample
from holdfast.portability.stored import Origin, head_of, reader_of, size_of
from holdfast.portability.trees import MAX_NODES
from holdfast.vault.foreign import ForeignKey

if TYPE_CHECKING:
    from holdfast.storage.sqlite.agent_tables import AgentTables

__all__ = ["AgentDatabase", "holds_envelopes", "is_agent_rows", "is_database", "read_agent_rows"]

_HEADER = b"SQLite format 3\0"
_TRIED = 100
"""Sessions in which the key is tried before anything is read."""


class _Envelope(Struct):
    enc: int = msgspec.field(name="__enc__")
    payload: str
    v: int
    kid: str


_ENVELOPE = msgspec.json.Decoder(_Envelope)


class _Row(Struct, frozen=True):
    """One row of agent_messages."""

    name: str
    data: bytes
    created_at: object


def is_database(origin: Origin) -> bool:
    """Whether a file is a SQLite database; False for what cannot be read."""
    return head_of(origin, len(_HEADER)) == _HEADER


def is_agent_rows(sample: Sample) -> bool:
    """Whether each line is a row of agent_messages."""
    wanted = {"session_id", "message_data"} <= sample.fields.keys()
    return sample.shape in ("lines", "object") and wanted


class AgentDatabase:
    """The sessions in one SQLite file; iterate it for them. Close it."""

    format = "openai-agents"

    def __init__(self, origin: Origin, limits: Limits, key: ForeignKey | None) -> None:
        """Open it, and see whether the key fits.

        Raises:
            ImportKeyMissing: its items are encrypted and there is no key.
            ImportKeyWrong: no session of it opens under the key.
            ImportFailed: it is damaged, in use, or of another program.
        """
        from holdfast.storage.sqlite.agent_tables import AgentTables

        self.place = origin.name
        self.total_bytes = size_of(origin)
        self.bytes_read = 0
        self._limits = limits
        self._key = key
        source = origin if isinstance(origin, Path) else self._whole(origin)
        self._tables: AgentTables = AgentTables(
            source, name=origin.name, max_value_bytes=limits.max_line_bytes
        )
        try:
            self._sessions = self._tables.sessions()
            self._try_key()
        except BaseException:
            self._tables.close()
            raise

    def _whole(self, origin: Origin) -> bytes:
        if self.total_bytes > self._limits.max_file_bytes:
            raise HostileFile(self.place, "is over the limit: import it on the command line")
        with reader_of(origin) as file:
            return file.read(self.total_bytes)

    def _try_key(self) -> None:
        """Nothing is to be read under a key that fits nothing."""
        wrong: ImportKeyWrong | None = None
        for session_id in self._sessions[:_TRIED]:
            for row in self._tables.items(session_id, max_rows=1):
                try:
                    _opened(row.data, session_id, self._key, self.place)
                except ImportKeyWrong as exc:
                    wrong = exc
                else:
                    return
        if wrong is not None:
            raise wrong

    def __iter__(self) -> Iterator[Item]:
        """Yield each session, or what is wrong with it."""
        for number, session_id in enumerate(self._sessions, 1):
            place = f"{self.place}, session {number:,}"
            try:
                found = self._tables.items(session_id, max_rows=MAX_NODES + 1)
                rows = [_Row(str(row.id), row.data, row.created_at) for row in found]
                yield _conversation(session_id, rows, self._key, self._limits, place)
            except (Malformed, ImportKeyMissing, ImportKeyWrong) as exc:
                yield Broken(place=place, reason=exc.reason, code=exc.code)
            self.bytes_read = self.total_bytes * number // len(self._sessions)

    def close(self) -> None:
        """Let go of the file. May be called twice."""
        self._tables.close()


def holds_envelopes(origin: Origin, limits: Limits) -> bool:
    """Whether a database needs a key; False for what is none."""
    if not is_database(origin):
        return False
    try:
        AgentDatabase(origin, limits, None).close()
    except ImportKeyMissing:
        return True
    except ImportFailed:
        return False
    return False


def read_agent_rows(member: Member, limits: Limits, key: ForeignKey | None) -> Iterator[Item]:
    """The sessions of rows that were written one a line, in the order of their first rows.

    Raises:
        ImportKeyMissing, ImportKeyWrong: the first encrypted session does not open.
        ImportFailed: the file cannot be read.
        HostileFile: it costs more than the limits.
    """
    fits = False

    def build(session_id: str, raws: Sequence[bytes]) -> Conversation:
        nonlocal fits
        rows = [_row(raw) for raw in raws]
        try:
            found = _conversation(session_id, rows, key, limits, member.name)
        except ImportKeyWrong as exc:
            if not fits:
                raise
            raise Malformed(exc.reason, exc.code) from exc
        fits = True
        return found

    yield from read_grouped(member, limits, session_of=_session_of, build=build)


def _session_of(raw: bytes) -> str:
    session = value_of(raw, "the line")
    named = session.get("session_id") if isinstance(session, dict) else None
    if not isinstance(named, str) or not named:
        raise Malformed("names no session")
    return named


def _row(raw: bytes) -> _Row:
    row = value_of(raw, "the line")
    if not isinstance(row, dict):
        raise Malformed("is no row")
    data = row.get("message_data")
    packed = data.encode("utf-8", "replace") if isinstance(data, str) else msgspec.json.encode(data)
    return _Row(str(row.get("id", "")), packed, row.get("created_at"))


def _opened(data: bytes, session_id: str, key: ForeignKey | None, place: str) -> bytes:
    """The item itself, out of its envelope when it is in one."""
    try:
        envelope = _ENVELOPE.decode(data)
    except (msgspec.DecodeError, msgspec.ValidationError, UnicodeDecodeError):
        return data
    if key is None:
        raise ImportKeyMissing(place)
    return key.open_item(envelope.payload.encode(), session_id=session_id, place=place)


def _conversation(
    session_id: str, rows: Iterable[_Row], key: ForeignKey | None, limits: Limits, place: str
) -> Conversation:
    said: list[Heard] = []
    for number, row in enumerate(rows, 1):
        where = f"{place}, item {number:,}"
        try:
            raw = sound(_opened(row.data, session_id, key, where), limits)
            item = json_text(raw)
            for one in heard(raw, said_at=row.created_at):
                known = f"{row.name}.{digest_of(raw)[:16]}"
                said.append(msgspec.structs.replace(one, item=item, id=known))
        except Malformed as exc:
            raise Malformed(f"item {number:,} {exc.reason}", exc.code) from exc
    messages = chained(said)
    return Conversation(
        source=f"openai-agents:{session_id}",
        started_at=next((m.at for m in messages if m.at is not None), None),
        platform="openai-agents",
        messages=messages,
    )
