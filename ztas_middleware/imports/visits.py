"""From what another program tells of a visit's view or event to a row.

Their visitors and sessions are hashed as tracked ones are, anew each day, and texts are cleaned by
the intake's own functions: a row that comes from elsewhere is like any other.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import parse_qsl

from ztas_middleware.days import Day
from ztas_middleware.globs import Globs
from ztas_middleware.imports.outcomes import LeftOut
from ztas_middleware.intake.agents import OTHER, UNKNOWN, Agent
from ztas_middleware.intake.countries import country_from_header
from ztas_middleware.intake.hits import Sender, make_hit
from ztas_middleware.intake.paths import clean_path
from ztas_middleware.intake.text import clean_text
from ztas_middleware.intake.traits import language_of
from ztas_middleware.intake.visitors import visitor_hash
from ztas_middleware.store.salts import SALT_BYTES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ztas_middleware.imports.destination import Destination
    from ztas_middleware.imports.outcomes import Outcome
    from ztas_middleware.intake.wire import Event

UTM = ("utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content")
MOST_PARAMETERS = 200

EXCLUDED = LeftOut("excluded")

_REGION = re.compile(r"[A-Z0-9]{1,3}").fullmatch
_MAJOR = re.compile(r"[0-9]{1,5}").match
_SIZE = re.compile(r"([0-9]{1,5})(?:\.[0-9]+)?(?:x|,|$)").match
_DEVICES = {"laptop": "desktop", "smartphone": "mobile", "phablet": "mobile"}


class Visit(NamedTuple):
    """Whose view or event it is, as another program tells it."""

    time: int
    """UTC milliseconds."""
    person: str
    """Whatever is the same for all rows of one visitor; empty is a visitor of its own."""
    agent: Agent = UNKNOWN
    country: str = ""
    """Two letters, in capitals or not; a region behind a hyphen is `region`."""
    region: str = ""
    """The part of an ISO 3166-2 code behind the country, or all of it."""
    city: str = ""
    language: str = ""
    """A tag such as `de-AT`."""


def row_maker(destination: Destination) -> Callable[[Visit, Event], Outcome]:
    """A function from a visit and an event to what becomes of them."""
    site = destination.site
    keep_query = frozenset(destination.config.keep_query)
    excluded = Globs(site.exclude_paths)

    def make(visit: Visit, event: Event) -> Outcome:
        path = clean_path(event.path, keep_query)
        if excluded.match(path):
            return EXCLUDED
        day = destination.day_at(visit.time)
        if not isinstance(day, Day):
            return day
        salt = destination.salt_of(day)
        country = country_from_header(visit.country[:2])
        key = salt if visit.person else os.urandom(SALT_BYTES)
        sender = Sender(
            visit.time,
            visitor_hash(key, site.id, "", visit.person),
            visit.agent,
            country,
            salt,
            language_of(visit.language),
        )
        hit = make_hit(event, path, site, sender)
        if not (visit.region or visit.city):
            return hit
        return hit._replace(
            region=_region(country, visit.region), city=clean_text(visit.city) or None
        )

    return make


def agent_of(
    browser: str,
    system: str,
    device: str,
    version: str = "",
    *,
    browsers: Mapping[str, str],
    systems: Mapping[str, str],
) -> Agent:
    """What a visitor came with, under our names.

    Args:
        browser: a name, with its version behind or not.
        system: a name, with its version behind or not.
        device: what kind of device; may be empty.
        version: the browser's, where it does not stand behind its name.
        browsers: names of browsers that differ from ours.
        systems: names of systems that differ from ours.
    """
    name, behind = _without_version(browser)
    number = _MAJOR(version or behind)
    ours = clean_text(browsers.get(name, name)) or OTHER
    family, _ = _without_version(system)
    kind = device.strip().lower()
    return Agent(
        ours,
        clean_text(systems.get(family, family)) or OTHER,
        clean_text(_DEVICES.get(kind, kind)) or OTHER,
        int(number[0]) if number and ours != OTHER else None,
    )


def tagged(event: Event, tags: Mapping[str, str | None]) -> Event:
    """The event with the campaign that brought it, under the names of `UTM`."""
    source, medium, campaign, term, content = map(tags.get, UTM)
    return event._replace(
        utm_source=source,
        utm_medium=medium,
        utm_campaign=campaign,
        utm_term=term,
        utm_content=content,
    )


def parameters(query: str) -> dict[str, str]:
    """The parameters of a query; none where it has more than anybody needs."""
    try:
        return dict(parse_qsl(query, errors="replace", max_num_fields=MOST_PARAMETERS))
    except ValueError:
        return {}


def width_of(size: str) -> float | None:
    """The width in `1920x1080` or `1920,1080,2`, CSS pixels; None where there is none."""
    found = _SIZE(size.strip())
    return float(found[1]) if found and int(found[1]) else None


def _without_version(text: str) -> tuple[str, str]:
    """`Firefox 143.0` as a name and a version."""
    words = text.split()
    version = ""
    while len(words) > 1 and words[-1][:1].isdigit():
        version = words.pop()
    return " ".join(words), version


def _region(country: str | None, region: str) -> str | None:
    """The ISO 3166-2 code, of all of it or the part behind the country."""
    code = region.strip().upper().removeprefix(f"{country}-")
    return f"{country}-{code}" if country and _REGION(code) else None
