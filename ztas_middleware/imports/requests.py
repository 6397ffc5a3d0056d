"""Requests that a web server logged: which of them were page views, and the hits they become.

A log has every request, so most of its lines are no page views: images, scripts, crawlers,
errors. What is left is cleaned and hashed exactly as if it had come to the Track endpoint.
"""

from __future__ import annotations

from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import parse_qs

from ztas_middleware.config.proxies import is_private
from ztas_middleware.days import Day
from ztas_middleware.globs import Globs
from ztas_middleware.imports.hosts import wanted
from ztas_middleware.imports.outcomes import PAGE_VIEW, LeftOut
from ztas_middleware.intake.assets import is_asset
from ztas_middleware.intake.bots import BotFilter
from ztas_middleware.intake.clients import Clients
from ztas_middleware.intake.countries import country_from_header
from ztas_middleware.intake.hits import Sender, make_hit
from ztas_middleware.intake.paths import clean_path
from ztas_middleware.intake.places import NOWHERE, Places
from ztas_middleware.intake.recorder import PREFETCHES, PURPOSE_HEADERS
from ztas_middleware.intake.traits import language_of
from ztas_middleware.intake.visitors import visitor_hash

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ztas_middleware.imports.destination import Destination
    from ztas_middleware.imports.outcomes import Outcome, Remarks
    from ztas_middleware.intake.clients import Client
    from ztas_middleware.intake.wire import Event

NOT_GET = LeftOut("not GET")
NOT_OK = LeftOut("neither 2xx nor 304")
ASSET = LeftOut("asset")
NOT_A_PAGE = LeftOut("no navigation")
OTHER_HOST = LeftOut("other host")
BOT = LeftOut("bot")
PREFETCH = LeftOut("prefetch")
OPT_OUT = LeftOut("opt-out")
EXCLUDED = LeftOut("excluded")

MOST_HOSTS = 1000
"""Hosts that are remembered; whoever scans for vulnerabilities makes up more."""

LOCAL = (
    "page views name no visitor but this machine, by a loopback address or a Unix socket, and are "
    "one visitor; log $http_x_forwarded_for or %{X-Forwarded-For}i behind the User-Agent"
)
UNTRUSTED = (
    "page views come from a private address that passes on others' addresses and is not in "
    "trusted_proxies, so that these are one visitor; with `trusted_proxies: private` they are not"
)

_UTM = ("utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content")


class Request(NamedTuple):
    """One request, in whatever format it was logged."""

    time: int
    """UTC milliseconds since 1970."""
    address: str
    """The other end of the socket, as the server saw it."""
    method: str
    target: str
    """The path with its query, percent-encoded, as it was asked for."""
    status: int
    referrer: str
    """Empty where there is none, as is the User-Agent."""
    user_agent: str
    host: str = ""
    content_type: str = ""
    """Of the answer; empty where the log does not say."""
    headers: Mapping[str, str] = MappingProxyType({})
    """Other request headers that the log has, named as in a WSGI environ."""


