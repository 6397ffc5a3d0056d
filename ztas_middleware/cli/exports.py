"""`ztas export`: a site's hits as CSV or NDJSON."""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ztas_middleware.cli import options
from ztas_middleware.errors import ZtasError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from ztas_middleware.reports.export import Format, Kind

_DATE = click.DateTime(["%Y-%m-%d"])


@click.command(
    epilog="""\b
Examples:
  ztas export site_abc123 --output hits.csv
  ztas export site_abc123 --format ndjson --from 2026-11-01 --to 2026-11-30
"""
)
@options.site_argument()
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
    help="A file instead of standard output; it is replaced once all is written.",
)
@options.config_option
def export(
    site: str,
    *,
    kind: Kind,
    file_format: Format,
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
    options.site_of(settings, site)
    from ztas_middleware.reports.reader import Reports  # loads all of the reports

    with options.existing(settings):
        pieces = Reports(settings).export(
            site,
            kind=kind,
            file_format=file_format,
            first=first.date() if first else None,
            last=last.date() if last else None,
        )
        if output is None or output == "-":
            for piece in pieces:
                sys.stdout.buffer.write(piece)
        else:
            _write(Path(output), pieces)


def _write(path: Path, pieces: Iterable[bytes]) -> None:
    """Write a file as a whole or not at all."""
    try:
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    except OSError as error:
        raise ZtasError(f"{path}: {error.strerror}") from None
    try:
        with open(handle, "wb") as file:  # noqa: PTH123 - a descriptor
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
