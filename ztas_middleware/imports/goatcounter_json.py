"""GoatCounter's JSON export: how many visits a page had in an hour, by where they came from.

https://www.goatcounter.com/help/export-json describes it, a zip archive of tables. They hold
totals, each by another dimension, of which `hit_stats.jsonl` has pages and referrers, and nothing
says which browser saw which page. A line becomes as many rows as it counts. Visits are not linked
there, so that each row is a visitor of its own.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from ztas_middleware.imports import goatcounter
from ztas_middleware.imports.caddy import NO_JSON, parse
from ztas_middleware.imports.instants import from_iso
from ztas_middleware.imports.outcomes import Refused
from ztas_middleware.imports.visits import Visit, row_maker
from ztas_middleware.store.hits import Hit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from ztas_middleware.imports.destination import Destination
    from ztas_middleware.imports.outcomes import Outcome
    from ztas_middleware.intake.wire import Event

MOST_ROWS = 10_000_000
"""Visits of a page in an hour; more is no count."""

SPREAD = 600_000
"""Milliseconds behind the full hour in which its visits lie, so that few are of one instant."""

INCOMPLETE = Refused("lacks hour, path_id or count")
NO_DATE = Refused("the date can't be read")
NO_PATH = Refused("names a page that paths.jsonl has not")


class Tables(NamedTuple):
    """What the numbers in `hit_stats.jsonl` stand for."""

    paths: Mapping[int, tuple[str, bool]]
    """A path, and whether it is an event's name."""
    referrers: Mapping[int, tuple[str, str]]
    """A referrer, and what kind it is of."""


def tables_of(paths: Iterable[bytes], referrers: Iterable[bytes]) -> Tables:
    """The tables in the lines of `paths.jsonl` and `refs.jsonl`."""
    return Tables(
        {row["id"]: (str(row.get("path", "")), row.get("event") is True) for row in _rows(paths)},
        {
            row["id"]: (str(row.get("ref", "")), str(row.get("ref_scheme", "h")))
            for row in _rows(referrers)
        },
    )


def reader(destination: Destination, tables: Tables) -> Callable[[str], Outcome]:
    """A function from a line of `hit_stats.jsonl` to what becomes of it."""
    make = row_maker(destination)

    def read(line: str) -> Outcome:
        entry = parse(line)
        if entry is None:
            return NO_JSON
        count, path_id = entry.get("count"), entry.get("path_id")
        if type(count) is not int or type(path_id) is not int or not 0 < count <= MOST_ROWS:
            return INCOMPLETE
        time = from_iso(str(entry.get("hour")))
        if time is None:
            return NO_DATE
        if path_id not in tables.paths:
            return NO_PATH
        event = _event(tables, path_id, entry.get("ref_id"))
        first = make(Visit(time, ""), event)
        return _all(make, first, time, event, count) if isinstance(first, Hit) else first

    return read


def _event(tables: Tables, path_id: int, ref_id: object) -> Event:
    path, is_event = tables.paths[path_id]
    referrer, scheme = tables.referrers.get(ref_id if type(ref_id) is int else 0, ("", ""))
    return goatcounter.event_of(path, is_event=is_event)._replace(
        referrer=goatcounter.referrer_of(referrer, scheme),
        utm_source=referrer if scheme == goatcounter.CAMPAIGN else None,
    )


def _all(
    make: Callable[[Visit, Event], Outcome], first: Hit, time: int, event: Event, count: int
) -> Iterator[Hit]:
    """As many rows as a line counts, of which the first is made already."""
    yield first
    for number in range(1, count):
        # Near the beginning of the hour: where zones differ by half hours, days begin within it.
        made = make(Visit(time + number % SPREAD, ""), event)
        if isinstance(made, Hit):  # as the first is
            yield made


def _rows(lines: Iterable[bytes]) -> Iterator[dict[str, Any]]:
    for line in lines:
        try:
            row = json.loads(line)
        except ValueError:
            continue
        if isinstance(row, dict) and type(row.get("id")) is int:
            yield row
