"""`ztas import`: rows from files of other programs, or of our own."""

from __future__ import annotations

import importlib.util
import signal
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from ztas_middleware.cli import options
from ztas_middleware.cli.import_report import Report
from ztas_middleware.cli.rollup import bar
from ztas_middleware.config.domains import parse_domain
from ztas_middleware.errors import StorageError, ZtasError

if TYPE_CHECKING:
    import re
    from collections.abc import Iterator
    from datetime import datetime

    from ztas_middleware.config import Config
    from ztas_middleware.imports.terms import Terms

FORMATS = (
    *("auto", "csv", "ndjson", "combined", "caddy", "json", "w3c", "balancer"),
    *("goatcounter", "plausible", "umami", "matomo"),
)


_DATE = click.DateTime(["%Y-%m-%d"])


def _hosts(_: click.Context, __: click.Parameter, hosts: tuple[str, ...]) -> tuple[str, ...]:
    try:
        for host in hosts:
            parse_domain(host)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None
    return tuple(sorted(hosts))


def _log_format(_: click.Context, __: click.Parameter, text: str | None) -> re.Pattern[str] | None:
    from ztas_middleware.imports.directives import compiled  # only needed here

    try:
        return None if text is None else compiled(text)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


@click.command(
    "import",
    epilog="""\b
Examples:
  ztas import hits.csv --site site_abc123
  ztas import /var/log/nginx/access.log* --site site_abc123
  ztas import /var/log/caddy/access.log --site site_abc123 --follow
  ztas import x.log --site site_abc123 --log-format '$remote_addr [$time_local] "$request" $status'
""",
)
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=click.Path())
@click.option(
    "--site", required=True, shell_complete=options.complete_site, help="Whose rows they become."
)
@click.option(
    "--format",
    "form",
    type=click.Choice(FORMATS),
    default="auto",
    show_default=True,
    help="csv and ndjson are our own exports, combined is nginx's and Apache's log, json these "
    "and Traefik's as JSON, w3c IIS's and CloudFront's, balancer ALB's and ELB's.",
)
@click.option(
    "--log-format",
    "pattern",
    metavar="TEXT",
    callback=_log_format,
    help="A log's format as nginx's log_format or Apache's LogFormat has it.",
)
@click.option("--follow", is_flag=True, help="Go on with what is written to a log, until stopped.")
@click.option(
    "--host",
    "hosts",
    multiple=True,
    callback=_hosts,
    help="Only requests to this host and its www twin, of a log that names hosts; else the site's.",
)
@click.option(
    "--from", "first", type=_DATE, metavar="DATE", help="The first of the days to import."
)
@click.option("--to", "last", type=_DATE, metavar="DATE", help="The last of the days to import.")
@click.option(
    "--overlap",
    is_flag=True,
    help="Import days that have rows of another origin, too.",
)
@click.option("--strict", is_flag=True, help="Exit with 1 if a line was refused.")
@click.option("--json", "as_json", is_flag=True, help="The result as a JSON object for each file.")
@options.config_option
def import_(
    files: tuple[str, ...],
    *,
    site: str,
    form: str,
    pattern: re.Pattern[str] | None,
    follow: bool,
    hosts: tuple[str, ...],
    first: datetime | None,
    last: datetime | None,
    overlap: bool,
    strict: bool,
    as_json: bool,
    config: str,
) -> None:
    """Add the rows of each FILE to a site; - is standard input, .gz is unpacked on the way.

    How far it got in each file is remembered, so that running it again adds only what is new,
    even if the file was rotated, renamed, copied or packed since, or the last run was killed.

    Of logs only page views count: requests other than GET, answers other than 2xx and 304, assets,
    bots and other sites' hosts are left out. Addresses and User-Agents are hashed as those of
    tracked visitors are, and not stored. Lines that can't be read are refused, named with number
    and reason.

    A day whose visits another program has counted already, or the site itself, is refused, since
    they would be counted twice.
    """
    from ztas_middleware.history.asking import History  # only needed here
    from ztas_middleware.imports.destination import Destination  # only needed here
    from ztas_middleware.imports.formats import BY_TEXT
    from ztas_middleware.imports.jobs import Job

    if follow and (len(files) > 1 or files[0] == "-"):
        raise click.UsageError("--follow takes one file")
    settings = options.load(config)
    destination_site = options.site_of(settings, site)
    report = Report(as_json=as_json, is_quiet=follow)
    failed = False
    with options.writing(settings) as database:
        job = Job(
            database,
            History(settings),
            Destination(settings, destination_site, database),
            BY_TEXT if pattern else None if form == "auto" else form,
            _terms(first, last, hosts, overlap=overlap),
            report.refused,
            report.reached,
            pattern,
        )
        for path in files:
            try:
                with report.over(path):
                    if follow:
                        with _stopped_by_signals() as stop:
                            report.add(job.follow(path, stop))
                    else:
                        report.add(job.run(path))
            except ZtasError as error:  # noqa: PERF203 - the other files can be fine
                if isinstance(error, StorageError):
                    raise
                click.echo(f"ztas: {error}", err=True)
                failed = True
            except KeyboardInterrupt:
                options.fail(ZtasError("stopped; the next run of the same command goes on there"))
    if report.has_stored and not follow:
        _file(settings, site)
    if failed or report.has_overlapping or report.has_missed or (strict and report.has_refused):
        raise SystemExit(1)


def _terms(
    first: datetime | None, last: datetime | None, hosts: tuple[str, ...], *, overlap: bool
) -> Terms:
    from ztas_middleware.imports.terms import Terms  # only needed here

    if first and last and last < first:
        raise click.UsageError("--to must not be before --from")
    start, end = (day.date().isoformat() if day else "" for day in (first, last))
    return Terms(start, end, overlap, hosts)


def _file(settings: Config, site: str) -> None:
    """Add up the days that came in, so that the first question is like any other."""
    if importlib.util.find_spec("duckdb") is None:
        return  # nobody asks questions here
    from ztas_middleware.history.asking import History  # only needed here

    try:
        with bar(site) as progress:
            now = time.time_ns() // 1_000_000
            History(settings).file(site, now=now, progress=progress)
    except (KeyboardInterrupt, StorageError) as error:
        reason = "stopped" if isinstance(error, KeyboardInterrupt) else str(error)
        click.echo(
            f"ztas: all rows are stored, but not added up yet ({reason}); `ztas rollup` goes on",
            err=True,
        )


@contextmanager
def _stopped_by_signals() -> Iterator[threading.Event]:
    """An event that SIGINT and SIGTERM set, instead of ending the process."""
    stop = threading.Event()
    before = {
        number: signal.signal(number, lambda *_: stop.set())
        for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
