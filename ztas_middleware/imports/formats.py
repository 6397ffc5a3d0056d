"""Which formats there are, how each is told from the others, and how its lines are read."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING, Any, NamedTuple

from ztas_middleware.errors import ZtasError
from ztas_middleware.imports import (
    balancers,
    caddy,
    combined,
    directives,
    foreign,
    goatcounter,
    goatcounter_json,
    json_lines,
    matomo,
    own,
    plausible,
    umami,
    w3c,
)
from ztas_middleware.imports.outcomes import Remarks
from ztas_middleware.imports.records import csv_records, text_records
from ztas_middleware.imports.requests import PageViews
from ztas_middleware.imports.sources import Line

if TYPE_CHECKING:
    import re
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from ztas_middleware.imports.destination import Destination
    from ztas_middleware.imports.outcomes import Outcome
    from ztas_middleware.imports.records import Record
    from ztas_middleware.imports.sources import Source

LOGS: dict[str, Any] = {
    "combined": combined,
    "caddy": caddy,
    "json": json_lines,
    "w3c": w3c,
    "balancer": balancers,
}
TABLES: dict[str, Any] = {
    "csv": own,
    "goatcounter": goatcounter,
    "plausible": plausible,
    "umami": umami,
}
FORMATS = ("csv", "ndjson", *LOGS, "goatcounter", "plausible", "umami", "matomo")
"""By the names that `--format` takes; `csv` and `ndjson` are our own exports."""

RECOGNISERS: dict[str, Callable[[str], bool]] = {
    "ndjson": own.recognise,
    "matomo": matomo.recognise,
    **{name: log.recognise for name, log in LOGS.items()},
}
"""Whether a line is in a format, for those that have no header; it is in one of them at most."""

JSON_ARCHIVE = "goatcounter-json"

BY_TEXT = "log-format"
"""Of a log whose format was given as text."""

_LOOKED_AT = 100
"""Records at a file's beginning, one of which must be in its format."""


class Reading(NamedTuple):
    """How one file is read."""

    format: str
    read: Callable[[Any], Outcome]
    """From a record's content to what becomes of it."""
    columns: tuple[str, ...] | None = None
    """Of a table, whose first record is a header; None for formats without one."""
    is_export: bool = False
    """Whether rows are exactly those of a database, so that they can be there already."""
    is_whole: Callable[[Any], bool] = lambda _: True
    """Whether a record is all there, where the file ends without a line end."""
    counts_along: bool = False
    """Whether a record's rows depend on those of all records before it."""

    def records(self, lines: Iterator[Line]) -> Iterator[Record]:
        """The file's records."""
        if self.columns is None:
            return text_records(lines)
        return csv_records(lines, len(self.columns))


def detect(source: Source) -> str | None:
    """The format of a file by its beginning; None for one in which nothing stands.

    Raises:
        ZtasError: it is in none of the formats.
    """
    name = _detected(source)
    while name is None and source.grow():
        name = _detected(source)
    if name is not None:
        return name
    sample = source.sample
    if hint := foreign.of_text(sample):
        raise ZtasError(f"{source.name}: {hint}")
    if source.is_all_sample and not sample.strip():
        return None
    if b"\n" not in sample and not source.is_all_sample:
        problem = f"its first line is longer than {len(sample)} bytes"
    elif b"\0" in sample:
        problem = "is not a text file"
    else:
        problem = f"is in none of the formats {', '.join(FORMATS)}, as far as its first lines tell"
    raise ZtasError(f"{source.name}: {problem}; --format says which one it is")


def _detected(source: Source) -> str | None:
    header = _header(source)
    if header is None:
        return None
    for name, table in TABLES.items():
        if table.columns_of(header) is not None:
            return name
    for record in _beginning(source, text_records):
        if isinstance(record.content, str):
            for name, recognise in RECOGNISERS.items():
                if recognise(record.content):
                    return name
    return None


