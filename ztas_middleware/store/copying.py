"""A copy of a database, table by table: one moment of it, and none of its secrets.

Copying its pages would be simpler, but then the salts of today's visitors would be in the copy
until somebody deletes them, and for good if that somebody is killed before.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Final

from ztas_middleware.errors import StorageError, ZtasError
from ztas_middleware.store import membership
from ztas_middleware.store.connection import PATIENCE, reading_uri
from ztas_middleware.store.headers import name_file

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

SECRETS: Final = ("salts", "login_tries", "cluster_keys")
"""Tables whose rows stay where they are: keys, and hashes that were made with them."""

STEPS = 50_000
"""Instructions of SQLite's between two reports of progress: some ten milliseconds."""

# What SQLite says when it is the written file that it has trouble with.
_ABOUT_THE_COPY: Final = ("disk is full", "readonly", "unable to open database file")


def copy_database(
    source: Path, target: Path, progress: Callable[[int], object] = lambda _: None
) -> None:
    """Copy a database that may be in use into an empty file, and check both.

    Args:
        source: the database.
        target: the file; what is in it when this fails is worth nothing.
        progress: told how many pages were copied, every now and then.

    Raises:
        StorageError: the source can't be read or is damaged, or the target not be written.
        ZtasError: there is too little room.
    """
    with _named(source, target), closing(_open(target)) as copy:
        copy.execute("attach :live as live", {"live": reading_uri(source)})
        pages, page_size = _shape(copy, target)
        done = 0

        def report(now: int) -> None:
            nonlocal done
            progress(now - done)
            done = now

        def look() -> None:
            report(min(pages, os.stat(target).st_size // page_size))  # noqa: PTH116 - often

        copy.set_progress_handler(look, STEPS)
        # Held to the end, so that all of it is of one moment.
        copy.execute("begin")
        _check(copy, "live", source)
        _copy_all(copy)
        membership.forget_in_copy(copy, "main")
        copy.execute("commit")
        copy.set_progress_handler(None, 0)
        copy.execute("detach live")
        # Its own: whoever has the original open can tell if the copy is written over it.
        name_file(copy)
        _check(copy, "main", target)
        report(pages)
    settle(target)


def settle(path: Path) -> None:
    """Wait until the disk has it."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _open(target: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(
        target.absolute().as_uri(), uri=True, timeout=PATIENCE, isolation_level=None
    )
    # Nobody goes on with half a copy, and the disk is waited for at the end.
    connection.execute("pragma journal_mode = off")
    connection.execute("pragma synchronous = off")
    return connection


def _shape(copy: sqlite3.Connection, target: Path) -> tuple[int, int]:
    """Make the copy like the original; return how many pages that has, and of which size."""
    (pages,) = copy.execute("pragma live.page_count").fetchone()
    (page_size,) = copy.execute("pragma live.page_size").fetchone()
    free = shutil.disk_usage(target.parent).free
    if pages * page_size > free:
        raise ZtasError(
            f"{target.parent}: the copy needs {pages * page_size:,} bytes, {free:,} are free"
        )
    (auto_vacuum,) = copy.execute("pragma live.auto_vacuum").fetchone()
    copy.execute(f"pragma main.page_size = {page_size}")
    copy.execute(f"pragma main.auto_vacuum = {auto_vacuum}")
    return pages, page_size


def _copy_all(copy: sqlite3.Connection) -> None:
    parts = copy.execute(
        """
        select type, name, sql from live.sqlite_schema
        where sql is not null and name not like 'sqlite\\_%' escape '\\'
        order by rowid
        """
    ).fetchall()
    for kind, name, sql in parts:
        if kind == "table":
            copy.execute(sql)
            if name not in SECRETS:
                quoted = '"' + name.replace('"', '""') + '"'
                # Between tables of the same definition, SQLite moves records as they are.
                copy.execute(f"insert into main.{quoted} select * from live.{quoted}")
    # Behind the rows: indexes are made in one go, and no trigger fires.
    for kind, _, sql in parts:
        if kind != "table":
            copy.execute(sql)
    (version,) = copy.execute("pragma live.user_version").fetchone()
    copy.execute(f"pragma main.user_version = {version}")


def _check(copy: sqlite3.Connection, schema: str, path: Path) -> None:
    (verdict,) = copy.execute(f"pragma {schema}.integrity_check(1)").fetchone()
    if verdict != "ok":
        raise StorageError(str(path), f"is damaged: {verdict}")


@contextlib.contextmanager
def _named(source: Path, target: Path) -> Iterator[None]:
    """Say which file it is that SQLite has trouble with."""
    try:
        yield
    except sqlite3.Error as error:
        is_about_copy = any(words in str(error) for words in _ABOUT_THE_COPY)
        raise StorageError(str(target if is_about_copy else source), str(error)) from None
