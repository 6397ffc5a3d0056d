"""What a file has counted besides hits: drops, and who read the app's pages.

The cluster gets the counts as they are, newest last; what has not changed is not sent again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from ztas_middleware.cluster.members import serial
from ztas_middleware.store.membership import COUNTS, counted_before

if TYPE_CHECKING:
    import sqlite3

    from ztas_middleware.cluster.client import Client

ROWS: Final = 10_000
"""Counts that are sent at a time."""

_COLUMNS: Final = (
    "member",
    "source",
    "site_id",
    "day",
    "name",
    "kind",
    "path",
    "count",
    "serial",
)

_COUNTED: Final = f"select * from ({COUNTS.format(schema='main')}) where day >= :first"

Key = tuple[str, ...]


class Changes(NamedTuple):
    """Counts by their keys: source, site, day, name, kind, path."""

    there: dict[Key, int]
    changed: list[tuple[Key, int]]


class Counters:
    """What was sent of one member, as far as it may still change."""

    def __init__(self) -> None:
        self._sent: dict[Key, int] = {}
        self._first = ""
        self._before: dict[Key, int] | None = None

    def changes(self, connection: sqlite3.Connection) -> Changes:
        """What there is, and what of it was not sent yet; what is gone counts as none."""
        if self._before is None:
            self._before = counted_before(connection)
        there: dict[Key, int] = {}
        changed: list[tuple[Key, int]] = []
        for *key, number in connection.execute(_COUNTED, {"first": self._first}):
            known = tuple(key)
            # A copy has its parent's counts, which the parent has told.
            count = max(0, number - self._before.get(known, 0))
            there[known] = count
            if self._sent.get(known, 0) != count:
                changed.append((known, count))
        changed += [(key, 0) for key in self._sent.keys() - there.keys() if self._sent[key]]
        return Changes(there, changed)

    def send(self, client: Client, member: str, changes: Changes) -> None:
        """Send what has changed.

        Raises:
            ClusterError: the cluster does not take it.
        """
        for start in range(0, len(changes.changed), ROWS):
            at = serial()
            part = changes.changed[start : start + ROWS]
            rows = [(member, *key, count, at) for key, count in part]
            client.insert_rows("counters", _COLUMNS, rows)
        self._keep_recent(changes.there)

    def _keep_recent(self, there: dict[Key, int]) -> None:
        """Forget the days before the last two that there are: nobody counts for them any more."""
        days = sorted({key[2] for key in there})
        self._first = days[-3] if len(days) > 2 else self._first  # noqa: PLR2004 - three days
        self._sent = {key: count for key, count in there.items() if key[2] >= self._first}
