"""Page views as the server sees them: what is one, and what is known of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl, quote

from ztas_middleware.intake.text import as_utf8
from ztas_middleware.intake.wire import Event

if TYPE_CHECKING:
    from collections.abc import Mapping

# What libraries say that fetch a page, or a part of it, to put it into one that is there:
# jQuery and its like, htmx, PJAX, Turbo, Unpoly, Inertia, Livewire.
PARTIAL_HEADERS: Final = (
    "HTTP_X_REQUESTED_WITH",
    "HTTP_HX_REQUEST",
    "HTTP_X_PJAX",
    "HTTP_TURBO_FRAME",
    "HTTP_X_UP_VERSION",
    "HTTP_X_INERTIA",
    "HTTP_X_LIVEWIRE",
)

# Where a browser puts a document that is not the page (Fetch, "destination").
FRAMES: Final = frozenset({"iframe", "frame", "embed", "object", "fencedframe"})

MOST_PARAMETERS: Final = 200
"""Of a query; whoever sends more has none."""


def is_frame(environ: Mapping[str, Any]) -> bool:
    """Whether what is asked for is going to be a part of another page."""
    return environ.get("HTTP_SEC_FETCH_DEST") in FRAMES


def is_navigation(environ: Mapping[str, Any]) -> bool:
    """Whether a GET request is somebody opening a page."""
    if (environ.get("HTTP_SEC_FETCH_DEST") or "document") != "document":
        return False
    mode = environ.get("HTTP_SEC_FETCH_MODE")
    if mode:
        return bool(mode == "navigate")
    # Browsers before 2019 to 2023 do not say; they do name text/html, which HTTP libraries do not.
    if "text/html" not in environ.get("HTTP_ACCEPT", "").lower():
        return False
    return not any(environ.get(header) for header in PARTIAL_HEADERS)


def page_view(path: str, query: str, referrer: str | None = None) -> Event:
    """A page view that no script reported.

    Args:
        path: the page's path or URL, as a client would have sent it.
        query: the page's query, for the campaign in it.
        referrer: where the visitor came from.
    """
    utm = parameters(query) if "utm_" in query else {}
    return Event(
        type="pageview",
        path=path,
        referrer=referrer,
        utm_source=utm.get("utm_source"),
        utm_medium=utm.get("utm_medium"),
        utm_campaign=utm.get("utm_campaign"),
        utm_term=utm.get("utm_term"),
        utm_content=utm.get("utm_content"),
    )


def requested_page(environ: Mapping[str, Any]) -> Event:
    """The page view that a request to the app is, if the app answers with a page."""
    query = as_utf8(environ.get("QUERY_STRING", ""))
    # Encoded again, so that it is read like any path on the wire.
    path = environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", "")
    url = quote(path.encode("latin-1", "replace"))
    referrer = as_utf8(environ.get("HTTP_REFERER", ""))
    return page_view(f"{url}?{query}" if query else url, query, referrer)


def parameters(query: str) -> dict[str, str]:
    """The first value of each parameter of a query, as a browser reads it."""
    try:
        pairs = parse_qsl(query, errors="replace", max_num_fields=MOST_PARAMETERS)
    except ValueError:
        return {}
    return dict(reversed(pairs))
