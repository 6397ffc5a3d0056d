"""`ztas prune`, `backup` and `restore`: what is to be done now and then, by a timer mostly."""

from __future__ import annotations

import contextlib
import json
import time
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ztas_middleware.cli import options
from ztas_middleware.cli.ship import must_be_shipped
from ztas_middleware.days import start_of
from ztas_middleware.errors import ZtasError

if TYPE_CHECKING:
    from collections.abc import Callable

    from ztas_middleware.config import Config
    from ztas_middleware.store.restoring import Content

TRIES = 5
"""Copies that are begun, where days are filed meanwhile."""


@click.command(
    epilog="""\b
Examples:
  ztas prune
  ztas prune --dry-run
"""
)
@click.option("--dry-run", is_flag=True, help="Only say what would be deleted.")
@click.option("--json", "as_json", is_flag=True, help="The result as a JSON object.")
@options.config_option
def prune(*, dry_run: bool, as_json: bool, config: str) -> None:
    """Delete the hits that are older than their site's `retention_days`.

    Their totals stay, goals and funnels included as they are configured now: the days are filed
    once more and sealed first. Then the space is given back to the disk. Everything is done in
    small steps, so that hits that come in meanwhile hardly wait; run it daily. With `cluster`, the
    hits of all machines are pruned there as well.
    """
    from ztas_middleware import retention  # loads all of the reports
    from ztas_middleware.store.prune import give_back  # only needed here

    settings = options.load(config)
    now = time.time_ns() // 1_000_000
    found: dict[str, dict[str, Any]] = {}
    returned: int | None = 0
    document = {"sites": found, "bytesReturned": returned, "dryRun": dry_run}
    options.leave_if_not_there(settings, document if as_json else None)
    with options.existing(settings) as database:
        for site in settings.sites.values():
            due = retention.due(settings, site, now)
            if due is None:
                continue
            number = due.hits
            if not dry_run:
                must_be_shipped(settings, site.id, start_of(due.first_kept, site.timezone))
                with options.progress(due.hits, site.id) as step:
                    number = retention.prune(settings, site, due, now, step)
            found[site.id] = {"before": due.first_kept.isoformat(), "hits": number}
            if settings.cluster is not None and not dry_run:
                from ztas_middleware.cluster import pruning  # only needed past one box

                found[site.id]["hitsInCluster"] = pruning.prune(settings, site)
        if not dry_run and any(entry["hits"] for entry in found.values()):
            returned = give_back(settings.database)
            database.checkpoint()
            database.truncate_log()
    if as_json:
        click.echo(json.dumps({"sites": found, "bytesReturned": returned, "dryRun": dry_run}))
        return
    _say_pruned(found, returned, "to be deleted" if dry_run else "deleted")


def _say_pruned(found: dict[str, dict[str, Any]], returned: int | None, verb: str) -> None:
    if not found:
        click.echo("no site has retention_days: all hits are kept")
    for site_id, entry in found.items():
        click.echo(f"{site_id}: {entry['hits']:,} hits before {entry['before']} {verb}")
        if "hitsInCluster" in entry:
            click.echo(f"{site_id}: {entry['hitsInCluster']:,} hits deleted in the cluster")
    if returned is None:
        click.echo(
            "The file does not get smaller: it was not made by ztas. Its free pages are used for "
            "new hits; docs/operating.md says how to change that."
        )
    elif returned:
        click.echo(f"{returned:,} bytes given back to the disk")


@click.command(
    epilog="""\b
Example:
  ztas backup /var/backups/ztas.db --force
"""
)
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--force", is_flag=True, help="Replace FILE if it is there.")
@options.config_option
def backup(file: Path, *, force: bool, config: str) -> None:
    """Copy the database to FILE while it is in use, and check the copy.

    The copy is one moment of the database. It has everything but the salts of today's and
    yesterday's visitors, which nobody may keep; with `keep_hits_days`, the days that are in the
    history alone, too.
    """
    from ztas_middleware.store.backup import size_of  # only needed here

    settings = options.load(config)
    if file.exists():
        if settings.database.exists() and file.samefile(settings.database):
            options.fail(ZtasError(f"{file}: is the database itself"))
        if not force:
            options.fail(ZtasError(f"{file}: is there already; --force replaces it"))
    if not file.absolute().parent.is_dir():
        options.fail(ZtasError(f"{file.parent}: no such folder"))
    with options.existing(settings):
        pages = size_of(settings.database)
        with options.progress(pages, str(file)) as step:
            size = _backed_up(settings, file, step)
    click.echo(f"{file}: ok, {size:,} bytes")


@click.command(
    epilog="""\b
Examples:
  ztas restore /var/backups/ztas.db
  ztas restore /var/backups/ztas.db --yes
"""
)
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--yes", is_flag=True, help="Replace hits without asking.")
@options.config_option
def restore(file: Path, *, yes: bool, config: str) -> None:
    """Put a backup in the place of the database.

    Stop what serves it first: while anybody has the database open, this is refused. The backup is
    checked and stays as it is. If there are hits, you are asked before they are replaced.
    """
    from ztas_middleware.history.enclosing import disclose  # only needed here
    from ztas_middleware.store import restoring
    from ztas_middleware.store.backup import size_of

    settings = options.load(config)
    database = settings.database
    if not file.exists():
        options.fail(ZtasError(f"{file}: no such file"))
    there = None
    if database.exists():
        if file.samefile(database):
            options.fail(ZtasError(f"{file}: is the database itself"))
        if restoring.is_in_use(database):
            options.fail(ZtasError(restoring.in_use(database)))
        there = _looked_into(database)
    brought = restoring.look_into(file)
    if there is None or there.hits:
        lost = "can't be read" if there is None else f"has {_described(there)}"
        if database.exists():
            click.echo(f"{database} {lost}; {file} has {_described(brought)}.")
            if not yes:
                options.confirm("Replace it?")
    with options.progress(size_of(file), str(database)) as step:
        restoring.restore(file, database, step)
    disclose(database, settings.history_folder)
    click.echo(f"{database}: restored, {_described(brought)}")


def _backed_up(settings: Config, file: Path, step: Callable[[int], object]) -> int:
    from ztas_middleware.history.enclosing import ReplacedError, enclose  # only needed here
    from ztas_middleware.store.backup import back_up

    for _ in range(TRIES):
        with contextlib.suppress(ReplacedError):
            return back_up(
                settings.database,
                file,
                step,
                enclose=lambda copy: enclose(copy, settings.history_folder),
            )
    raise ZtasError(f"{settings.history_folder}: is not what the database says; see `ztas check`")


def _looked_into(database: Path) -> Content | None:
    """What is in the database that is to be replaced; None where that can't be told."""
    from ztas_middleware.store.restoring import look_into

    try:
        return look_into(database)
    except ZtasError:
        return None


def _described(content: Content) -> str:
    hits = f"{content.hits:,} {'hit' if content.hits == 1 else 'hits'}"
    if content.latest is None:
        return hits
    latest = datetime.fromtimestamp(content.latest / 1000, tz=timezone.utc)
    return f"{hits} until {latest:%Y-%m-%d %H:%M} UTC"
