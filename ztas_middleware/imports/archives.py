"""Plausible's export as it is downloaded: a zip archive of CSV files."""

from __future__ import annotations

import zipfile
from contextlib import closing
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, NamedTuple, cast

from ztas_middleware.errors import ZtasError
from ztas_middleware.imports import plausible
from ztas_middleware.imports.files import Source
from ztas_middleware.imports.records import csv_records
from ztas_middleware.outages import one_line

if TYPE_CHECKING:
    import io
    from collections.abc import Iterable, Iterator, Mapping

PAGES = "*imported_pages*.csv"
EVENTS = "*imported_custom_events*.csv"
VISITORS = "*imported_visitors*.csv"

_PACKED = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_MAGIC = b"PK\x03\x04"


class Archive(NamedTuple):
    """What is of use in an archive."""

    sources: Iterator[Source]
    """Opened one after the other: an archive can have a hundred thousand files."""
    visitors: Mapping[str, int]
    """How many each day had, by `YYYY-MM-DD`."""


def is_archive(path: str) -> bool:
    """Whether a file begins like a zip archive."""
    try:
        with open(path, "rb") as file:  # noqa: PTH123 - named as the user wrote it
            return file.read(len(_MAGIC)) == _MAGIC
    except OSError:
        return False


def open_archive(path: str) -> Archive:
    """Open Plausible's export.

    Raises:
        ZtasError: it is damaged, or another archive.
    """
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, OSError, NotImplementedError) as error:
        raise _damaged(path, error) from None
    names = _names(archive, PAGES, EVENTS)
    if not names:
        raise ZtasError(
            f"{path}: is a zip archive without imported_pages_*.csv; only Plausible's export is "
            "read as one"
        )
    visitors: dict[str, int] = {}
    for source in _open(archive, path, _names(archive, VISITORS)):
        with closing(source):
            visitors |= _daily_visitors(source)
    return Archive(_open(archive, path, names), visitors)


def _names(archive: zipfile.ZipFile, *patterns: str) -> list[str]:
    return sorted(
        name for name in archive.namelist() if any(fnmatchcase(name, glob) for glob in patterns)
    )


def _open(archive: zipfile.ZipFile, path: str, names: Iterable[str]) -> Iterator[Source]:
    for name in names:
        try:
            if archive.getinfo(name).compress_type not in _PACKED:
                raise NotImplementedError("packed in a way that is not read here")  # noqa: TRY301 - as zipfile says it of others
            file = cast("io.BufferedIOBase", archive.open(name))
        except (zipfile.BadZipFile, OSError, NotImplementedError, RuntimeError) as error:
            # RuntimeError: it wants a password. NotImplementedError: packed in an unknown way.
            raise _damaged(path, error) from None
        # Whoever made the archive has named its files, and the name is shown.
        yield Source(file, f"{path}/{one_line(name)}")


def _damaged(path: str, error: Exception) -> ZtasError:
    return ZtasError(f"{path}: {one_line(str(error))}")


def _daily_visitors(source: Source) -> dict[str, int]:
    records = (
        record.content for record in csv_records(source.lines()) if isinstance(record.content, list)
    )
    header = next(records, None)
    columns = plausible.columns_of(header) if header else None
    return plausible.daily_visitors(records, columns) if columns else {}
