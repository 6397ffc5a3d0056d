"""What a database file knows of its part in a cluster: its name there, and what it has shipped.

A member is a file, not a machine. A copy of it, a restored one, and one whose newest hits were
deleted, so that SQLite gives their ids to others, goes on under a name of its own: rows of the
cluster are known by (member, id).
"""

from __future__ import annotations

import os
import secrets
import socket
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    import sqlite3
    from pathlib import Path

FIRST_ID: Final = -(2**62)
"""Below any that SQLite gives."""

LAST_ID: Final = 2**63 - 1

# One row. `name` is empty in a restored file, which has to join again; `ends_parent` is 1 where the
# file of that name is gone for good. `cut_id` is the newest id left after newer ones were deleted.
# What is `pending` is on its way: it may have arrived or not.
MEMBER: Final = """
create table if not exists cluster_member (
    one integer primary key check (one = 1),
    name text not null,
    place text not null,
    parent text not null,
    start_id integer not null,
    shipped_id integer not null,
    moved_id integer not null,
    seq integer not null default 0,
    is_registered integer not null default 0,
    ends_parent integer not null default 0,
    is_settled integer not null default 0,
    confirmed_at integer not null default 0,
    replaced text not null default '',
    cut_id integer,
    pending_first integer,
    pending_last integer,
    pending_rows integer
) strict
"""

_CUT: Final = """
create trigger if not exists cluster_newest_{what} after {event} on hits
when not exists (select 1 from hits where id > old.id)
begin
    update cluster_member set cut_id = min(
        ifnull(cut_id, 9223372036854775807), (select ifnull(max(id), 0) from hits)
    );
end
"""

TRIGGERS: Final = (
    _CUT.format(what="deleted", event="delete"),
    _CUT.format(what="renumbered", event="update of id"),
)


# What was counted besides hits before the file went on under its name: that is another's.
COUNTED: Final = """
create table if not exists {schema}.cluster_counted (
    source text not null,
    site_id text not null,
    day text not null,
    name text not null,
    kind text not null,
    path text not null,
    count integer not null,
    primary key (source, site_id, day, name, kind, path)
) strict, without rowid
"""

COUNTS: Final = """
select 'drops' as source, site_id, day, reason as name, '' as kind, '' as path, count
from {schema}.drops
union all
select 'agent_reads', site_id, day, name, kind, path, count from {schema}.agent_reads
"""


class Member(NamedTuple):
    """The row of `cluster_member`."""

    name: str
    place: str
    parent: str
    start_id: int
    """The first id that is its own; older rows are its parent's."""
    shipped_id: int
    """All of its own rows up to it have arrived."""
    moved_id: int
    """Up to it, rows may be in the history alone."""
    seq: int
    """The last batch that was confirmed."""
    is_registered: int
    ends_parent: int
    is_settled: int
    """Whether nothing of an ancestor is left to be shipped by this one."""
    confirmed_at: int
    """When a batch was confirmed for the last time, UTC milliseconds."""
    replaced: str
    """Another name that is over: of the file in whose place this one was put."""
    cut_id: int | None
    pending_first: int | None
    pending_last: int | None
    pending_rows: int | None


_FRESH: Final = {
    "seq": 0,
    "is_registered": 0,
    "is_settled": 0,
    "cut_id": None,
    "confirmed_at": 0,
    "pending_first": None,
    "pending_last": None,
    "pending_rows": None,
}

_COLUMNS: Final = ", ".join(Member._fields)


def member_in(connection: sqlite3.Connection) -> Member | None:
    """What the file knows; None where it has never joined."""
    known = connection.execute("select 1 from sqlite_schema where name = 'cluster_member'")
    if known.fetchone() is None:
        return None
    found = connection.execute(f"select {_COLUMNS} from cluster_member").fetchone()
    return None if found is None else Member._make(found)


def counted_before(connection: sqlite3.Connection) -> dict[tuple[str, ...], int]:
    """What another has counted: counts by source, site, day, name, kind and path."""
    known = connection.execute("select 1 from sqlite_schema where name = 'cluster_counted'")
    if known.fetchone() is None:
        return {}
    rows = connection.execute(
        "select source, site_id, day, name, kind, path, count from cluster_counted"
    )
    return {tuple(key): count for *key, count in rows}


