"""Where questions are asked: one function each, for whoever shows the answers."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from ztas_middleware.errors import StorageError
from ztas_middleware.parameters import DEFAULT_LIMIT
from ztas_middleware.reports.checking import check_rollups
from ztas_middleware.reports.export import Selection, export
from ztas_middleware.reports.filters import NO_FILTERS
from ztas_middleware.reports.ledger import load_ledger
from ztas_middleware.reports.memory import Memories
from ztas_middleware.reports.periods import stretch_of
from ztas_middleware.reports.realtime import realtime
from ztas_middleware.reports.rolling import roll_up, seal_day
from ztas_middleware.reports.rules import Rules
from ztas_middleware.reports.stats import Question, report_on
from ztas_middleware.store.lateness import catch_up, is_far_behind
from ztas_middleware.store.ranges import SiteHits
from ztas_middleware.store.reading import reading

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import date

    from ztas_middleware.config.model import Config
    from ztas_middleware.reports.checking import Difference, Hidden
    from ztas_middleware.reports.export import Format, Kind
    from ztas_middleware.reports.filters import Filters
    from ztas_middleware.reports.periods import Period
    from ztas_middleware.reports.realtime import Realtime
    from ztas_middleware.reports.report import Report
    from ztas_middleware.reports.rolling import Progress
    from ztas_middleware.store.rollups import RolledDay

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
        for may_work in (True, False):
            with reading(self._path) as connection:
                hits = SiteHits(connection, site_id)
                first = period.previous().first
                ledger = load_ledger(hits, rules, first, period.last, now)
                # Filters are answered from the hits anyway.
                is_plain = filters == NO_FILTERS
                wants_work = ledger.wants_work if is_plain else ledger.is_far_behind
                if not (may_work and wants_work):
                    memory = self._memories.of(connection)
                    return report_on(Question(hits, rules, memory, limit), period, ledger, filters)
            if is_plain:
                self._roll_up(rules, period, now)
            else:
                self._look()
        raise AssertionError  # the second round answers whatever happens

    def realtime(self, site_id: str, *, limit: int = DEFAULT_LIMIT, now: int) -> Realtime:
        """A site right now; arguments and errors as in `stats`."""
        for may_work in (True, False):
            with reading(self._path) as connection:
                hits = SiteHits(connection, site_id)
                if not (may_work and is_far_behind(hits.state)):
                    return realtime(hits, self._rules[site_id], limit, now)
            self._look()
        raise AssertionError  # as above

    def export(
        self,
        site_id: str,
        *,
        kind: Kind = "hits",
        file_format: Format = "csv",
        first: date | None = None,
        last: date | None = None,
    ) -> Iterator[bytes]:
        """A site's hits, a piece at a time.

        Args:
            site_id: a configured site's.
            kind: which hits, and which of their columns.
            file_format: how they are written.
            first: the first of the site's days; None is the beginning.
            last: the last of the site's days; None is the end.

        Raises:
            KeyError: there is no such site.
            StorageError: the database can't be read; with any piece.
        """
        zone = self._rules[site_id].zone
        start = None if first is None else stretch_of(first, zone).start
        end = None if last is None else stretch_of(last, zone).end
        return export(self._path, Selection(site_id, zone, kind, file_format, start, end))

    def roll_up(
        self,
        site_id: str,
        *,
        now: int,
        again: bool = False,
        progress: Progress | None = None,
    ) -> int:
        """Bring all rollups of a site up to date; see `rolling.roll_up`."""
        return roll_up(self._path, self._rules[site_id], now, again=again, progress=progress)

    def seal_day(self, site_id: str, day: date, *, now: int) -> RolledDay | None:
        """Roll up a day for the last time, before its hits are deleted; see `rolling.seal_day`."""
        return seal_day(self._path, self._rules[site_id], day, now)

    def check(
        self, site_id: str, *, now: int, progress: Progress | None = None
    ) -> Iterator[Difference | Hidden]:
        """Compare a site's rollups with its hits; see `checking.check_rollups`."""
        return check_rollups(self._path, self._rules[site_id], now, progress=progress)

    def _roll_up(self, rules: Rules, period: Period, now: int) -> None:
        first = period.previous().first
        self._in_turn(lambda: roll_up(self._path, rules, now, first=first, last=period.last))

    def _look(self) -> None:
        self._in_turn(lambda: catch_up(self._path))

    def _in_turn(self, work: Callable[[], object]) -> None:
        # The others wait for what one is doing already; whoever has waited finds it done. If it
        # can't be done, on a read-only disk or beside a long transaction, the hits answer.
        if self._turn.acquire(timeout=TURN):
            try:
                work()
            except StorageError:
                pass
            finally:
                self._turn.release()
