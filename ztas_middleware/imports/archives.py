"""Exports as they are downloaded, in zip archives: Plausible's CSV and GoatCounter's JSON."""

from __future__ import annotations

import shutil
import tempfile
import zipfile
from contextlib import closing, contextmanager
from fnmatch import fnmatchcase
from typing import IO, TYPE_CHECKING, NamedTuple, cast

from ztas_middleware.errors import ZtasError
from ztas_middleware.imports import foreign, plausible
from ztas_middleware.imports.goatcounter_json import Tables, tables_of
from ztas_middleware.imports.records import csv_records
from ztas_middleware.imports.sources import Source
from ztas_middleware.outages import one_line

if TYPE_CHECKING:
    import io
    from collections.abc import Iterable, Iterator, Mapping

    from ztas_middleware.imports.files import Opened

PAGES = "*imported_pages*.csv"
EVENTS = "*imported_custom_events*.csv"
VISITORS = "*imported_visitors*.csv"
STATS, PATHS, REFERRERS = "*hit_stats.jsonl", "*paths.jsonl", "*refs.jsonl"

_PACKED = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


class Archive(NamedTuple):
    """What is of use in an archive."""

    sources: Iterator[Source]
    """Opened one after the other: an archive can have a hundred thousand files."""
    visitors: Mapping[str, int]
    """How many each day had, by `YYYY-MM-DD`; of Plausible's."""
    tables: Tables | None = None
    """What numbers stand for; of GoatCounter's."""


@contextmanager
def open_archive(opened: Opened) -> Iterator[Archive]:
    """An export, and close it.

    Raises:
        ZtasError: it is damaged, or another archive.
    """
    with closing(_seekable(opened)) as file:
        yield _archive(opened.name, file)


def _archive(name: str, file: io.BufferedIOBase) -> Archive:
    try:
        archive = zipfile.ZipFile(cast("IO[bytes]", file))
    except (zipfile.BadZipFile, OSError, NotImplementedError) as error:
        raise _damaged(name, error) from None
    names = _names(archive, PAGES, EVENTS)
    if not names and (stats := _names(archive, STATS)):
        return Archive(_open(archive, name, stats), {}, _tables(archive, name))
    if not names:
        problem = foreign.of_archive(archive.namelist()) or (
            "is a zip archive without imported_pages_*.csv and hit_stats.jsonl; only the exports "
            "of Plausible and GoatCounter are read as one"
        )
        raise ZtasError(f"{name}: {problem}")
    visitors: dict[str, int] = {}
    for source in _open(archive, name, _names(archive, VISITORS)):
        with closing(source):
            visitors |= _daily_visitors(source)
    return Archive(_open(archive, name, names), visitors)


def _tables(archive: zipfile.ZipFile, name: str) -> Tables:
    lines: list[list[bytes]] = []
    for pattern in (PATHS, REFERRERS):
        found: list[bytes] = []
        for source in _open(archive, name, _names(archive, pattern)):
            with closing(source):
                found += (line.content for line in source.lines() if line.content)
        lines.append(found)
    return tables_of(*lines)


def _seekable(opened: Opened) -> io.BufferedIOBase:
    """An archive's table of contents stands at its end, so that what comes by a pipe is kept."""
    if opened.rewinds:
        return opened.file
    kept = tempfile.TemporaryFile()  # noqa: SIM115 - the caller closes it
    shutil.copyfileobj(opened.file, kept)
    kept.seek(0)
    return cast("io.BufferedIOBase", kept)


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
