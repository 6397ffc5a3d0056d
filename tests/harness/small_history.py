"""A small history of the site `shop`, around one Saturday afternoon."""

from __future__ import annotations

from datetime import datetime, timezone

from rows import PAGEVIEW

NOW = int(datetime(2026, 11, 7, 14, 30, tzinfo=timezone.utc).timestamp() * 1000)
MINUTE, DAY = 60_000, 86_400_000


def make_hit(time=NOW, site_id="shop", kind="pageview", path="/", visitor="v", **columns):
    """One row; what is not given is empty."""
    values = {"time": time, "site_id": site_id, "type": kind, "path": path, "visitor": visitor}
    return PAGEVIEW._replace(**{"browser": "Firefox", **values, **columns})


def small_history():
    """Today 3 visitors, yesterday 1, last week 1."""
    page = {"country": "DE"}
    return [
        make_hit(NOW - 7 * DAY, visitor="old"),
        make_hit(NOW - DAY, path="/guides/a", visitor="yesterday", **page),
        make_hit(NOW - 40 * MINUTE, path="/cart", visitor="a", **page),
        make_hit(NOW - 39 * MINUTE, kind="event", action="order", value=20.0, visitor="a", **page),
        make_hit(
            NOW - 20 * MINUTE,
            path="/guides/a",
            visitor="b",
            referrer="https://news.example/x",
            country="US",
        ),
        make_hit(
            NOW - 2 * MINUTE,
            path="/cart",
            visitor="c",
            utm_source="letter",
            utm_medium="email",
            utm_campaign="autumn",
            **page,
        ),
    ]
