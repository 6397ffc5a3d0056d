"""The Track endpoint: what is asked, by whom, and what is answered.

It reads in the order in which it decides: size, rate, JSON, site, Origin, events. Whether the
sender counts at all is the recorder's question; a bot gets the same answers as anyone.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from ztas_middleware.answer import Answer
from ztas_middleware.errors import StorageError
from ztas_middleware.intake import refusals
from ztas_middleware.intake.body import announced_length, read_body
from ztas_middleware.intake.origin import Origins
from ztas_middleware.intake.ratelimit import RateLimiter
from ztas_middleware.intake.refusals import Refusal
from ztas_middleware.intake.wire import Event, parse_document, parse_event

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ztas_middleware.answer import Header
    from ztas_middleware.config.model import Config, Site
    from ztas_middleware.intake.recorder import Received, Recorder
    from ztas_middleware.outages import OutageLog

RETRY_AFTER_OUTAGE = 5
"""Seconds a client is asked to wait when the database can't take its hits."""

PREFLIGHT: tuple[Header, ...] = (
    ("Access-Control-Allow-Methods", "POST, OPTIONS"),
    ("Access-Control-Allow-Headers", "Content-Type"),
    ("Access-Control-Max-Age", "86400"),
    ("Cache-Control", "no-store"),
)

NO_SITES: frozenset[str] = frozenset()


class Reply(NamedTuple):
    """An answer before its CORS headers."""

    status: str
    body: bytes
    headers: tuple[Header, ...] = ()


STORED = Reply("200 OK", b'{"success": true}')
FORBIDDEN_PREFLIGHT = Reply("403 Forbidden", b'{"error": "Origin not allowed"}')
UNAVAILABLE = Reply(
    "503 Service Unavailable",
    b'{"error": "Storage unavailable"}',
    (("Retry-After", str(RETRY_AFTER_OUTAGE)),),
)


