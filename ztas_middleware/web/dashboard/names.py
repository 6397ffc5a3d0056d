"""What sites, filters and their values are called on a page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ztas_middleware.filters import PROPERTY
from ztas_middleware.reports.answers import display_name
from ztas_middleware.web.dashboard.countries import country_name
from ztas_middleware.web.dashboard.languages import language_name

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ztas_middleware.config.model import Site

FILTER_NAMES: Final[Mapping[str, str]] = {
    "page": "Page",
    "route": "Route",
    "entry_page": "Entry page",
    "exit_page": "Exit page",
    "source": "Source",
    "channel": "Channel",
    "referrer": "Referrer",
    "utm_source": "Campaign source",
    "utm_medium": "Campaign medium",
    "utm_campaign": "Campaign",
    "utm_term": "Campaign term",
    "utm_content": "Campaign content",
    "country": "Country",
    "region": "Region",
    "city": "City",
    "language": "Language",
    "device": "Device",
    "browser": "Browser",
    "browser_version": "Browser version",
    "os": "System",
    "screen": "Window",
    "action": "Event",
    "category": "Event category",
    "label": "Event label",
    "goal": "Goal",
    "segment": "Segment",
}
"""In the order of the form."""

NOTHING: Final = "(none)"

_WIDEST = 9999
"""The last of the windows' widths, which has no end."""


def site_name(site: Site) -> str:
    """The site's first domain, in the letters that its owner knows."""
    name = display_name(site)
    try:
        return name.encode("ascii").decode("idna")
    except UnicodeError:
        return name


def filter_name(name: str) -> str:
    """What a filter is called where it is shown."""
    return FILTER_NAMES.get(name, name.removeprefix(PROPERTY))


def shown_value(name: str, value: str) -> str:
    """A filter's value as a reader knows it."""
    if not value:
        return NOTHING
    if name == "country":
        return country_name(value)
    if name == "language":
        return language_name(value)
    if name == "device":
        return value.capitalize()
    if name == "screen" and value.isdecimal():
        width = int(value)
        return "over 1,920 px" if width >= _WIDEST else f"up to {width:,} px"
    return value
