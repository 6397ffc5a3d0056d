"""The lists of a report as cards of rows, each row a link that filters by it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from ztas_middleware.reports.lists import SHAPES
from ztas_middleware.store.tallies import Dimension
from ztas_middleware.web.dashboard.countries import country_name
from ztas_middleware.web.dashboard.numbers import percent

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ztas_middleware.reports.lists import Entry
    from ztas_middleware.reports.report import Report
    from ztas_middleware.web.dashboard.questions import Question

SHORT: Final = 10
"""Rows of a list in the overview."""

LONG: Final = 1_000
"""Rows of a list on its own, and in a CSV file."""


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


FACES: Final[Mapping[Dimension, Face]] = {
    Dimension.PAGE: Face("Pages", "Page", ("page",)),
    Dimension.ENTRY: Face("Entry", "Entry page", ("page",)),
    Dimension.EXIT: Face("Exit", "Exit page", ("page",)),
    Dimension.SOURCE: Face("Sources", "Source", ("source",)),
    Dimension.REFERRER: Face("Referrers", "Referrer", ("referrer",)),
    Dimension.CAMPAIGN: Face("Campaigns", "Campaign", ("utm_source", "utm_medium", "utm_campaign")),
    Dimension.COUNTRY: Face("Countries", "Country", ("country",), has_share=True),
    Dimension.DEVICE: Face("Devices", "Device", ("device",), has_share=True),
    Dimension.BROWSER: Face("Browsers", "Browser", ("browser",), has_share=True),
    Dimension.OS: Face("Systems", "System", ("os",), has_share=True),
    # A category is no filter.
    Dimension.EVENT: Face("Events", "Event", ("action", "")),
}

CARDS: Final[Mapping[str, tuple[str, tuple[Dimension, ...]]]] = {
    "sources": (
        "Where people come from",
        (Dimension.SOURCE, Dimension.REFERRER, Dimension.CAMPAIGN),
    ),
    "pages": ("What people read", (Dimension.PAGE, Dimension.ENTRY, Dimension.EXIT)),
    "countries": ("Countries", (Dimension.COUNTRY,)),
    "technology": ("What people use", (Dimension.DEVICE, Dimension.BROWSER, Dimension.OS)),
    "events": ("Events", (Dimension.EVENT,)),
}
"""The lists that share a card, under the card's title; the first one is on top."""

FILTER_NAMES: Final[Mapping[str, str]] = {
    "page": "Page",
    "referrer": "Referrer",
    "source": "Source",
    "browser": "Browser",
    "os": "System",
    "device": "Device",
    "country": "Country",
    "utm_source": "Campaign source",
    "utm_medium": "Campaign medium",
    "utm_campaign": "Campaign",
    "action": "Event",
}

COLUMNS: Final[Mapping[str, str]] = {
    "pageviews": "Views",
    "sessions": "Sessions",
    "events": "Count",
}
"""What an entry's number is called above its column."""

EMPTY: Final[Mapping[Dimension, str]] = {
    Dimension.REFERRER: "No other site has sent anybody in this period.",
    Dimension.CAMPAIGN: "Links with utm_source, utm_medium or utm_campaign are listed here.",
    Dimension.COUNTRY: "Countries come from the script’s timezone or a header of your proxy.",
    Dimension.EVENT: 'Nothing yet. ZTA.track("signup") in a page’s script sends an event.',
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of a list."""

    name: str
    href: str | None
    """Filters by this row, or no longer does where it is `active`."""
    active: bool
    share: float
    """The bar behind it; the longest is 1."""
    number: int
    visitors: int | None
    percentage: str | None
    value: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """One list."""

    key: str
    face: Face
    number_name: str
    rows: tuple[Row, ...]
    is_cut: bool
    """Whether there may be more rows than these."""
    empty: str
    """What is said where there is no row."""
    all_href: str
    """Shows all of it."""
    csv_query: str

    @property
    def has_visitors(self) -> bool:
        """Whether there is a column for visitors."""
        return any(row.visitors is not None for row in self.rows)

    @property
    def has_value(self) -> bool:
        """Whether there is a column for values."""
        return any(row.value for row in self.rows)


def listing(report: Report, dimension: Dimension, question: Question, limit: int) -> Listing:
    """A list of a report, its first `limit` rows."""
    shape, face = SHAPES[dimension], FACES[dimension]
    entries = report.lists[dimension][:limit]
    most = max((entry.number for entry in entries), default=0) or 1
    return Listing(
        key=shape.key,
        face=face,
        number_name=COLUMNS[shape.number],
        rows=tuple(_row(report, dimension, entry, question, most) for entry in entries),
        is_cut=len(entries) == limit,
        empty=_empty(dimension, question),
        all_href=question.query(list=shape.key),
        csv_query=question.query(list=shape.key),
    )


def shown_value(filter_name: str, value: str) -> str:
    """A filter's value as a reader knows it."""
    return country_name(value) if filter_name == "country" else value


def _row(report: Report, dimension: Dimension, entry: Entry, question: Question, most: int) -> Row:
    shape, face = SHAPES[dimension], FACES[dimension]
    wanted = {
        name: value
        for name, value in zip(face.filters, entry.names, strict=True)
        if name and value is not None
    }
    given = question.filters.given()
    active = bool(wanted) and wanted.items() <= given.items()
    changes: dict[str, str | None] = dict.fromkeys(wanted) if active else {**wanted}
    views = report.summary.pageviews
    return Row(
        name=_name(dimension, entry.names),
        href=question.query(**changes) if wanted else None,
        active=active,
        share=entry.number / most,
        number=entry.number,
        visitors=entry.visitors if shape.has_visitors else None,
        percentage=percent(100 * entry.number / views) if face.has_share and views else None,
        value=entry.value if shape.has_value else None,
    )


def _empty(dimension: Dimension, question: Question) -> str:
    if question.filters.given():
        return "Nothing that matches the filter."
    return EMPTY.get(dimension, "Nothing in this period.")


def _name(dimension: Dimension, names: tuple[str | None, ...]) -> str:
    if dimension == Dimension.COUNTRY:
        return country_name(names[0] or "")
    if dimension == Dimension.DEVICE:
        return (names[0] or "").capitalize()
    if dimension == Dimension.CAMPAIGN:
        source, medium, campaign = names
        detail = " / ".join(name for name in (source, medium) if name)
        return f"{campaign} · {detail}" if campaign and detail else campaign or detail
    if dimension == Dimension.EVENT:
        action, category = names
        return f"{action or '(no name)'} · {category}" if category else action or "(no name)"
    return names[0] or ""
