"""`ztas prune` and `ztas backup`: what is to be done now and then, by a timer most of the time."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import click

from ztas_middleware.cli import options
from ztas_middleware.errors import ZtasError


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

    Their totals stay, goals and funnels included as they are configured now: the days are rolled
    up once more and sealed first. Then the space is given back to the disk. Everything is done in
    small steps, so that hits that come in meanwhile hardly wait; run it daily.
    """
    from ztas_middleware import retention  # loads all of the reports
    from ztas_middleware.store.prune import give_back  # only needed here

    settings = options.load(config)
    now = time.time_ns() // 1_000_000
    found: dict[str, dict[str, Any]] = {}
    returned: int | None = 0
    with options.existing(settings) as database:
        for site in settings.sites.values():
            due = retention.due(settings.database, site, now)
            if due is None:
                continue
            number = due.hits
            if not dry_run:
                with options.progress(due.hits, site.id) as step:
                    number = retention.prune(settings.database, site, due, now, step)
            found[site.id] = {"before": due.first_kept.isoformat(), "hits": number}
        if not dry_run and any(entry["hits"] for entry in found.values()):
            returned = give_back(settings.database)
            database.checkpoint()
            database.truncate_log()
    if as_json:
        click.echo(json.dumps({"sites": found, "bytesReturned": returned, "dryRun": dry_run}))
        return
    if not found:
        click.echo("no site has retention_days: all hits are kept")
    for site_id, entry in found.items():
        verb = "to be deleted" if dry_run else "deleted"
        click.echo(f"{site_id}: {entry['hits']:,} hits before {entry['before']} {verb}")
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
    yesterday's visitors, which nobody may keep.
    """
    from ztas_middleware.store.backup import back_up, size_of  # only needed here

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
            size = back_up(settings.database, file, step)
    click.echo(f"{file}: ok, {size:,} bytes")