def _leave_counts(connection: sqlite3.Connection, schema: str = "main") -> None:
    connection.execute(COUNTED.format(schema=schema))
    connection.execute(f"delete from {schema}.cluster_counted")
    connection.execute(f"insert into {schema}.cluster_counted {COUNTS.format(schema=schema)}")


def change(connection: sqlite3.Connection, **values: object) -> None:
    """Set fields of the row; inside a write transaction."""
    fields = ", ".join(f"{name} = :{name}" for name in values)
    connection.execute(f"update cluster_member set {fields}", values)


def join(connection: sqlite3.Connection, place: str, moved_id: int) -> Member:
    """Make the file a member for the first time; all of its rows are its own."""
    connection.execute(MEMBER)
    connection.execute("drop table if exists cluster_counted")
    for trigger in TRIGGERS:
        connection.execute(trigger)
    connection.execute(
        """
        insert into cluster_member (one, name, place, parent, start_id, shipped_id, moved_id)
        values (1, :name, :place, '', :first, :first, :moved)
        """,
        {"name": new_name(), "place": place, "first": FIRST_ID, "moved": moved_id},
    )
    return there(connection)


def succeed(
    connection: sqlite3.Connection, place: str, start_id: int, *, ends_parent: bool
) -> Member:
    """Go on under a new name; what was shipped under the old one stays the old one's.

    Args:
        connection: in a write transaction.
        place: where the file is now.
        start_id: the first id of a hit that is not the old one's.
        ends_parent: whether the file of the old name is gone.
    """
    old = there(connection)
    name, parent = new_name(), old.name
    if ends_parent and not old.is_registered:
        # The cluster has never heard of the old name.
        name, parent = old.name, old.parent
        start_id, ends_parent = min(start_id, old.start_id), bool(old.ends_parent)
    else:
        _leave_counts(connection)
    change(
        connection,
        **_FRESH,
        name=name,
        place=place,
        parent=parent,
        start_id=start_id,
        shipped_id=start_id - 1,
        ends_parent=int(ends_parent),
    )
    return there(connection)


def join_again(connection: sqlite3.Connection, place: str) -> Member:
    """Give a restored file, which has none, a name; its parent and its first id are known."""
    start = there(connection).start_id
    change(connection, **_FRESH, name=new_name(), place=place, shipped_id=start - 1)
    return there(connection)


def look_around(connection: sqlite3.Connection) -> Member | None:
    """What the file knows, after it has noticed what became of it; inside a write transaction.

    It is a copy if it lies elsewhere, and has lost ids if its newest hits were deleted.
    """
    member = member_in(connection)
    if member is None or not member.name:
        return member
    place = place_of(connection)
    if not _is_same(member.place, place):
        # Where another file lay at this very place, that one is gone.
        is_over = _without_inode(member.place) == _without_inode(place)
        return succeed(connection, place, next_id(connection), ends_parent=is_over)
    last = max(member.shipped_id, member.pending_last or FIRST_ID)
    if member.cut_id is not None and member.cut_id < last:
        start = max(member.cut_id + 1, member.start_id)
        return succeed(connection, place, start, ends_parent=True)
    if member.place != place or member.cut_id is not None:
        change(connection, place=place, cut_id=None)
        return there(connection)
    return member


def forget_in_copy(connection: sqlite3.Connection, schema: str) -> None:
    """Make a copy's row that of a restored file: it has to join, and its old name is over.

    What comes into it before it does is its own already.
    """
    known = f"select 1 from {schema}.sqlite_schema where name = 'cluster_member'"
    if connection.execute(known).fetchone() is None:
        return
    named = f"select 1 from {schema}.cluster_member where name <> '' and is_registered"
    if connection.execute(named).fetchone() is not None:
        _leave_counts(connection, schema)
    connection.execute(
        f"""
        update {schema}.cluster_member set
            parent = iif(is_registered, name, parent),
            ends_parent = iif(is_registered, 1, ends_parent),
            start_id = iif(
                is_registered, (select ifnull(max(id), 0) + 1 from {schema}.hits), start_id
            ),
            name = '', is_registered = 0
        where name <> ''
        """
    )


