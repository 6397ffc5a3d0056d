"""What a site is called on a page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ztas_middleware.reports.answers import display_name

if TYPE_CHECKING:
    from ztas_middleware.config.model import Site


def site_name(site: Site) -> str:
    """The site's first domain, in the letters that its owner knows."""
    name = display_name(site)
    try:
        return name.encode("ascii").decode("idna")
    except UnicodeError:
        return name
