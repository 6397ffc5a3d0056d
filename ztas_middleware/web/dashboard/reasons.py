"""Why hits are dropped, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

# The reasons are those of the table `drops`.
REASONS: Final[Mapping[str, tuple[str, str]]] = {
    "bot": (
        "Bots",
        "Crawlers, monitors and scripts. If one is a person after all, use bots.allow.",
    ),
    "prefetch": (
        "Prefetched pages",
        "A browser loaded the page in case somebody opens it. It counts when it is shown.",
    ),
    "opt_out": (
        "Opted out",
        "The visitor’s browser sent DNT: 1 or Sec-GPC: 1, and honor_dnt is on.",
    ),
    "excluded": (
        "Excluded",
        "exclude_paths has the page, exclude_addresses the address, or exclude_cookies a cookie.",
    ),
    "origin": (
        "Wrong origin",
        "The page’s host is none of this site’s domains. If it is yours, add it to domain.",
    ),
    "rate_limit": (
        "Too many at once",
        "One address sent more than rate_limit a minute. Is your proxy in trusted_proxies?",
    ),
    "invalid": (
        "Not understood",
        "The hit had a field of the wrong type, an unknown type, or was no JSON.",
    ),
}
