"""Where questions are asked: one function each, for whoever shows the answers."""

from __future__ import annotations

import time
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from ztas_middleware.history.asking import History
from ztas_middleware.history.clock import date_at
from ztas_middleware.reports.answers import Completeness
from ztas_middleware.reports.breakdowns import breakdown_of
from ztas_middleware.reports.export import Alone, Selection, export
from ztas_middleware.reports.journeys import journeys_of
from ztas_middleware.reports.periods import stretch_of
from ztas_middleware.reports.questions import (
    parse_breakdown,
    parse_journeys,
    parse_question,
    parse_realtime,
)
from ztas_middleware.reports.realtime import realtime_of, start_of
from ztas_middleware.reports.remembered import Remembered
from ztas_middleware.reports.reporting import reports_on

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import date

    from ztas_middleware.config.model import Config
    from ztas_middleware.history.asked import Asked
    from ztas_middleware.reports.answers import Breakdown, Journeys, Report
    from ztas_middleware.reports.export import Format, Kind
    from ztas_middleware.reports.questions import (
        BreakdownQuestion,
        JourneysQuestion,
        Parameters,
        Question,
        RealtimeQuestion,
    )
    from ztas_middleware.reports.realtime import Realtime

T = TypeVar("T")


class Reports:
    """Answers questions about the sites of one configuration.

    Safe to share between threads and to construct before `fork()`. Much of the running day is
    remembered; a long-lived process should keep one instance.
    """

    def __init__(self, config: Config) -> None:
        self._sites = config.sites
        self._mirror = None
        if config.cluster is not None:
            from ztas_middleware.cluster.mirror import Mirror  # only needed past one box

            self._mirror = Mirror(config)
            config = self._mirror.config
        self.database = config.database
        """What is asked: the configured database, or the copy of the cluster's hits."""
        self._history = History(config)
        self._remembered = Remembered()

    def renew(self) -> Completeness | None:
        """Bring what is asked up to date; how complete that is, None where there is no cluster.

        Raises:
            CopyingError: there is so much to copy that it takes longer than an answer may.
            StorageError: the cluster does not answer, or what is copied can't be written.
        """
        return None if self._mirror is None else Completeness(self._mirror.renew())

    def prepare(
        self,
        site_id: str,
        *,
        again: bool = False,
        progress: Callable[[int, int], object] = lambda _done, _total: None,
    ) -> int:
        """Have all finished days filed, however long that takes; how many days it were.

        Args:
            site_id: a configured site's.
            again: whether to file what is filed already, too.
            progress: told how many hits were read, and how many there are.

        Raises:
            StorageError: what is asked can't be read or written.
        """
        if self._mirror is not None:
            self._mirror.copy_all(progress)
        now = time.time_ns() // 1_000_000
        return self._history.file(site_id, now=now, again=again, progress=progress)

    def question(self, site_id: str, parameters: Parameters, *, now: int) -> Question:
        """What parameters of the API ask a report.

        Args:
            site_id: a configured site's.
            parameters: all but the site, by name.
            now: UTC milliseconds.

        Raises:
            KeyError: there is no such site.
            ParameterError: names the parameter that can't be understood.
            StorageError: the database can't be read.
        """
        return parse_question(parameters, self._sites[site_id], now, self._begin(site_id, now))

    def stats(self, question: Question) -> Report:
        """The report on a site and a period.

        Raises:
            HistoryBusyError: finished days are being filed, which takes longer than an answer may.
            StorageError: the database can't be read.
        """
        (report,) = self.stats_of([question])
        return report

    def stats_of(self, questions: Sequence[Question]) -> list[Report]:
        """Reports of the same moment, site and filters on some periods; errors as in `stats`."""
        periods = [
            period
            for question in questions
            for period in (question.period, question.before)
            if period is not None
        ]
        completeness = self.renew()
        found = self._history.ask(
            questions[0].site.id,
            min(period.first for period in periods),
            max(period.last for period in periods),
            now=questions[0].now,
            question=lambda asked: reports_on(asked, questions, self._remembered),
        )
        if completeness is None:
            return found
        return [replace(report, completeness=completeness) for report in found]

    def breakdown_question(
        self, site_id: str, parameters: Parameters, *, now: int
    ) -> BreakdownQuestion:
        """What parameters of the API ask a breakdown; as `question`."""
        return parse_breakdown(parameters, self._sites[site_id], now, self._begin(site_id, now))

    def breakdown(self, question: BreakdownQuestion) -> Breakdown:
        """A report taken apart; errors as in `stats`."""
        return self._ask(question, lambda asked: breakdown_of(asked, question))

    def journeys_question(
        self, site_id: str, parameters: Parameters, *, now: int
    ) -> JourneysQuestion:
        """What parameters of the API ask about journeys; as `question`."""
        return parse_journeys(parameters, self._sites[site_id], now, self._begin(site_id, now))

    def journeys(self, question: JourneysQuestion) -> Journeys:
        """What comes before and after a page or an event; errors as in `stats`."""
        return self._ask(question, lambda asked: journeys_of(asked, question))

    def realtime_question(
        self, site_id: str, parameters: Parameters, *, now: int
    ) -> RealtimeQuestion:
        """What parameters of the API ask about right now; as `question`."""
        return parse_realtime(parameters, self._sites[site_id], now)

    def realtime(self, question: RealtimeQuestion) -> Realtime:
        """A site right now; errors as in `stats`."""
        self.renew()
        zone = question.site.timezone
        return self._history.ask(
            question.site.id,
            date_at(start_of(question.now), zone),
            date_at(question.now, zone),
            now=question.now,
            question=lambda asked: realtime_of(asked, question),
            file=False,
        )

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
        zone = self._sites[site_id].timezone
        self.renew()
        start = None if first is None else stretch_of(first, zone).start
        end = None if last is None else stretch_of(last, zone).end
        selection = Selection(site_id, zone, kind, file_format, start, end)
        return export(self.database, selection, self._alone(site_id))

    def _alone(self, site_id: str) -> list[Alone]:
        """The days that are in the history alone."""
        if not self.database.exists():
            return []
        now = time.time_ns() // 1_000_000
        return [
            Alone(start, end, partial(self._history.hits_of, site_id, day, now=now))
            for day, start, end in self._history.moved(site_id)
        ]

    def _ask(self, question: Question, answer: Callable[[Asked], T]) -> T:
        self.renew()
        period = question.period
        return self._history.ask(
            question.site.id, period.first, period.last, now=question.now, question=answer
        )

    def _begin(self, site_id: str, now: int) -> Callable[[], date | None]:
        return partial(self.first_day, site_id, now)

    def first_day(self, site_id: str, now: int) -> date | None:
        """The first day that has any hits; errors as in `stats`."""
        self.renew()
        today = date_at(now, self._sites[site_id].timezone)
        return self._history.ask(
            site_id, today, today, now=now, question=lambda asked: asked.first_day, file=False
        )
