"""Rows of the table `hits`, of which a test names only what it is about."""

from __future__ import annotations

from ztas_middleware.store.hits import Hit

PAGEVIEW = Hit(**dict.fromkeys(Hit._fields))._replace(
    time=1_700_000_000_000,
    site_id="site_a",
    type="pageview",
    path="/",
    visitor="abcdefghijk",
    browser="Chrome",
    os="Linux",
    device="desktop",
)
