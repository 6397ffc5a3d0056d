"""Talking to the cluster: any of its servers, within a time, and errors in one line.

A server that does not answer is left for the next one. What was asked of a server that broke off
may have happened or not; whoever writes must be able to say the same again.
"""

from __future__ import annotations

import logging
import os
import time
from typing import TYPE_CHECKING, Any, TypeVar

from ztas_middleware.config.clustered import PLAIN_PORT, SECURE_PORT, Server
from ztas_middleware.errors import ClusterError, ZtasError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from clickhouse_driver import Client as Driver

    from ztas_middleware.config.clustered import Cluster

PATIENCE = 9.0
"""Seconds for an answer, over all servers that are tried."""

CONNECT = 2.0
"""Seconds for one server to be reached."""

# Since 2021 servers may keep inserts back, to write several together; older ones do not know the
# setting (Code 115).
_ASYNC_INSERT_SINCE = (21, 11)

T = TypeVar("T")

Rows = list[tuple[Any, ...]]


class Client:
    """A connection to whichever server answers; for one thread at a time."""

    def __init__(self, cluster: Cluster, *, patience: float = PATIENCE) -> None:
        self.cluster = cluster
        self.where = "cluster " + ", ".join(map(str, cluster.hosts))
        self.patience = patience
        self.until = float("inf")
        """`time.monotonic()` behind which nothing is waited for, whatever is asked."""
        self._servers = list(cluster.hosts)
        self._driver: Driver | None = None

    @property
    def deadline(self) -> float:
        """`time.monotonic()` up to which an answer to what is asked now is waited for."""
        return min(time.monotonic() + self.patience, self.until)

    def move_on(self) -> None:
        """Ask another server next, where there is one."""
        self.close()
        self._servers.append(self._servers.pop(0))

    def close(self) -> None:
        """Close the connection; the next question opens another."""
        driver, self._driver = self._driver, None
        if driver is not None:
            driver.disconnect()

    def ask(
        self,
        statement: str,
        values: Mapping[str, object] | None = None,
        *,
        settings: Mapping[str, object] | None = None,
    ) -> Rows:
        """What a statement answers; it may be tried at several servers, so it must bear that.

        Args:
            statement: `%(name)s` stands for a value.
            values: by name.
            settings: ClickHouse's.

        Raises:
            ClusterError: no server answered in time, or the answer was a refusal.
        """

        def run(driver: Driver) -> Rows:
            found: Rows = driver.execute(
                statement, values, settings=self._settings | dict(settings or {})
            )
            return found

        return self._attempt(run)

    def stream(
        self, statement: str, values: Mapping[str, object] | None = None, *, block: int = 10_000
    ) -> Iterator[tuple[Any, ...]]:
        """The rows of a long answer, a block in memory at a time; from one server, or an error.

        Raises:
            ClusterError: as `ask`, in the middle too.
        """

        def begin(driver: Driver) -> Iterator[tuple[Any, ...]]:
            settings = self._settings | {"max_block_size": block}
            found: Iterator[tuple[Any, ...]] = driver.execute_iter(
                statement, values, settings=settings
            )
            return found

        rows = self._attempt(begin)
        try:
            yield from rows
        except Exception as error:
            self.close()
            raise self._told(error) from error
        except BaseException:
            # Whoever stops listening leaves the rest of the answer in the connection.
            self.close()
            raise

    def insert(
        self,
        table: str,
        columns: Sequence[str],
        values: Sequence[Sequence[object]],
        *,
        is_repeatable: bool = True,
    ) -> None:
        """Insert rows, given column by column, as one block; acknowledged by every shard concerned.

        Where it is not repeatable, one server is asked once: its caller looks first what has
        arrived, before the same is sent again.

        Raises:
            ClusterError: as `ask`; the rows, or some of them, may have arrived all the same.
        """
        statement = f"insert into {table} ({', '.join(columns)}) values"

        def run(driver: Driver) -> None:
            settings = self._settings | {"insert_distributed_sync": 1}
            if driver.connection.server_info.version_tuple()[:2] >= _ASYNC_INSERT_SINCE:
                settings["async_insert"] = 0
            driver.execute(statement, values, columnar=True, settings=settings)

        self._attempt(run, once=not is_repeatable)

    def insert_rows(
        self, table: str, columns: Sequence[str], rows: Sequence[Sequence[object]]
    ) -> None:
        """Insert a few rows into one of our tables.

        Raises:
            ClusterError: as `insert`.
        """
        values = list(zip(*rows, strict=True))
        self.insert(f"{self.cluster.database}.{table}", columns, values)

    def at(self, server: Server) -> Client:
        """A client of one server of the cluster alone, with the same user."""
        from dataclasses import replace

        return Client(replace(self.cluster, hosts=(server,)), patience=self.patience)

    def _attempt(self, run: Callable[[Driver], T], *, once: bool = False) -> T:
        end = self.deadline
        failure: ClusterError | None = None
        # One more than there are servers: a connection that was idle for long may be dead.
        tries = len(self._servers) + (self._driver is not None)
        for _ in range(1 if once else tries):
            left = end - time.monotonic()
            if left <= 0:
                break
            try:
                return run(self._connected(left))
            except ZtasError:
                raise
            except Exception as error:
                failure = self._told(error)
                if not failure.is_busy:
                    self.close()
                    raise failure from error
                self.move_on()
        if failure is None:
            failure = ClusterError(self.where, f"no answer in {self.patience:.0f} s", is_busy=True)
        raise failure

    def _connected(self, left: float) -> Driver:
        if self._driver is not None and not self._driver.connection.ping():
            self.close()
            self._servers.append(self._servers.pop(0))
        if self._driver is None:
            self._driver = self._open(self._servers[0], left)
        connection = self._driver.connection
        connection.sync_request_timeout = connection.connect_timeout = min(left, CONNECT)
        if not connection.connected:
            # One that hangs does not even say hello.
            connection.send_receive_timeout = connection.connect_timeout
            connection.connect()
        # One that hangs later must leave time for another.
        share = max(left / len(self._servers), min(left, self.patience / 2))
        connection.send_receive_timeout = share
        connection.socket.settimeout(share)
        return self._driver

    @property
    def _settings(self) -> dict[str, object]:
        """Of every statement: who waits for a server that hangs must leave time for its twin."""
        silence = max(1, int(self.patience / 6))
        return {"receive_timeout": silence, "send_timeout": silence}

    def _open(self, server: Server, left: float) -> Driver:
        driver = _driver()
        cluster = self.cluster
        return driver(
            server.host,
            port=server.port or (SECURE_PORT if cluster.secure else PLAIN_PORT),
            user=cluster.user,
            password=cluster.password,
            # The database may not be there yet; statements name it.
            database="default",
            secure=cluster.secure,
            ca_certs=None if cluster.ca is None else str(cluster.ca),
            connect_timeout=min(left, CONNECT),
            client_name="ztas",
        )

    def _told(self, error: Exception) -> ClusterError:
        from ztas_middleware.cluster.complaints import explained

        problem, is_busy = explained(error, self.cluster)
        return ClusterError(self.where, problem, is_busy=is_busy)


def _driver() -> type[Driver]:
    """The driver's class.

    Raises:
        ZtasError: it is not installed.
    """
    # It would make all dates of four centuries first: 25 MB, and most of the time that it takes to
    # import. Anything that names no span has it make those it needs (its datecolumn.py).
    os.environ.setdefault("CLICKHOUSE_DRIVER_LASY_DATE_LUT", "none")
    try:
        from clickhouse_driver import Client as Found
    except ImportError:
        raise ZtasError(
            "`cluster` needs clickhouse-driver: pip install 'ztas-middleware[cluster]'"
        ) from None
    # It logs what it then raises, with a traceback.
    logging.getLogger("clickhouse_driver").setLevel(logging.CRITICAL)
    driver: type[Driver] = Found
    return driver
