"""System checks: what goes wrong in silence otherwise."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.checks import Error, Warning  # noqa: A004 - Django's names
from django.core.exceptions import ImproperlyConfigured

from ztas_middleware.config import coerce
from ztas_middleware.config.domains import covers
from ztas_middleware.django.settings import configured
from ztas_middleware.errors import ConfigError
from ztas_middleware.store.connection import is_busy

if TYPE_CHECKING:
    from pathlib import Path

    from ztas_middleware.config import Config

OURS = "ztas_middleware.django.middleware.ZTASMiddleware"

ABOVE = frozenset(
    {
        "django.middleware.security.SecurityMiddleware",
        "django.middleware.gzip.GZipMiddleware",
        # They serve files and panels of their own, and nothing of the project's.
        "whitenoise.middleware.WhiteNoiseMiddleware",
        "servestatic.middleware.ServeStaticMiddleware",
        "debug_toolbar.middleware.DebugToolbarMiddleware",
    }
)
"""What may stand above ours."""


def check_settings(**_: Any) -> list[Any]:  # noqa: ANN401 - Django passes what it likes
    """All that can be said of the settings without serving a request."""
    try:
        config = coerce(configured())
    except (ConfigError, ImproperlyConfigured) as error:
        return [Error(str(error), id="ztas.E001")]
    found = [_order(), _hosts(config), _proxies(config), _database(config.database)]
    return [warning for warning in found if warning is not None]


def _order() -> Warning | None:
    before: list[str] = []
    for name in settings.MIDDLEWARE:
        if name == OURS:
            break
        before.append(name)
    else:
        return None  # wrapped in wsgi.py or asgi.py
    above = [name for name in before if name not in ABOVE]
    if not above:
        return None
    return Warning(
        f"Above ZTASMiddleware, where it does not see what they answer, redirect or change: "
        f"{', '.join(above)}",
        hint=f"Put {OURS} right below SecurityMiddleware and GZipMiddleware.",
        id="ztas.W001",
    )


def _hosts(config: Config) -> Warning | None:
    allowed = [host for host in settings.ALLOWED_HOSTS if host != "*"]
    if not allowed or len(allowed) < len(settings.ALLOWED_HOSTS):
        return None
    domains = [domain for site in config.sites.values() for domain in site.domains]
    for host in allowed:
        # `.example.com` is the domain and everything below it.
        names = [host] if not host.startswith(".") else [host[1:], f"www{host}"]
        if any(covers(domain, name.lower()) for domain in domains for name in names):
            return None
        if host.startswith(".") and any(str(d.host).endswith(host.lower()) for d in domains):
            return None
    return Warning(
        f"No site's `domain` is one of ALLOWED_HOSTS ({', '.join(allowed)}): hits of the "
        "project's own pages are refused with 403.",
        hint="Name the host of the address bar in `sites.<id>.domain`.",
        id="ztas.W002",
    )


def _proxies(config: Config) -> Warning | None:
    behind = [
        name
        for name in ("SECURE_PROXY_SSL_HEADER", "USE_X_FORWARDED_HOST")
        if getattr(settings, name, None)
    ]
    if not behind or config.trusted_proxies:
        return None
    return Warning(
        f"{behind[0]} says that there is a proxy, and `trusted_proxies` trusts none: all visitors "
        "seem to come from the proxy's address, and are one.",
        hint="Name the proxy's address in `trusted_proxies`, or `private`.",
        id="ztas.W003",
    )


def _database(file: Path) -> Warning | None:
    problem = _why_not_writable(file)
    if problem is None:
        return None
    return Warning(
        f"The database can't be written: {file}: {problem}",
        hint="Hits are answered with 503 until the process may write the file and its folder.",
        id="ztas.W004",
    )


def _why_not_writable(file: Path) -> str | None:
    if not file.parent.is_dir():
        return "its folder is not there"
    if not os.access(file.parent, os.W_OK):
        return "its folder is not writable"
    if not file.exists():
        return None
    try:
        with closing(
            sqlite3.connect(f"{file.absolute().as_uri()}?mode=rw", uri=True, timeout=0)
        ) as connection:
            connection.execute("begin immediate")
            connection.execute("rollback")
    except sqlite3.Error as error:
        return None if is_busy(error) else str(error)
    return None
