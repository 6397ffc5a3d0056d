"""The pixel: an image whose request is a page view, for pages where no script runs.

The page is the one that the browser names in `Referer`; what it looks like is cleaned, and
whether the visitor counts is decided, as for any hit.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote, urlsplit

from ztas_middleware.answer import Answer
from ztas_middleware.errors import StorageError
from ztas_middleware.intake import refusals
from ztas_middleware.intake.endpoint import RETRY_AFTER_OUTAGE
from ztas_middleware.intake.origin import Origins
from ztas_middleware.intake.ratelimit import RateLimiter
from ztas_middleware.intake.refusals import Refusal
from ztas_middleware.intake.text import as_utf8
from ztas_middleware.web.memory import Counted
from ztas_middleware.web.visits import page_view, parameters

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ztas_middleware.answer import Header
    from ztas_middleware.config.model import Config, Site
    from ztas_middleware.intake.recorder import Received, Recorder
    from ztas_middleware.outages import OutageLog
    from ztas_middleware.web.memory import PageMemory

# One transparent pixel, the shortest that all browsers show (GIF89a, section 17 and on).
GIF: Final = bytes.fromhex(
    "47494638396101000100800000000000ffffff21f90401000000002c00000000010001000002024401003b"
)
HEADERS: Final[tuple[Header, ...]] = (
    ("Content-Type", "image/gif"),
    ("Content-Length", str(len(GIF))),
    ("Cache-Control", "no-store"),
    # For pages of other origins, also those that ask for isolation (COEP).
    ("Cross-Origin-Resource-Policy", "cross-origin"),
)

UNAVAILABLE: Final = Refusal("503 Service Unavailable", "Storage unavailable")


class Pixel:
    """Handles the path that the key `pixel` names."""

    stores = True
    """Calls may wait for the database's lock."""

    def __init__(
        self, config: Config, recorder: Recorder, outages: OutageLog, memory: PageMemory
    ) -> None:
        self._sites = config.sites
        self._origins = Origins(config.sites)
        self._recorder = recorder
        self._outages = outages
        self._memory = memory
        self._limiter = RateLimiter(config.rate_limit) if config.rate_limit else None

    def __call__(self, environ: Mapping[str, Any]) -> Answer | None:
        """Answer GET and HEAD; None leaves every other method to the wrapped app."""
        method = environ["REQUEST_METHOD"]
        if method == "HEAD":
            return Answer("200 OK", list(HEADERS), ())
        if method != "GET":
            return None
        try:
            refusal = self._count(self._recorder.receive(environ))
        except StorageError as failure:
            self._outages.report("page views of the pixel are lost", failure)
            return _refused(UNAVAILABLE, RETRY_AFTER_OUTAGE)
        if refusal is not None:
            return _refused(refusal, refusal.details.get("retryAfter"))
        return Answer("200 OK", list(HEADERS), (GIF,))

    def _count(self, received: Received) -> Refusal | None:
        environ, client = received.environ, received.client
        wait = 0
        if self._limiter is not None and not client.loopback:
            wait = self._limiter.wait(client.address)
        if wait:
            return self._drop(received, None, refusals.too_many_requests(wait))
        query = parameters(as_utf8(environ.get("QUERY_STRING", "")))
        site_id = query.get("siteId")
        if not site_id:
            return self._drop(received, None, refusals.SITE_ID_REQUIRED)
        site = self._sites.get(site_id)
        if site is None:
            return self._drop(received, None, refusals.INVALID_SITE_ID)
        page = as_utf8(environ.get("HTTP_REFERER", ""))
        if page and site_id not in self._origins.sites_of(_origin(page)):
            return self._drop(received, site, refusals.ORIGIN_NOT_ALLOWED)
        if not page and not site.server_side:
            return self._drop(received, site, refusals.ORIGIN_REQUIRED)
        if site.count_pages and self._is_counted(received.environ, site, page):
            return None
        event = page_view(query.get("path") or page, page.partition("#")[0].partition("?")[2])
        self._recorder.record(received, site, (event,), from_page=bool(page))
        return None

    def _is_counted(self, environ: Mapping[str, Any], site: Site, page: str) -> bool:
        """Whether the server counts the page itself: one of the app's own that has no tag."""
        if urlsplit(page).netloc.lower() != environ.get("HTTP_HOST", "").lower():
            return False
        path = unquote(urlsplit(page).path, "latin-1")
        counted = self._memory.of(site.id, path)
        return counted is not Counted.SCRIPT and not (counted is None and site.inject)

    def _drop(self, received: Received, site: Site | None, refusal: Refusal) -> Refusal:
        self._recorder.drop(received, site, refusal.reason)
        return refusal


def _origin(url: str) -> str:
    """The origin of an absolute URL as browsers write it; empty where it has none."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}" if parts.scheme else ""


def _refused(refusal: Refusal, retry_after: int | None) -> Answer:
    body = json.dumps({"error": refusal.error, **refusal.details}).encode()
    headers = [
        ("Content-Type", "application/json"),
        ("Content-Length", str(len(body))),
        ("Cache-Control", "no-store"),
    ]
    if retry_after is not None:
        headers.append(("Retry-After", str(retry_after)))
    return Answer(refusal.status, headers, (body,))
