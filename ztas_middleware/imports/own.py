"""Our own exports, read back: CSV with a header, or one JSON object a line.

Rows were cleaned and hashed before they were exported, and come back exactly as they were. Text
that could not have come from an export was written by hand, and is cleaned as the intake cleans
it; any other value of that kind is refused, an address where a visitor's hash should be above all.
"""

from __future__ import annotations

import json
import os
import re
from math import isfinite
from typing import TYPE_CHECKING, Any

from ztas_middleware.days import Day
from ztas_middleware.imports.outcomes import Refused
from ztas_middleware.intake.agents import OTHER
from ztas_middleware.intake.paths import PATH_LIMIT, clean_path
from ztas_middleware.intake.properties import clean_properties
from ztas_middleware.intake.text import clean_text, scrub
from ztas_middleware.intake.visitors import visitor_hash
from ztas_middleware.intake.wire import TYPES
from ztas_middleware.reports.tables import unguard
from ztas_middleware.store.hits import Hit
from ztas_middleware.store.salts import SALT_BYTES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from ztas_middleware.imports.destination import Destination
    from ztas_middleware.imports.outcomes import Outcome

    Reader = Callable[[Mapping[str, object], str], Any]
    """From all fields of a row and a column's name to its value."""

REQUIRED = frozenset({"time", "type", "path", "visitor"})
_KNOWN = frozenset(Hit._fields) | {"id"}
SHORT = 256
"""Characters of a text."""

NO_JSON = Refused("is no JSON object")
_HASH = re.compile(r"[\w-]{1,64}", re.ASCII).fullmatch
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
        hit = Hit._make(_READERS.get(name, _text)(fields, name) for name in Hit._fields)
    except _UnfitError as unfit:
        return Refused(str(unfit))
    day = destination.day_at(hit.time)
    return hit._replace(site_id=destination.site.id) if isinstance(day, Day) else day


def _text(fields: Mapping[str, object], name: str, limit: int = SHORT) -> str | None:
    value = fields.get(name)
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise _UnfitError(f"{name} is no text")
    if len(value) > limit or scrub(value) != value:
        # No export of ours has such a text; somebody wrote it by hand.
        return clean_text(value, limit)
    return value


def _long_text(fields: Mapping[str, object], name: str) -> str | None:
    return _text(fields, name, PATH_LIMIT)


def _kind(fields: Mapping[str, object], name: str) -> str:
    value = _text(fields, name)
    if value not in TYPES:
        raise _UnfitError(f"{name} is none of ours")
    return value


def _path(fields: Mapping[str, object], name: str) -> str:
    value = _long_text(fields, name)
    return value if value and value.startswith("/") else clean_path(value, frozenset())


def _name(fields: Mapping[str, object], name: str) -> str:
    return _text(fields, name) or OTHER


def _hash(fields: Mapping[str, object], name: str) -> str | None:
    value = fields.get(name)
    if value is None or value == "":
        return None
    if not isinstance(value, str) or not _HASH(value):
        raise _UnfitError(f"{name} is no hash")
    return value


def _visitor(fields: Mapping[str, object], name: str) -> str:
    # The empty text is nobody: an event of the server's own.
    if fields.get(name) == "":
        return ""
    # A row that does not say whose it is, is a visitor's of its own.
    return _hash(fields, name) or visitor_hash(os.urandom(SALT_BYTES), "", "", "")


def _shaped(shape: str, kind: str) -> Reader:
    """A reader of texts of one shape, a regular expression."""
    fits = re.compile(shape, re.ASCII).fullmatch

    def read(fields: Mapping[str, object], name: str) -> str | None:
        value = _text(fields, name)
        if value is not None and not fits(value):
            raise _UnfitError(f"{name} is no {kind}")
        return value

    return read


def _properties(fields: Mapping[str, object], name: str) -> str | None:
    value = fields.get(name)
    if value is None or value == "":
        return None
    found = parse(value) if isinstance(value, str) else value
    if not isinstance(found, dict):
        raise _UnfitError(f"{name} is no JSON object")
    return clean_properties(found)


def _small_number(fields: Mapping[str, object], name: str) -> int | None:
    value = fields.get(name)
    if value is None or value == "":
        return None
    if isinstance(value, bool) or not _SMALL(str(value)):
        raise _UnfitError(f"{name} is no small whole number")
    return int(str(value))


def _time(fields: Mapping[str, object], name: str) -> int:
    value = fields.get(name)
    if isinstance(value, str) and _WHOLE(value):
        return int(value)
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**63:
        return value
    raise _UnfitError(f"{name} is no whole number of milliseconds")


def _number(fields: Mapping[str, object], name: str) -> float | None:
    value = fields.get(name)
    if value is None or value == "":
        return None
    try:
        if isinstance(value, (str, int, float)) and not isinstance(value, bool):
            number = float(value)
            if isfinite(number):
                return number
    except (ValueError, OverflowError):
        pass
    raise _UnfitError(f"{name} is no number")


def _seconds(fields: Mapping[str, object], name: str) -> float | None:
    value = _number(fields, name)
    if value is not None and value < 0:
        raise _UnfitError(f"{name} is below 0")
    return value


def _bounce(fields: Mapping[str, object], name: str) -> bool | None:
    value = fields.get(name)
    if value is None or value == "":
        return None
    if isinstance(value, (str, int)) and value in _BOUNCES:
        return _BOUNCES[value]
    raise _UnfitError(f"{name} is neither 0 nor 1")


_READERS: dict[str, Reader] = {
    "time": _time,
    "site_id": lambda *_: "",  # wherever it came from, it belongs to the site that was named
    "type": _kind,
    "path": _path,
    "referrer": _long_text,
    "value": _number,
    "session_id": _hash,
    "time_on_page": _seconds,
    "is_bounce": _bounce,
    "visitor": _visitor,
    "browser": _name,
    "os": _name,
    "device": _name,
    "country": _shaped("[A-Z]{2}", "ISO 3166 code"),
    "properties": _properties,
    "route": _long_text,
    "browser_version": _small_number,
    "language": _shaped("[a-z]{2,3}", "language's subtag"),
    "screen": _small_number,
    "region": _shaped("[A-Z]{2}-[A-Z0-9]{1,3}", "ISO 3166-2 code"),
}
"""How each column is read; all others are short texts."""
