"""The app's own pages: counted on the server, or given the script tag, on their way out.

Which requests open a page is in `visits`, which answers are one in `answering`, where the tag
goes in `head`, how it gets there in `injection`, and all that comes together in `outgoing`. None of
them knows a protocol: the WSGI around them is `passage`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ztas_middleware.web.hosting import SitesByHost, origin_of
from ztas_middleware.web.outgoing import Outgoing, Visit
from ztas_middleware.web.tag import Tagging, TagPattern
from ztas_middleware.web.visits import is_frame, is_navigation

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from ztas_middleware.config.model import Site
    from ztas_middleware.web.memory import PageMemory
    from ztas_middleware.web.outgoing import Count, Report

    Remember = Callable[[Mapping[str, Any], Site], Count]
    RememberRead = Callable[[Mapping[str, Any], Site], Count | None]


class Pages:
    """Says what has to happen to the answer to a GET request."""

    def __init__(
        self,
        sites: Iterable[Site],
        *,
        script: str | None,
        endpoint: str,
        remember: Remember,
        remember_read: RememberRead,
        report: Report,
        memory: PageMemory,
    ) -> None:
        """Prepare for the sites that have `count_pages`, `inject` or `agents` on.

        Args:
            sites: all that are configured, in the file's order.
            script: the path that the tracker's file is served at, if it is.
            endpoint: the path that it sends hits to.
            remember: called before the app with a navigation and its site; what it returns is
                called when the page is out, if it is to be counted.
            remember_read: called before the app with a request and its site; what it returns, if
                anything, is called when a page is out.
            report: told what went wrong in here; the page leaves unchanged.
            memory: where it is noted who counts which page.
        """
        self._sites = SitesByHost(
            site for site in sites if site.count_pages or site.inject or site.agents
        )
        self._script = script
        self._endpoint = endpoint
        self._pattern = TagPattern(script) if script else None
        self._remember = remember
        self._remember_read = remember_read
        self._report = report
        self._memory = memory

    def expect(self, environ: Mapping[str, Any]) -> Outgoing | None:
        """Prepare for the answer to a GET request, before the app sees it.

        Args:
            environ: the request, as WSGI has it; no key is needed that CGI does not have.

        Returns:
            What the answer has to go through; None where it is none of our business.
        """
        try:
            return self._expect(environ)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is not the app's
            self._report(error)
            return None

    def _expect(self, environ: Mapping[str, Any]) -> Outgoing | None:
        site = self._sites.of(environ)
        if site is None:
            return None
        mount = environ.get("SCRIPT_NAME", "")
        visit = tagging = None
        if site.count_pages and is_navigation(environ):
            # Before the app: some apps change the environ, and the visitor came now.
            count = self._remember(environ, site)
            visit = Visit(site.id, mount + environ.get("PATH_INFO", ""), count, self._memory)
        if site.inject and self._script is not None and not is_frame(environ):
            origin = origin_of(environ)
            tagging = Tagging(site.id, self._script, self._endpoint, mount, origin)
        read = self._remember_read(environ, site) if site.agents else None
        if visit is None and tagging is None and read is None:
            return None
        return Outgoing(
            tagging=tagging, pattern=self._pattern, visit=visit, read=read, report=self._report
        )
