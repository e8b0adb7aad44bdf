"""A caller's own key of a call: however often it is retried, one thing is made."""

from __future__ import annotations

from holdfast.capture.checks import Limits, checked_label
from holdfast.vault.vault import Vault

__all__ = ["client_key_tag"]


def client_key_tag(vault: Vault, limits: Limits, kind: str, client_key: str | None) -> bytes | None:
    """What a key is known by: a keyed digest within its vault and kind; None for None.

    It goes as a once-tag into the write that makes the thing, so that the two are one.

    Raises:
        BadInput, TooLarge: it is no label.
    """
    key = checked_label("client key", client_key, limits)
    return None if key is None else vault.keyring.tag(vault.raw, f"client-key/{kind}", key)
