"""Why hits are dropped, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

# The reasons are those of the table `drops`.
REASONS: Final[Mapping[str, tuple[str, str]]] = {
    "bot": (
        "Bots",
        "Crawlers, monitors and scripts. If one of them is a person after all, put a part of its "
        "User-Agent into bots.allow.",
    ),
    "prefetch": (
        "Prefetched pages",
        "A browser loaded the page in case somebody would open it. It counts when it is shown.",
    ),
    "opt_out": (
        "Opted out",
        "The visitor’s browser sent DNT: 1 or Sec-GPC: 1, and honor_dnt is on.",
    ),
    "excluded": (
        "Excluded",
        "The page matches exclude_paths, or the address is one of exclude_addresses: most often "
        "your own.",
    ),
    "origin": (
        "Wrong origin",
        "The page was served from a host that is none of this site’s domains. If it is yours, "
        "add it to domain.",
    ),
    "rate_limit": (
        "Too many at once",
        "One address sent more than rate_limit requests in a minute. Behind a proxy, check that "
        "it is one of trusted_proxies: otherwise all visitors seem to have one address.",
    ),
    "invalid": (
        "Not understood",
        "The hit had a field of the wrong type, an unknown type, or was no JSON.",
    ),
}
