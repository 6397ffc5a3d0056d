"""Backups of days that are in the history alone: their files go into the copy of the database.

A backup is one file, and has everything. Other days need not be in it: they are filed anew.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

from ztas_middleware.errors import StorageError
from ztas_middleware.history import files
from ztas_middleware.history.files import Folder

if TYPE_CHECKING:
    from pathlib import Path

_TABLE = """
create table if not exists history_files (
    site_id text not null,
    month text not null,
    kind text not null,
    content blob not null,
    primary key (site_id, month, kind)
) strict
"""

FOOTER = 65_536
"""Bytes at the end of a Parquet file in which its mark is."""


class ReplacedError(Exception):
    """A file is not the one that the copy of the database knows: it was filed meanwhile."""


def enclose(copy: Path, history: Path) -> int:
    """Put the files of all days that are in the history alone into a copy of the database.

    Args:
        copy: the copy, which nobody else has.
        history: the folder.

    Returns:
        How many files that were.

    Raises:
        ReplacedError: the copy is to be made again.
        StorageError: a file can't be read, or the copy not be written.
    """
    folder = Folder(history)
    number = 0
    try:
        with closing(sqlite3.connect(copy, isolation_level=None)) as connection:
            months = connection.execute(
                """
                select distinct site_id, substr(day, 1, 7), identity || ' ' || generation
                from history_days join history_sites using (site_id)
                where state in ('moving', 'moved')
                """
            ).fetchall()
            if not months:
                return 0
            connection.execute("pragma journal_mode = memory")
            connection.execute(_TABLE)
            for site_id, month, mark in months:
                for kind in files.KINDS:
                    content = folder.file(kind, site_id, month).read_bytes()
                    if mark.encode() not in content[-FOOTER:]:
                        raise ReplacedError
                    connection.execute(
                        "insert into history_files values (?, ?, ?, ?)",
                        (site_id, month, kind, content),
                    )
                    number += 1
            connection.execute("pragma journal_mode = delete")
    except OSError as error:
        raise StorageError(str(error.filename), error.strerror or str(error)) from None
    except sqlite3.Error as error:
        raise StorageError(str(copy), str(error)) from None
    return number


def disclose(database: Path, history: Path) -> int:
    """Put the files that a restored database brought into the history; how many there were.

    Raises:
        StorageError: the folder or the database can't be written.
    """
    folder = Folder(history)
    number = 0
    try:
        with closing(sqlite3.connect(database, isolation_level=None)) as connection:
            there = connection.execute(
                "select 1 from sqlite_schema where name = 'history_files'"
            ).fetchone()
            if there is None:
                return 0
            for site_id, month, kind, content in connection.execute(
                "select site_id, month, kind, content from history_files"
            ):
                file = folder.file(kind, site_id, month)
                file.parent.mkdir(parents=True, exist_ok=True, mode=0o750)
                aside = files.aside_of(file)
                os.close(os.open(aside, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o640))
                aside.write_bytes(content)
                files.sync(aside)
                files.put_in_place(file)
                number += 1
            connection.execute("drop table history_files")
    except OSError as error:
        raise StorageError(str(error.filename), error.strerror or str(error)) from None
    except sqlite3.Error as error:
        raise StorageError(str(database), str(error)) from None
    return number
