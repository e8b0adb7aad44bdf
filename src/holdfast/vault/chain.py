"""The running MAC of a session: missing, reordered, replaced or rolled-back messages show.

    chain(0)     = HMAC-SHA-256(chain key, "holdfast chain 1" || account || vault || session)
    chain(n + 1) = HMAC-SHA-256(chain key, chain(n) || seq(n) as 8 bytes || link(n))

`link(n)` is the tag of message n's seal. The session's head keeps the last value. A forgotten
message keeps its link, so the chain still holds; that it was forgotten by somebody who holds the
key is proved by a sealed note in its place.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable

__all__ = ["chain_start", "extend_chain"]


def chain_start(chain_key: bytes, account: bytes, vault: bytes, session: bytes) -> bytes:
    """The value before the first message: 32 bytes."""
    return hmac.digest(chain_key, b"holdfast chain 1" + account + vault + session, "sha256")


def extend_chain(chain_key: bytes, value: bytes, links: Iterable[tuple[int, bytes]]) -> bytes:
    """Take in messages as (seq, link), in order; returns the new value, 32 bytes."""
    for seq, link in links:
        value = hmac.digest(chain_key, value + seq.to_bytes(8, "big") + link, "sha256")
    return value
