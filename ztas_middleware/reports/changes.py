"""What changed most from one period to another: the one line that a reader would want to hear."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ztas_middleware.reports.answers import Report
    from ztas_middleware.reports.questions import Question
    from ztas_middleware.reports.reader import Reports

LOOKED_AT: Mapping[str, str] = {
    "sources": "from",
    "pages": "on",
    "countries": "in",
}
"""The lists that are compared, and how one says that visitors belong to an entry of each."""

LONGEST = 1_000
"""Entries of a list that are compared."""

LEAST = 5
"""Visitors more or fewer than which is chance."""


class Change(NamedTuple):
    """An entry of a list, in two periods."""

    list: str
    """The list's name."""
    name: str
    """What the entry is called."""
    visitors: int
    before: int

    @property
    def difference(self) -> int:
        """How many more there are now."""
        return self.visitors - self.before

    def __str__(self) -> str:
        more = "more" if self.difference > 0 else "fewer"
        said = f"{abs(self.difference):,} {more} visitors {LOOKED_AT[self.list]} {self.name}"
        return f"{said} ({self.before:,} → {self.visitors:,})"


def largest_change_of(reports: Reports, question: Question) -> Change | None:
    """What changed most from the period that a question is held against to its own.

    Raises:
        StorageError: the database can't be read.
    """
    if question.before is None:
        return None
    lists = frozenset(LOOKED_AT)
    asked = replace(question, limit=LONGEST, offset=0, before=None, lists=lists)
    return largest_change(*reports.stats_of([asked, replace(asked, period=question.before)]))


def largest_change(report: Report, before: Report) -> Change | None:
    """The entry whose visitors changed most; None if none has changed by more than chance.

    Args:
        report: on the period, with lists as long as they get.
        before: on the period that it is held against, likewise.
    """
    changes = [change for name in LOOKED_AT for change in _changes(report, before, name)]
    # Of two that changed as much, the one that a reader knows better: the first list's.
    found = max(changes, key=lambda change: abs(change.difference), default=None)
    return found if found is not None and abs(found.difference) >= LEAST else None


def _changes(report: Report, before: Report, name: str) -> Iterator[Change]:
    visitors, earlier = (_visitors(one, name) for one in (report, before))
    for entry in sorted({*visitors, *earlier}):
        yield Change(name, entry, visitors.get(entry, 0), earlier.get(entry, 0))


def _visitors(report: Report, name: str) -> dict[str, int]:
    return {str(entry.names[0]): entry.visitors for entry in report.lists[name]}
