"""Reading the cluster: its hits are copied into a file here, which is asked as any database is.

So the same engine answers, and the same numbers come out. The file is as good as the cluster: it
can be thrown away, and is copied again.
"""

from __future__ import annotations

import contextlib
import os
import time
from copy import copy
from dataclasses import replace
from threading import Lock
from typing import TYPE_CHECKING, Final

from ztas_middleware.cluster import sealed_days
from ztas_middleware.cluster.client import Client
from ztas_middleware.cluster.mirror_file import CrowdedError, copied
from ztas_middleware.cluster.pulling import cluster_of, copy_news
from ztas_middleware.errors import ClusterError, StorageError, ZtasError

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable

    from ztas_middleware.config.model import Config

FRESH: Final = 0.5
"""Seconds for which nobody asks the cluster again."""

BOUND: Final = 10.0
"""Seconds that a question may take to copy; what is copied stays, and the next one goes on."""

REST: Final = 2.0
"""Of these, the seconds that are kept for what comes behind the hits."""


def client_of(config: Config) -> Client:
    """A client of the cluster that is configured.

    Raises:
        ZtasError: there is none.
    """
    if config.cluster is None:
        raise ZtasError("there is no `cluster` in the configuration")
    return Client(config.cluster)


class Mirror:
    """The cluster's hits, beside the database of one machine.

    Safe for threads and to make before `fork()`; several processes share the file.
    """

    def __init__(self, config: Config) -> None:
        self._config = config
        path = config.database.resolve().with_suffix(".cluster.db")
        self.config = replace(
            config, database=path, history=None, keep_hits_days=None, cluster=None
        )
        """The configuration to ask the file by."""
        self._client: Client | None = None
        self._lock = Lock()
        self._pid = 0
        self._asked = float("-inf")
        self._until = 0
        self._failed = float("-inf")
        self._failure: StorageError | None = None

    def renew(self) -> int:
        """Copy what is new; until when all members' hits are here, UTC milliseconds; 0: unknown.

        Raises:
            ClusterError: it does not answer, or is not what we expect.
            CopyingError: there is so much to copy that it takes longer than a question may.
            StorageError: the file can't be written.
        """
        came = time.monotonic()
        # Who comes while another one copies waits for that, and needs nothing more.
        if not self._lock.acquire(timeout=BOUND):
            raise ClusterError(
                str(self.config.database), "another thread is copying hits; try again", is_busy=True
            )
        try:
            return self._renewed(came)
        except StorageError as failure:
            self._failed, self._failure = time.monotonic(), copy(failure)
            raise
        finally:
            self._lock.release()

    def _renewed(self, came: float) -> int:
        if self._pid != os.getpid():
            self._asked = self._failed = float("-inf")
        if self._failure is not None and self._failed >= came:
            raise copy(self._failure)
        if time.monotonic() - self._asked >= FRESH:
            self._until = self._copy(came + BOUND)
            self._asked = time.monotonic()
        return self._until

    def copy_all(self, progress: Callable[[int, int], object] = lambda _done, _total: None) -> int:
        """The same, however long it takes.

        Args:
            progress: told how many hits were copied, and how many there are to copy.
        """
        with self._lock:
            return self._copy(None, progress)

    def __del__(self) -> None:
        # Closing it in a child would end it for the parent as well.
        if self._client is not None and self._pid == os.getpid():
            self._client.close()

    def _copy(
        self,
        deadline: float | None,
        progress: Callable[[int, int], object] = lambda _done, _total: None,
    ) -> int:
        if self._client is None or self._pid != os.getpid():
            # The parent's connection is the parent's.
            self._pid, self._client = os.getpid(), client_of(self._config)
        client = self._client
        path = self.config.database
        client.until = until = float("inf") if deadline is None else deadline
        try:
            cluster = cluster_of(client)
            with contextlib.suppress(CrowdedError), copied(path, cluster, until) as connection:
                return self._copy_into(connection, client, deadline, progress)
            with copied(path, cluster, until, anew=True) as connection:
                return self._copy_into(connection, client, deadline, progress)
        except ClusterError:
            client.close()
            raise

    def _copy_into(
        self,
        connection: sqlite3.Connection,
        client: Client,
        deadline: float | None,
        progress: Callable[[int, int], object],
    ) -> int:
        stop = None if deadline is None else deadline - REST
        until = copy_news(client, connection, deadline=stop, progress=progress)
        now = time.time_ns() // 1_000_000
        sealed_days.copy(client, connection, self.config, now)
        return until
