"""`ztas import`: rows from files of other programs, or of our own."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from ztas_middleware.cli import options
from ztas_middleware.config.hosts import ascii_host
from ztas_middleware.errors import StorageError, ZtasError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ztas_middleware.imports.jobs import Imported

FORMATS = ("auto", "csv", "ndjson", "combined", "caddy", "goatcounter", "plausible")

SHOWN = 20
"""Refused lines shown on a terminal; a file or a pipe gets them all."""


def _hosts(_: click.Context, __: click.Parameter, hosts: tuple[str, ...]) -> tuple[str, ...]:
    try:
        return tuple(map(ascii_host, hosts))
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


@click.command(
    "import",
    epilog="""\b
Examples:
  ztas import hits.csv --site site_abc123
  ztas import /var/log/nginx/access.log* --site site_abc123
  ztas import /var/log/caddy/access.log --site site_abc123 --follow
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
    help="csv and ndjson are our own exports, combined is nginx's and Apache's log.",
)
@click.option("--follow", is_flag=True, help="Go on with what is written to a log, until stopped.")
@click.option(
    "--host",
    "hosts",
    multiple=True,
    callback=_hosts,
    help="Only requests to this host, of a log that names hosts.",
)
@click.option("--strict", is_flag=True, help="Exit with 1 if a line was refused.")
@click.option("--json", "as_json", is_flag=True, help="The result as a JSON object for each file.")
@options.config_option
def import_(
    files: tuple[str, ...],
    *,
    site: str,
    form: str,
    follow: bool,
    hosts: tuple[str, ...],
    strict: bool,
    as_json: bool,
    config: str,
) -> None:
    """Add the rows of each FILE to a site; - is standard input, .gz is unpacked on the way.

    How far it got in each file is remembered, so that running it again adds only what is new,
    even if the file was rotated, renamed, copied or packed since, or the last run was killed.

    Of logs only page views count: requests other than GET, answers other than 2xx, assets and bots
    are left out. Addresses and User-Agents are hashed as those of tracked visitors are, and not
    stored. Lines that can't be read are refused, named with number and reason, and skipped.
    """
    from ztas_middleware.imports.destination import Destination  # only needed here
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
            None if form == "auto" else form,
            hosts,
            report.refused,
            report.reached,
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
    if failed or (strict and report.has_refused):
        raise SystemExit(1)


class _Report:
    """What is said during an import, and after it."""

    def __init__(self, *, as_json: bool, is_quiet: bool) -> None:
        self._as_json = as_json
        self._is_quiet = is_quiet
        self._shown = 0
        self._step: Callable[[int], object] = lambda _: None
        self._offset = 0
        self.has_refused = False

    @contextmanager
    def over(self, path: str) -> Iterator[None]:
        """Show a bar over a file while it is imported, where somebody looks."""
        self._shown = 0
        self._offset = 0
        size = os.path.getsize(path) if path != "-" and os.path.exists(path) else 0  # noqa: PTH110, PTH202 - a name
        if self._is_quiet or path.endswith(".gz"):
            size = 0  # nobody knows how long it takes
        with options.progress(size, path) as self._step:
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


def _as_json(one: Imported) -> dict[str, object]:
    return {
        "file": one.name,
        "format": one.format,
        "lines": one.result.lines,
        "stored": one.result.stored,
        "known": one.result.known,
        "leftOut": dict(one.result.left_out),
        "refused": dict(one.result.refused),
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
    return text


def _by_number(counts: dict[str, int]) -> list[tuple[str, int]]:
    return sorted(counts.items(), key=lambda entry: (-entry[1], entry[0]))
