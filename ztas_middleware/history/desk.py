"""What is at hand while a site's history is looked at or changed, by one at a time."""

from __future__ import annotations

import contextlib
import time
from contextlib import closing
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, TypeVar

from ztas_middleware.errors import HistoryBusyError, StorageError
from ztas_middleware.history import state
from ztas_middleware.history.marks import bad_months, finish_renaming, refuse_lost
from ztas_middleware.history.takeover import is_to_be_taken_over, take_over
from ztas_middleware.store.history_tables import TRIGGERS
from ztas_middleware.store.reading import filing as opened
from ztas_middleware.store.steps import immediate

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from duckdb import DuckDBPyConnection

    from ztas_middleware.history.engine import Engine
    from ztas_middleware.history.files import Folder
    from ztas_middleware.history.state import Due, Rules, State
    from ztas_middleware.store.survey import Survey

T = TypeVar("T")

TRIES = 5

FOREVER = 86_400.0
"""Seconds to wait for another process, where nobody waits for us."""


@dataclass
class Filing:
    """What one site's filing needs to know."""

    path: Path
    folder: Folder
    engine: Engine
    rules: Rules
    today: date
    deadline: float | None = None
    """When to stop, by `time.monotonic()`."""
    progress: Callable[[int, int], object] = lambda _done, _total: None
    """Told how many hits were read, and how many there are."""
    first: date = date.min
    last: date = date.max
    """Which days are wanted."""
    again: bool = False
    """Whether to file what is filed already, too."""
    full: bool = False
    """Whether to look at all hits, and not only at those that may not be filed."""


@dataclass
class Desk:
    """What is at hand while a site is looked at."""

    filing: Filing
    connection: sqlite3.Connection
    """In autocommit mode."""
    cursor: DuckDBPyConnection
    state: State
    survey: Survey
    due: Due
    left: set[date] = field(init=False)
    """Days that are due still."""

    def __post_init__(self) -> None:
        self.left = set(self.due.days)


def with_desk(
    filing: Filing, work: Callable[[Filing, sqlite3.Connection, DuckDBPyConnection], T]
) -> T:
    """Do something that nobody else may do meanwhile, on connections that may write.

    Raises:
        StorageError: the database or the folder can't be read or written.
        HistoryBusyError: somebody else was at it all the time.
    """
    patience = FOREVER
    if filing.deadline is not None:
        patience = max(0.0, filing.deadline - time.monotonic())
    with filing.folder.lock(filing.rules.site_id, patience) as is_ours:
        if not is_ours:
            raise HistoryBusyError(str(filing.folder.path), 0, 0)
        with (
            opened(filing.path) as connection,
            closing(filing.engine.cursor()) as cursor,
        ):
            connection.execute("pragma synchronous = full")
            if is_to_be_taken_over(connection):
                take_over(connection)
            _make_triggers(connection)
            for _ in range(TRIES):
                with contextlib.suppress(Overtaken):
                    return work(filing, connection, cursor)
    raise StorageError(str(filing.path), "hits are deleted all the time", is_busy=True)


class Overtaken(Exception):  # noqa: N818 - never leaves the history
    """The newest hit was deleted meanwhile, so that ids do not say any more what is new."""


def look_around(
    filing: Filing,
    connection: sqlite3.Connection,
    cursor: DuckDBPyConnection,
    *,
    may_write: bool = True,
) -> Desk:
    """See what is due of a site; whoever has the lock, and may write, tidies up before."""
    rules = filing.rules
    with _snapshot(connection):
        found = state.load_state(connection, rules.site_id)
    if may_write:
        finish_renaming(filing.folder, cursor, rules.site_id, found)
    bad = bad_months(filing.folder, cursor, rules.site_id, found)
    refuse_lost(filing.folder, rules.site_id, found, bad)
    if filing.again:
        found = found._replace(days=state.distrusted(found.days))
    full = filing.full or state.wants_full_survey(found, rules, bad)
    survey = state.look(connection, rules.site_id, found, full=full)
    due = state.find_due(found, survey, rules, filing.today, bad)
    return Desk(filing, connection, cursor, found, survey, due)


def _make_triggers(connection: sqlite3.Connection) -> None:
    """Make the triggers anew that some tool has dropped, and distrust what is filed."""
    (number,) = connection.execute(
        f"""
        select count(*) from sqlite_schema
        where type = 'trigger' and name in ({", ".join(f"'{name}'" for name in TRIGGERS)})
        """
    ).fetchone()
    if number == len(TRIGGERS):
        return
    with immediate(connection):
        for name, statement in TRIGGERS.items():
            connection.execute(f"drop trigger if exists {name}")
            connection.execute(statement)
        connection.execute("update history_days set rules = '' where state = 'filed'")
        connection.execute("update history_sites set changes = changes + 1, cuts = cuts + 1")


@contextlib.contextmanager
def _snapshot(connection: sqlite3.Connection) -> Iterator[None]:
    connection.execute("begin")
    try:
        yield
    finally:
        connection.execute("rollback")
