"""How long hits are kept: what is older than a site's `retention_days` goes, its totals stay.

A day is rolled up for the last time and sealed before its first hit is deleted, so that nothing
is lost when it stops half-way, and nobody counts half a day.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from ztas_middleware.days import start_of
from ztas_middleware.reports.ledger import ONE_DAY, extent_of
from ztas_middleware.reports.periods import day_containing
from ztas_middleware.reports.rolling import roll_up, seal_day
from ztas_middleware.reports.rules import Rules
from ztas_middleware.store.prune import count_before, delete_before
from ztas_middleware.store.ranges import SiteHits
from ztas_middleware.store.reading import reading
from ztas_middleware.store.rollups import last_seal

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ztas_middleware.config.model import Site


@dataclass(frozen=True, slots=True)
class Due:
    """What is past its time."""

    first_kept: date
    """The first day whose hits stay: today and the `retention_days` before."""
    hits: int


def due(path: Path, site: Site, now: int) -> Due | None:
    """What of a site is to be pruned; None where the site keeps everything.

    Raises:
        StorageError: the database can't be read.
    """
    if site.retention_days is None:
        return None
    today = date.fromisoformat(day_containing(now, site.timezone).date)
    first_kept = today - timedelta(days=site.retention_days)
    with reading(path) as connection:
        end = start_of(first_kept, site.timezone)
        return Due(first_kept, count_before(SiteHits(connection, site.id), end))


def prune(
    path: Path,
    site: Site,
    pruned: Due,
    now: int,
    progress: Callable[[int], object] = lambda _: None,
) -> int:
    """Seal the days that are due, and delete their hits.

    Args:
        path: the database.
        site: the site.
        pruned: from `due`.
        now: UTC milliseconds.
        progress: told how many hits each step deleted.

    Returns:
        How many hits were deleted; hits of a day that can't be sealed now stay for the next time.

    Raises:
        StorageError: the database can't be written; what was done stays done.
    """
    if not pruned.hits:
        return 0
    rules = Rules(site)
    last = pruned.first_kept - ONE_DAY
    roll_up(path, rules, now, last=last)
    with reading(path) as connection:
        extent = extent_of(SiteHits(connection, site.id), rules)
        seal = last_seal(connection, site.id)
    if extent is None:
        return 0
    end = seal.ends if seal else None
    day = date.fromisoformat(extent.first_day)
    if seal is not None:
        day = max(day, date.fromisoformat(seal.day) + ONE_DAY)
    while day <= last:
        sealed = seal_day(path, rules, day, now)
        if sealed is None:
            break
        end = sealed.ends
        day += ONE_DAY
    return delete_before(path, site.id, end, progress) if end is not None else 0
