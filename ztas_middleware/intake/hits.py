"""From an event to a hit: every field cleaned, everything personal left behind.

This is the last place that sees a raw text; what it returns may be stored. Addresses end in the
recorder, before.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from ztas_middleware.intake.countries import country_of
from ztas_middleware.intake.origin import is_own_host
from ztas_middleware.intake.properties import clean_properties
from ztas_middleware.intake.referrers import clean_referrer
from ztas_middleware.intake.text import clean_text
from ztas_middleware.intake.traits import screen_of
from ztas_middleware.intake.visitors import session_hash
from ztas_middleware.store.hits import Hit

if TYPE_CHECKING:
    from ztas_middleware.config.model import Site
    from ztas_middleware.intake.agents import Agent
    from ztas_middleware.intake.wire import Event


class Sender(NamedTuple):
    """What all hits of one request share, with nothing in it that names a person."""

    time: int
    visitor: str
    agent: Agent
    country: str | None
    """From the proxy's header or the address; None leaves it to the event's time zone."""
    salt: bytes
    language: str | None = None
    region: str | None = None
    city: str | None = None


def make_hit(event: Event, path: str, site: Site, sender: Sender, route: str | None = None) -> Hit:
    """One row; `path` is the event's path, cleaned, and `route` the app's own name of the page."""
    agent = sender.agent
    session_id, time_on_page, is_bounce = event.session_id, event.time_on_page, event.is_bounce
    return Hit(
        sender.time,
        site.id,
        event.type,
        path,
        clean_referrer(event.referrer, partial(is_own_host, site)) if event.referrer else None,
        clean_text(event.utm_source) if event.utm_source else None,
        clean_text(event.utm_medium) if event.utm_medium else None,
        clean_text(event.utm_campaign) if event.utm_campaign else None,
        clean_text(event.action) if event.action else None,
        clean_text(event.category) if event.category else None,
        clean_text(event.label) if event.label else None,
        event.value,
        session_hash(sender.salt, site.id, session_id) if session_id else None,
        time_on_page if time_on_page is not None and time_on_page >= 0 else None,
        int(is_bounce) if is_bounce is not None else None,
        sender.visitor,
        agent.browser,
        agent.os,
        agent.device,
        sender.country or (country_of(event.time_zone) if event.time_zone else None),
        clean_text(event.utm_term) if event.utm_term else None,
        clean_text(event.utm_content) if event.utm_content else None,
        clean_properties(event.properties) if event.properties else None,
        route,
        browser_version=agent.version,
        language=sender.language,
        screen=screen_of(event.width) if event.width is not None else None,
        region=sender.region,
        city=sender.city,
    )
