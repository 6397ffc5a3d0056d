"""`ztas cluster`: the tables in the cluster, and who is a member of it."""

from __future__ import annotations

import json
import os
import sys
import time
from contextlib import closing, contextmanager
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import click

from ztas_middleware.cli import options
from ztas_middleware.cli.ship import PATIENCE, clustered
from ztas_middleware.errors import ZtasError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from ztas_middleware.cluster.client import Client
    from ztas_middleware.config import Config
    from ztas_middleware.config.clustered import Cluster
    from ztas_middleware.store.database import Database


@click.group(
    epilog="""\b
Examples:
  ztas cluster init
  ztas cluster join TOKEN
  ztas cluster status
"""
)
def cluster() -> None:
    """Set up the cluster in which several machines' hits come together."""


@cluster.command(
    epilog="""\b
Example:
  ztas cluster init
"""
)
@click.option("--new-key", is_flag=True, help="Hash visitors with a new key from now on.")
@options.config_option
def init(config: str, *, new_key: bool) -> None:
    """Make database and tables on every server, and this machine the first member.

    What is there stays, so that it may be run again: after an upgrade, or for a new server. Prints
    what the other machines have to run; after --new-key each of them has to run it again.
    """
    settings = clustered(config)
    from ztas_middleware.cluster import nodes
    from ztas_middleware.cluster.beginnings import enter
    from ztas_middleware.store.keys import KEY_BYTES, oldest_running

    with _connected(settings) as (client, database):
        number = nodes.make_tables(client)
        click.echo(f"{number} {'server has' if number == 1 else 'servers have'} the tables")
        kept = _kept_key(database)
        if kept is None and not new_key:
            _must_be_first(client, database)
        if kept is None or new_key:
            kept = oldest_running(time.time_ns() // 1_000_000), os.urandom(KEY_BYTES)
        member, _ = enter(client, settings, database, *kept)
        click.echo(f"{settings.database}: is member {member.name}")
        click.echo("Run on each other machine, within two days:")
        click.echo(f"ztas cluster join {_new_token(client.cluster, database)}")


@cluster.command(
    epilog="""\b
Examples:
  ztas cluster join
  ztas cluster join TOKEN
  echo TOKEN | ztas cluster join
"""
)
@click.argument("token", required=False)
@options.config_option
def join(token: str | None, config: str) -> None:
    """Make this machine's database a member, by a TOKEN that a member prints.

    Without one, a member prints a new one, to be used within two days; any other database reads it
    from standard input. Whoever has a token can compute the keys of the days to come, so hand it
    over as you would a password.
    """
    settings = clustered(config)
    from ztas_middleware.cluster import schema
    from ztas_middleware.cluster.beginnings import enter
    from ztas_middleware.cluster.tokens import read_token

    with _connected(settings) as (client, database):
        schema.check_version(client)
        if token in {None, "-"}:
            if token is None and _is_member(client, database):
                click.echo(f"ztas cluster join {_new_token(client.cluster, database)}")
                return
            token = "" if sys.stdin.isatty() else sys.stdin.read()
        kept: tuple[date, bytes] | None = None
        if not token.strip():
            # One that was retired has the key all the same.
            kept = _kept_key(database)
            if kept is None:
                options.fail(
                    ZtasError("a TOKEN is needed: `ztas cluster join` on a member prints one")
                )
        else:
            kept = read_token(client.cluster, token, time.time_ns() // 1_000_000)
        member, is_new = enter(client, settings, database, *kept)
        said = "is" if is_new else "is already"
        click.echo(f"{settings.database}: {said} member {member.name}")
        if is_new and member.parent:
            click.echo(f"It goes on behind {member.parent}.")


@cluster.command(
    epilog="""\b
Example:
  ztas cluster status --json
"""
)
@click.option("--json", "as_json", is_flag=True, help="The members as a JSON object.")
@options.config_option
def status(config: str, *, as_json: bool) -> None:
    """Say who is a member, until when its hits have arrived, and how many have not."""
    settings = clustered(config)
    from ztas_middleware.cluster import members, schema
    from ztas_middleware.cluster.client import Client

    if settings.cluster is None:
        return
    with closing(Client(settings.cluster)) as client:
        schema.check_version(client)
        said = members.progress(client)
        names = [k.name for k in members.known(client).values() if k.state == members.MEMBER]
    mine, left = _own_backlog(settings)
    rows: list[dict[str, Any]] = []
    for name in names:
        known = said.get(name)
        number = left if name == mine else None if known is None else known.backlog
        until = None if known is None or not known.complete_until else _iso(known.complete_until)
        rows.append({"name": name, "shippedUntil": until, "backlog": number})
    if as_json:
        click.echo(json.dumps({"members": rows}))
        return
    width = max(map(len, names), default=0)
    for row in rows:
        waiting = "?" if row["backlog"] is None else f"{row['backlog']:,}"
        here = "  (this machine)" if row["name"] == mine else ""
        shipped = row["shippedUntil"] or "never shipped"
        click.echo(f"{row['name']:<{width}}  {shipped:<29}  {waiting:>9} to be shipped{here}")
    if not rows:
        click.echo("no members; `ztas cluster init` makes this machine the first")


@cluster.command(
    epilog="""\b
Example:
  ztas cluster retire web2-1f2e3d4c
"""
)
@click.argument("name")
@options.config_option
def retire(name: str, config: str) -> None:
    """Have the member NAME be no more: reports do not wait for it any longer.

    What it has shipped stays. If its machine returns, `ztas cluster join` there makes it a member
    again, and what it had not shipped arrives then.
    """
    settings = clustered(config)
    from ztas_middleware.cluster import members, schema
    from ztas_middleware.cluster.client import Client

    if settings.cluster is None:
        return
    with closing(Client(settings.cluster)) as client:
        schema.check_version(client)
        members.retire(client, name)
    click.echo(f"{name}: is retired")


@contextmanager
def _connected(settings: Config) -> Iterator[tuple[Client, Database]]:
    from ztas_middleware.cluster.client import Client

    if settings.cluster is not None:
        with (
            closing(Client(settings.cluster, patience=PATIENCE)) as client,
            options.writing(settings) as database,
        ):
            yield client, database


def _kept_key(database: Database) -> tuple[date, bytes] | None:
    from ztas_middleware.store.keys import kept_key

    return database.transact(kept_key)


def _new_token(cluster: Cluster, database: Database) -> str:
    from ztas_middleware.cluster.tokens import write_token

    kept = _kept_key(database)
    if kept is None:
        raise ZtasError(f"{database.path}: has no key; `ztas cluster join TOKEN` brings one")
    return write_token(cluster, *kept)


def _is_member(client: Client, database: Database) -> bool:
    """Whether the file is one that may ship."""
    from ztas_middleware.cluster import members
    from ztas_middleware.store.membership import look_around

    member = database.transact(look_around)
    if member is None or not member.name or _kept_key(database) is None:
        return False
    if not member.is_registered:
        return True
    found = members.find(client, member.name)
    return found is not None and found.state == members.MEMBER


def _must_be_first(client: Client, database: Database) -> None:
    """A new key beside others' would make two visitors of one."""
    from ztas_middleware.cluster import members
    from ztas_middleware.store.membership import look_around

    member = database.transact(look_around)
    # A restored file's old name is about to be retired.
    mine = {member.name, member.parent} if member is not None else set()
    others = [
        known.name
        for known in members.known(client).values()
        if known.state == members.MEMBER and known.name not in mine
    ]
    if others:
        raise ZtasError(
            f"there are members already ({', '.join(others)}): `ztas cluster join` on one of them "
            "prints a token for this machine"
        )


def _own_backlog(settings: Config) -> tuple[str | None, int | None]:
    """The name of this machine's file, and how many of its hits are still to be shipped."""
    from ztas_middleware.store.backlog import backlog
    from ztas_middleware.store.membership import member_in
    from ztas_middleware.store.reading import reading

    if not settings.database.exists():
        return None, None
    with reading(settings.database) as connection:
        member = member_in(connection)
        return (None, None) if member is None else (member.name, backlog(connection))


def _iso(instant: int) -> str:
    return datetime.fromtimestamp(instant / 1000, tz=timezone.utc).isoformat(
        timespec="milliseconds"
    )
