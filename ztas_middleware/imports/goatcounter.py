"""GoatCounter's CSV export: one page view or event a line.

https://www.goatcounter.com/help/export describes its columns; read here are versions 1 and 2,
by the names of the columns. A session there is a person for some hours, as a visitor is here,
so it is hashed as a visitor would be, anew each day.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ztas_middleware.globs import Globs
from ztas_middleware.imports.instants import from_iso
from ztas_middleware.imports.outcomes import PAGE_VIEW, LeftOut, Refused
from ztas_middleware.intake.agents import OTHER, Agent
from ztas_middleware.intake.bots import BotFilter
from ztas_middleware.intake.countries import country_from_header
from ztas_middleware.intake.hits import Sender, make_hit
from ztas_middleware.intake.paths import clean_path
from ztas_middleware.intake.text import clean_text
from ztas_middleware.intake.visitors import visitor_hash

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from ztas_middleware.imports.destination import Destination
    from ztas_middleware.imports.outcomes import Outcome
    from ztas_middleware.intake.wire import Event

VERSIONS = ("1", "2")
_REQUIRED = frozenset({"path", "event", "session", "date"})

BOT = LeftOut("bot")
EXCLUDED = LeftOut("excluded")
NO_DATE = Refused("the date can't be read")
NO_PATH = Refused("has no path")

# GoatCounter's names, where they differ from ours.
_BROWSERS = {"Samsung Browser": "Samsung Internet", "Chromium": "Chrome", "IE": "Internet Explorer"}
_SYSTEMS = {"Chrome OS": "ChromeOS", "Mac OS X": "macOS", "OS X": "macOS"}
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
    keep_query = frozenset(config.keep_query)
    excluded = Globs(destination.site.exclude_paths)
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
        is_event = cells["event"].strip().lower() in ("true", "1")
        path = "/" if is_event else clean_path(cells["path"], keep_query)
        if excluded.match(path):
            return EXCLUDED
        day = destination.day_at(instant)
        if isinstance(day, Refused):
            return day
        salt = destination.salt_of(day)
        sender = Sender(
            instant,
            visitor_hash(salt, destination.site.id, "", f"goatcounter {cells['session']}"),
            looked.agent if agent_text else _agent(cells),
            country_from_header(cells.get("location", "")[:2]),
            salt,
        )
        return make_hit(_event(cells, is_event=is_event), path, destination.site, sender)

    return read


def _event(cells: Mapping[str, str], *, is_event: bool) -> Event:
    referrer, scheme = cells.get("referrer", ""), cells.get("referrer scheme", "h")
    # `h` is a page; `g` a name that GoatCounter gave to a group of them, `c` a campaign.
    page = referrer if "://" in referrer or not referrer else f"https://{referrer}"
    is_page = scheme in ("h", "o", "")
    return PAGE_VIEW._replace(
        type="event" if is_event else "pageview",
        referrer=page if is_page else None,
        utm_source=None if is_page else referrer,
        action=cells["path"] if is_event else None,
    )


def _user_agent(browser: str) -> str:
    return browser if "/" in browser else ""


def _agent(cells: Mapping[str, str]) -> Agent:
    browser = _name(cells.get("browser", ""), _BROWSERS)
    system = _name(cells.get("system", ""), _SYSTEMS)
    device = OTHER
    if system in _POCKETS:
        device = "tablet" if _shorter_side(cells) >= _NARROWEST_TABLET else "mobile"
    elif system in _DESKTOPS:
        device = "desktop"
    return Agent(browser, system, device)


def _name(text: str, ours: Mapping[str, str]) -> str:
    """A name without its version: `Firefox 143` is Firefox."""
    words = text.split()
    while len(words) > 1 and words[-1][:1].isdigit():
        words.pop()
    name = " ".join(words)
    return clean_text(ours.get(name, name)) or OTHER


def _shorter_side(cells: Mapping[str, str]) -> float:
    try:
        width, height = (float(side) for side in cells.get("screen size", "").split(",")[:2])
    except ValueError:
        return 0
    return min(width, height)
