"""Days under filters: rolled days are counted once, and the sum of them is remembered."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ztas_middleware.reports.recall import Recall
from ztas_middleware.reports.stretches import tally
from ztas_middleware.store.tallies import Tally, add_up

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from ztas_middleware.days import Day
    from ztas_middleware.reports.filters import Filters
    from ztas_middleware.reports.rules import Rules
    from ztas_middleware.store.ranges import SiteHits
    from ztas_middleware.store.tallies import Totals

REMEMBERED = 100_000
"""Counted values that may be remembered in all; some 25 MB."""


class Selection(NamedTuple):
    """What filters keep of some days."""

    totals: dict[str, Totals]
    """By date."""
    tally: Tally
    """Of all days together."""


class Selections:
    """Selections that were asked for before. Safe to share between threads."""

    def __init__(self) -> None:
        self._known: Recall[Selection] = Recall(
            REMEMBERED,
            lambda known: len(known.totals) + sum(map(len, known.tally.lists.values())),
        )

    def count(
        self,
        hits: SiteHits,
        rules: Rules,
        stretches: Iterable[Day],
        filters: Filters,
        runs: Mapping[str, int],
        *,
        lists: bool = True,
    ) -> Selection:
        """What filters keep of some days.

        Args:
            hits: the site's.
            rules: the site's.
            stretches: the days.
            filters: which hits are kept.
            runs: those days, by date, that were rolled up and have got no hits since, and the
                runs by which that shows.
            lists: whether anything but the totals is wanted.
        """
        rolled: list[Day] = []
        others: list[Day] = []
        for stretch in stretches:
            (rolled if stretch.date in runs else others).append(stretch)
        key = (tuple(runs[stretch.date] for stretch in rolled), filters, rules.goals_mark, lists)
        known = self._known.get(key)
        if known is None:
            known = self._known.put(key, _count(hits, rules, rolled, filters, lists=lists))
        rest = _count(hits, rules, others, filters, lists=lists)
        return Selection(known.totals | rest.totals, known.tally.plus(rest.tally))


def _count(
    hits: SiteHits,
    rules: Rules,
    stretches: Iterable[Day],
    filters: Filters,
    *,
    lists: bool,
) -> Selection:
    totals: dict[str, Totals] = {}

    def counted() -> Iterator[Tally]:
        for stretch in stretches:
            day = tally(hits, rules, stretch, filters=filters)
            totals[stretch.date] = day.totals
            yield day if lists else Tally()

    total = add_up(counted())
    return Selection(totals, total)
