"""The folder of the history: a file of hits and one of totals for each month of a site.

Files have fixed names and are replaced in whole: written aside under a name that no `*.parquet`
finds, synced, and renamed. Each carries the name of its database and its generation, by which it
is known again.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import quote

from ztas_middleware.errors import StorageError
from ztas_middleware.store.places import has_turn

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from duckdb import DuckDBPyConnection

HITS, TOTALS = "hits", "totals"
KINDS = (HITS, TOTALS)

ASIDE = ".new"
"""What the name of a file ends with until it is in its place."""

GROUP = 61_440
"""Rows of a file that are read or left out together."""

REMEMBERED = 10_000
"""Files whose mark is not read again."""

Stamp = tuple[int, int, int, int]


@dataclass
class Folder:
    """The history of one database."""

    path: Path
    _known: dict[tuple[str, Stamp], str | None] = field(default_factory=dict)

    def file(self, kind: str, site_id: str, month: str) -> Path:
        """Where a month's hits or totals are; `month` is `YYYY-MM`."""
        return self.path / kind / f"site={quote(site_id, safe='')}" / f"{month}.parquet"

    def months(self, site_id: str) -> set[str]:
        """The months of which there is any file."""
        found: set[str] = set()
        for kind in KINDS:
            place = self.file(kind, site_id, "any").parent
            with contextlib.suppress(OSError):
                found |= {file.stem for file in place.glob("*.parquet")}
        return found

    def mark(self, cursor: DuckDBPyConnection, file: Path) -> str | None:
        """What a file says of itself, `identity generation`; None where it says nothing."""
        try:
            key = (str(file), _stamp(file))
        except OSError:
            return None
        if key not in self._known:
            if len(self._known) > REMEMBERED:
                self._known.clear()
            self._known[key] = _mark(cursor, file)
        return self._known[key]

    def distrust(self, file: Path) -> None:
        """Take a file for damaged, as long as it is the same."""
        with contextlib.suppress(OSError):
            self._known[str(file), _stamp(file)] = None

    @contextlib.contextmanager
    def lock(self, site_id: str, patience: float) -> Iterator[bool]:
        """One process and thread at a time files a site; False if another did all the while.

        Raises:
            StorageError: the folder can't be written.
        """
        name = self._lock_file(site_id)
        try:
            self.path.mkdir(parents=True, exist_ok=True, mode=0o750)
            descriptor = os.open(name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
        except OSError as error:
            raise StorageError(str(self.path), error.strerror or str(error)) from None
        try:
            with as_storage_error(self.path):
                is_ours = has_turn(descriptor, patience)
            yield is_ours
        finally:
            os.close(descriptor)

    def remove(self, site_id: str, patience: float) -> None:
        """Remove every file of a site.

        Raises:
            StorageError: somebody files it for longer than `patience` seconds, or it can't be done.
        """
        if not self.path.is_dir():
            return
        with self.lock(site_id, patience) as is_ours:
            if not is_ours:
                raise StorageError(str(self.path), f"{site_id} is being filed", is_busy=True)
            for kind in KINDS:
                shutil.rmtree(self.file(kind, site_id, "any").parent, ignore_errors=True)
            self._lock_file(site_id).unlink(missing_ok=True)

    def _lock_file(self, site_id: str) -> Path:
        return self.path / f".{quote(site_id, safe='')}.lock"

    def clear_aside(self, site_id: str) -> None:
        """Remove what a killed process left; for whoever has the lock."""
        for kind in KINDS:
            for file in self.file(kind, site_id, "any").parent.glob(f"*{ASIDE}"):
                file.unlink(missing_ok=True)


def new_generation() -> str:
    """A name for a month's files that none has had."""
    return secrets.token_hex(8)


def aside_of(file: Path) -> Path:
    """The name under which a file is written."""
    return file.with_name(f".{file.name}{ASIDE}")


def part_of(file: Path, number: int) -> Path:
    """The name of a part of a file, until it is put together."""
    return file.with_name(f".{file.name}.{number}{ASIDE}")


def relation(*listed: Path) -> str:
    """Files, one after the other, as a relation in SQL."""
    names = ", ".join("'" + str(file).replace("'", "''") + "'" for file in listed)
    return f"read_parquet([{names}], hive_partitioning = false)"


def write(
    cursor: DuckDBPyConnection, query: str, place: Path, mark: str, *, group: int = GROUP
) -> None:
    """Write the rows of a query into a file, `group` at a time; it is not synced yet."""
    place.parent.mkdir(parents=True, exist_ok=True, mode=0o750)
    # Whose umask it is does not matter: hits are for our group at most, as in the database.
    os.close(os.open(place, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o640))
    name = str(place).replace("'", "''")
    cursor.execute(
        f"""
        copy ({query}) to '{name}' (
            format parquet, compression zstd, row_group_size {group}, use_tmp_file false,
            parquet_version {_version()}, kv_metadata {{ztas: '{mark}'}}
        )
        """
    )


def _version() -> str:
    """Of the format: the second writes numbers as differences, in two thirds of the bytes."""
    import duckdb

    # Its writer of the second one crashes where a file is put together of several.
    return "v1" if duckdb.__version__ == "1.3.0" else "v2"


def put_in_place(file: Path) -> None:
    """Give what was written aside its name."""
    aside_of(file).replace(file)
    sync(file.parent)


def sync(path: Path) -> None:
    """Wait until the disk has a file, or a folder's names."""
    if sys.platform == "win32" and path.is_dir():
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _stamp(file: Path) -> Stamp:
    found = file.stat()
    return found.st_dev, found.st_ino, found.st_mtime_ns, found.st_size


def _mark(cursor: DuckDBPyConnection, file: Path) -> str | None:
    import duckdb

    try:
        found = cursor.execute(
            "select decode(value) from parquet_kv_metadata(?) where decode(key) = 'ztas'",
            [str(file)],
        ).fetchone()
    except duckdb.Error:
        return None
    return found[0] if found else None


@contextlib.contextmanager
def as_storage_error(path: Path) -> Iterator[None]:
    """Say what the disk or DuckDB has to say of a file as we say it."""
    import duckdb

    try:
        yield
    except (OSError, duckdb.Error) as error:
        raise StorageError(str(path), str(error).split("\n")[0]) from error
