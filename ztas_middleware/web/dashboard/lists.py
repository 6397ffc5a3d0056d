"""The lists of a report as cards of rows, each row a link that filters by it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from ztas_middleware.dimensions import LISTS, Counts
from ztas_middleware.filters import literal
from ztas_middleware.web.dashboard.names import shown_value
from ztas_middleware.web.dashboard.numbers import percent

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ztas_middleware.reports.answers import Entry, Report
    from ztas_middleware.web.dashboard.questions import Question

SHORT: Final = 9
"""Rows of a list beside others."""


class Face(NamedTuple):
    """How a list looks to a reader."""

    title: str
    """On its tab."""
    name: str
    """Above its names."""
    filters: tuple[str, ...]
    """By which filters an entry's names are asked for, in their order."""
    has_share: bool = False
    """Whether a row says what percentage of all page views it is."""


FACES: Final[Mapping[str, Face]] = {
    name: Face(
        # A tab is one of several, and has less room.
        {"entryPages": "Entry", "exitPages": "Exit", "browserVersions": "Versions"}.get(
            name, found.noun[1]
        ),
        found.noun[0],
        tuple(dimension.name for dimension in found.dimensions),
        has_share=all(dimension.of == "client" for dimension in found.dimensions),
    )
    for name, found in LISTS.items()
}

CARDS: Final[Mapping[str, tuple[str, tuple[str, ...]]]] = {
    "sources": ("Where people come from", ("sources", "channels", "referrers", "campaigns")),
    "pages": ("What people read", ("pages", "entryPages", "exitPages", "routes")),
    "places": ("Where people are", ("countries", "regions", "cities", "languages")),
    "technology": (
        "What people use",
        ("devices", "browsers", "browserVersions", "systems", "screens"),
    ),
    "events": ("What people do", ("events", "properties")),
}
"""The lists that share a card, under the card's title; the first one is on top."""

ALONE: Final = frozenset({*LISTS, "goals", "funnels", "agents"})
"""What can be had at length or as a file, besides the values of a property."""


class Column(NamedTuple):
    """A column of numbers."""

    key: str
    """What sorts by it; a field of entries."""
    title: str
    is_short: bool = True
    """Whether it is shown beside other lists."""


COLUMNS: Final[Mapping[Counts, tuple[Column, ...]]] = {
    Counts.VIEWS: (Column("visitors", "Visitors"), Column("pageviews", "Views")),
    Counts.ENDS: (Column("sessions", "Sessions"),),
    Counts.ORIGINS: (
        Column("visitors", "Visitors"),
        Column("sessions", "Sessions"),
        Column("pageviews", "Views", is_short=False),
    ),
    Counts.EVENTS: (
        Column("visitors", "Visitors"),
        Column("events", "Count"),
        Column("value", "Value", is_short=False),
    ),
}
"""The first one is what a list is sorted by, and what its bars are of."""

EMPTY: Final[Mapping[str, str]] = {
    "referrers": "No other site has sent anybody in this period.",
    "campaigns": "Links with utm_source, utm_medium or utm_campaign are listed here.",
    "countries": "Countries come from the script’s timezone or a header of your proxy.",
    "regions": "Regions need a file for geo in the configuration.",
    "cities": "Cities need a file for geo in the configuration.",
    "routes": "The app’s own names of its pages, where a framework tells them.",
    "events": 'Nothing yet. ZTA.track("signup") in a page’s script sends an event.',
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of a list."""

    name: str
    href: str | None
    """Filters by this row, or no longer does where it is `active`."""
    active: bool = False
    share: float
    """The bar behind it; the longest is 1."""
    cells: tuple[float | None, ...]
    percentage: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """One list."""

    key: str
    face: Face
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    number: int
    """How many rows there are in all."""
    empty: str
    """What is said where there is no row."""
    href: str
    """Shows all of it."""

    @property
    def is_cut(self) -> bool:
        """Whether there are more rows than these."""
        return self.number > len(self.rows)


def listing(report: Report, key: str, question: Question) -> Listing:
    """The beginning of a list, those with the most visitors first where it counts visitors."""
    entries = report.lists[key]
    columns = tuple(column for column in columns_of(report, key) if column.is_short)
    first = columns[0].key
    ordered = sorted(entries, key=lambda entry: -(getattr(entry, first) or 0))
    return Listing(
        key=key,
        face=FACES[key],
        columns=columns,
        rows=rows_of(report, key, ordered[:SHORT], columns, question),
        number=len(entries),
        empty=empty(key, question),
        href=question.query({"list": key}),
    )


def columns_of(report: Report, key: str) -> tuple[Column, ...]:
    """The columns of a list; without that of values where there are none."""
    columns = COLUMNS[LISTS[key].counts]
    has_value = any(entry.value for entry in report.lists[key])
    return tuple(
        column._replace(is_short=True) if column.key == "value" else column
        for column in columns
        if column.key != "value" or has_value
    )


def rows_of(  # noqa: PLR0917 - they are what `listing` and a table have at hand
    report: Report,
    key: str,
    entries: Sequence[Entry],
    columns: Sequence[Column],
    question: Question,
    most: float | None = None,
) -> tuple[Row, ...]:
    """Lines of a list; `most` is what the longest bar is of, if it is none of theirs."""
    first, views = columns[0].key, report.summary.pageviews
    if most is None:
        most = max((getattr(entry, first) or 0 for entry in entries), default=0)
    rows = []
    for entry in entries:
        href, active = row_link(key, entry, question)
        percentage = percent(100 * entry.pageviews / views) if views else "–"
        rows.append(
            Row(
                name=entry_name(key, entry),
                href=href,
                active=active,
                share=(getattr(entry, first) or 0) / (most or 1),
                cells=tuple(getattr(entry, column.key) for column in columns),
                percentage=percentage if FACES[key].has_share else None,
            )
        )
    return tuple(rows)


def row_link(key: str, entry: Entry, question: Question) -> tuple[str | None, bool]:
    """Where an entry leads, and whether it is filtered by already."""
    wanted = {
        name: literal(str(value))
        for name, value in zip(FACES[key].filters, entry.names, strict=True)
        if value is not None
    }
    return filter_link(wanted, question)


def filter_link(wanted: Mapping[str, str], question: Question) -> tuple[str | None, bool]:
    """What filters by some values, or no longer does, and whether it does already."""
    if not wanted:
        return None, False
    if wanted.items() <= set(question.filters.pairs()):
        return question.query(dict.fromkeys(wanted)), True
    return question.query(wanted), False


def empty(key: str, question: Question) -> str:
    """What is said where a list has no row."""
    if question.filters:
        return "Nothing that matches the filter."
    return EMPTY.get(key, "Nothing in this period.")


def entry_name(key: str, entry: Entry) -> str:
    """What an entry is called."""
    names = tuple(None if name is None else str(name) for name in entry.names)
    if key == "campaigns":
        source, medium, campaign = names
        detail = _joined((source, medium), " / ")
        return _joined((campaign, detail), " · ")
    if key == "events":
        return _joined((names[0] or "(no name)", names[1]), " · ")
    shown = (
        None if name is None else shown_value(filter_name, name)
        for filter_name, name in zip(FACES[key].filters, names, strict=True)
    )
    return _joined(shown, " ")


def _joined(names: Iterable[str | None], between: str) -> str:
    return between.join(name for name in names if name)
