"""Rows of an export that are in the database already."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from ztas_middleware.store.hits import Hit
from ztas_middleware.store.ranges import IN_RANGES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ztas_middleware.store.ranges import SiteHits

_SAME_TIMES = f"""
select {", ".join(Hit._fields)} from {IN_RANGES}
where site_id = :site and time in (select value from json_each(:times))
"""


def fresh_of(hits: SiteHits, rows: Sequence[Hit]) -> list[Hit]:
    """The rows that are not in the database yet, each as often as it is missing."""
    bound = hits.bind_times(row.time for row in rows)
    there: Counter[tuple[object, ...]] = Counter(hits.connection.execute(_SAME_TIMES, bound))
    fresh = []
    for row in rows:
        if there[row] > 0:
            there[row] -= 1
        else:
            fresh.append(row)
    return fresh