class PageViews:
    """Tells page views from other requests, under one configuration.

    Args:
        destination: the site whose log it is.
        hosts: see `Terms.hosts`.
        remarks: gets what should be said of the requests.
    """

    def __init__(self, destination: Destination, hosts: Sequence[str], remarks: Remarks) -> None:
        config = destination.config
        self._destination = destination
        self._site = destination.site
        self._is_wanted = lru_cache(MOST_HOSTS)(wanted(hosts, self._site))
        self._remarks = remarks
        self._clients = Clients(config.trusted_proxies, config.exclude_addresses)
        self._places = Places(config) if config.geo else None
        self._bots = BotFilter(config.bots.allow, config.bots.deny)
        self._honor_dnt = config.honor_dnt
        self._keep_query = frozenset(config.keep_query)
        self._excluded = Globs(destination.site.exclude_paths)
        self._country_key = (
            "HTTP_" + config.country_header.upper().replace("-", "_")
            if config.country_header
            else None
        )

    def outcome(self, request: Request) -> Outcome:
        """The hit that a request is, or why it is none.

        Raises:
            StorageError: the day's salt can't be had.
        """
        reason = self._not_a_page(request)
        if reason is not None:
            return reason
        looked = self._bots.look(request.user_agent)
        if looked.is_bot_from_log:
            return BOT
        headers = request.headers
        peer = self._clients.peer({"REMOTE_ADDR": request.address})
        client = self._clients.client(headers, peer) if headers else peer
        if client.loopback or "HTTP_X_FORWARDED_FOR" in headers:
            self._remark(client)
        if client.excluded:
            return EXCLUDED
        if headers and (reason := self._unwanted(headers)) is not None:
            return reason
        path = clean_path(request.target, self._keep_query)
        if self._excluded.match(path):
            return EXCLUDED
        day = self._destination.day_at(request.time)
        if not isinstance(day, Day):
            return day
        salt = self._destination.salt_of(day)
        visitor = visitor_hash(salt, self._site.id, client.address, request.user_agent)
        country = None
        if self._country_key is not None and peer.trusted:
            country = country_from_header(headers.get(self._country_key, ""))
        language = language_of(headers.get("HTTP_ACCEPT_LANGUAGE", ""))
        place = NOWHERE if self._places is None else self._places.of(client.address)
        sender = Sender(
            request.time,
            visitor,
            looked.agent,
            country or place.country,
            salt,
            language,
            place.region,
            place.city,
        )
        self._remarks.host = request.host
        return make_hit(_page_view(request), path, self._site, sender)

    def _not_a_page(self, request: Request) -> LeftOut | None:
        if request.method != "GET":
            return NOT_GET
        # A page that the browser had already, and was told is still the same, was looked at again.
        if not (200 <= request.status < 300 or request.status == 304):  # noqa: PLR2004 - HTTP's own numbers
            return NOT_OK
        if request.content_type:
            if (
                not request.content_type.lstrip()
                .lower()
                .startswith(("text/html", "application/xhtml+xml"))
            ):
                return ASSET
        else:
            page = request.target.partition("?")[0]
            if is_asset(page):
                return ASSET
        if not self._is_wanted(request.host):
            hosts = self._remarks.hosts
            host = request.host if len(hosts) < MOST_HOSTS else ""
            hosts[host or "(none)"] += 1
            return OTHER_HOST
        return None

    def _remark(self, client: Client) -> None:
        """Note that a request does not tell whose it is."""
        if client.loopback:
            self._remarks.notes[LOCAL] += 1
        elif is_private(client.address):
            self._remarks.notes[UNTRUSTED] += 1

    def _unwanted(self, headers: Mapping[str, str]) -> LeftOut | None:
        if (headers.get("HTTP_SEC_FETCH_MODE") or "navigate") != "navigate" or (
            headers.get("HTTP_SEC_FETCH_DEST") or "document"
        ) != "document":
            return NOT_A_PAGE
        for header in PURPOSE_HEADERS:
            purpose = headers.get(header, "").lower()
            if purpose and any(word in purpose for word in PREFETCHES):
                return PREFETCH
        if self._honor_dnt and "1" in (headers.get("HTTP_DNT"), headers.get("HTTP_SEC_GPC")):
            return OPT_OUT
        return None


def _page_view(request: Request) -> Event:
    event = PAGE_VIEW._replace(referrer=None if request.referrer == "-" else request.referrer)
    if "utm_" not in request.target:
        return event
    query = parse_qs(request.target.partition("?")[2])
    source, medium, campaign, term, content = (query.get(name, [""])[0] for name in _UTM)
    return event._replace(
        utm_source=source,
        utm_medium=medium,
        utm_campaign=campaign,
        utm_term=term,
        utm_content=content,
    )
