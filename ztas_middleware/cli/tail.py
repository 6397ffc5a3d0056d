"""`ztas tail`: hits as they arrive."""

from __future__ import annotations

import json
import time
from contextlib import closing
from datetime import timezone
from typing import TYPE_CHECKING, Any

import click

from ztas_middleware.cli import options
from ztas_middleware.days import local_time
from ztas_middleware.errors import StorageError
from ztas_middleware.intake.text import scrub
from ztas_middleware.store.connection import PATIENCE
from ztas_middleware.store.places import identity_of

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator
    from datetime import tzinfo
    from pathlib import Path

    import sqlite_utils

    from ztas_middleware.store.places import Identity

PAUSE = 0.25
"""Seconds between two looks at the database."""

MOST_AT_ONCE = 1000
"""Hits read in one go."""


@click.command(
    epilog="""\b
Examples:
  ztas tail
  ztas tail site_abc123 --lines 100 --no-follow
"""
)
@options.site_argument(required=False)
@click.option(
    "--lines",
    "-n",
    default=10,
    show_default=True,
    type=click.IntRange(0, MOST_AT_ONCE),
    help="How many of the last hits to begin with.",
)
@click.option("--no-follow", is_flag=True, help="Stop there instead of waiting for more.")
@click.option("--json", "as_json", is_flag=True, help="Each hit as a JSON object.")
@options.config_option
def tail(site: str | None, *, lines: int, no_follow: bool, as_json: bool, config: str) -> None:
    """Show the hits of SITE, or of all sites, as they are stored, until Ctrl-C.

    Times are those of the hit's site.
    """
    settings = options.load(config)
    if site is not None:
        options.site_of(settings, site)
    zones = {known.id: known.timezone for known in settings.sites.values()}
    if settings.database.exists() or no_follow:
        with options.existing(settings):
            pass
    else:
        click.echo(f"{settings.database}: not there yet; the first hit makes it", err=True)
    try:
        for row in _hits(settings.database, site, lines, follow=not no_follow):
            click.echo(json.dumps(row) if as_json else _line(row, zones, site))
    except KeyboardInterrupt:
        # The way to end it, so no failure.
        raise SystemExit(0) from None


def _hits(path: Path, site: str | None, lines: int, *, follow: bool) -> Iterator[dict[str, Any]]:
    """The last hits, and then those that come."""
    seen: Identity | None = None
    last = 0
    while True:
        found = identity_of(str(path))
        if found is not None:
            # Opened for each look, so that nothing is held in between, and a new file noticed.
            with closing(_opened(path)) as connection:
                database = options.as_tables(connection)
                if seen is None:
                    last, rows = _latest(database, site, lines)
                    yield from rows
                # SQLite gives the ids of deleted rows away again.
                last = min(last, _newest(database)) if found == seen or seen is None else 0
                while rows := _since(database, site, last):
                    last = rows[-1]["id"]
                    yield from rows
            seen = found
        if not follow:
            return
        time.sleep(PAUSE)


def _opened(path: Path) -> sqlite3.Connection:
    """The database, which another process may be making at this moment."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            return options.read_only(path)
        except StorageError:
            if time.monotonic() >= deadline:
                raise
        time.sleep(PAUSE)


def _newest(database: sqlite_utils.Database) -> int:
    (row,) = database.query("select ifnull(max(id), 0) as id from hits")
    return int(row["id"])


def _latest(
    database: sqlite_utils.Database, site: str | None, lines: int
) -> tuple[int, list[dict[str, Any]]]:
    """The newest id there is, and the last hits up to it."""
    newest = _newest(database)
    rows = database.table("hits").rows_where(
        "id <= :newest and (:site is null or site_id = :site)",
        {"site": site, "newest": newest},
        order_by="id desc",
        limit=lines,
    )
    return newest, list(rows)[::-1]


def _since(database: sqlite_utils.Database, site: str | None, last: int) -> list[dict[str, Any]]:
    rows = database.table("hits").rows_where(
        "id > :last and (:site is null or site_id = :site)",
        {"site": site, "last": last},
        order_by="id",
        limit=MOST_AT_ONCE,
    )
    return list(rows)


def _line(row: dict[str, Any], zones: dict[str, tzinfo], site: str | None) -> str:
    """One hit for a person's eye."""
    local = local_time(row["time"], zones.get(row["site_id"], timezone.utc))
    parts = [local.strftime("%Y-%m-%d %H:%M:%S")]
    if site is None:
        parts.append(row["site_id"])
    parts += [f"{row['type']:10}", row["path"]]
    what = " / ".join(row[name] for name in ("category", "action", "label") if row[name])
    if what:
        parts.append(f"[{what}]" if row["value"] is None else f"[{what}: {row['value']:g}]")
    if row["time_on_page"] is not None:
        parts.append(f"[{row['time_on_page']:g} s]")
    if row["referrer"] or row["utm_source"]:
        parts.append(f"from {row['utm_source'] or row['referrer']}")
    place = f", {row['country']}" if row["country"] else ""
    parts.append(f"({row['browser']}, {row['os']}, {row['device']}{place})")
    # Rows are clean where they come in; whatever else wrote them steers no terminal either.
    return scrub("  ".join(parts))
