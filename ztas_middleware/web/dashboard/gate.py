"""Who may see what, and how one gets in."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, NamedTuple

from ztas_middleware.intake.clients import Clients
from ztas_middleware.passwords import verify_password
from ztas_middleware.store.salts import Salts
from ztas_middleware.web.dashboard.sessions import Sessions, no_cookie
from ztas_middleware.web.dashboard.tries import Tries

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ztas_middleware.answer import Header
    from ztas_middleware.config.model import Config
    from ztas_middleware.store.database import Database


class Attempt(NamedTuple):
    """What came of a try to log in."""

    cookie: Header | None = None
    """Begins the session; None if there is none."""
    wait: int | None = None
    """Seconds until the next try may be made, after too many."""


class Gate:
    """The login under one configuration; without a password nobody can log in."""

    def __init__(self, config: Config, base: str, database: Database) -> None:
        self._base = base
        self._password = config.dashboard.password
        self._sessions = Sessions(self._password) if self._password is not None else None
        self._tries = Tries(database, Salts(database))
        self._clients = Clients(config.trusted_proxies, ())
        # Each check takes 32 MiB: as many at once as there are threads would be a gigabyte.
        self._one_at_a_time = threading.Lock()

    @property
    def has_login(self) -> bool:
        """Whether there is a password."""
        return self._sessions is not None

    def is_open_for(self, environ: Mapping[str, Any], now: int) -> bool:
        """Whether a request comes with a session; `now` is UTC milliseconds."""
        cookies = environ.get("HTTP_COOKIE", "")
        return self._sessions is not None and self._sessions.is_open(cookies, now // 1000)

    def is_shared(self, site_id: str, token: str | None) -> bool:
        """Whether a token lets one look at a site."""
        return (
            self._sessions is not None
            and bool(token)
            and self._sessions.is_shared(site_id, token or "")
        )

    def share_token(self, site_id: str) -> str | None:
        """What lets anyone look at a site; None if that needs a password that is not there."""
        return None if self._sessions is None else self._sessions.share_token(site_id)

    def log_in(self, environ: Mapping[str, Any], password: str, now: int) -> Attempt:
        """Try a password.

        Raises:
            StorageError: tries can't be counted, so none is made.
        """
        if self._password is None or self._sessions is None:
            return Attempt()
        address = self._clients.client(environ, self._clients.peer(environ)).address
        wait = self._tries.begin(address, now)
        if wait is not None:
            return Attempt(wait=wait)
        with self._one_at_a_time:
            is_right = verify_password(password, self._password)
        if not is_right:
            return Attempt()
        self._tries.forget(address, now)
        path, secure = self._cookie_path(environ), self._is_secure(environ)
        return Attempt(self._sessions.cookie(path, now // 1000, secure=secure))

    def log_out(self, environ: Mapping[str, Any]) -> Header:
        """What ends a session."""
        return no_cookie(self._cookie_path(environ), secure=self._is_secure(environ))

    def is_from_here(self, environ: Mapping[str, Any]) -> bool:
        """Whether a form was sent from one of our own pages, and not by another site.

        The session's cookie is `SameSite=Lax` already; this also keeps others from logging
        somebody in or out.
        """
        fetched_from = environ.get("HTTP_SEC_FETCH_SITE")
        if fetched_from:
            # A browser's own word; a page can't set it. `none` is the address bar.
            return fetched_from in ("same-origin", "none")
        origin = environ.get("HTTP_ORIGIN")
        if not origin:
            return True  # no browser sends a form without either header
        return origin.partition("://")[2].lower() in self._hosts(environ)

    def _hosts(self, environ: Mapping[str, Any]) -> set[str]:
        """Under which names we are known to the reader."""
        hosts = {environ.get("HTTP_HOST", "").lower()}
        if self._clients.peer(environ).trusted:
            hosts.add(environ.get("HTTP_X_FORWARDED_HOST", "").strip().lower())
        return hosts - {""}

    def _is_secure(self, environ: Mapping[str, Any]) -> bool:
        if environ["wsgi.url_scheme"] == "https":
            return True
        forwarded = environ.get("HTTP_X_FORWARDED_PROTO", "")
        return bool(forwarded.strip().lower() == "https" and self._clients.peer(environ).trusted)

    def _cookie_path(self, environ: Mapping[str, Any]) -> str:
        return str(environ.get("SCRIPT_NAME", "")) + self._base + "/"
