"""When: a time that a caller gave, or words for one."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from holdfast.clock import Clock
from holdfast.errors import BadInput

__all__ = ["clock_in", "edge"]


def edge(when: datetime | str | None, clock: Clock, *, end: bool) -> datetime | None:
    """A time from a word: the beginning of "last week" as `since`, its end as `until`.

    Raises:
        BadInput: it is not understood, or a time without a zone.
    """
    if when is None or isinstance(when, datetime):
        if isinstance(when, datetime) and when.tzinfo is None:
            raise BadInput("since or until", "a time needs a time zone")
        return when
    from holdfast.recall.dates import span_of

    span = span_of(when, now=clock(), field="until" if end else "since")
    return span.end if end else span.start


def clock_in(zone: str, clock: Clock) -> Clock:
    """The same clock in another zone: its days begin at that zone's midnight.

    Raises:
        BadInput: there is no zone of this name.
    """
    if zone == "UTC":  # which needs no table of zones
        return clock
    try:
        there = ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise BadInput("zone", 'it is none: write one like "Europe/Oslo"') from None
    return lambda: clock().astimezone(there)
