"""How long hits are kept: what is older than a site's `retention_days` goes, its totals stay.

A day is filed for the last time and sealed before its first hit is deleted, so that nothing is lost
when it stops half-way, and nobody counts half a day.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from ztas_middleware.days import start_of
from ztas_middleware.history.asking import History
from ztas_middleware.history.clock import date_at
from ztas_middleware.history.sealed import FUNNELS, GOALS, total_row
from ztas_middleware.reports.conversions import added, goals_by_day, reached_by_day
from ztas_middleware.reports.selected import Selected
from ztas_middleware.store.backlog import shipped_until
from ztas_middleware.store.prune import count_before, delete_between
from ztas_middleware.store.reading import reading

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from duckdb import DuckDBPyConnection

    from ztas_middleware.config.model import Config, Site

BEGINNING = -(2**63)


@dataclass(frozen=True, slots=True)
class Due:
    """What is past its time."""

    first_kept: date
    """The first day whose hits stay: today and the `retention_days` before."""
    hits: int
    """In the database; the history may have more."""


def due(config: Config, site: Site, now: int) -> Due | None:
    """What of a site is to be pruned; None where the site keeps everything.

    Raises:
        StorageError: the database can't be read.
    """
    if site.retention_days is None:
        return None
    first_kept = date_at(now, site.timezone) - timedelta(days=site.retention_days)
    with reading(config.database) as connection:
        number = count_before(connection, site.id, start_of(first_kept, site.timezone))
    return Due(first_kept, number)


def prune(
    config: Config,
    site: Site,
    pruned: Due,
    now: int,
    progress: Callable[[int], object] = lambda _: None,
) -> int:
    """Seal the days that are due, and delete their hits.

    Args:
        config: the configuration.
        site: one of its sites.
        pruned: from `due`.
        now: UTC milliseconds.
        progress: told how many hits each step deleted.

    Returns:
        How many hits were deleted; hits of a day that can't be sealed now stay for the next time.

    Raises:
        StorageError: the database or the history can't be written; what was done stays done.
    """

    def conversions(
        cursor: DuckDBPyConnection, rows: str, day: date
    ) -> Iterator[tuple[object, ...]]:
        selected = Selected(cursor, rows, rows, {}, {})
        goals, funnels = site.goals, site.funnels
        numbers = iter(added(goals_by_day(selected, goals).values(), 3 * len(goals)))
        names = ("events", "visitors", "value")
        for goal in goals:
            yield total_row(day, GOALS, key1=goal.name, **dict(zip(names, numbers, strict=False)))
        for funnel in funnels:
            days = reached_by_day(selected, funnel, is_filtered=False)
            for step, number in enumerate(added(days.values(), len(funnel.steps))):
                yield total_row(day, FUNNELS, key1=funnel.name, key2=step, sessions=number)

    history = History(config)
    last = pruned.first_kept - timedelta(days=1)
    if history.seal(site.id, last, now=now, conversions=conversions) == 0 and not pruned.hits:
        return 0
    first_open, upto = history.first_open(site.id, last, now=now)
    with reading(config.database) as connection:
        upto = min(upto, shipped_until(connection))
    end = start_of(min(pruned.first_kept, first_open or pruned.first_kept), site.timezone)
    return delete_between(config.database, site.id, BEGINNING, end, upto=upto, progress=progress)
