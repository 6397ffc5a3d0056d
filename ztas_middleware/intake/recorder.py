"""From a request and its events to committed rows: whether the sender counts, and who it is.

The Track endpoint, and every other way in which a page view is noticed, ends here.
"""

from __future__ import annotations

import logging
import time
from datetime import timezone
from typing import TYPE_CHECKING, Any, NamedTuple

from ztas_middleware.config.proxies import STRAY, as_setting, is_private, line_with_private
from ztas_middleware.days import Today
from ztas_middleware.globs import Globs
from ztas_middleware.intake.agents import UNKNOWN
from ztas_middleware.intake.bots import BotFilter
from ztas_middleware.intake.clients import Client, Clients
from ztas_middleware.intake.countries import country_from_header
from ztas_middleware.intake.hits import Sender, make_hit
from ztas_middleware.intake.host import Host, Routes
from ztas_middleware.intake.paths import clean_path
from ztas_middleware.intake.places import NOWHERE, Places
from ztas_middleware.intake.traits import language_of
from ztas_middleware.intake.visitors import visitor_hash
from ztas_middleware.store.notices import STRAY_PROXY

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from ztas_middleware.config.model import Config, Site
    from ztas_middleware.intake.agent_names import AgentName
    from ztas_middleware.intake.agent_reads import AgentReads
    from ztas_middleware.intake.bots import Looked
    from ztas_middleware.intake.drops import Drops, Reason
    from ztas_middleware.intake.wire import Event
    from ztas_middleware.store.gathering import Appends
    from ztas_middleware.store.notices import Notices
    from ztas_middleware.store.salts import Salts

logger = logging.getLogger("ztas_middleware")

NO_VISITOR = ""
"""In the column `visitor` of what no visitor sent; in no count of visitors."""

NOBODY = Host()


def _log(error: Exception) -> None:
    logger.error("the app's own callable failed: %s", error)


# What browsers and proxies announce for a page that nobody has seen yet: Chromium since 2022, all
# before it, Safari (its previews, too), what some proxies make of them, Firefox until 2024.
PURPOSE_HEADERS = (
    "HTTP_SEC_PURPOSE",
    "HTTP_PURPOSE",
    "HTTP_X_PURPOSE",
    "HTTP_X_SEC_PURPOSE",
    "HTTP_X_MOZ",
)
PREFETCHES = ("prefetch", "prerender", "preview")


class Received(NamedTuple):
    """A request, when it came and from whom."""

    environ: Mapping[str, Any]
    time: int
    """UTC milliseconds since 1970."""
    peer: Client
    """The other end of the socket."""
    client: Client
    """The sender, as far as the proxies in between can be believed."""


