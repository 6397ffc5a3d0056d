"""How a file becomes a member, and how the cluster is told of what it has become since."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from ztas_middleware.cluster import members
from ztas_middleware.cluster.lineage import COMPARED, differs_from, of_known_lineage, went_back
from ztas_middleware.cluster.members import Known
from ztas_middleware.errors import ClusterError, ZtasError
from ztas_middleware.store import keys, membership
from ztas_middleware.store.membership import FIRST_ID
from ztas_middleware.store.reading import reading
from ztas_middleware.store.whereabouts import place_of

if TYPE_CHECKING:
    import sqlite3
    from datetime import date

    from ztas_middleware.cluster.client import Client
    from ztas_middleware.config.model import Config
    from ztas_middleware.store.database import Database
    from ztas_middleware.store.membership import Member

_SEALED_AT_ONCE = 100


def enter(
    client: Client, config: Config, database: Database, day: date, key: bytes
) -> tuple[Member, bool]:
    """Make a file a member, by the key of a day; the member, and whether it is one anew.

    Raises:
        StorageError: the file or the cluster does not take it.
    """

    def work(connection: sqlite3.Connection) -> tuple[Member, bool]:
        running = max(day, keys.oldest_running(time.time_ns() // 1_000_000))
        if not keys.is_of_one_seed(keys.kept_key(connection), (day, key)):
            keys.keep_key(connection, running, keys.later(key, (running - day).days))
        place = place_of(connection)
        member = membership.look_around(connection)
        if member is None:
            return membership.join(connection, place, _moved_until(connection)), True
        if not member.name:
            return membership.join_again(connection, place), True
        return member, False

    member, is_new = database.transact(work)
    if not is_new and member.is_registered:
        found = members.find(client, member.name)
        if found is None or found.state == members.RETIRED:
            _begin_again(database, is_known=found is not None)
            is_new = True
    return registered(client, config, database), is_new


def registered(client: Client, config: Config, database: Database) -> Member:
    """The member that a file is, after the cluster knows it.

    Raises:
        ZtasError: it is none: it has never joined, was restored or retired.
        StorageError: the file or the cluster does not take it.
    """
    member = database.transact(membership.look_around)
    if member is None:
        raise ZtasError(
            f"{database.path}: is no member yet; `ztas cluster join TOKEN` makes it one"
        )
    if not member.name:
        raise ZtasError(
            f"{database.path}: was restored; `ztas cluster join TOKEN` makes it a member again"
        )
    if not member.is_registered:
        return _register(client, config, database, member)
    found = members.find(client, member.name)
    if found is None:
        raise ClusterError(
            client.where,
            f"knows no member {member.name!r}; if its tables are new, `ztas cluster join` begins "
            "anew",
        )
    if found.state == members.RETIRED:
        raise ZtasError(
            f"{database.path}: its name {member.name!r} was retired; `ztas cluster join` makes it "
            "a member again"
        )
    if went_back(client, member):
        start = differs_from(client, config, member.name, member.shipped_id)

        def go_on(connection: sqlite3.Connection) -> Member:
            return membership.succeed(connection, place_of(connection), start, ends_parent=True)

        return _register(client, config, database, database.transact(go_on))
    return member


def _begin_again(database: Database, *, is_known: bool) -> None:
    """Give a file whose name is no more another; where the cluster is new, ship all of it again."""

    def work(connection: sqlite3.Connection) -> None:
        place = place_of(connection)
        if is_known:
            start = membership.next_id(connection)
            membership.succeed(connection, place, start, ends_parent=True)
            return
        connection.execute("delete from cluster_member")
        membership.join(connection, place, _moved_until(connection))

    database.transact(work)


def _register(client: Client, config: Config, database: Database, member: Member) -> Member:
    """Tell the cluster of a new name; its parent, where that is over, is retired first."""
    if not member.parent:
        member = of_known_lineage(client, config, database, member)
    start = member.start_id
    if member.replaced and members.find(client, member.replaced) is not None:
        members.retire(client, member.replaced)
    if member.parent:
        if _is_there(client, member):
            # Whoever wrote into it before it was looked at has used ids of its parent.
            start = min(start, differs_from(client, config, member.parent, start - COMPARED))
    else:
        _ship_sealed_days(client, config, member.name)
    members.register(client, Known(member.name, members.MEMBER, member.parent, start, members.OPEN))

    def note(connection: sqlite3.Connection) -> Member:
        if start != member.start_id:
            membership.change(connection, start_id=start, shipped_id=start - 1)
        membership.change(connection, is_registered=1, replaced="")
        found = membership.there(connection)
        if found.name != member.name:
            raise ZtasError(f"{database.path}: has changed meanwhile")
        return found

    return database.transact(note)


def _is_there(client: Client, member: Member) -> bool:
    """Whether the cluster knows a file's parent, which is retired where it is over."""
    parent = members.find(client, member.parent)
    if member.ends_parent:
        if parent is None:
            members.register(client, Known(member.parent, members.RETIRED, "", FIRST_ID, 0))
        else:
            members.retire(client, member.parent)
    return parent is not None


def _moved_until(connection: sqlite3.Connection) -> int:
    """Up to which id hits may be in the history alone."""
    (last,) = connection.execute(
        "select max(last_id) from history_days where state in ('moving', 'moved')"
    ).fetchone()
    return FIRST_ID if last is None else int(last)


def _ship_sealed_days(client: Client, config: Config, name: str) -> None:
    """Tell the cluster the totals of days that were pruned before the file was a member."""
    with reading(config.database) as connection:
        days = connection.execute(
            """
            select site_id, day, rows, ifnull(totals, x'') from history_days
            where state = 'sealed' order by day
            """
        )
        while chunk := days.fetchmany(_SEALED_AT_ONCE):
            members.tell_totals(client, name, chunk)