def take_the_place(connection: sqlite3.Connection, old: str) -> None:
    """Note in a file that is put in another's place that the other one's name is over.

    Args:
        connection: of the new file, outside of a transaction.
        old: the name of the other member.
    """
    member = member_in(connection)
    if member is None:
        join(connection, "", FIRST_ID)
        change(connection, name="")
        _leave_counts(connection)
    change(connection, replaced=old)


def next_id(connection: sqlite3.Connection) -> int:
    """The id that the next hit gets."""
    return int(connection.execute("select ifnull(max(id), 0) + 1 from hits").fetchone()[0])


def backlog(connection: sqlite3.Connection) -> int | None:
    """How many hits are still to be shipped; None where the file is no member."""
    waiting = waiting_since(connection)
    return None if waiting is None else waiting[0]


def waiting_since(connection: sqlite3.Connection) -> tuple[int, int | None] | None:
    """How many hits are still to be shipped, and the time of the first of them."""
    member = member_in(connection)
    if member is None:
        return None
    number, first = connection.execute(
        "select count(*), (select time from hits where id > :id order by id limit 1) from hits "
        "where id > :id",
        {"id": member.shipped_id},
    ).fetchone()
    return number, first


def unshipped(
    connection: sqlite3.Connection, site_id: str, before: int | None = None, *, moved: bool
) -> int:
    """How many hits of a site, received before an instant, are still to be shipped.

    All of them where the file is no member yet. With `moved` those in the history alone, too.
    """
    member = member_in(connection)
    shipped = FIRST_ID if member is None else member.shipped_id
    (number,) = connection.execute(
        """
        select count(*) from hits
        where id > :shipped and site_id = :site and time < ifnull(:before, time + 1)
        """,
        {"shipped": shipped, "site": site_id, "before": before},
    ).fetchone()
    if moved and (member is None or shipped < member.moved_id):
        number += connection.execute(
            """
            select ifnull(sum(rows), 0) from history_days
            where site_id = ? and state in ('moving', 'moved') and last_id > ?
            """,
            (site_id, shipped),
        ).fetchone()[0]
    return int(number)


def shipped_until(connection: sqlite3.Connection) -> int:
    """The last id that may be deleted; any where the file is no member of a cluster."""
    member = member_in(connection)
    return LAST_ID if member is None else member.shipped_id


def new_name() -> str:
    """A name that no other file has, even on this machine."""
    host = "".join(c if c.isalnum() or c in ".-_" else "-" for c in socket.gethostname())
    return f"{host[:40] or 'member'}-{secrets.token_hex(4)}"


def place_of(connection: sqlite3.Connection) -> str:
    """Where a database lies: its machine, its inode there, its name.

    A container's host name is another one after each start, so that it is none.
    """
    (filename,) = (row[2] for row in connection.execute("pragma database_list") if row[1] == "main")
    return place_named(filename)


def place_named(filename: str | Path) -> str:
    """The same of a file by its name."""
    real = os.path.realpath(filename)
    inode = os.stat(real).st_ino  # noqa: PTH116 - a name
    return f"{_machine()}\n{inode}\n{real}"


def _machine() -> str:
    is_container = any(map(os.path.exists, ("/.dockerenv", "/run/.containerenv")))
    is_container = is_container or "KUBERNETES_SERVICE_HOST" in os.environ
    return "container" if is_container else socket.gethostname()


def _is_same(place: str, other: str) -> bool:
    """Whether it is one file, perhaps under another name."""
    return place.split("\n")[:2] == other.split("\n")[:2]


def _without_inode(place: str) -> tuple[str, str]:
    machine, _, name = place.split("\n", 2)
    return machine, name


def there(connection: sqlite3.Connection) -> Member:
    """What a file knows that is known to have joined."""
    member = member_in(connection)
    if member is None:
        raise LookupError("the file is no member")
    return member