class Endpoint:
    """Handles `POST` and the CORS preflight under one configuration."""

    stores = True
    """Calls may wait for the database's lock."""
    takes_body = True
    """POST is answered in any case, so that its body may be read first."""

    def __init__(self, config: Config, recorder: Recorder, outages: OutageLog) -> None:
        self._sites = config.sites
        self._max_body = config.max_body
        self._max_batch = config.max_batch
        self._recorder = recorder
        self._outages = outages
        self._origins = Origins(config.sites)
        self._limiter = RateLimiter(config.rate_limit) if config.rate_limit else None

    def __call__(self, environ: Mapping[str, Any]) -> Answer | None:
        """Answer a request to the endpoint's path; None leaves it to the wrapped app."""
        method = environ["REQUEST_METHOD"]
        if method == "POST":
            return self._track(environ)
        if (
            method == "OPTIONS"
            and environ.get("HTTP_ORIGIN")
            and environ.get("HTTP_ACCESS_CONTROL_REQUEST_METHOD")
        ):
            return self._preflight(environ["HTTP_ORIGIN"])
        return None

    def _preflight(self, origin: str) -> Answer:
        # It has no body and names no site: any site's Origin will do.
        if not self._origins.sites_of(origin):
            return answer_of(FORBIDDEN_PREFLIGHT, ())
        return Answer("204 No Content", [*_cors(origin), *PREFLIGHT], ())

    def _track(self, environ: Mapping[str, Any]) -> Answer:
        origin = environ.get("HTTP_ORIGIN", "")
        origin_sites = self._origins.sites_of(origin) if origin else NO_SITES
        received = self._recorder.receive(environ)
        try:
            reply = self._decide(received, origin, origin_sites)
        except StorageError as failure:
            self._outages.report("hits are refused with 503", failure)
            reply = UNAVAILABLE
        return answer_of(reply, _cors(origin) if origin_sites else ())

    def _decide(self, received: Received, origin: str, origin_sites: frozenset[str]) -> Reply:
        # Until the body names the site, an Origin that only one site has tells whose loss it is.
        site = self._sites[next(iter(origin_sites))] if len(origin_sites) == 1 else None
        document = self._read(received)
        if isinstance(document, Refusal):
            return self._refuse(received, site, document)
        site_id = document.get("siteId")
        if not isinstance(site_id, str) or not site_id:
            return self._refuse(received, site, refusals.SITE_ID_REQUIRED)
        site = self._sites.get(site_id)
        if site is None:
            return self._refuse(received, None, refusals.INVALID_SITE_ID)
        if origin and site_id not in origin_sites:
            number = self._number_of_events(document)
            return self._refuse(received, site, refusals.ORIGIN_NOT_ALLOWED, number)
        if not origin and not site.server_side:
            number = self._number_of_events(document)
            return self._refuse(received, site, refusals.ORIGIN_REQUIRED, number)
        batch = document.get("batch")
        if batch is None or batch is False:
            return self._take_one(received, site, document, from_page=bool(origin))
        if batch is not True:
            return self._refuse(received, site, refusals.bad_event("batch must be a boolean"))
        return self._take_batch(received, site, document.get("events"), from_page=bool(origin))

    def _read(self, received: Received) -> dict[str, Any] | Refusal:
        """The JSON object in the body, if size and rate allow to read it."""
        environ, client = received.environ, received.client
        length = announced_length(environ)
        # Counted whatever comes next: a flood of refused requests is a flood.
        wait = 0
        if self._limiter is not None and not client.loopback:
            wait = self._limiter.wait(client.address)
        if isinstance(length, Refusal):
            return length
        if length is not None and length > self._max_body:
            return refusals.BODY_TOO_LARGE
        if wait:
            return refusals.too_many_requests(wait)
        body = read_body(environ, length, self._max_body)
        if isinstance(body, Refusal):
            return body
        document = parse_document(body)
        return refusals.INVALID_JSON if document is None else document

    def _take_one(
        self, received: Received, site: Site, raw: dict[str, Any], *, from_page: bool
    ) -> Reply:
        event = parse_event(raw)
        if not isinstance(event, Event):
            return self._refuse(received, site, refusals.bad_event(event))
        self._recorder.record(received, site, (event,), from_page=from_page)
        return STORED

    def _take_batch(
        self, received: Received, site: Site, raw_events: object, *, from_page: bool
    ) -> Reply:
        if not isinstance(raw_events, list):
            return self._refuse(received, site, refusals.EVENTS_NOT_AN_ARRAY)
        number = len(raw_events)
        if number > self._max_batch:
            return self._refuse(received, site, refusals.TOO_MANY_EVENTS, number)
        events, errors = [], []
        for index, raw in enumerate(raw_events):
            event = parse_event(raw)
            if isinstance(event, Event):
                events.append(event)
            else:
                errors.append({"index": index, "error": event})
        if errors and not events:
            return self._refuse(received, site, refusals.no_valid_events(errors), number)
        if events:
            self._recorder.record(received, site, events, from_page=from_page)
        answer: dict[str, Any] = {"success": True, "count": len(events)}
        if errors:
            self._recorder.drop(received, site, "invalid", len(errors))
            answer["errors"] = errors
        return Reply("200 OK", json.dumps(answer).encode())

    def _refuse(
        self, received: Received, site: Site | None, refusal: Refusal, number: int = 1
    ) -> Reply:
        self._recorder.drop(received, site, refusal.reason, number)
        headers: tuple[Header, ...] = ()
        if "retryAfter" in refusal.details:
            headers = (("Retry-After", str(refusal.details["retryAfter"])),)
        body = json.dumps({"error": refusal.error, **refusal.details}).encode()
        return Reply(refusal.status, body, headers)

    def _number_of_events(self, document: dict[str, Any]) -> int:
        """How many hits a request that is refused as a whole would have been."""
        events = document.get("events") if document.get("batch") is True else None
        return min(len(events), self._max_batch) if isinstance(events, list) and events else 1


def answer_of(reply: Reply, cors: Iterable[Header]) -> Answer:
    """A reply as it goes out, with the headers of CORS that the request has earned."""
    return Answer(
        reply.status,
        [
            ("Content-Type", "application/json"),
            ("Content-Length", str(len(reply.body))),
            ("Cache-Control", "no-store"),
            *cors,
            *reply.headers,
        ],
        (reply.body,),
    )


def _cors(origin: str) -> tuple[Header, ...]:
    """Lets the pages of `origin`, which is a configured site's, read the answer."""
    return (("Access-Control-Allow-Origin", origin), ("Vary", "Origin"))
