"""What a process remembers of where a site's hits are, so that it looks at new ones alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ztas_middleware.errors import HistoryBusyError, StorageError
from ztas_middleware.forking import lock_over_fork
from ztas_middleware.history import state
from ztas_middleware.history.desk import Desk, Filing, look_around, with_desk
from ztas_middleware.history.marks import bad_months, refuse_lost
from ztas_middleware.history.state import month_of

if TYPE_CHECKING:
    import sqlite3

    from duckdb import DuckDBPyConnection

    from ztas_middleware.store.survey import Survey


class Surveys:
    """The surveys of all sites; safe for threads."""

    def __init__(self) -> None:
        self._lock = lock_over_fork()
        self._known: dict[str, Survey] = {}

    def look(
        self, filing: Filing, connection: sqlite3.Connection, cursor: DuckDBPyConnection
    ) -> Desk:
        """See what is due of a site; nothing is written but what others have left half done.

        Raises:
            HistoryBusyError: somebody files it for longer than a question may take.
            StorageError: the database can't be read, or what is only in a file.
        """
        rules = filing.rules
        site = rules.site_id
        connection.execute("begin")
        found = state.load_state(connection, site)
        connection.execute("rollback")
        bad = bad_months(filing.folder, cursor, site, found)
        first, last = month_of(filing.first), month_of(filing.last)
        try:
            refuse_lost(
                filing.folder, site, found, [month for month in bad if first <= month <= last]
            )
        except StorageError as lost:
            # Whoever wrote the files may not have given them their names yet.
            try:
                with_desk(filing, look_around)
            except HistoryBusyError:
                raise
            except StorageError:
                raise lost from None
            return self.look(filing, connection, cursor)
        full = filing.full or state.wants_full_survey(found, rules, bad)
        with self._lock:
            known = self._known.pop(site, None)
        survey = state.look(connection, site, found, full=full, known=known)
        due = state.find_due(found, survey, rules, filing.today, bad)
        with self._lock:
            self._known[site] = survey
        return Desk(filing, connection, cursor, found, survey, due)
