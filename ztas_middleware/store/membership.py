"""What a database file knows of its part in a cluster: its name there, and what it has shipped.

A member is a file, not a machine. A copy of it, a restored one, and one whose newest hits were
deleted, so that SQLite gives their ids to others, goes on under a name of its own: rows of the
cluster are known by (member, id).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from ztas_middleware.store.whereabouts import is_one_file, new_name, place_of, without_inode

if TYPE_CHECKING:
    import sqlite3

FIRST_ID: Final = -(2**62)
"""Below any that SQLite gives."""

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
    if not is_one_file(member.place, place):
        # Where another file lay at this very place, that one is gone.
        is_over = without_inode(member.place) == without_inode(place)
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


def there(connection: sqlite3.Connection) -> Member:
    """What a file knows that is known to have joined."""
    member = member_in(connection)
    if member is None:
        raise LookupError("the file is no member")
    return member
