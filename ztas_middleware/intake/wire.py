"""The wire format: bytes into events, or into the sentence that says what is wrong with them.

Names and types are those of the tracking scripts in the wild; `null` is the same as leaving a
field out, and fields that are not listed here are never looked at.
"""

from __future__ import annotations

import json
from math import isfinite
from typing import Any, NamedTuple

TYPES = frozenset({"pageview", "event", "engagement", "heartbeat"})


class Event(NamedTuple):
    """One event as the client sent it: right types, nothing cleaned yet."""

    type: str
    path: str | None = None
    referrer: str | None = None
    utm_source: str | None = None
    utm_medium: str | None = None
    utm_campaign: str | None = None
    action: str | None = None
    category: str | None = None
    label: str | None = None
    value: float | None = None
    session_id: str | None = None
    time_on_page: float | None = None
    is_bounce: bool | None = None
    time_zone: str | None = None
    utm_term: str | None = None
    utm_content: str | None = None
    properties: dict[str, Any] | None = None
    width: float | None = None
    """The viewport's, in CSS pixels."""


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
    if kind is None or kind == "":
        return "Event type required"
    if type(kind) is not str:
        return "type must be a string"
    if kind not in TYPES:
        return "Invalid event type"
    utm = raw.get("utm")
    if utm is None:
        utm = _NO_UTM
    elif type(utm) is not dict:
        return "utm must be an object"
    properties = raw.get("properties")
    if properties is not None and type(properties) is not dict:
        return "properties must be an object"
    is_bounce = raw.get("isBounce")
    if is_bounce is not None and type(is_bounce) is not bool:
        return "isBounce must be a boolean"
    try:
        return Event(
            kind,
            _text(raw, "path"),
            _text(raw, "referrer"),
            _text(utm, "source", "utm."),
            _text(utm, "medium", "utm."),
            _text(utm, "campaign", "utm."),
            _text(raw, "action"),
            _text(raw, "category"),
            _text(raw, "label"),
            _number(raw, "value"),
            _text(raw, "sessionId"),
            _number(raw, "timeOnPage"),
            is_bounce,
            _text(raw, "timeZone"),
            _text(utm, "term", "utm."),
            _text(utm, "content", "utm."),
            properties,
            _number(raw, "width"),
        )
    except _WrongTypeError as wrong:
        return str(wrong)


_NO_UTM: dict[str, Any] = {}


class _WrongTypeError(Exception):
    """A field of the wrong JSON type; leaves this module as a plain sentence."""


def _text(raw: dict[str, Any], name: str, prefix: str = "") -> str | None:
    value = raw.get(name)
    if value is None or type(value) is str:
        return value
    raise _WrongTypeError(f"{prefix}{name} must be a string")


def _number(raw: dict[str, Any], name: str) -> float | None:
    value = raw.get(name)
    if value is None:
        return None
    # `type` rather than isinstance: true and false are no numbers in JSON.
    if type(value) in (int, float):
        try:
            number = float(value)
        except OverflowError:
            number = float("inf")  # an integer of more than 1,024 bits
        if isfinite(number):
            return number
    raise _WrongTypeError(f"{name} must be a number")
