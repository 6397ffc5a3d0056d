"""The wire format: bytes into events, or into the sentence that says what is wrong with them.

Names and types are those of the tracking scripts in the wild; `null` is the same as leaving a
field out, and fields that are not listed here are never looked at.
"""

from __future__ import annotations

import json
from math import isfinite
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

TYPES = frozenset({"pageview", "event", "engagement", "heartbeat"})


class Event(NamedTuple):
    """One event as the client sent it: right types, nothing cleaned yet."""

    type: str
    path: str | None
    referrer: str | None
    utm_source: str | None
    utm_medium: str | None
    utm_campaign: str | None
    action: str | None
    category: str | None
    label: str | None
    session_id: str | None
    time_zone: str | None
    value: float | None
    time_on_page: float | None
    is_bounce: bool | None


def _refuse_constant(name: str) -> None:
    raise ValueError(name)


# NaN and Infinity are no JSON (RFC 8259), though Python's parser takes them.
_DECODER = json.JSONDecoder(parse_constant=_refuse_constant)
_WHITESPACE = " \t\n\r"


def parse_document(body: bytes) -> dict[str, Any] | None:
    """The JSON object in `body`, or None if it holds anything else."""
    try:
        text = body.decode("utf-8").removeprefix("\ufeff").strip(_WHITESPACE)
        document, end = _DECODER.raw_decode(text)
    except (ValueError, RecursionError):
        # ValueError is bad UTF-8, bad JSON and integers of over 4,300 digits alike.
        return None
    return document if end == len(text) and type(document) is dict else None


def parse_event(raw: Any) -> Event | str:  # noqa: ANN401 - whatever JSON holds
    """One event, or what is wrong with it, naming the field as the client wrote it."""
    if type(raw) is not dict:
        return "event must be an object"
    kind = raw.get("type")
    if type(kind) is not str or kind not in TYPES:
        return _wrong_kind(kind)
    utm = raw.get("utm")
    if utm is None:
        utm = _NO_UTM
    elif type(utm) is not dict:
        return "utm must be an object"
    is_bounce = raw.get("isBounce")
    if type(is_bounce) not in _BOOLEAN:
        return "isBounce must be a boolean"
    get, get_utm = raw.get, utm.get
    texts = (
        get("path"),
        get("referrer"),
        get_utm("source"),
        get_utm("medium"),
        get_utm("campaign"),
        get("action"),
        get("category"),
        get("label"),
        get("sessionId"),
        get("timeZone"),
    )
    if not _TEXT.issuperset(map(type, texts)):
        return f"{_wrong_text(texts)} must be a string"
    value, time_on_page = _number(get("value")), _number(get("timeOnPage"))
    if value is _NO_NUMBER:
        return "value must be a number"
    if time_on_page is _NO_NUMBER:
        return "timeOnPage must be a number"
    return Event(kind, *texts, value, time_on_page, is_bounce)


_NO_UTM: dict[str, Any] = {}

_TEXTS = (
    *("path", "referrer", "utm.source", "utm.medium", "utm.campaign"),
    *("action", "category", "label", "sessionId", "timeZone"),
)
_TEXT = frozenset({str, type(None)})
_NO_NUMBER = float("nan")
_BOOLEAN = frozenset({bool, type(None)})


def _wrong_kind(kind: Any) -> str:  # noqa: ANN401 - whatever JSON holds
    if kind is None or kind == "":
        return "Event type required"
    return "Invalid event type" if type(kind) is str else "type must be a string"


def _wrong_text(texts: Sequence[object]) -> str:
    return next(name for name, text in zip(_TEXTS, texts, strict=True) if type(text) not in _TEXT)


def _number(value: Any) -> float | None:  # noqa: ANN401 - whatever JSON holds
    """A finite number or None as it is; for anything else, `_NO_NUMBER`."""
    if value is None:
        return None
    # `type` rather than isinstance: true and false are no numbers in JSON.
    if type(value) in (int, float):
        try:
            number = float(value)
        except OverflowError:
            return _NO_NUMBER  # an integer of more than 1,024 bits
        if isfinite(number):
            return number
    return _NO_NUMBER
