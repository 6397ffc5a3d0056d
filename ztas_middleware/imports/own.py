"""Our own exports, read back: CSV with a header, or one JSON object a line.

Rows were cleaned and hashed before they were exported, and come back exactly as they were. So
nothing is cleaned here; what could not have come from an export is refused, an address where a
visitor's hash should be above all.
"""

from __future__ import annotations

import json
import re
from math import isfinite
from typing import TYPE_CHECKING

from ztas_middleware.imports.outcomes import Refused
from ztas_middleware.intake.agents import OTHER
from ztas_middleware.intake.properties import clean_properties
from ztas_middleware.intake.text import scrub
from ztas_middleware.intake.wire import TYPES
from ztas_middleware.reports.export import unguard
from ztas_middleware.store.hits import Hit

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from ztas_middleware.imports.destination import Destination
    from ztas_middleware.imports.outcomes import Outcome

REQUIRED = frozenset({"time", "type", "path", "visitor"})
_KNOWN = frozenset(Hit._fields) | {"id"}
_LONG, _SHORT = 2048, 256

NO_JSON = Refused("is no JSON object")
_HASH = re.compile(r"[\w-]{1,64}", re.ASCII).fullmatch
_COUNTRY = re.compile(r"[A-Z]{2}")
_REGION = re.compile(r"[A-Z]{2}-[A-Z0-9]{1,3}")
_LANGUAGE = re.compile(r"[a-z]{2,3}")
_CODES = {_COUNTRY: "ISO 3166 code", _REGION: "ISO 3166-2 code", _LANGUAGE: "language's subtag"}
_SMALL = re.compile(r"[0-9]{1,5}", re.ASCII).fullmatch
_WHOLE = re.compile(r"-?[0-9]{1,18}", re.ASCII).fullmatch
_BOUNCES = {0: False, 1: True, "0": False, "1": True}


class _UnfitError(Exception):
    """What is wrong with a row; leaves this module as `Refused`."""


def columns_of(header: Sequence[str]) -> tuple[str, ...] | None:
    """The columns of a CSV export; None where the header is another program's."""
    names = tuple(name.strip() for name in header)
    known = REQUIRED <= set(names) <= _KNOWN and len(set(names)) == len(names)
    return names if known else None


def csv_reader(
    destination: Destination, columns: tuple[str, ...]
) -> Callable[[Sequence[str]], Outcome]:
    """A function from a CSV record to what becomes of it."""
    wrong_length = Refused(f"has not {len(columns)} cells")

    def read(record: Sequence[str]) -> Outcome:
        if len(record) != len(columns):
            return wrong_length
        cells = {name: unguard(cell) for name, cell in zip(columns, record, strict=True)}
        return _outcome(destination, cells)

    return read


def json_reader(destination: Destination) -> Callable[[str], Outcome]:
    """A function from a line of NDJSON to what becomes of it."""

    def read(line: str) -> Outcome:
        fields = parse(line)
        return NO_JSON if fields is None else _outcome(destination, fields)

    return read


def recognise(line: str) -> bool:
    """Whether it is a line of our NDJSON."""
    fields = parse(line)
    return fields is not None and fields.keys() >= REQUIRED


def parse(line: str) -> dict[str, object] | None:
    """The JSON object in a line."""
    try:
        fields = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return fields if isinstance(fields, dict) else None


def _outcome(destination: Destination, fields: Mapping[str, object]) -> Outcome:
    try:
        hit = _hit(destination.site.id, fields)
    except _UnfitError as unfit:
        return Refused(str(unfit))
    day = destination.day_at(hit.time)
    return day if isinstance(day, Refused) else hit


def _hit(site_id: str, fields: Mapping[str, object]) -> Hit:
    kind = _text(fields, "type")
    if kind not in TYPES:
        raise _UnfitError("type is none of ours")
    path = _text(fields, "path", _LONG)
    if path is None or not path.startswith("/"):
        raise _UnfitError("path does not begin with a slash")
    visitor = _hash(fields, "visitor")
    if visitor is None:
        raise _UnfitError("visitor is missing")
    time_on_page = _number(fields, "time_on_page")
    if time_on_page is not None and time_on_page < 0:
        raise _UnfitError("time_on_page is below 0")
    return Hit(
        _time(fields),
        site_id,
        kind,
        path,
        _text(fields, "referrer", _LONG),
        _text(fields, "utm_source"),
        _text(fields, "utm_medium"),
        _text(fields, "utm_campaign"),
        _text(fields, "action"),
        _text(fields, "category"),
        _text(fields, "label"),
        _number(fields, "value"),
        _hash(fields, "session_id"),
        time_on_page,
        _bounce(fields),
        visitor,
        _text(fields, "browser") or OTHER,
        _text(fields, "os") or OTHER,
        _text(fields, "device") or OTHER,
        _shaped(fields, "country", _COUNTRY),
        _text(fields, "utm_term"),
        _text(fields, "utm_content"),
        _properties(fields),
        _text(fields, "route", _LONG),
        _small_number(fields, "browser_version"),
        _shaped(fields, "language", _LANGUAGE),
        _small_number(fields, "screen"),
        _shaped(fields, "region", _REGION),
        _text(fields, "city"),
    )


def _text(fields: Mapping[str, object], name: str, limit: int = _SHORT) -> str | None:
    value = fields.get(name)
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise _UnfitError(f"{name} is no text")
    if len(value) > limit:
        raise _UnfitError(f"{name} has more than {limit} characters")
    if scrub(value) != value:
        raise _UnfitError(f"{name} has control characters")
    return value


def _shaped(fields: Mapping[str, object], name: str, shape: re.Pattern[str]) -> str | None:
    value = _text(fields, name)
    if value is not None and not shape.fullmatch(value):
        raise _UnfitError(f"{name} is no {_CODES[shape]}")
    return value


def _properties(fields: Mapping[str, object]) -> str | None:
    value = fields.get("properties")
    if value is None or value == "":
        return None
    found = parse(value) if isinstance(value, str) else value
    if not isinstance(found, dict):
        raise _UnfitError("properties is no JSON object")
    return clean_properties(found)


def _small_number(fields: Mapping[str, object], name: str) -> int | None:
    value = fields.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not _SMALL(str(value)):
        raise _UnfitError(f"{name} is no small whole number")
    return int(str(value))


def _hash(fields: Mapping[str, object], name: str) -> str | None:
    value = _text(fields, name)
    if value is not None and not _HASH(value):
        raise _UnfitError(f"{name} is no hash")
    return value


def _time(fields: Mapping[str, object]) -> int:
    value = fields.get("time")
    if isinstance(value, str) and _WHOLE(value):
        return int(value)
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**63:
        return value
    raise _UnfitError("time is no whole number of milliseconds")


def _number(fields: Mapping[str, object], name: str) -> float | None:
    value = fields.get(name)
    if value is None:
        return None
    try:
        if isinstance(value, (str, int, float)) and not isinstance(value, bool):
            number = float(value)
            if isfinite(number):
                return number
    except (ValueError, OverflowError):
        pass
    raise _UnfitError(f"{name} is no number")


def _bounce(fields: Mapping[str, object]) -> bool | None:
    value = fields.get("is_bounce")
    if value is None:
        return None
    if isinstance(value, (str, int)) and value in _BOUNCES:
        return _BOUNCES[value]
    raise _UnfitError("is_bounce is neither 0 nor 1")
