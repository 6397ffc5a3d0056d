"""`ztas export`: a site's hits as CSV or NDJSON."""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ztas_middleware.cli import options
from ztas_middleware.days import start_of
from ztas_middleware.errors import ZtasError
from ztas_middleware.store.export import KINDS, Form, Kind, export_hits

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

_DATE = click.DateTime(["%Y-%m-%d"])


@click.command(
    epilog="""\b
Examples:
  ztas export site_abc123 --output hits.csv
  ztas export site_abc123 --format ndjson --from 2026-11-01 | gzip > november.ndjson.gz
"""
)
@options.site_argument()
@click.option(
    "--type",
    "kind",
    type=click.Choice(list(KINDS)),
    default="hits",
    show_default=True,
    help="All rows, or those of one type.",
)
@click.option(
    "--format", "form", type=click.Choice(["csv", "ndjson"]), default="csv", show_default=True
)
@click.option("--from", "first", type=_DATE, metavar="DATE", help="The first day.")
@click.option("--to", "last", type=_DATE, metavar="DATE", help="The last day.")
@click.option(
    "--output",
    "-o",
    type=click.Path(dir_okay=False, writable=True),
    help="A file instead of standard output; it is replaced once all is written.",
)
@options.config_option
def export(
    site: str,
    *,
    kind: Kind,
    form: Form,
    first: datetime | None,
    last: datetime | None,
    output: str | None,
    config: str,
) -> None:
    """Write the hits of SITE, each with all its columns, in the order in which they came.

    `ztas import` reads the result back without a loss. In CSV, text that a spreadsheet would run
    as a formula has a ' in front, which the import takes away again.
    """
    settings = options.load(config)
    zone = options.site_of(settings, site).timezone
    start = None if first is None else start_of(first.date(), zone)
    end = None if last is None else start_of(_day_after(last.date()), zone)
    with options.reading(settings) as connection:
        found = export_hits(connection, site, kind=kind, form=form, start=start, end=end)
        if output is None or output == "-":
            for piece in found:
                sys.stdout.buffer.write(piece.encode())
        else:
            _write(Path(output), found)


def _write(path: Path, pieces: Iterable[str]) -> None:
    """Write a file as a whole or not at all."""
    try:
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    except OSError as error:
        raise ZtasError(f"{path}: {error.strerror}") from None
    try:
        with open(handle, "w", encoding="utf-8", newline="") as file:  # noqa: PTH123 - a descriptor
            file.writelines(pieces)
        os.chmod(name, 0o666 & ~_umask())  # noqa: PTH101 - mkstemp's is for its owner alone
        os.replace(name, path)  # noqa: PTH105 - a name
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(name)  # noqa: PTH108 - a name
        raise


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def _day_after(day: date) -> date:
    return day + timedelta(days=1)
