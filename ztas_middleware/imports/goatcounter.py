"""GoatCounter's CSV export: one page view or event a line.

https://www.goatcounter.com/help/export describes its columns; read here are versions 1 and 2,
by the names of the columns. A session there is a person for some hours, as a visitor is here,
so it is hashed as a visitor would be, anew each day. Where sessions were switched off, each row is
a visitor of its own, as GoatCounter counts it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ztas_middleware.acquisition.sources import home_of
from ztas_middleware.imports.instants import from_iso
from ztas_middleware.imports.outcomes import PAGE_VIEW, LeftOut, Refused
from ztas_middleware.imports.visits import Visit, agent_of, row_maker, width_of
from ztas_middleware.intake.bots import BotFilter

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from ztas_middleware.imports.destination import Destination
    from ztas_middleware.imports.outcomes import Outcome
    from ztas_middleware.intake.agents import Agent
    from ztas_middleware.intake.wire import Event

VERSIONS = ("1", "2")
GENERATED, CAMPAIGN, OTHER_SCHEME = "g", "c", "o"
"""What a referrer is that is no page of the web."""

_REQUIRED = frozenset({"path", "event", "session", "date"})

BOT = LeftOut("bot")
NO_DATE = Refused("the date can't be read")
NO_PATH = Refused("has no path")

# GoatCounter's names, where they differ from ours.
_BROWSERS = {"Samsung Browser": "Samsung Internet", "Chromium": "Chrome", "IE": "Internet Explorer"}
_SYSTEMS = {"Chrome OS": "ChromeOS", "Mac OS X": "macOS", "OS X": "macOS"}
_GROUPS = {"Telegram Messenger": "Telegram", "Slack Chat": "Slack"}
_NO_LABEL = re.compile(r"[^\w]+")
_PACKAGE = re.compile(r"[A-Za-z][\w-]*(?:\.[\w-]+)+(?:/.*)?", re.ASCII).fullmatch
_POCKETS = frozenset({"Android", "iOS"})
_DESKTOPS = frozenset({"Windows", "macOS", "Linux", "ChromeOS"})
_NARROWEST_TABLET = 600
"""CSS pixels of the shorter side; Android's own line between telephones and tablets."""


def columns_of(header: Sequence[str]) -> tuple[str, ...] | None:
    """The columns in lower case; None where the header is another program's."""
    names = [name.strip().lower() for name in header]
    version, first = names[0][:1], names[0][1:]
    if first != "path" or version not in VERSIONS:
        return None
    names[0] = first
    return tuple(names) if set(names) >= _REQUIRED else None


def reader(
    destination: Destination, columns: tuple[str, ...]
) -> Callable[[Sequence[str]], Outcome]:
    """A function from a CSV record to what becomes of it."""
    config = destination.config
    bots = BotFilter(config.bots.allow, config.bots.deny)
    make = row_maker(destination)
    wrong_length = Refused(f"has not {len(columns)} cells")

    def read(record: Sequence[str]) -> Outcome:
        if len(record) != len(columns):
            return wrong_length
        cells = dict(zip(columns, record, strict=True))
        if cells.get("bot", "0") not in ("", "0", "false"):
            return BOT
        # Version 1 has the User-Agent where version 2 has the browser's name.
        agent_text = cells.get("useragent") or _user_agent(cells.get("browser", ""))
        looked = bots.look(agent_text)
        if looked.is_bot_from_page:
            return BOT
        instant = from_iso(cells["date"])
        if instant is None:
            return NO_DATE
        if not cells["path"].strip():
            return NO_PATH
        location = cells.get("location", "")
        visit = Visit(
            instant,
            _person(cells["session"]),
            looked.agent if agent_text else _agent(cells),
            location,
            location,
            language=cells.get("language", ""),
        )
        return make(visit, _event(cells))

    return read


def _person(session: str) -> str:
    return f"goatcounter {session}" if session.strip("0- ") else ""


def _event(cells: Mapping[str, str]) -> Event:
    is_event = cells["event"].strip().lower() in ("true", "1")
    event = event_of(cells["path"], is_event=is_event)
    referrer, scheme = cells.get("referrer", "").strip(), cells.get("referrer scheme", "h")
    return event._replace(
        referrer=referrer_of(referrer, scheme),
        utm_source=referrer if scheme == CAMPAIGN else None,
        width=width_of(cells.get("screen size", "")),
    )


def event_of(path: str, *, is_event: bool) -> Event:
    """A page view, or the event that GoatCounter keeps in the place of a path."""
    if is_event:
        return PAGE_VIEW._replace(type="event", action=path)
    return PAGE_VIEW._replace(path=path)


def referrer_of(referrer: str, scheme: str) -> str | None:
    """The referrer as a URL, of which GoatCounter takes the scheme away; None for a campaign."""
    if scheme == CAMPAIGN:
        return None
    if not referrer or "://" in referrer:
        return referrer or None
    if scheme == GENERATED:
        # A name for several hosts. Where nobody knows one of them, the name itself is kept.
        name = _GROUPS.get(referrer, referrer)
        return home_of(name) or f"goatcounter://{_NO_LABEL.sub('-', name).strip('-')}/"
    if scheme == OTHER_SCHEME:
        return f"android-app://{referrer}" if _PACKAGE(referrer) else None
    return f"https://{referrer}"


def _user_agent(browser: str) -> str:
    return browser if "/" in browser else ""


def _agent(cells: Mapping[str, str]) -> Agent:
    agent = agent_of(
        cells.get("browser", ""), cells.get("system", ""), "", browsers=_BROWSERS, systems=_SYSTEMS
    )
    if agent.os in _POCKETS:
        is_tablet = _shorter_side(cells) >= _NARROWEST_TABLET
        return agent._replace(device="tablet" if is_tablet else "mobile")
    return agent._replace(device="desktop") if agent.os in _DESKTOPS else agent


def _shorter_side(cells: Mapping[str, str]) -> float:
    try:
        width, height = (float(side) for side in cells.get("screen size", "").split(",")[:2])
    except ValueError:
        return 0
    return min(width, height)
