"""Filing: finished days go from the database into the month files of the history.

A month's two files are written aside and synced; the database is told of them; and then they are
given their names. Whoever is killed in between leaves files that say of themselves whose they are,
so that the next one finishes it, or does it again.
"""

from __future__ import annotations

import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from threading import Lock
from typing import TYPE_CHECKING

from ztas_middleware.errors import HistoryBusyError, StorageError
from ztas_middleware.history.desk import look_around, with_desk
from ztas_middleware.history.gathering import size_of
from ztas_middleware.history.publishing import identify, publish, settle
from ztas_middleware.history.state import month_of
from ztas_middleware.history.writing import write_apart

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterable, Iterator
    from concurrent.futures import Future

    from duckdb import DuckDBPyConnection

    from ztas_middleware.history.desk import Desk, Filing
    from ztas_middleware.history.writing import Written

TOLERATED = 20_000
"""Hits that every process looks at again before one notes that they were looked at."""

PACE = 100_000
"""Hits a second that a slow machine files: by it a month is not begun that takes too long."""


def file_days(filing: Filing) -> int:
    """File what is due of a site; how many days that were.

    Raises:
        StorageError: the database or the folder can't be read or written.
        HistoryBusyError: there was no time for all; what was done stays done.
    """
    return with_desk(filing, _file_due)


def is_due(desk: Desk) -> bool:
    """Whether a month has to be filed that the question is about."""
    first, last = month_of(desk.filing.first), month_of(desk.filing.last)
    return any(first <= month <= last for month in desk.due.months)


def try_to_file(filing: Filing) -> bool:
    """Whether it makes sense to try again: the disk may be full, or all of it read-only."""
    try:
        file_days(filing)
    except HistoryBusyError:
        raise
    except StorageError:
        return False
    return True


def _file_due(filing: Filing, connection: sqlite3.Connection, cursor: DuckDBPyConnection) -> int:
    desk = look_around(filing, connection, cursor)
    found, survey = desk.state, desk.survey
    first, last = month_of(filing.first), month_of(filing.last)
    wanted = sorted(month for month in desk.due.months if first <= month <= last)
    progress = _Progress(filing.progress, sum(_size_of(desk, month) for month in wanted))
    months = days = 0
    for written in _write_months(desk, wanted, progress):
        days += publish(desk, written)
        months += 1
    if months < len(wanted):
        raise HistoryBusyError(str(filing.folder.path), months, len(wanted))
    if found.noted or survey.upto - found.watermark > TOLERATED or wanted:
        settle(desk)
    return days


class _Progress:
    """Hits that were read of those that there are."""

    def __init__(self, tell: Callable[[int, int], object], total: int) -> None:
        self._tell = tell
        self._total = total
        self._done = 0
        self._lock = Lock()

    def __call__(self, hits: int) -> None:
        with self._lock:
            self._done += hits
            # Others' hits may be among those that were counted, and new ones come.
            self._tell(self._done, max(self._total, self._done))


def _size_of(desk: Desk, month: str) -> int:
    """How many hits a month's due days have, about."""
    return sum(size_of(desk, day) for day in desk.due.days if month_of(day) == month)


def _write_months(
    desk: Desk, months: Iterable[str], progress: Callable[[int], object]
) -> Iterator[Written]:
    """Write months aside, in order, as many at a time as DuckDB has threads.

    What SQLite and DuckDB do to a month keeps one processor busy for most of the time, and
    needs the interpreter for next to none of it. Ends early where there is no time for more.
    """
    identify(desk)
    deadline, threads = desk.filing.deadline, desk.filing.engine.threads
    under_way: deque[Future[Written]] = deque()
    with ThreadPoolExecutor(threads) as pool:
        for month in months:
            if len(under_way) == threads:
                yield under_way.popleft().result()
            promised = time.monotonic() + _size_of(desk, month) / PACE
            if deadline is not None and promised > deadline:
                break
            under_way.append(pool.submit(write_apart, desk, month, progress))
        while under_way:
            yield under_way.popleft().result()
