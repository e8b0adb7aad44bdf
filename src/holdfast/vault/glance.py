"""What shows the shape of a conversation, read from many messages at once.

A long conversation is drawn and searched without its messages becoming nouns: of each record only
what is asked for is decoded. What is checked is the same as in `open_message`.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
from msgspec import Struct

from holdfast.clock import id_text
from holdfast.errors import TamperedRecord
from holdfast.model import MessageKind, Role
from holdfast.storage.protocol import Kind, SealedRow, State
from holdfast.vault.envelope import Place, SealKey, link_of, open_sealed

__all__ = ["Glance", "glance_at"]


class Glance(Struct, omit_defaults=True):
    """The part of a message's body that a glance decodes; the keys are those of the codec."""

    r: Role = "system"
    k: MessageKind = "text"
    t: str = ""
    p: bytes | None = None
    f: msgspec.Raw = msgspec.Raw()
    u: bytes = b""

    @property
    def has_file(self) -> bool:
        """Whether bytes of a file belong to it."""
        return bool(self.f) and bytes(self.f) != b"\xc0"  # MessagePack's nil


class _Gone(Struct):
    l: bytes  # noqa: E741
    p: bytes | None = None
    u: bytes = b""


_glance = msgspec.msgpack.Decoder(Glance).decode
_gone = msgspec.msgpack.Decoder(_Gone).decode


def glance_at(row: SealedRow, place: Place, keys: Mapping[bytes, SealKey]) -> Glance:
    """Look at a message; of a forgotten one there is no more than whom it followed.

    Raises:
        TamperedRecord, UnknownEnvelope: it does not open where it stands.
    """
    forgotten = row.state is State.FORGOTTEN
    bound = place.of(row.id, row.ord, row.version, b"gone" if forgotten else b"body")
    try:
        body = open_sealed(row.sealed, bound, keys)
        if forgotten:
            gone = _gone(body)
            seen, link = Glance(p=gone.p, u=gone.u), gone.l
        else:
            seen, link = _glance(body), link_of(row.sealed)
    except TamperedRecord as exc:
        raise type(exc)("message", id_text(row.id)) from None
    except msgspec.DecodeError:
        raise TamperedRecord("message", id_text(row.id)) from None
    if row.kind is not Kind.MESSAGE or row.link != link or seen.u != (row.parent or b""):
        raise TamperedRecord("message", id_text(row.id))
    return seen