def first_entry(name: str, source: Source, pattern: re.Pattern[str] | None) -> bytes | None:
    """The first line of a log that is in its format; None of other files."""
    if not is_log(name):
        return None
    if pattern is not None:
        is_entry: Callable[[str], object] = pattern.fullmatch
    else:
        # The header of a W3C log is that of all others.
        is_entry = w3c.is_entry if name == "w3c" else RECOGNISERS[name]
    for record in _beginning(source, text_records):
        if isinstance(record.content, str) and is_entry(record.content):
            return record.content.encode()
    return None


def is_log(name: str) -> bool:
    """Whether a format is a web server's."""
    return name in LOGS or name == BY_TEXT


def open_reading(
    name: str,
    source: Source,
    destination: Destination,
    *,
    hosts: Sequence[str] = (),
    visitors: Mapping[str, int] | None = None,
    remarks: Remarks | None = None,
    pattern: re.Pattern[str] | None = None,
    tables: goatcounter_json.Tables | None = None,
) -> Reading:
    """Prepare to read a file that is not empty in one of `FORMATS`.

    Args:
        name: the format.
        source: the file, for its header.
        destination: the site that its rows go to.
        hosts: see `Terms.hosts`.
        visitors: see `plausible.reader`.
        remarks: gets what should be said of the file beside its lines.
        pattern: of the lines of a log whose format was given as text.
        tables: of an archive in `JSON_ARCHIVE`.

    Raises:
        ZtasError: it is a table of another format. What is in other lines, these will show.
    """
    if name == JSON_ARCHIVE and tables is not None:
        read = goatcounter_json.reader(destination, tables)
        return Reading(name, read, is_whole=matomo.is_whole)
    if name in TABLES:
        return _table(name, source, destination, visitors or {})
    if name == "ndjson":
        return Reading(name, own.json_reader(destination), is_export=True)
    if name == "matomo":
        return Reading(name, matomo.reader(destination), is_whole=matomo.is_whole)
    page_views = PageViews(destination, hosts, remarks or Remarks())
    if pattern is not None:
        return Reading(name, directives.reader(page_views, pattern), is_whole=lambda _: False)
    log = LOGS[name]
    return Reading(name, log.reader(page_views), is_whole=log.is_whole, counts_along=name == "w3c")


def _table(
    name: str, source: Source, destination: Destination, visitors: Mapping[str, int]
) -> Reading:
    columns = TABLES[name].columns_of(_header(source) or [""])
    if columns is None:
        raise ZtasError(f"{source.name}: its first line is no header of the format {name}")
    if name == "csv":
        return Reading(name, own.csv_reader(destination, columns), columns, is_export=True)
    if name in ("goatcounter", "umami"):
        return Reading(name, TABLES[name].reader(destination, columns), columns)
    kind = plausible.kind_of(columns)
    if kind not in ("pages", "events"):
        raise ZtasError(
            f"{source.name}: has no pages and no events, only totals of another kind; of "
            "Plausible's files, import imported_pages_*.csv and imported_custom_events_*.csv, "
            "or the archive as it is"
        )
    read = plausible.reader(destination, columns, visitors)
    noted = "plausible-events" if kind == "events" else name
    return Reading(noted, read, columns, counts_along=True)


def _header(source: Source) -> list[str] | None:
    """The first record as cells; None for a file without one."""
    for record in _beginning(source, csv_records):
        return record.content if isinstance(record.content, list) else [""]
    return None


def _beginning(
    source: Source, records: Callable[[Iterator[Line]], Iterator[Record]]
) -> Iterator[Record]:
    """The first records, as far as they lie in the source's sample."""
    lines = BytesIO(source.sample).readlines()
    if not source.is_all_sample and lines and not lines[-1].endswith(b"\n"):
        lines.pop()
    found = records(iter([Line(number, 0, line) for number, line in enumerate(lines, 1)]))
    for record, _ in zip(found, range(_LOOKED_AT), strict=False):
        yield record
