"""Dates as other programs write them."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone

_ISO = re.compile(
    r"([0-9]{4})[-/]([0-9]{2})[-/]([0-9]{2})[T ]([0-9]{2}):([0-9]{2}):([0-9]{2})"
    r"(?:[.,]([0-9]{1,9}))?(?: ?(?:[Zz]|UTC|([+-])([0-9]{2})(?::?([0-9]{2}))?))?"
).fullmatch

# Seconds, milliseconds, microseconds or nanoseconds since 1970; none of them reaches the next
# one's numbers between 1973 and 5138.
_SECONDS, _MILLISECONDS, _MICROSECONDS, _BEYOND = 1e11, 1e14, 1e17, 1e20


def from_number(value: float) -> int | None:
    """UTC milliseconds of a number in whichever unit it must be; None where it can be in none."""
    if not abs(value) < _BEYOND:  # nor is nan
        return None
    if abs(value) < _SECONDS:
        return int(value * 1000)
    if abs(value) < _MILLISECONDS:
        return int(value)
    return int(value // (1000 if abs(value) < _MICROSECONDS else 1_000_000))


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
