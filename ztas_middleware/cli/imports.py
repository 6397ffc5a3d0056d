"""`ztas import`: rows from files of other programs, or of our own."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from contextlib import contextmanager
from datetime import date, timedelta
from typing import TYPE_CHECKING

import click

from ztas_middleware.cli import options
from ztas_middleware.cli.rollup import bar
from ztas_middleware.config.domains import parse_domain
from ztas_middleware.errors import StorageError, ZtasError
from ztas_middleware.outages import one_line

if TYPE_CHECKING:
    import re
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from datetime import datetime

    from ztas_middleware.config import Config
    from ztas_middleware.config.domains import Domain
    from ztas_middleware.imports.jobs import Imported
    from ztas_middleware.imports.terms import Terms

FORMATS = (
    *("auto", "csv", "ndjson", "combined", "caddy", "json", "w3c", "balancer"),
    *("goatcounter", "plausible", "umami", "matomo"),
)

SHOWN = 20
"""Refused lines shown on a terminal; a file or a pipe gets them all."""


HOSTS_NAMED = 5
"""Hosts that are named, of those whose requests were left out."""

_DATE = click.DateTime(["%Y-%m-%d"])


def _hosts(_: click.Context, __: click.Parameter, hosts: tuple[str, ...]) -> tuple[Domain, ...]:
    try:
        return tuple(map(parse_domain, hosts))
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


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
    hosts: tuple[Domain, ...],
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
    from ztas_middleware.imports.destination import Destination  # only needed here
    from ztas_middleware.imports.formats import BY_TEXT
    from ztas_middleware.imports.jobs import Job

    if follow and (len(files) > 1 or files[0] == "-"):
        raise click.UsageError("--follow takes one file")
    settings = options.load(config)
    destination_site = options.site_of(settings, site)
    report = _Report(as_json=as_json, is_quiet=follow)
    failed = False
    with options.writing(settings) as database:
        job = Job(
            database,
            Destination(settings, destination_site, database),
            BY_TEXT if pattern else None if form == "auto" else form,
            hosts,
            _terms(first, last, overlap=overlap),
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


def _terms(first: datetime | None, last: datetime | None, *, overlap: bool) -> Terms:
    from ztas_middleware.imports.terms import Terms  # only needed here

    if first and last and last < first:
        raise click.UsageError("--to must not be before --from")
    start, end = (day.date().isoformat() if day else "" for day in (first, last))
    return Terms(start, end, overlap)


def _file(settings: Config, site: str) -> None:
    """Add up the days that came in, so that the first question is like any other."""
    from ztas_middleware.reports.reader import Reports  # loads all of the reports

    try:
        with bar(site) as progress:
            now = time.time_ns() // 1_000_000
            Reports(settings).roll_up(site, now=now, progress=progress)
    except (KeyboardInterrupt, StorageError) as error:
        reason = "stopped" if isinstance(error, KeyboardInterrupt) else str(error)
        click.echo(
            f"ztas: all rows are stored, but not added up yet ({reason}); `ztas rollup` goes on",
            err=True,
        )


class _Report:
    """What is said during an import, and after it."""

    def __init__(self, *, as_json: bool, is_quiet: bool) -> None:
        self._as_json = as_json
        self._is_quiet = is_quiet
        self._shown = 0
        self._step: Callable[[int], object] = lambda _: None
        self._offset = 0
        self.has_refused = False
        self.has_overlapping = False
        self.has_stored = False
        self.has_missed = False

    @contextmanager
    def over(self, path: str) -> Iterator[None]:
        """Show a bar over a file while it is imported, where somebody looks."""
        from ztas_middleware.imports.files import shown  # only needed here

        self._shown = 0
        self._offset = 0
        size = os.path.getsize(path) if path != "-" and os.path.exists(path) else 0  # noqa: PTH110, PTH202 - a name
        if self._is_quiet or path.endswith(".gz"):
            size = 0  # nobody knows how long it takes
        with options.progress(size, shown(path)) as self._step:
            yield

    def refused(self, name: str, number: int, reason: str) -> None:
        """Name a line that was refused."""
        self._shown += 1
        if self._shown > SHOWN and sys.stderr.isatty():
            return
        click.echo(f"{name}:{number}: {reason}", err=True)

    def reached(self, _: str, offset: int) -> None:
        """Move the bar."""
        self._step(offset - self._offset)
        self._offset = offset

    def add(self, imported: Iterator[Imported]) -> None:
        """Say what came of each file."""
        for one in imported:
            self.has_refused |= bool(one.result.refused or one.before.refused)
            self.has_overlapping |= bool(one.result.overlapping)
            self.has_stored |= bool(one.result.stored)
            self.has_missed |= _is_all_of_another_host(one)
            if self._as_json:
                click.echo(json.dumps(_as_json(one)))
            else:
                click.echo(_as_text(one))


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


def _is_all_of_another_host(one: Imported) -> bool:
    """Whether a log of one host brought nothing because the config knows that by another name."""
    return len(one.result.remarks.hosts) == 1 and not (one.result.stored or one.before.stored)


def _as_json(one: Imported) -> dict[str, object]:
    result = one.result
    return {
        "file": one.name,
        "format": one.format,
        "lines": result.lines,
        "stored": result.stored,
        "known": result.known,
        "leftOut": dict(result.left_out),
        "refused": dict(result.refused),
        "overlapping": dict(result.overlapping),
        "otherHosts": dict(result.remarks.hosts),
        "notes": dict(result.remarks.notes),
        "before": {
            "lines": one.before.lines,
            "stored": one.before.stored,
            "leftOut": one.before.left_out,
            "refused": one.before.refused,
        },
    }


def _as_text(one: Imported) -> str:
    result, before = one.result, one.before
    text = f"{one.name} ({one.format}): {result.stored:,} stored of {result.lines:,} lines"
    if before.lines:
        text += f"; {before.lines:,} lines were imported before, {before.stored:,} of them stored"
    details = [("there already", {"rows": result.known} if result.known else {})]
    details += [("left out", result.left_out), ("refused", result.refused)]
    for title, counts in details:
        if counts:
            parts = (f"{number:,} {reason}" for reason, number in _by_number(counts))
            text += f"\n  {title}: {', '.join(parts)}"
    hosts = _by_number(result.remarks.hosts)
    if hosts:
        named = ", ".join(f"{one_line(host)} ({number:,})" for host, number in hosts[:HOSTS_NAMED])
        more = f" and {len(hosts) - HOSTS_NAMED:,} more" if len(hosts) > HOSTS_NAMED else ""
        text += f"\n  other hosts than the site's: {named}{more}; --host HOST counts one"
    for note, number in _by_number(result.remarks.notes):
        text += f"\n  note: {number:,} {note}"
    if result.overlapping:
        text += (
            f"\n  refused: {result.overlapping.total():,} of days with rows of another origin, "
            f"{', '.join(_spans(result.overlapping))}; --overlap adds them"
        )
    return text


def _by_number(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    return sorted(counts.items(), key=lambda entry: (-entry[1], entry[0]))


def _spans(days: Iterable[str]) -> Iterator[str]:
    """Dates, with those that follow each other as one span."""
    dates = sorted(map(date.fromisoformat, days))
    start = dates[0]
    for day, following in zip(dates, [*dates[1:], None], strict=True):
        if following is None or following - day > timedelta(days=1):
            yield f"{start}" if start == day else f"{start} to {day}"
            start = following or day
