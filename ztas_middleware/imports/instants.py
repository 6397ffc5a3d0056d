"""Dates as other programs write them."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone

_ISO = re.compile(
    r"([0-9]{4})[-/]([0-9]{2})[-/]([0-9]{2})[T ]([0-9]{2}):([0-9]{2}):([0-9]{2})"
    r"(?:[.,]([0-9]{1,9}))?(?: ?(?:[Zz]|UTC|([+-])([0-9]{2}):?([0-9]{2})))?"
).fullmatch


def from_iso(text: str) -> int | None:
    """UTC milliseconds of an ISO 8601 or RFC 3339 date with time; UTC where it names no zone."""
    found = _ISO(text.strip())
    if found is None:
        return None
    *parts, fraction, sign, hours, minutes = found.groups()
    try:
        offset = timedelta(hours=int(hours or 0), minutes=int(minutes or 0))
        zone = timezone(-offset if sign == "-" else offset)
        # The pattern has six parts, which no type says.
        moment = datetime(*map(int, parts), tzinfo=zone)  # type: ignore[misc, arg-type]
        seconds = int(moment.timestamp())
    except (ValueError, OverflowError):
        return None
    return seconds * 1000 + int((fraction or "")[:3].ljust(3, "0"))
