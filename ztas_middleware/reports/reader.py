"""Where questions are asked: one function each, for whoever shows the answers."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from ztas_middleware.errors import StorageError
from ztas_middleware.reports.filters import NO_FILTERS
from ztas_middleware.reports.ledger import load_ledger
from ztas_middleware.reports.memory import Memories
from ztas_middleware.reports.parameters import DEFAULT_LIMIT
from ztas_middleware.reports.periods import Hours
from ztas_middleware.reports.rolling import roll_up
from ztas_middleware.reports.rules import Rules
from ztas_middleware.reports.stats import counted_report, rolled_report
from ztas_middleware.store.reading import reading

if TYPE_CHECKING:
    from ztas_middleware.config.model import Config
    from ztas_middleware.reports.filters import Filters
    from ztas_middleware.reports.periods import Days, Period
    from ztas_middleware.reports.report import Report

TURN = 60.0
"""Seconds to wait for another thread that is rolling up."""


class Reports:
    """Answers questions about the sites of one configuration.

    Safe to share between threads and to construct before `fork()`. What is asked for often is
    remembered, in bounded memory; a long-lived process should keep one instance.
    """

    def __init__(self, config: Config) -> None:
        self._path = config.database
        self._rules = {site.id: Rules(site) for site in config.sites.values()}
        self._memories = Memories(config.database)
        self._turn = threading.Lock()

    def stats(
        self,
        site_id: str,
        period: Period,
        *,
        filters: Filters = NO_FILTERS,
        limit: int = DEFAULT_LIMIT,
        now: int,
    ) -> Report:
        """The report on a site and a period.

        Args:
            site_id: a configured site's.
            period: see `parse_period`.
            filters: which hits are kept.
            limit: how many entries a list may have.
            now: UTC milliseconds.

        Raises:
            KeyError: there is no such site.
            StorageError: the database can't be read.
        """
        rules = self._rules[site_id]
        if isinstance(period, Hours) or filters != NO_FILTERS:
            with reading(self._path) as connection:
                memory = self._memories.of(connection)
                return counted_report(connection, rules, memory, period, filters, limit)
        first = period.previous().first
        with reading(self._path) as connection:
            ledger = load_ledger(connection, rules, first, period.last, now)
            if not ledger.wants_work:
                memory = self._memories.of(connection)
                return rolled_report(connection, rules, ledger, memory, period, limit)
        self._catch_up(rules, period, now)
        with reading(self._path) as connection:
            ledger = load_ledger(connection, rules, first, period.last, now)
            memory = self._memories.of(connection)
            return rolled_report(connection, rules, ledger, memory, period, limit)

    def _catch_up(self, rules: Rules, period: Days, now: int) -> None:
        # The others wait for what one is doing already; whoever has waited finds it done. If it
        # can't be done, on a read-only disk or beside a long transaction, the hits answer.
        if self._turn.acquire(timeout=TURN):
            try:
                first = period.previous().first
                roll_up(self._path, rules, now, first=first, last=period.last)
            except StorageError:
                pass
            finally:
                self._turn.release()
