"""The file that the cluster's hits are copied into: an ordinary database, and how far it is.

Its `hits` have one more column, `tie`: hits of one instant are in the order of their members' names
and then of their ids there. It stands for both, so that whoever orders by it need not know them.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import time
from contextlib import closing
from typing import TYPE_CHECKING, Final, NamedTuple

from ztas_middleware.errors import ClusterError
from ztas_middleware.store.connection import is_busy
from ztas_middleware.store.hits import Hit
from ztas_middleware.store.places import has_turn, remove, remove_companions
from ztas_middleware.store.reading import as_storage_error, filing
from ztas_middleware.store.steps import immediate

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path
    from typing import Any

TIE: Final = "tie"

ID_BITS: Final = 40
"""Of a tie: ids of a member go up to a million million."""

MEMBERS: Final = 2**22
"""Numbers that members may have: a tie is a whole number of 62 bits."""

TABLES: Final = (
    f"alter table hits add column {TIE} integer",
    # `upto` is the last batch that was copied, `complete_until` what the member had said by then.
    """
    create table cluster_members (
        name text primary key,
        number integer not null unique,
        upto integer not null default 0,
        complete_until integer,
        counted integer not null default 0
    ) strict, without rowid
    """,
    # Which cluster's hits they are; `sealed` tells whether there are more days with totals alone.
    "create table cluster_copied (cluster text not null, sealed text) strict",
    # Whose totals a sealed day has (sealed_days.py); and sites that were removed, as far as that is
    # known here.
    """
    create table cluster_sealed (
        site_id text not null,
        day text not null,
        member text not null,
        rows integer,
        totals blob,
        primary key (site_id, day, member)
    ) strict, without rowid
    """,
    """
    create table cluster_removed (
        site_id text primary key,
        serial integer not null
    ) strict, without rowid
    """,
)

_NAMES = ", ".join((*Hit._fields, TIE))
_VALUES = ", ".join("?" for _ in range(len(Hit._fields) + 1))
INSERT: Final = f"insert into hits ({_NAMES}) values ({_VALUES})"


class Known(NamedTuple):
    """What the file says of a member."""

    number: int
    upto: int
    complete_until: int | None
    counted: int
    """The largest serial of its counters."""


class Batch(NamedTuple):
    """Hits of a member that were acknowledged by the cluster."""

    member: str
    seq: int
    """They are numbered from 1 on."""
    first_id: int
    last_id: int
    rows: int


class CrowdedError(Exception):
    """There is no number left between two members: the file has to be made anew."""


@contextlib.contextmanager
def copied(
    path: Path, cluster: str, until: float, *, anew: bool = False
) -> Iterator[sqlite3.Connection]:
    """The file, open for writing, and nobody else's meanwhile; anew if it is another cluster's.

    Args:
        path: where it is.
        cluster: which cluster's it has to be.
        until: `time.monotonic()` up to which to wait for another process.
        anew: whether to throw away what is there in any case.

    Raises:
        ClusterError: another process is at it for longer.
        StorageError: it can't be made or written.
    """
    with as_storage_error(path), _alone(path, until):
        if path.exists() and (anew or _is_of(path) != cluster):
            throw_away(path)
        with filing(path) as connection:
            _complete(connection, cluster)
            yield connection


def throw_away(path: Path) -> None:
    """Remove the file, and the history that was made of it."""
    remove(str(path))
    remove_companions(str(path))
    shutil.rmtree(path.with_suffix(".history"), ignore_errors=True)


def members_of(connection: sqlite3.Connection) -> dict[str, Known]:
    """What the file says of each member."""
    rows = connection.execute(
        "select name, number, upto, complete_until, counted from cluster_members"
    )
    return {name: Known(*rest) for name, *rest in rows}


def add_members(connection: sqlite3.Connection, names: Iterable[str]) -> None:
    """Give new members numbers, in the order of all names.

    Raises:
        CrowdedError: there is no room between the numbers of two.
    """
    there = {name: known.number for name, known in members_of(connection).items()}
    new = sorted(set(names) - there.keys())
    every = sorted({*there, *new})
    at = 0
    while at < len(every):
        if every[at] in there:
            at += 1
            continue
        end = at
        while end < len(every) and every[end] not in there:
            end += 1
        low = there[every[at - 1]] if at else 0
        high = there[every[end]] if end < len(every) else MEMBERS
        step = (high - low) // (end - at + 1)
        if not step:
            raise CrowdedError
        for place, name in enumerate(every[at:end], start=1):
            there[name] = low + place * step
        at = end
    with immediate(connection):
        connection.executemany(
            "insert into cluster_members (name, number) values (?, ?)",
            [(name, there[name]) for name in new],
        )


def add_hits(
    connection: sqlite3.Connection,
    name: str,
    known: Known,
    rows: Sequence[tuple[Any, ...]],
    batches: Sequence[Batch],
) -> None:
    """Add the hits of a member's batches, each with its id there before its columns."""
    base = known.number << ID_BITS
    with immediate(connection):
        connection.executemany(INSERT, [(*row[1:], base + _within(row[0])) for row in rows])
        connection.execute(
            "update cluster_members set upto = ? where name = ?", (batches[-1].seq, name)
        )


def drop_hits(
    connection: sqlite3.Connection, known: Known, batches: Iterable[Batch], fence: int
) -> None:
    """Forget the batches that a retired member shipped behind its fence."""
    base = known.number << ID_BITS
    with immediate(connection):
        connection.executemany(
            f"delete from hits where {TIE} between ? and ?",
            [(base + _within(batch.first_id), base + _within(batch.last_id)) for batch in batches],
        )
        connection.execute(
            "update cluster_members set upto = ? where number = ?", (fence, known.number)
        )


def _within(number: int) -> int:
    """An id as part of a tie; one that was given by hand may be beyond."""
    return min(max(number, 0), (1 << ID_BITS) - 1)


def _is_of(path: Path) -> str | None:
    """Which cluster the file is of; None where that can't be read."""
    import sqlite3

    try:
        with closing(sqlite3.connect(path, timeout=5)) as connection:
            row = connection.execute("select cluster from cluster_copied").fetchone()
    except sqlite3.DatabaseError as error:
        if is_busy(error):
            raise
        return None
    return None if row is None else str(row[0])


def _complete(connection: sqlite3.Connection, cluster: str) -> None:
    """Add what an ordinary database has not."""
    found = connection.execute(
        "select 1 from sqlite_schema where name = 'cluster_copied'"
    ).fetchone()
    if found is None:
        with immediate(connection):
            for statement in TABLES:
                connection.execute(statement)
            connection.execute("insert into cluster_copied (cluster) values (?)", (cluster,))


@contextlib.contextmanager
def _alone(path: Path, until: float) -> Iterator[None]:
    """Keep other processes from copying into the same file."""
    descriptor = os.open(f"{path}.lock", os.O_RDWR | os.O_CREAT, 0o640)
    try:
        if not has_turn(descriptor, until - time.monotonic()):
            raise ClusterError(
                str(path), "another process is copying hits; try again", is_busy=True
            )
        yield
    finally:
        os.close(descriptor)
