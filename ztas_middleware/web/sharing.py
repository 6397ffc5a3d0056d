"""Which pages of other origins may read the JSON API from a browser (CORS, WHATWG Fetch)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ztas_middleware.answer import Answer
from ztas_middleware.intake.origin import parse_origin

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ztas_middleware.answer import Header
    from ztas_middleware.config.model import Config, Site

ANY = "*"

_VARY: Header = ("Vary", "Origin")


class Sharing:
    """What `api.allow_origins` allows."""

    def __init__(self, config: Config) -> None:
        named = config.api.allow_origins
        self._is_on = bool(named)
        self._any = ANY in named
        self._origins = {parse_origin(origin) for origin in named if origin != ANY}

    def headers(self, environ: Mapping[str, Any], site: Site | None) -> list[Header]:
        """What lets a page read an answer, errors included.

        Args:
            environ: the request.
            site: whom it asks about; None for nobody.
        """
        if not self._is_on:
            return []
        origin = environ.get("HTTP_ORIGIN")
        if origin and self._allows(origin, site):
            return [_VARY, ("Access-Control-Allow-Origin", origin)]
        return [_VARY]

    def preflight(self, environ: Mapping[str, Any], site: Site | None) -> Answer | None:
        """The answer to a browser that asks before it asks; None leaves it to the wrapped app."""
        origin = environ.get("HTTP_ORIGIN")
        wanted = environ.get("HTTP_ACCESS_CONTROL_REQUEST_METHOD")
        if not (self._is_on and origin and wanted):
            return None
        if not self._allows(origin, site):
            return Answer("403 Forbidden", [_VARY, ("Content-Length", "0")], ())
        return Answer(
            "204 No Content",
            [
                _VARY,
                ("Access-Control-Allow-Origin", origin),
                ("Access-Control-Allow-Methods", "GET, HEAD, OPTIONS"),
                ("Access-Control-Allow-Headers", "Authorization"),
                ("Access-Control-Max-Age", "86400"),
            ],
            (),
        )

    def _allows(self, origin: str, site: Site | None) -> bool:
        if self._any and site is not None and site.public:
            return True
        found = parse_origin(origin)
        return found is not None and found in self._origins
