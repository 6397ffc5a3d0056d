"""Umami's rows: the table `website_event` with what `session` says of their visitors.

Umami's cloud exports them so; whoever runs it has them by a statement, see docs/migrating.md. The
names of the columns are Umami's, in any order; most may be missing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ztas_middleware.imports.instants import from_iso
from ztas_middleware.imports.outcomes import PAGE_VIEW, LeftOut, Refused
from ztas_middleware.imports.visits import (
    UTM,
    Visit,
    agent_of,
    parameters,
    row_maker,
    tagged,
    width_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from ztas_middleware.imports.destination import Destination
    from ztas_middleware.imports.outcomes import Outcome
    from ztas_middleware.intake.agents import Agent
    from ztas_middleware.intake.wire import Event

_REQUIRED = frozenset({"session_id", "created_at", "url_path", "event_type"})
_VIEW, _EVENT = "1", "2"

NO_DATE = Refused("the date can't be read")
NEITHER = LeftOut("neither page view nor event")

# The names of the package detect-browser, which Umami keeps.
_BROWSERS = {
    "chrome": "Chrome",
    "crios": "Chrome",
    "chromium-webview": "Chrome",
    "android-webview": "Android WebView",
    "firefox": "Firefox",
    "fxios": "Firefox",
    "safari": "Safari",
    "ios": "Safari",
    "ios-webview": "Safari",
    "edge": "Edge",
    "edge-chromium": "Edge",
    "edge-ios": "Edge",
    "samsung": "Samsung Internet",
    "opera": "Opera",
    "opera-mini": "Opera",
    "ie": "Internet Explorer",
    "yandexbrowser": "Yandex Browser",
    "facebook": "Facebook",
    "instagram": "Instagram",
    "silk": "Silk",
    "miui": "Mi Browser",
}
_SYSTEMS = {
    "Mac OS": "macOS",
    "Android OS": "Android",
    "Chrome OS": "ChromeOS",
    "Windows XP": "Windows",
    "Windows Vista": "Windows",
    "Windows ME": "Windows",
    "Windows Server": "Windows",
}


def columns_of(header: Sequence[str]) -> tuple[str, ...] | None:
    """The columns; None where the header is another program's."""
    names = tuple(name.strip().lower() for name in header)
    return names if set(names) >= _REQUIRED and len(set(names)) == len(names) else None


def reader(
    destination: Destination, columns: tuple[str, ...]
) -> Callable[[Sequence[str]], Outcome]:
    """A function from a CSV record to what becomes of it."""
    make = row_maker(destination)
    wrong_length = Refused(f"has not {len(columns)} cells")

    def read(record: Sequence[str]) -> Outcome:
        if len(record) != len(columns):
            return wrong_length
        # ClickHouse and psql have their own ways of writing that there is nothing.
        cells = {
            name: "" if cell in ("\\N", "NULL") else cell
            for name, cell in zip(columns, record, strict=True)
        }
        time = from_iso(cells["created_at"])
        if time is None:
            return NO_DATE
        if cells["event_type"] not in (_VIEW, _EVENT):
            return NEITHER
        session = cells["session_id"]
        visit = Visit(
            time,
            f"umami {session}" if session.strip("0- ") else "",
            _agent(cells),
            cells.get("country", ""),
            cells.get("region", "") or cells.get("subdivision1", ""),
            cells.get("city", ""),
            cells.get("language", ""),
        )
        return make(visit, _event(cells))

    return read


def _event(cells: Mapping[str, str]) -> Event:
    query = cells.get("url_query", "").removeprefix("?")
    tags = parameters(query) if "utm_" in query else {}
    page, domain = cells["url_path"], cells.get("referrer_domain", "")
    is_event = cells["event_type"] == _EVENT
    event = PAGE_VIEW._replace(
        type="event" if is_event else "pageview",
        path=f"{page}?{query}" if query else page,
        referrer=f"https://{domain}{cells.get('referrer_path', '')}" if domain else None,
        action=cells.get("event_name") or ("event" if is_event else None),
        session_id=cells.get("visit_id") or None,
        width=width_of(cells.get("screen", "")),
    )
    return tagged(event, {name: cells.get(name) or tags.get(name) for name in UTM})


def _agent(cells: Mapping[str, str]) -> Agent:
    return agent_of(
        cells.get("browser", ""),
        cells.get("os", ""),
        cells.get("device", ""),
        browsers=_BROWSERS,
        systems=_SYSTEMS,
    )
