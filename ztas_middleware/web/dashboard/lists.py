"""The lists of a report as cards of rows, each row a link that filters by it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from ztas_middleware.dimensions import LISTS
from ztas_middleware.web.dashboard.countries import country_name
from ztas_middleware.web.dashboard.numbers import percent

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ztas_middleware.reports.answers import Entry, Report
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


FACES: Final[Mapping[str, Face]] = {
    "pages": Face("Pages", "Page", ("page",)),
    "entryPages": Face("Entry", "Entry page", ("entry_page",)),
    "exitPages": Face("Exit", "Exit page", ("exit_page",)),
    "sources": Face("Sources", "Source", ("source",)),
    "referrers": Face("Referrers", "Referrer", ("referrer",)),
    "campaigns": Face("Campaigns", "Campaign", ("utm_source", "utm_medium", "utm_campaign")),
    "countries": Face("Countries", "Country", ("country",), has_share=True),
    "devices": Face("Devices", "Device", ("device",), has_share=True),
    "browsers": Face("Browsers", "Browser", ("browser",), has_share=True),
    "systems": Face("Systems", "System", ("os",), has_share=True),
    "events": Face("Events", "Event", ("action", "category")),
}

CARDS: Final[Mapping[str, tuple[str, tuple[str, ...]]]] = {
    "sources": (
        "Where people come from",
        ("sources", "referrers", "campaigns"),
    ),
    "pages": ("What people read", ("pages", "entryPages", "exitPages")),
    "countries": ("Countries", ("countries",)),
    "technology": ("What people use", ("devices", "browsers", "systems")),
    "events": ("Events", ("events",)),
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
    "category": "Event category",
    "entry_page": "Entry page",
    "exit_page": "Exit page",
}

COLUMNS: Final[Mapping[str, str]] = {
    "pageviews": "Views",
    "sessions": "Sessions",
    "events": "Count",
}
"""What an entry's number is called above its column."""

EMPTY: Final[Mapping[str, str]] = {
    "referrers": "No other site has sent anybody in this period.",
    "campaigns": "Links with utm_source, utm_medium or utm_campaign are listed here.",
    "countries": "Countries come from the script’s timezone or a header of your proxy.",
    "events": 'Nothing yet. ZTA.track("signup") in a page’s script sends an event.',
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


def listing(report: Report, key: str, question: Question, limit: int) -> Listing:
    """A list of a report, its first `limit` rows."""
    listed = LISTS[key]
    entries = report.lists[key][:limit]
    most = max((entry.number(listed) for entry in entries), default=0) or 1
    return Listing(
        key=key,
        face=FACES[key],
        number_name=COLUMNS[listed.counts.value[0]],
        rows=tuple(_row(report, key, entry, question, most) for entry in entries),
        is_cut=len(entries) == limit,
        empty=_empty(key, question),
        all_href=question.query(list=key),
        csv_query=question.query(list=key),
    )


def chip_name(key: str) -> str:
    """What a filter is called where it is shown."""
    name = key.rstrip("!~")
    operator = {"": "", "!": " is not", "~": " contains", "!~": " contains not"}[key[len(name) :]]
    return FILTER_NAMES.get(name, name.removeprefix("prop:")) + operator


def shown_value(filter_name: str, value: str) -> str:
    """A filter's value as a reader knows it."""
    return country_name(value) if filter_name == "country" else value


def _row(report: Report, key: str, entry: Entry, question: Question, most: int) -> Row:
    listed, face = LISTS[key], FACES[key]
    wanted = {
        name: str(value)
        for name, value in zip(face.filters, entry.names, strict=True)
        if value is not None
    }
    active = bool(wanted) and wanted.items() <= set(question.filters.pairs())
    changes: dict[str, str | None] = dict.fromkeys(wanted) if active else {**wanted}
    views = report.summary.pageviews
    number = entry.number(listed)
    return Row(
        name=_name(key, tuple(None if name is None else str(name) for name in entry.names)),
        href=question.query(**changes) if wanted else None,
        active=active,
        share=number / most,
        number=number,
        visitors=entry.visitors if "visitors" in listed.counts.value else None,
        percentage=percent(100 * number / views) if face.has_share and views else None,
        value=entry.value if "value" in listed.counts.value else None,
    )


def _empty(key: str, question: Question) -> str:
    if question.filters:
        return "Nothing that matches the filter."
    return EMPTY.get(key, "Nothing in this period.")


def _name(key: str, names: tuple[str | None, ...]) -> str:
    if key == "countries":
        return country_name(names[0] or "")
    if key == "devices":
        return (names[0] or "").capitalize()
    if key == "campaigns":
        source, medium, campaign = names
        detail = " / ".join(name for name in (source, medium) if name)
        return f"{campaign} · {detail}" if campaign and detail else campaign or detail
    if key == "events":
        action, category = names
        return f"{action or '(no name)'} · {category}" if category else action or "(no name)"
    return names[0] or ""
