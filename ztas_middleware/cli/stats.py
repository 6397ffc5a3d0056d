"""`ztas stats`: the report on a site, in a terminal or as the JSON that the API gives.

What is asked is checked by the reports; how the answer is drawn is in `charts`.
"""

from __future__ import annotations

import json
import shutil
import sys
import time
from itertools import chain
from typing import TYPE_CHECKING, Any

import click

from ztas_middleware.cli import options

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from ztas_middleware.config import Site
    from ztas_middleware.reports.periods import Period

_DATE = click.DateTime(["%Y-%m-%d"])
_WIDTHS = (60, 100)
"""Columns at least and at most; wider lines are hard to follow."""


@click.command(
    epilog="""\b
Examples:
  ztas stats site_abc123
  ztas stats site_abc123 --period 30d
  ztas stats site_abc123 --from 2026-11-01 --to 2026-11-30 --json
"""
)
@options.site_argument()
@click.option(
    "--period",
    type=click.Choice(["24h", "7d", "30d", "90d", "365d"]),
    help="How far back from now; 7d unless it is said.",
)
@click.option("--from", "first", type=_DATE, metavar="DATE", help="The first day; needs --to.")
@click.option("--to", "last", type=_DATE, metavar="DATE", help="The last day; needs --from.")
@click.option(
    "--limit",
    type=click.IntRange(1, 1000),
    default=10,
    show_default=True,
    help="Entries that a list has at most.",
)
@click.option("--json", "as_json", is_flag=True, help="The answer of the JSON API.")
@options.config_option
def stats(
    site: str,
    *,
    period: str | None,
    first: datetime | None,
    last: datetime | None,
    limit: int,
    as_json: bool,
    config: str,
) -> None:
    """Show the report on SITE: how many came, from where, to read what.

    Changes are against the period before, which is as long. Days are the site's own.
    """
    if (first is None) != (last is None):
        raise click.UsageError("--from and --to are given together")
    if first is not None and last is not None:
        if period is not None:
            raise click.UsageError("--period can't be combined with --from and --to")
        if last < first:
            raise click.UsageError("--to must not be before --from")
    settings = options.load(config)
    asked = options.site_of(settings, site)
    from ztas_middleware.reports.agents import agents
    from ztas_middleware.reports.reader import Reports  # loads all of the reports

    now = time.time_ns() // 1_000_000
    asked_for = _period(asked, period, first, last, now)
    with options.existing(settings):
        report = Reports(settings).stats(site, asked_for, limit=limit, now=now)
        days = asked_for.first, asked_for.last
        readers = agents(settings.database, site, *days, limit=limit) if asked.agents else ()
    document = report.to_json()
    if as_json:
        click.echo(json.dumps(document, ensure_ascii=False).encode())
    else:
        _show(document, [reader.to_json() for reader in readers])


def _period(
    site: Site, name: str | None, first: datetime | None, last: datetime | None, now: int
) -> Period:
    from ztas_middleware.reports.periods import parse_period  # see above

    parameters: dict[str, str] = {}
    if name is not None:
        parameters["period"] = name
    if first is not None and last is not None:
        parameters["startDate"] = first.date().isoformat()
        parameters["endDate"] = last.date().isoformat()
    return parse_period(parameters, site.timezone, now)


def _show(document: Mapping[str, Any], readers: Sequence[Mapping[str, Any]]) -> None:
    from ztas_middleware.cli import charts  # not needed for JSON

    least, most = _WIDTHS
    width = max(least, min(shutil.get_terminal_size((80, 24)).columns, most))
    encoding = sys.stdout.encoding or "utf-8"
    marks = charts.marks_for(encoding)
    lines = (charts.report(document, width, marks), charts.agents(readers, width, marks))
    for line in chain(*lines):
        # A path may have letters that the terminal has not.
        click.echo(line.encode(encoding, "replace").decode(encoding))
