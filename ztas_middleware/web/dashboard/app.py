"""The dashboard's handler: from a request to one of its pages, if the reader may see it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from ztas_middleware.errors import HistoryBusyError, StorageError
from ztas_middleware.parameters import ParameterError
from ztas_middleware.web.dashboard.files import File
from ztas_middleware.web.dashboard.login import HARMLESS, LoginPages, next_parameter
from ztas_middleware.web.dashboard.pages import Pages
from ztas_middleware.web.dashboard.paths import FILES, places
from ztas_middleware.web.dashboard.questions import parameters_of
from ztas_middleware.web.dashboard.rendering import Renderer, framed_by, redirect
from ztas_middleware.web.dashboard.visits import Visit

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ztas_middleware.answer import Answer, Header
    from ztas_middleware.config.model import Config, Site
    from ztas_middleware.reports.reader import Reports
    from ztas_middleware.web.dashboard.gate import Gate
    from ztas_middleware.web.dashboard.paths import Place


class Dashboard:
    """Answers requests to the dashboard's paths.

    Args:
        config: whose sites are shown.
        base: the path that all of its paths are below, without a slash at its end.
        reports: answers the questions.
        gate: lets readers in; None lets everyone see everything.
        clock: UTC nanoseconds.
    """

    def __init__(
        self,
        config: Config,
        base: str,
        reports: Reports,
        gate: Gate | None,
        clock: Callable[[], int] = time.time_ns,
    ) -> None:
        self._config = config
        self._base = base
        self._gate = gate
        self._clock = clock
        self._places = places(config.sites, base)
        self._files = {name: File(name) for name in FILES}
        self._renderer = Renderer()
        self._pages = Pages(config, reports, self._renderer)
        self._login = None
        if gate is not None:
            self._login = LoginPages(gate, self._renderer, self._places, base)

    def __call__(self, environ: Mapping[str, Any]) -> Answer:
        """Answer a request."""
        path = environ.get("PATH_INFO", "").encode("latin-1").decode("utf-8", "replace")
        visit = self._visit(environ)
        place = self._places.get(path)
        try:
            if place is None:
                return self._message(visit, "404 Not Found", "There is no such page.")
            return self._at(place, visit)
        except HistoryBusyError as busy:
            text = f"Not yet: {busy.problem}. The page asks again by itself."
            waiting = [("Retry-After", "5"), ("Refresh", "5")]
            return self._message(visit, "503 Service Unavailable", text, *waiting)
        except StorageError:
            text = "The database can’t be read right now. Try again in a moment."
            return self._message(visit, "503 Service Unavailable", text)

    def _visit(self, environ: Mapping[str, Any]) -> Visit:
        now = self._clock() // 1_000_000
        if self._gate is None:
            mount = quote(environ.get("SCRIPT_NAME", "").encode("latin-1"))
        else:
            mount = self._gate.mount(environ)
        root = mount + quote(self._base)
        return Visit(
            environ=environ,
            now=now,
            root=root,
            files={name: f"{root}/-/{name}?v={file.digest}" for name, file in self._files.items()},
            mount=mount,
            sees_all=self._gate is None or self._gate.is_open_for(environ, now),
            has_login=self._gate is not None and self._gate.has_login,
        )

    def _at(self, place: Place, visit: Visit) -> Answer:
        method = visit.environ["REQUEST_METHOD"]
        if place.page in ("login", "logout"):
            if self._login is None or not visit.has_login:
                return self._message(visit, "404 Not Found", "There is no login here.")
            if method == "POST":
                is_login = place.page == "login"
                return self._login.log_in(visit) if is_login else self._login.log_out(visit)
            if place.page == "login" and method in ("GET", "HEAD"):
                return self._login.form(visit)
            allowed = "GET, HEAD, POST" if place.page == "login" else "POST"
            return self._not_allowed(visit, allowed)
        if method not in ("GET", "HEAD"):
            return self._not_allowed(visit, "GET, HEAD")
        if place.page == "file":
            return self._files[place.site_id].answer(visit.environ)
        if place.page == "slash":
            query = quote(visit.query, safe=HARMLESS)
            return redirect(f"{visit.root}/" + (f"?{query}" if query else ""))
        if place.page == "overview":
            return self._overview(visit)
        return self._site(place, visit)

    def _overview(self, visit: Visit) -> Answer:
        visible = [site for site in self._config.sites.values() if visit.may_see(site)]
        if not visible:
            return self._to_login(visit)
        return self._pages.overview(visit, visible)

    def _site(self, place: Place, visit: Visit) -> Answer:
        site = self._config.sites[place.site_id]
        if not visit.may_see(site) and not self._has_token(visit, site):
            if place.page == "realtime":
                # The script then loads the whole page, which leads to the login.
                return self._message(visit, "401 Unauthorized", "Log in to see this site.")
            return self._to_login(visit)
        made = self._page(place, visit, site)
        embed = self._config.dashboard.embed
        if embed and (site.public or self._has_token(visit, site)):
            return framed_by(embed, made)
        return made

    def _page(self, place: Place, visit: Visit, site: Site) -> Answer:
        """A page of a site that the reader may see."""
        visible = [other for other in self._config.sites.values() if visit.may_see(other)]
        if place.page == "site":
            return self._pages.site(visit, site, visible)
        if place.page == "drops":
            return self._pages.drops(visit, site, visible)
        if place.page == "realtime":
            return self._pages.realtime(visit, site)
        if place.page == "csv":
            return self._pages.csv(visit, site)
        token = self._gate.share_token(site.id) if self._gate is not None else None
        if token is None or not visit.sees_all:
            return self._message(visit, "404 Not Found", "There is nothing to share here.")
        return self._pages.share(visit, site, token)

    def _has_token(self, visit: Visit, site: Site) -> bool:
        try:
            token = parameters_of(visit.query).get("share", [None])[0]
        except ParameterError:
            return False
        return self._gate is not None and self._gate.is_shared(site.id, token)

    def _to_login(self, visit: Visit) -> Answer:
        query = urlencode({"next": next_parameter(visit, self._base)})
        return redirect(f"{visit.root}/-/login?{query}")

    def _not_allowed(self, visit: Visit, allowed: str) -> Answer:
        text = "That can’t be done with this page."
        return self._message(visit, "405 Method Not Allowed", text, ("Allow", allowed))

    def _message(self, visit: Visit, status: str, text: str, *headers: Header) -> Answer:
        values = {**visit.common(), "status": status[4:], "text": text}
        return self._renderer.page(visit.environ, "message.html", values, status, headers)
