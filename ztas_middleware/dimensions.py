"""What a report can be taken apart by: the one table of dimensions, and the lists made of them.

The totals of a day, the filters, the breakdowns, the lists of a report and their names in the API
all come from here. A new dimension is a line in `DIMENSIONS`, and one in `LISTS` if it is listed.

Expressions are SQL over the relation `rows` of the history, see `history/columns.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Dimension:
    """What rows differ by."""

    name: str
    """Of the filter, and of the key of a breakdown."""
    column: str
    """In `rows`; NULL is "has none"."""
    of: Literal["row", "session", "client"] = "row"
    """What it says something of: the row alone; the whole session, and so all rows of it; or who
    sent the row, which rarely changes within a day."""
    is_number: bool = False


DIMENSIONS: Mapping[str, Dimension] = {
    dimension.name: dimension
    for dimension in (
        Dimension("page", "path"),
        Dimension("route", "route"),
        Dimension("entry_page", "entry_page", "session"),
        Dimension("exit_page", "exit_page", "session"),
        Dimension("referrer", "session_referrer", "session"),
        Dimension("source", "source", "session"),
        Dimension("channel", "channel", "session"),
        Dimension("utm_source", "session_utm_source", "session"),
        Dimension("utm_medium", "session_utm_medium", "session"),
        Dimension("utm_campaign", "session_utm_campaign", "session"),
        Dimension("utm_term", "session_utm_term", "session"),
        Dimension("utm_content", "session_utm_content", "session"),
        Dimension("browser", "browser", "client"),
        Dimension("browser_version", "browser_version", "client", is_number=True),
        Dimension("os", "os", "client"),
        Dimension("device", "device", "client"),
        Dimension("screen", "screen", "client", is_number=True),
        Dimension("language", "language", "client"),
        Dimension("country", "country", "client"),
        Dimension("region", "region", "client"),
        Dimension("city", "city", "client"),
        Dimension("action", "action"),
        Dimension("category", "category"),
        Dimension("label", "label"),
    )
}
"""By name, in the order in which people are told of them."""


class Counts(Enum):
    """What the entries of a list count, the number they are ordered by first."""

    VIEWS = ("pageviews", "visitors")
    """Rows of type `pageview`, and their distinct visitors."""
    EVENTS = ("events", "visitors", "value")
    """Rows of type `event`, and their distinct visitors."""
    ENDS = ("sessions",)
    """Sessions that count."""
    ORIGINS = ("sessions", "visitors", "pageviews")
    """Sessions that count; the distinct visitors of their page views and events; page views."""
    HITS = ("events",)
    """Rows of any type; the number is kept where that of events is."""


@dataclass(frozen=True, slots=True)
class List:
    """A list of a report: the values of one dimension, or of some together."""

    name: str
    """In the JSON answer, and what `totals.dimension` has."""
    keys: Mapping[str, str]
    """What the values are called in an entry, and the expression of each; three at most."""
    counts: Counts = Counts.VIEWS
    needs: tuple[str, ...] | None = None
    """Keys of which a row must have one to be listed; None: all keys it has, () none."""
    numbers: frozenset[str] = frozenset()
    """Keys whose values are whole numbers; all others are texts."""
    noun: tuple[str, str] = ("", "")
    """What people call an entry, and all of them."""
    dimensions: tuple[Dimension, ...] = ()
    """Those of the keys, in their order."""

    @property
    def condition(self) -> str:
        """Whether a row is listed, as SQL."""
        needs = self.keys if self.needs is None else self.needs
        return " or ".join(f"{self.keys[name]} is not null" for name in needs) or "true"


def _list(
    name: str,
    noun: tuple[str, str],
    counts: Counts = Counts.VIEWS,
    needs: tuple[str, ...] | None = None,
    **dimensions: str,
) -> List:
    found = {key: DIMENSIONS[dimension] for key, dimension in dimensions.items()}
    keys = {key: dimension.column for key, dimension in found.items()}
    numbers = frozenset(key for key, dimension in found.items() if dimension.is_number)
    return List(name, keys, counts, needs, numbers, noun, tuple(found.values()))


LISTS: Mapping[str, List] = {
    found.name: found
    for found in (
        _list("pages", ("Page", "Pages"), path="page"),
        _list("entryPages", ("Entry page", "Entry pages"), Counts.ENDS, path="entry_page"),
        _list("exitPages", ("Exit page", "Exit pages"), Counts.ENDS, path="exit_page"),
        _list("referrers", ("Referrer", "Referrers"), Counts.ORIGINS, referrer="referrer"),
        _list("sources", ("Source", "Sources"), Counts.ORIGINS, source="source"),
        _list(
            "campaigns",
            ("Campaign", "Campaigns"),
            Counts.ORIGINS,
            source="utm_source",
            medium="utm_medium",
            campaign="utm_campaign",
        ),
        _list(
            "events", ("Event", "Events"), Counts.EVENTS, (), action="action", category="category"
        ),
        _list("browsers", ("Browser", "Browsers"), browser="browser"),
        _list("systems", ("System", "Systems"), os="os"),
        _list("devices", ("Device", "Devices"), device="device"),
        _list("countries", ("Country", "Countries"), country="country"),
        _list("channels", ("Channel", "Channels"), Counts.ORIGINS, channel="channel"),
        _list("regions", ("Region", "Regions"), region="region"),
        _list("cities", ("City", "Cities"), city="city"),
        _list("languages", ("Language", "Languages"), language="language"),
        _list("screens", ("Window", "Windows"), screen="screen"),
        _list(
            "browserVersions",
            ("Version", "Browser versions"),
            needs=("browserVersion",),
            browser="browser",
            browserVersion="browser_version",
        ),
        _list("routes", ("Route", "Routes"), route="route"),
    )
}
"""By name, in the order of the answer."""

PROPERTIES = List(
    "properties",
    {"property": "unnest(case when json_valid(properties) then json_keys(properties) end)"},
    Counts.HITS,
    (),
)
"""The names of properties; its expression gives a row as many values as it has properties."""

SESSION = tuple(
    found.column
    for found in DIMENSIONS.values()
    if found.of == "session"
    and any(found.column in listed.keys.values() for listed in LISTS.values())
)
"""Columns of lists that all rows of a session agree in."""

CLIENT = tuple(found.column for found in DIMENSIONS.values() if found.of == "client")
"""Columns that a visitor's rows of a day mostly agree in."""

WEEK_HOURS = List("weekHours", {"hour": "hour"}, Counts.VIEWS)
"""Of each day; the weekday follows from it."""

COUNTED = (*LISTS.values(), PROPERTIES)
"""Everything that the totals of a day have, but for the day's own numbers and its hours."""
