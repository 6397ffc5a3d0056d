"""`ztas export`: a site's hits as CSV or NDJSON."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from ztas_middleware.cli import options, outputs
from ztas_middleware.config.model import Site
from ztas_middleware.errors import ZtasError

if TYPE_CHECKING:
    from datetime import datetime

    from ztas_middleware.config import Config
    from ztas_middleware.reports.export import Format, Kind

_DATE = click.DateTime(["%Y-%m-%d"])


@click.command(
    epilog="""\b
Examples:
  ztas export site_abc123 --output hits.csv
  ztas export site_abc123 --format ndjson --from 2026-11-01 --to 2026-11-30
  ztas export --orphan site_xyz789 --output hits.csv
"""
)
@options.site_argument(required=False)
@click.option(
    "--type",
    "kind",
    type=click.Choice(["hits", "pageviews", "events"]),
    default="hits",
    show_default=True,
    help="All rows as they are stored, or those of one type as people read them.",
)
@click.option(
    "--format",
    "file_format",
    type=click.Choice(["csv", "ndjson"]),
    default="csv",
    show_default=True,
    help="For spreadsheets, or an object a line.",
)
@click.option("--from", "first", type=_DATE, metavar="DATE", help="The first day.")
@click.option("--to", "last", type=_DATE, metavar="DATE", help="The last day.")
@click.option(
    "--output",
    "-o",
    type=click.Path(dir_okay=False, writable=True),
    help="A file instead of standard output, replaced once all is written; or a device or pipe.",
)
@click.option("--orphan", metavar="ID", help="Rows of a site that is not in the config (any more).")
@options.config_option
def export(
    site: str | None,
    *,
    kind: Kind,
    file_format: Format,
    first: datetime | None,
    last: datetime | None,
    output: str | None,
    orphan: str | None,
    config: str,
) -> None:
    """Write the hits of SITE, each with all its columns, in the order in which they came.

    `ztas import` reads the result back without a loss. In CSV, text that a spreadsheet would run
    as a formula has a ' in front, which the import takes away again.
    """
    if (site is None) == (orphan is None):
        raise click.UsageError("either SITE or --orphan ID says whose rows are wanted")
    settings = options.load(config)
    if site is not None:
        options.site_of(settings, site)
    from ztas_middleware.reports.reader import Reports  # loads all of the reports

    with options.existing(settings):
        if orphan is not None:
            settings = _adopted(settings, orphan)
        pieces = Reports(settings).export(
            orphan or site or "",
            kind=kind,
            file_format=file_format,
            first=first.date() if first else None,
            last=last.date() if last else None,
        )
        outputs.write(output, pieces)


def _adopted(settings: Config, site_id: str) -> Config:
    """The configuration with a site of which only the rows are left; its days are those of UTC."""
    if site_id in settings.sites:
        raise ZtasError(f"{site_id}: is a site of the config; export it without --orphan")
    with closing(options.read_only(settings.database)) as connection:
        ids = [
            found
            for (found,) in connection.execute("select distinct site_id from hits order by 1")
            if found not in settings.sites
        ]
    if site_id not in ids:
        known = f"there are rows of {', '.join(ids)}" if ids else "all rows are of configured sites"
        raise ZtasError(f"{site_id}: has no rows ({known})")
    return replace(settings, sites={**settings.sites, site_id: Site(id=site_id, domains=())})
