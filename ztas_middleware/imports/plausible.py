"""Plausible's CSV export: how often each page was viewed on a day, and by how many.

https://plausible.io/docs/csv-import describes the files. They hold totals, each file by another
dimension, and nothing says which browser saw which page. So only what stands in one line is
taken: page views from `imported_pages_*.csv`, events from `imported_custom_events_*.csv`. Their
sources, browsers and countries would have to be made up.

A line becomes as many rows as it counts, at noon of its day, by visitors who are numbers: the
first of that day, the second, ... The numbers of the day's visitors are handed out to its pages in
turn, so that each page has as many as Plausible counted, and the day as many as
`imported_visitors_*.csv` says; without that file, as many as its busiest page.
"""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING, Literal

from ztas_middleware.days import Day, start_of
from ztas_middleware.globs import Globs
from ztas_middleware.imports.outcomes import PAGE_VIEW, LeftOut, Refused
from ztas_middleware.intake.agents import UNKNOWN
from ztas_middleware.intake.hits import Sender, make_hit
from ztas_middleware.intake.paths import clean_path
from ztas_middleware.intake.visitors import visitor_hash

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from ztas_middleware.imports.destination import Destination
    from ztas_middleware.imports.outcomes import Outcome
    from ztas_middleware.intake.wire import Event
    from ztas_middleware.store.hits import Hit

Kind = Literal["pages", "events", "visitors", "other"]

MOST_ROWS = 10_000_000
"""Page views of one page on one day; more is a slip of the keyboard."""

EXCLUDED = LeftOut("excluded")
NO_DATE = Refused("the date can't be read")
NO_NUMBER = Refused("a number can't be read")
TOO_MANY = Refused("counts too many")
NO_NAME = Refused("has no page or name")

_NOON = 12 * 3_600_000
_COUNT = re.compile(r"[0-9]{1,12}", re.ASCII).fullmatch
_OTHER_DIMENSIONS = frozenset(
    {"source", "browser", "operating_system", "device", "country", "entry_page", "exit_page"}
)
# Nothing here names a person: it only keeps the visitors' hashes of one look.
_KEY = b"plausible"


def columns_of(header: Sequence[str]) -> tuple[str, ...] | None:
    """The columns in lower case; None where the header is another program's."""
    names = tuple(name.strip().lower() for name in header)
    return names if "date" in names and "visitors" in names and len(names) > 2 else None  # noqa: PLR2004 - those two and what they count


def kind_of(columns: Sequence[str]) -> Kind:
    """Which of the export's files has these columns."""
    names = set(columns)
    if names & _OTHER_DIMENSIONS:
        return "other"
    if {"page", "pageviews"} <= names:
        return "pages"
    if {"name", "events"} <= names:
        return "events"
    return "visitors" if "pageviews" in names else "other"


def reader(
    destination: Destination, columns: tuple[str, ...], visitors: Mapping[str, int]
) -> Callable[[Sequence[str]], Outcome]:
    """A function from a record of a file of pages or events to what becomes of it.

    It must see a file's records from the first one on, since it counts visitors along.

    Args:
        destination: the site.
        columns: as `columns_of`.
        visitors: how many visitors each day had, by `YYYY-MM-DD`, as far as that is known.
    """
    is_event = kind_of(columns) == "events"
    name_column, count_column = ("name", "events") if is_event else ("page", "pageviews")
    keep_query = frozenset(destination.config.keep_query)
    excluded = Globs(destination.site.exclude_paths)
    wrong_length = Refused(f"has not {len(columns)} cells")
    crowd = _Crowd(visitors)

    def read(record: Sequence[str]) -> Outcome:
        if len(record) != len(columns):
            return wrong_length
        cells = dict(zip(columns, record, strict=True))
        day = _day(cells["date"])
        if day is None:
            return NO_DATE
        count, people = cells[count_column].strip(), cells["visitors"].strip()
        if not _COUNT(count) or not _COUNT(people):
            return NO_NUMBER
        if int(count) > MOST_ROWS:
            return TOO_MANY
        name = cells[name_column].strip()
        if not name:
            return NO_NAME
        page = cells.get("path", "") if is_event else name
        path = clean_path(page, keep_query)
        if excluded.match(path):
            return EXCLUDED
        noon = start_of(day, destination.site.timezone) + _NOON
        known = destination.day_at(noon)
        if not isinstance(known, Day):
            return known
        people_counted = max(1, min(int(people), int(count)))
        numbers = crowd.take(day.isoformat(), people_counted, int(count))
        event = PAGE_VIEW._replace(type="event", action=name) if is_event else PAGE_VIEW
        return (_hit(destination, event, path, noon, number) for number in numbers)

    return read


def daily_visitors(records: Iterator[Sequence[str]], columns: Sequence[str]) -> dict[str, int]:
    """What a file of visitors says: how many each day had."""
    found = {}
    for record in records:
        cells = dict(zip(columns, record, strict=False))
        day, count = _day(cells.get("date", "")), cells.get("visitors", "").strip()
        if day is not None and _COUNT(count):
            found[day.isoformat()] = int(count)
    return found


class _Crowd:
    """The visitors of each day, known by numbers from 0 on, handed out in turn."""

    def __init__(self, sizes: Mapping[str, int]) -> None:
        self._sizes = dict(sizes)
        self._next: dict[str, int] = {}

    def take(self, day: str, people: int, count: int) -> Iterator[int]:
        """The numbers of `people` visitors who follow each other in the day's circle.

        They come in turn, `count` times in all.
        """
        size = self._sizes[day] = max(self._sizes.get(day, 0), people)
        start = self._next.get(day, 0)
        self._next[day] = (start + people) % size
        return ((start + index % people) % size for index in range(count))


def _hit(destination: Destination, event: Event, path: str, noon: int, number: int) -> Hit:
    visitor = visitor_hash(_KEY, destination.site.id, "", f"{noon} {number}")
    # Visitors a millisecond apart, so that no instant has more rows than one of them made.
    sender = Sender(noon + number % _NOON, visitor, UNKNOWN, None, _KEY)
    return make_hit(event, path, destination.site, sender)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text.strip()[:10])
    except ValueError:
        return None
