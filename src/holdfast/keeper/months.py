"""How many sessions there are of each month: what a list jumps by. Plain columns alone."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, tzinfo
from zoneinfo import ZoneInfo

from msgspec import Struct
from msgspec.structs import replace

from holdfast.clock import from_ms, id_bytes, to_ms
from holdfast.errors import BadInput
from holdfast.keeper.trash import trashed_sessions
from holdfast.storage.protocol import HeadsQuery, SessionHead
from holdfast.vault.vault import Vault

__all__ = ["Month", "Months", "months_of", "zone_of"]

_ALL = 1_000_000


class Month(Struct, frozen=True, kw_only=True):
    """One month, as "2026-09", and how many sessions had their last message in it."""

    month: str
    sessions: int


class Months(Struct, frozen=True, kw_only=True):
    """The months that have any, newest first; how many sessions in all, and in the trash."""

    months: list[Month]
    sessions: int
    trashed: int


def zone_of(name: str) -> tzinfo:
    """A time zone by its name ("Europe/Oslo").

    Raises:
        BadInput: there is none of that name.
    """
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise BadInput("zone", "it is no time zone: name one like Europe/Oslo") from None


async def months_of(vault: Vault, ask: HeadsQuery, zone: tzinfo) -> Months:
    """The months of those sessions that `ask` names and that are not in the trash."""
    hidden = {id_bytes(one) for one in await trashed_sessions(vault)}
    heads = await vault.storage.heads(replace(ask, limit=_ALL))
    shown = [head for head in heads if head.session_id not in hidden]
    return Months(
        months=_counted(shown, zone), sessions=len(shown), trashed=len(heads) - len(shown)
    )


def _counted(heads: Sequence[SessionHead], zone: tzinfo) -> list[Month]:
    """Heads come newest first: a month ends where one lies before its first moment."""
    months: list[Month] = []
    first_ms, count, name = 0, 0, ""
    for head in heads:
        if count and head.last_ms >= first_ms:
            count += 1
            continue
        if count:
            months.append(Month(month=name, sessions=count))
        at = from_ms(head.last_ms).astimezone(zone)
        name, count = f"{at:%Y-%m}", 1
        first_ms = to_ms(datetime(at.year, at.month, 1, tzinfo=zone))
    return [*months, Month(month=name, sessions=count)] if count else months
