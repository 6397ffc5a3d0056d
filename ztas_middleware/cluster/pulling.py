"""From the cluster into the file: what was confirmed, each hit once, some thousand at a time."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final, NamedTuple

from ztas_middleware.cluster import members as roster
from ztas_middleware.cluster import pulled_counters
from ztas_middleware.cluster.mirror_file import (
    Batch,
    add_hits,
    add_members,
    drop_hits,
    members_of,
)
from ztas_middleware.cluster.schema import check_version
from ztas_middleware.errors import ClusterError, CopyingError
from ztas_middleware.store.hits import Hit
from ztas_middleware.store.steps import immediate

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterator, Sequence

    from ztas_middleware.cluster.client import Client

AT_ONCE: Final = 20_000
"""Hits that are copied in one transaction, unless a single batch has more."""

RANGES: Final = 100
"""Ranges of ids that are asked for at once."""

MOST: Final = 2**62

PAUSE: Final = 0.1
"""Seconds before a server is asked again for what it does not have yet."""

_COLUMNS = ", ".join(("id", *Hit._fields))


class Range(NamedTuple):
    """Of batches or ids, both ends included."""

    first: int
    last: int


class Member(NamedTuple):
    """What the cluster says of a member."""

    is_retired: bool
    fence: int
    """Of a retired one: its last batch that counts."""
    complete_until: int | None
    seq: int
    """Its batches up to here are what `complete_until` speaks of."""


def cluster_of(client: Client) -> str:
    """By what a cluster's tables are told from another's.

    Raises:
        ClusterError: no server answers, or the tables are not there, or are another version's.
    """
    check_version(client)
    database = client.cluster.database
    ((made,),) = client.ask(f"select min(at) from {database}.schema_versions")
    return f"{database} {made}"


def copy_news(
    client: Client,
    connection: sqlite3.Connection,
    *,
    deadline: float | None,
    progress: Callable[[int, int], object] = lambda _done, _total: None,
) -> int:
    """Copy what is not there yet; until when all members' hits are there, UTC milliseconds.

    Args:
        client: the cluster's.
        connection: from `copied`.
        deadline: `time.monotonic()` at which to stop and keep what was done; None is never.
        progress: told how many hits were copied, and how many there are to copy.

    Returns:
        0 where a member has not said anything yet, or there is no member.

    Raises:
        ClusterError: no server answers, or none has all that was confirmed.
        CopyingError: it took too long; what was copied stays.
        CrowdedError: see there.
    """
    members = _members(client)
    add_members(connection, members)
    known = members_of(connection)
    for name, member in members.items():
        if member.is_retired and known[name].upto > member.fence:
            behind = _batches(client, {name: Range(member.fence + 1, known[name].upto)})
            drop_hits(connection, known[name], behind, member.fence)
    known = members_of(connection)
    batches = _batches(
        client,
        {
            name: Range(known[name].upto + 1, member.fence if member.is_retired else MOST)
            for name, member in members.items()
        },
    )
    total, done = sum(batch.rows for batch in batches), 0
    for some in _together(batches):
        if deadline is not None and done and time.monotonic() >= deadline:
            raise CopyingError(client.where, done, total)
        rows = _rows(client, some)
        add_hits(connection, some[0].member, known[some[0].member], rows, some)
        done += len(rows)
        progress(done, total)
    pulled_counters.copy(client, connection)
    return _note_progress(connection, members)


def _members(client: Client) -> dict[str, Member]:
    said = roster.progress(client)
    found: dict[str, Member] = {}
    for name, known in roster.known(client).items():
        until, seq = (said[name].complete_until, said[name].seq) if name in said else (None, 0)
        found[name] = Member(known.state == roster.RETIRED, known.fence, until, seq)
    return found


def _batches(client: Client, wanted: dict[str, Range]) -> list[Batch]:
    """Confirmed batches of members, in order; up to the first that is not there yet."""
    if not wanted:
        return []
    asked, bound = [], {}
    for number, (name, batches) in enumerate(wanted.items()):
        asked.append(
            f"(member = %(m{number})s and seq >= {batches.first} and seq <= {batches.last})"
        )
        bound[f"m{number}"] = name
    rows = client.ask(
        f"""
        select member, seq, argMax(first_id, at), argMax(last_id, at), argMax(rows, at)
        from {client.cluster.database}.batches
        where {" or ".join(asked)}
        group by member, seq
        order by member, seq
        """,
        bound,
    )
    found: list[Batch] = []
    for batch in map(Batch._make, rows):
        is_next = found and found[-1].member == batch.member
        if batch.seq == (found[-1].seq + 1 if is_next else wanted[batch.member].first):
            found.append(batch)
    return found


def _together(batches: Sequence[Batch]) -> Iterator[list[Batch]]:
    """Batches of one member, some that are small at once."""
    some: list[Batch] = []
    size = 0
    for batch in batches:
        is_full = size + batch.rows > AT_ONCE or len(some) == RANGES
        if some and (batch.member != some[0].member or is_full):
            yield some
            some, size = [], 0
        some.append(batch)
        size += batch.rows
    if some:
        yield some


def _rows(client: Client, batches: Sequence[Batch]) -> list[tuple[object, ...]]:
    """The hits of batches, each once.

    A server may not have yet what another has acknowledged, and more than once what was sent again.
    """
    ranges = " or ".join(f"(id >= {batch.first_id} and id <= {batch.last_id})" for batch in batches)
    statement = f"""
        select {_COLUMNS} from {client.cluster.database}.hits
        where member = %(member)s and ({ranges})
        order by id
    """
    wanted = sum(batch.rows for batch in batches)
    end = client.deadline
    while True:
        # All at once: who breaks off in the middle is left for the next server.
        rows = {row[0]: row for row in client.ask(statement, {"member": batches[0].member})}
        if len(rows) >= wanted:
            return list(rows.values())
        if time.monotonic() >= end:
            raise ClusterError(
                client.where,
                f"{wanted - len(rows):,} of {wanted:,} hits of {batches[0].member!r} that were "
                "confirmed are not there yet: a replica lags behind",
                is_busy=True,
            )
        time.sleep(PAUSE)
        client.move_on()


def _note_progress(connection: sqlite3.Connection, members: dict[str, Member]) -> int:
    """Note what members have said of what is here now; until when all of it is."""
    known = members_of(connection)
    said = [
        (member.complete_until, name)
        for name, member in members.items()
        # Tables reach a server one by one: what a member says may be there before its batches.
        if member.complete_until is not None
        and known[name].upto >= member.seq
        and member.complete_until > (known[name].complete_until or 0)
    ]
    if said:
        with immediate(connection):
            connection.executemany(
                "update cluster_members set complete_until = ? where name = ?", said
            )
        known = members_of(connection)
    every = [known[name].complete_until for name, one in members.items() if not one.is_retired]
    return min((until or 0 for until in every), default=0)
