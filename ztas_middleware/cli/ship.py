"""`ztas ship`: this machine's hits into the cluster."""

from __future__ import annotations

import json
import signal
import threading
import time
from contextlib import closing
from typing import TYPE_CHECKING, Final

import click

from ztas_middleware.cli import options
from ztas_middleware.errors import StorageError, ZtasError

if TYPE_CHECKING:
    from ztas_middleware.cluster.client import Client
    from ztas_middleware.cluster.shipping import Shipper
    from ztas_middleware.cluster.turn import Turn
    from ztas_middleware.config import Config
    from ztas_middleware.store.database import Database

PAUSE: Final = 0.5
"""Seconds between two looks for new hits."""

AGAIN: Final = 3.0
"""Seconds for which it is tried again where nobody follows."""

LONGEST_PAUSE: Final = 5.0
"""Seconds between two tries while the cluster is out of order."""

PATIENCE: Final = 20.0
"""Seconds for the cluster to take a batch, over all servers that are tried."""


def clustered(config: str) -> Config:
    """The configuration, which must have a cluster."""
    settings = options.load(config)
    if settings.cluster is None:
        options.fail(ZtasError(f"{config}: has no `cluster`; docs/cluster.md says what it takes"))
    return settings


def must_be_shipped(
    settings: Config, site_id: str, before: int | None = None, *, moved: bool = True
) -> None:
    """Keep whoever deletes hits from those that are nowhere else.

    Args:
        settings: the configuration; without a cluster nothing has to be shipped.
        site_id: whose hits are to be deleted.
        before: those received before this instant, UTC milliseconds; None: all.
        moved: whether those go, too, that are in the history alone.

    Raises:
        ZtasError: some are not shipped yet.
        StorageError: the database can't be read.
    """
    from ztas_middleware.store.backlog import unshipped
    from ztas_middleware.store.reading import reading

    if settings.cluster is None or not settings.database.exists():
        return
    with reading(settings.database) as connection:
        number = unshipped(connection, site_id, before, moved=moved)
    if number:
        hits = "hit of" if number == 1 else "hits of"
        raise ZtasError(
            f"{number:,} {hits} {site_id} are not shipped yet and would be lost; `ztas ship` first"
        )


@click.command(
    epilog="""\b
Examples:
  ztas ship
  ztas ship --follow
"""
)
@click.option("--follow", is_flag=True, help="Go on with what comes, until it is stopped.")
@click.option("--json", "as_json", is_flag=True, help="How many hits were shipped, as JSON.")
@options.config_option
def ship(*, follow: bool, as_json: bool, config: str) -> None:
    """Ship this machine's hits to the cluster that `cluster` names.

    Every hit arrives once in effect, however often this is stopped or killed. While the cluster is
    out of order, --follow tries again, and says so once. One at a time may ship a database.
    """
    settings = clustered(config)
    from ztas_middleware.cluster.client import Client
    from ztas_middleware.cluster.shipping import Shipper
    from ztas_middleware.cluster.turn import Turn

    if settings.cluster is None:
        return
    with (
        options.writing(settings) as database,
        closing(Client(settings.cluster, patience=PATIENCE)) as client,
    ):
        # Made where it is not there yet; and the lock is on the file.
        database.transact(lambda _: None)
        turn = Turn(settings.database)
        turn.take()
        try:
            if follow:
                _follow(Shipper(settings, database, client), turn)
                return
            number = _once(settings, database, client)
        finally:
            turn.give_back()
    if as_json:
        click.echo(json.dumps({"shipped": number}))
    else:
        click.echo(f"{number:,} {'hit' if number == 1 else 'hits'} shipped")


def _once(settings: Config, database: Database, client: Client) -> int:
    from ztas_middleware.cluster.shipping import Shipper
    from ztas_middleware.store.backlog import backlog
    from ztas_middleware.store.reading import reading

    with reading(settings.database) as connection:
        left = backlog(connection) or 0
    with options.progress(left, "shipping") as step:
        shipper = Shipper(settings, database, client, step)
        end = time.monotonic() + AGAIN
        while True:
            try:
                shipper.drain(is_last=True)
            except StorageError as error:  # noqa: PERF203 - each try is a connection at least
                # A server that was killed is left for another at the second try.
                if not error.is_busy or time.monotonic() >= end:
                    raise
                time.sleep(PAUSE)
            else:
                return shipper.shipped


def _follow(shipper: Shipper, turn: Turn) -> None:
    """Ship until a signal ends it."""
    stop = threading.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: stop.set())
    pause, said = PAUSE, ""
    while not stop.is_set():
        try:
            turn.take()
            shipper.drain()
        except StorageError as error:
            if not error.is_busy:
                raise
            if not said:
                click.echo(f"ztas: {error}; trying again", err=True)
            said = str(error)
            # At once for what is over with the first try, and then less and less often.
            stop.wait(min(pause, LONGEST_PAUSE))
            pause *= 2
            continue
        if said:
            click.echo("ztas: shipping again", err=True)
        pause, said = PAUSE, ""
        stop.wait(PAUSE)