class Recorder:
    """Records events under one configuration."""

    def __init__(
        self,
        config: Config,
        database: Appends,
        salts: Salts,
        drops: Drops,
        notices: Notices,
        *,
        reads: AgentReads,
        host: Host = NOBODY,
        report: Callable[[Exception], None] = _log,
        clock: Callable[[], int] = time.time_ns,
    ) -> None:
        self._database = database
        self._salts = salts
        self._drops = drops
        self._reads = reads
        self._notices = notices
        self._trusted_proxies = config.trusted_proxies
        self._clock = clock
        self._exclude = host.exclude
        self._report = report
        self._routes = Routes(config.sites.values(), host, report)
        self._honor_dnt = config.honor_dnt
        self._exclude_cookies = frozenset(config.exclude_cookies)
        self._clients = Clients(config.trusted_proxies, config.exclude_addresses)
        self._places = Places(config) if config.geo else None
        self._bots = BotFilter(config.bots.allow, config.bots.deny)
        self._keep_query = frozenset(config.keep_query)
        self._days = {site.id: Today(site.timezone) for site in config.sites.values()}
        self._utc_days = Today(timezone.utc)
        self._excluded = {
            site.id: Globs(site.exclude_paths)
            for site in config.sites.values()
            if site.exclude_paths
        }
        self._country_key = (
            "HTTP_" + config.country_header.upper().replace("-", "_")
            if config.country_header
            else None
        )

    def receive(self, environ: Mapping[str, Any]) -> Received:
        """Note when a request came and who sent it."""
        peer = self._clients.peer(environ)
        client = self._clients.client(environ, peer)
        # Where a request has to wait for its turn, the door says when it came.
        time = environ.get("ztas.time") or self._clock() // 1_000_000
        return Received(environ, time, peer, client)

    def record(
        self, received: Received, site: Site, events: Sequence[Event], *, from_page: bool
    ) -> None:
        """Commit the events that count and note those that do not; `from_page`: not from a server.

        Raises:
            StorageError: nothing of it was stored.
        """
        environ, client = received.environ, received.client
        if not received.peer.trusted and environ.get("HTTP_X_FORWARDED_FOR"):
            self._watch_for_proxies(received)
        user_agent = environ.get("HTTP_USER_AGENT", "")
        looked = self._bots.look(user_agent)
        day = self._days[site.id].at(received.time)
        reason = self._reason_to_drop(environ, client, looked, from_page=from_page)
        if reason is not None:
            self._drops.count(site.id, day.date, reason, len(events))
            return
        salt = self._salts.of(site.id, day)
        place = NOWHERE if self._places is None else self._places.of(client.address)
        sender = Sender(
            received.time,
            visitor_hash(salt, site.id, client.address, user_agent),
            looked.agent,
            self._country(received) or place.country,
            salt,
            language_of(environ.get("HTTP_ACCEPT_LANGUAGE", "")),
            place.region,
            place.city,
        )
        hits = []
        excluded, routes = self._excluded.get(site.id), self._routes
        for event in events:
            path = clean_path(event.path, self._keep_query)
            if excluded is None or not excluded.match(path):
                route = None if routes.is_empty else routes.of(site.id, path, environ)
                hits.append(make_hit(event, path, site, sender, route))
        if len(hits) < len(events):
            self._drops.count(site.id, day.date, "excluded", len(events) - len(hits))
        if hits:
            self._database.append(hits)

    def record_nobodys(self, site: Site, event: Event, time: int) -> None:
        """Commit an event that no visitor sent, at `time` (UTC milliseconds).

        Raises:
            StorageError: it was not stored.
        """
        path = clean_path(event.path, self._keep_query)
        sender = Sender(time, NO_VISITOR, UNKNOWN, None, b"")
        self._database.append([make_hit(event, path, site, sender)])

    def record_read(self, received: Received, site: Site, path: str, agent: AgentName) -> None:
        """Note that one who is no visitor has read a page of the app's."""
        page, excluded = clean_path(path, self._keep_query), self._excluded.get(site.id)
        if excluded is None or not excluded.match(page):
            self._reads.count(site.id, self._days[site.id].at(received.time).date, agent, page)

    def is_visitor(self, environ: Mapping[str, Any]) -> bool:
        """Whether a request is one that a person's browser sends."""
        user_agent = environ.get("HTTP_USER_AGENT", "")
        return bool(user_agent) and not self._bots.look(user_agent).is_bot_from_page

    def drop(self, received: Received, site: Site | None, reason: Reason, number: int = 1) -> None:
        """Note hits that were refused; a site that is not known counts by UTC days."""
        if site is None:
            self._drops.count("", self._utc_days.at(received.time).date, reason, number)
        else:
            day = self._days[site.id].at(received.time)
            self._drops.count(site.id, day.date, reason, number)

    def _reason_to_drop(
        self, environ: Mapping[str, Any], client: Client, looked: Looked, *, from_page: bool
    ) -> Reason | None:
        if looked.is_bot_from_page if from_page else looked.is_bot_from_server:
            return "bot"
        for header in PURPOSE_HEADERS:
            purpose = environ.get(header)
            if purpose and any(word in purpose.lower() for word in PREFETCHES):
                return "prefetch"
        if self._honor_dnt and "1" in (environ.get("HTTP_DNT"), environ.get("HTTP_SEC_GPC")):
            return "opt_out"
        if client.excluded or (self._exclude_cookies and self._has_cookie(environ)):
            return "excluded"
        if self._exclude is not None and self._is_excluded(environ):
            return "excluded"
        return None

    def _is_excluded(self, environ: Mapping[str, Any]) -> bool:
        """Whether the app says so; where it fails, its visitor counts."""
        assert self._exclude is not None  # noqa: S101 - the caller has looked
        try:
            return bool(self._exclude(environ.get("ztas.request", environ)))
        except Exception as error:  # noqa: BLE001 - the app's own
            self._report(error)
            return False

    def _watch_for_proxies(self, received: Received) -> None:
        """Note a proxy whose visitors are all one; a visitor has an address of the internet."""
        if is_private(received.peer.address):
            setting = as_setting(self._trusted_proxies)
            if self._notices.put(STRAY_PROXY, setting, received.time):
                line = line_with_private(self._trusted_proxies)
                logger.warning("%s; the line `%s` in the config mends it", STRAY, line)

    def _has_cookie(self, environ: Mapping[str, Any]) -> bool:
        pairs = environ.get("HTTP_COOKIE", "").split(";")
        return any(pair.partition("=")[0].strip() in self._exclude_cookies for pair in pairs)

    def _country(self, received: Received) -> str | None:
        # Anyone can send the header; only a proxy of ours is believed.
        if self._country_key is None or not received.peer.trusted:
            return None
        value = received.environ.get(self._country_key)
        return country_from_header(value) if value else None
