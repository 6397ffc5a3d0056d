"""One request to the dashboard, with what every page needs to know about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ztas_middleware.config.model import Site


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """One request."""

    environ: Mapping[str, Any]
    now: int
    """UTC milliseconds."""
    root: str
    """Where the dashboard is, as a path for links, without a slash at its end."""
    mount: str
    """Where the middleware is, likewise."""
    files: Mapping[str, str]
    """Where the stylesheet, the script and the icon are."""
    sees_all: bool
    """Whether the reader may see sites that are not public."""
    has_login: bool

    @property
    def query(self) -> str:
        """The query string."""
        return str(self.environ.get("QUERY_STRING", ""))

    def may_see(self, site: Site) -> bool:
        """Whether a site may be shown, without a token."""
        return self.sees_all or site.public

    def address(self, site: Site, page: str = "") -> str:
        """The path of a site's page, for links."""
        way = f"{self.root}/{quote(site.id, safe='')}"
        return f"{way}/{page}" if page else way

    def common(self) -> dict[str, Any]:
        """What the layout of every page shows."""
        return {
            "root": self.root,
            "files": self.files,
            "logs_out": self.sees_all and self.has_login,
            "logs_in": not self.sees_all and self.has_login,
            "others": (),
        }
