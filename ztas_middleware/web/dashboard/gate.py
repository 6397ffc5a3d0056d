"""Who may see what, and how one gets in."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from urllib.parse import quote

from ztas_middleware.intake.clients import Clients
from ztas_middleware.passwords import verify_password
from ztas_middleware.store.salts import Salts
from ztas_middleware.web.dashboard.forwarding import Forwarding
from ztas_middleware.web.dashboard.sessions import COOKIE, Sessions, no_cookie
from ztas_middleware.web.dashboard.tries import Tries

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ztas_middleware.answer import Header
    from ztas_middleware.config.model import Config
    from ztas_middleware.store.database import Database


TURN: Final = 0.2
"""Seconds that a try waits for another one: what a check takes, on a machine with little to do."""


class Attempt(NamedTuple):
    """What came of a try to log in."""

    cookie: Header | None = None
    """Begins the session; None if there is none."""
    wait: int | None = None
    """Seconds until the next try may be made, after too many."""
    busy: bool = False
    """Somebody else's password is being looked at; nothing was tried."""


class Gate:
    """The login under one configuration; without a password nobody can log in."""

    def __init__(self, config: Config, base: str, database: Database) -> None:
        self._base = base
        self._password = config.dashboard.password
        self._sessions = Sessions(self._password) if self._password is not None else None
        self._tries = Tries(database, Salts(database))
        self._clients = Clients(config.trusted_proxies, ())
        self._forwarding = Forwarding(self._clients)
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
        # Whoever waited here would keep a thread from the app: it is not the reader's fault, and
        # no try of theirs.
        if not self._one_at_a_time.acquire(timeout=TURN):
            return Attempt(busy=True)
        try:
            wait = self._tries.begin(address, now)
            if wait is not None:
                return Attempt(wait=wait)
            if not verify_password(password, self._password):
                return Attempt()
        finally:
            self._one_at_a_time.release()
        self._tries.forget(address, now)
        path, secure = self._cookie_path(environ), self._forwarding.is_secure(environ)
        return Attempt(self._sessions.cookie(path, now // 1000, secure=secure))

    def log_out(self, environ: Mapping[str, Any]) -> Header:
        """What ends a session."""
        name = self._sessions.cookie_name if self._sessions is not None else COOKIE
        secure = self._forwarding.is_secure(environ)
        return no_cookie(name, self._cookie_path(environ), secure=secure)

    def is_from_here(self, environ: Mapping[str, Any]) -> bool:
        """Whether a form was sent from one of our own pages; see `Forwarding`."""
        return self._forwarding.is_from_here(environ)

    def mount(self, environ: Mapping[str, Any]) -> str:
        """Where the middleware is for the reader, percent-encoded, without a slash at its end."""
        mounted = quote(str(environ.get("SCRIPT_NAME", "")).encode("latin-1"))
        return self._forwarding.prefix(environ) + mounted

    def _cookie_path(self, environ: Mapping[str, Any]) -> str:
        return self.mount(environ) + quote(self._base) + "/"
