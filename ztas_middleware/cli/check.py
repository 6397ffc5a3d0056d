"""`ztas check`: is everything in order?"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from urllib.parse import quote

import click

from ztas_middleware.cli.options import config_option, fail, load
from ztas_middleware.errors import StorageError
from ztas_middleware.store.schema import VERSION


@click.command(
    epilog="""\b
Example:
  ztas check --config conf/ztas.yaml
"""
)
@config_option
def check(config: str) -> None:
    """Read the config and the database, and say what is wrong with them.

    Exits with 1 if anything is: a mistake in the config is named with file, line and column.
    """
    settings = load(config)
    sites = len(settings.sites)
    click.echo(f"{config}: ok, {sites} {'site' if sites == 1 else 'sites'}")
    if not settings.database.exists():
        click.echo(f"{settings.database}: not there yet; the first hit makes it")
        return
    try:
        hits = _examine(str(settings.database))
    except (sqlite3.Error, StorageError) as error:
        fail(StorageError(str(settings.database), getattr(error, "problem", str(error))))
    click.echo(f"{settings.database}: ok, {hits} {'hit' if hits == 1 else 'hits'}")


def _examine(filename: str) -> int:
    """Check the database's integrity; return its number of hits."""
    uri = f"file:{quote(filename)}?mode=ro"
    with closing(sqlite3.connect(uri, uri=True)) as connection:
        (verdict,) = connection.execute("pragma integrity_check(1)").fetchone()
        if verdict != "ok":
            raise StorageError(filename, str(verdict).splitlines()[-1])
        (version,) = connection.execute("pragma user_version").fetchone()
        if version > VERSION:
            raise StorageError(
                filename, f"made by a newer ztas (schema {version}, this one knows {VERSION})"
            )
        if not version:
            raise StorageError(filename, "no database of ztas: it has no tables of ours")
        (hits,) = connection.execute("select count(*) from hits").fetchone()
    return int(hits)
