"""What only the app knows: by which name it calls a page, and who is not to be counted."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from ztas_middleware.globs import Globs

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ztas_middleware.config.model import Site

Ask = Callable[[str], "str | None"]
"""From a path below the app's mount to the app's own name of the page."""

# inspect.CO_COROUTINE; importing it takes longer than the rest of this module.
_COROUTINE = 0x80

MOST_REMEMBERED = 4096
"""Paths whose name is known."""


class Host(NamedTuple):
    """What the app was asked when it was wrapped."""

    route: Ask | None = None
    """Given by whoever wraps; wins over all else."""
    router: Ask | None = None
    """The framework's own, asked last."""
    exclude: Callable[[Any], object] | None = None
    """Says of a request whether its sender is not to be counted."""


def check_host(host: Host) -> Host:
    """Refuse what could only be called in vain.

    Raises:
        TypeError: a callable is asynchronous; hits are stored in threads, where nobody awaits it.
    """
    for name, called in host._asdict().items():
        code = getattr(called, "__code__", None)
        if code is not None and code.co_flags & _COROUTINE:
            raise TypeError(f"{name}= must be a plain function: {called!r:.80} is asynchronous")
    return host


class Routes:
    """The app's own names of pages.

    Args:
        sites: their `routes` are globs, of which the first one that matches names a page.
        host: whose routers are asked.
        report: told of every failure in there.
    """

    def __init__(
        self, sites: Iterable[Site], host: Host, report: Callable[[Exception], None]
    ) -> None:
        self._host = host
        self._report = report
        self._globs = {
            site.id: tuple((pattern, Globs([pattern])) for pattern in site.routes)
            for site in sites
            if site.routes
        }
        self._remembered: dict[tuple[str, str], str | None] = {}
        self.is_empty = host.route is None and host.router is None and not self._globs
        """Whether nobody has a name for anything."""

    def of(self, site_id: str, path: str, environ: Mapping[str, Any]) -> str | None:
        """The name of the page at a cleaned `path`, which a request to the same mount tells of."""
        mount = environ.get("SCRIPT_NAME", "")
        if mount and path.startswith(mount):
            path = path[len(mount) :] or "/"
        key = site_id, path
        try:
            return self._remembered[key]
        except KeyError:
            name = self._find(site_id, path.partition("#")[0].partition("?")[0])
        if len(self._remembered) >= MOST_REMEMBERED:
            # Only a flood of made-up paths gets here; the usual ones are back in no time.
            self._remembered.clear()
        self._remembered[key] = name
        return name

    def _find(self, site_id: str, path: str) -> str | None:
        try:
            if self._host.route is not None:
                return _name(self._host.route(path))
            for pattern, globs in self._globs.get(site_id, ()):
                if globs.match(path):
                    return pattern
            if self._host.router is not None:
                return _name(self._host.router(path))
        except Exception as error:  # noqa: BLE001 - the app's own; a hit counts without a name
            self._report(error)
        return None


def _name(found: str | None) -> str | None:
    return (found if found.startswith("/") else f"/{found}")[:2048] if found else None
