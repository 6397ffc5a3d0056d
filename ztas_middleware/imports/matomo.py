"""Matomo's rows: an action a line as a JSON object, as the statement in docs/migrating.md has them.

Matomo has no export of them. The fields have the names of the columns of `log_link_visit_action`,
`log_visit` and `log_action`; times are UTC.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ztas_middleware.imports.caddy import NO_JSON, parse
from ztas_middleware.imports.instants import from_iso
from ztas_middleware.imports.outcomes import PAGE_VIEW, LeftOut, Refused
from ztas_middleware.imports.visits import Visit, agent_of, parameters, row_maker, tagged, width_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ztas_middleware.imports.destination import Destination
    from ztas_middleware.imports.outcomes import Outcome
    from ztas_middleware.intake.agents import Agent
    from ztas_middleware.intake.wire import Event

REQUIRED = frozenset({"server_time", "idvisit", "url"})

NO_ACTION = Refused("lacks server_time, idvisit or url")
NO_TIME = Refused("server_time can't be read")
NEITHER = LeftOut("neither page view nor event")

# `log_action.type`: of the actions that have a URL.
_PAGE, _OUTLINK, _DOWNLOAD, _SEARCH = "1", "2", "3", "8"
# Outlinks and downloads are events of our own script, too.
_ACTIONS: Final = {_OUTLINK: "outbound", _DOWNLOAD: "download"}
# What Matomo itself calls them in a URL.
_TAGS: Final = {
    "utm_source": ("mtm_source", "pk_source"),
    "utm_medium": ("mtm_medium", "pk_medium"),
    "utm_campaign": ("mtm_campaign", "pk_campaign", "piwik_campaign"),
    "utm_term": ("mtm_kwd", "mtm_keyword", "pk_kwd", "pk_keyword"),
    "utm_content": ("mtm_content", "pk_content"),
}

# Of Matomo's device-detector; all others keep their short name.
_BROWSERS: Final = {
    "CH": "Chrome", "CM": "Chrome", "CI": "Chrome", "CV": "Android WebView", "CR": "Chrome",
    "FF": "Firefox", "FM": "Firefox", "SF": "Safari", "MF": "Safari",
    "PS": "Edge", "IE": "Internet Explorer", "IM": "Internet Explorer", "OP": "Opera",
    "OM": "Opera", "OI": "Opera", "SB": "Samsung Internet", "VI": "Vivaldi", "YA": "Yandex Browser",
    "DD": "DuckDuckGo", "AN": "Android Browser", "MU": "Mi Browser", "UC": "UC Browser",
    "BR": "Brave", "UN": "",
}  # fmt: skip
_SYSTEMS: Final = {
    "WIN": "Windows", "MAC": "macOS", "LIN": "Linux", "AND": "Android", "IOS": "iOS",
    "IPA": "iOS", "COS": "ChromeOS", "UBT": "Linux", "DEB": "Linux", "FED": "Linux",
    "MIN": "Linux", "WPH": "Windows Phone", "KOS": "KaiOS", "HAR": "HarmonyOS", "UNK": "",
}  # fmt: skip
_DEVICES: Final = {"0": "desktop", "1": "mobile", "2": "tablet", "3": "mobile", "10": "mobile"}
_CAMPAIGN = "6"
"""`log_visit.referer_type`."""


def reader(destination: Destination) -> Callable[[str], Outcome]:
    """A function from a line to what becomes of it."""
    make = row_maker(destination)

    def read(line: str) -> Outcome:
        fields = fields_of(line)
        if fields is None:
            return NO_JSON
        if not fields.keys() >= REQUIRED:
            return NO_ACTION
        time = from_iso(fields["server_time"])
        if time is None:
            return NO_TIME
        event = _event(fields)
        if event is None:
            return NEITHER
        visit = Visit(
            time,
            f"matomo {fields.get('idvisitor') or fields['idvisit']}",
            _agent(fields),
            fields.get("location_country", ""),
            fields.get("location_region", ""),
            fields.get("location_city", ""),
            fields.get("location_browser_lang", ""),
        )
        return make(visit, event)

    return read


def recognise(line: str) -> bool:
    """Whether it is a line of this format."""
    fields = fields_of(line)
    return fields is not None and fields.keys() >= REQUIRED


def is_whole(line: str) -> bool:
    """Whether nothing can be missing at the end of a line that has no line end."""
    return parse(line) is not None


def fields_of(line: str) -> dict[str, str] | None:
    """The fields of an action that have a value, as text."""
    entry = parse(line)
    if entry is None:
        return None
    return {name: str(value) for name, value in entry.items() if value is not None}


def _event(fields: Mapping[str, str]) -> Event | None:
    url, kind = fields["url"], fields.get("type", _PAGE)
    tags = parameters(url.partition("?")[2].partition("#")[0])
    event = PAGE_VIEW._replace(
        path=url,
        referrer=fields.get("referer_url"),
        session_id=fields["idvisit"],
        width=width_of(fields.get("config_resolution", "")),
    )
    event = tagged(
        event,
        {
            name: next(filter(None, map(tags.get, (name, *others))), None)
            for name, others in _TAGS.items()
        },
    )
    if fields.get("referer_type") == _CAMPAIGN and not event.utm_campaign:
        event = event._replace(utm_campaign=fields.get("referer_name"))
    if "event_action" in fields:
        return event._replace(
            type="event",
            action=fields["event_action"],
            category=fields.get("event_category"),
            label=fields.get("event_name"),
            value=_number(fields.get("event_value", "")),
        )
    if kind in _ACTIONS:
        return event._replace(type="event", path=None, action=_ACTIONS[kind], label=url)
    return event if kind in (_PAGE, _SEARCH) else None


def _agent(fields: Mapping[str, str]) -> Agent:
    device = fields.get("config_device_type", "")
    return agent_of(
        fields.get("config_browser_name", ""),
        fields.get("config_os", ""),
        _DEVICES.get(device, ""),
        fields.get("config_browser_version", ""),
        browsers=_BROWSERS,
        systems=_SYSTEMS,
    )


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
