"""What was dropped in a period, and why, ready for the template."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, NamedTuple

from ztas_middleware.reports.drops import dropped
from ztas_middleware.reports.proxies import stray_proxy
from ztas_middleware.web.dashboard import dates
from ztas_middleware.web.dashboard.reasons import REASONS

if TYPE_CHECKING:
    from ztas_middleware.config.model import Config, Site
    from ztas_middleware.reports.proxies import StrayProxy
    from ztas_middleware.reports.reader import Reports
    from ztas_middleware.web.dashboard.questions import Question


class ReasonRow(NamedTuple):
    """A reason for which hits were dropped."""

    name: str
    explanation: str
    number: int
    share: float


@dataclass(frozen=True, slots=True)
class Losses:
    """The hits of a site that were dropped."""

    dates: str
    """Of the period, in words."""
    rows: tuple[ReasonRow, ...]
    """All reasons there are, the most frequent first."""
    total: int
    unknown: int
    """Hits that named no site of ours; 0 for readers who may not know."""
    stray: StrayProxy | None
    """A proxy that makes all visitors one; None for readers who may not know."""


def losses_of(
    config: Config,
    reports: Reports,
    site: Site,
    question: Question,
    now: int,
    *,
    sees_all: bool,
) -> Losses:
    """The hits that were dropped in the period asked for.

    Args:
        config: whom it trusts.
        reports: of which database.
        site: whose hits they are.
        question: for which period.
        now: UTC milliseconds.
        sees_all: whether the reader may know what belongs to no site.

    Raises:
        StorageError: the database can't be read.
    """
    reports.renew()
    database = reports.database
    labels = question.period.labels()
    first, last = (date.fromisoformat(label[:10]) for label in (labels[0], labels[-1]))
    totals = Counter[str]()
    for row in dropped(database, site.id, first, last):
        totals[row.reason] += row.count
    most = max(totals.values(), default=1)
    rows = [
        ReasonRow(name, text, totals[reason], totals[reason] / most)
        for reason, (name, text) in REASONS.items()
    ]
    unknown = dropped(database, "", first, last) if sees_all else ()
    return Losses(
        dates.day_range(first, last),
        tuple(sorted(rows, key=lambda row: -row.number)),
        totals.total(),
        sum(row.count for row in unknown),
        stray_proxy(config, now) if sees_all else None,
    )
