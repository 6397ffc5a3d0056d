"""`ztas rollup`: finished days into the history, now instead of when somebody reads."""

from __future__ import annotations

import json
import sys
import time
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, TypeVar

import click

from ztas_middleware.cli import options
from ztas_middleware.cli.ship import must_be_shipped
from ztas_middleware.days import start_of
from ztas_middleware.history.clock import date_at

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ztas_middleware.config.model import Config, Site
    from ztas_middleware.reports.reader import Reports

T = TypeVar("T")


@click.command(
    epilog="""\b
Examples:
  ztas rollup
  ztas rollup site_abc123 --again
"""
)
@options.site_argument(required=False)
@click.option("--again", is_flag=True, help="Do all days again, those that are up to date too.")
@click.option("--json", "as_json", is_flag=True, help="The number of days by site, as JSON.")
@options.config_option
def rollup(site: str | None, *, again: bool, as_json: bool, config: str) -> None:
    """File the finished days of SITE, or of all sites, for quick reports.

    Reading does that as well; from a nightly timer, nobody has to wait for it. It may be stopped at
    any time, and goes on where it was. Hits are taken meanwhile. With `keep_hits_days`, older days
    then leave the database.
    """
    settings = options.load(config)
    sites = [site] if site is not None else list(settings.sites)
    chosen = [options.site_of(settings, site_id) for site_id in sites]
    nothing = {"sites": dict.fromkeys(sites, 0)} if as_json else None
    options.leave_if_not_there(settings, nothing)
    from ztas_middleware.reports.reader import Reports  # loads DuckDB

    reports = Reports(settings)
    now = time.time_ns() // 1_000_000
    days = {}
    with options.existing(settings):
        for one in chosen:
            with bar(one.id) as progress:
                days[one.id] = reports.prepare(one.id, again=again, progress=progress)
            move_out(settings, one, now)
            if not as_json:
                number = days[one.id]
                said = f"{number:,} {'day' if number == 1 else 'days'} filed"
                click.echo(f"{one.id}: {said if number else 'up to date'}")
    if as_json:
        click.echo(json.dumps({"sites": days}))


def move_out(settings: Config, site: Site, now: int) -> int:
    """Have the days past `keep_hits_days` leave the database; how many hits that were.

    Raises:
        StorageError: the database or the history can't be written.
    """
    if settings.keep_hits_days is None:
        return 0
    from ztas_middleware.history.asking import History  # loads DuckDB

    history = History(settings)
    kept = date_at(now, site.timezone) - timedelta(days=settings.keep_hits_days)
    must_be_shipped(settings, site.id, start_of(kept, site.timezone), moved=False)
    last = kept - timedelta(days=1)
    return history.move(site.id, last, now=now)


def patiently(reports: Reports, site_id: str, ask: Callable[[], T]) -> T:
    """Ask; where filing what is asked about takes longer than a page may, file it all first.

    Raises:
        StorageError: the database can't be read.
    """
    from ztas_middleware.errors import HistoryBusyError

    try:
        return ask()
    except HistoryBusyError:
        with bar(site_id) as progress:
            reports.prepare(site_id, progress=progress)
        return ask()


@contextmanager
def bar(label: str) -> Iterator[Callable[[int, int], object]]:
    """What is told how many days are done of how many; it draws them if somebody looks."""
    if not sys.stderr.isatty():
        yield lambda *_: None
        return
    with click.progressbar(length=1, label=label, file=sys.stderr) as drawn:

        def move(done: int, of: int) -> None:
            drawn.length = of
            drawn.update(done - drawn.pos)

        yield move
        if not drawn.finished:
            drawn.update((drawn.length or 1) - drawn.pos)  # nothing was to be done
