"""Every path of the dashboard, each with the page it stands for.

The front door looks paths up, so they are all known when the configuration is loaded. Below
`/-/` is what belongs to no site.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

SITE_PAGES: Final = ("realtime", "drops", "csv", "share")
OWN_PAGES: Final = ("login", "logout")
FILES: Final = ("dashboard.css", "dashboard.js", "icon.svg")


class Place(NamedTuple):
    """What is at a path."""

    page: str
    site_id: str = ""
    """Empty where it belongs to no site."""


def places(site_ids: Iterable[str], base: str) -> dict[str, Place]:
    """What is at each path below `base`, which has no slash at its end.

    A site id may have slashes, so that it could be spelt like a page; a site's own page wins
    over another site's other pages, and ours over both.
    """
    ids = tuple(site_ids)
    found = {f"{base}/{name}/{page}": Place(page, name) for name in ids for page in SITE_PAGES}
    found |= {f"{base}/{name}": Place("site", name) for name in ids}
    found |= {f"{base}/-/{page}": Place(page) for page in OWN_PAGES}
    found |= {f"{base}/-/{name}": Place("file", name) for name in FILES}
    found[f"{base}/"] = Place("overview")
    if base:
        found[base] = Place("slash")
    return found
