"""When: a time that a caller gave, or words for one."""

from __future__ import annotations

from datetime import datetime

from holdfast.clock import Clock
from holdfast.errors import BadInput

__all__ = ["edge"]


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
