"""The dashboard without the middleware: a WSGI application for those with a login of their own."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from ztas_middleware.config import coerce
from ztas_middleware.errors import ConfigError
from ztas_middleware.reports.reader import Reports

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Mapping
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

    from ztas_middleware.config.model import Config


def standalone(config: str | os.PathLike[str] | Mapping[str, Any] | Config) -> WSGIApplication:
    """See `dashboard_app`."""
    if find_spec("jinja2") is None:
        raise ConfigError("the dashboard needs Jinja2: pip install 'ztas-middleware[dashboard]'")
    from ztas_middleware.web.dashboard.app import Dashboard  # needs Jinja2

    settings = coerce(config)
    dashboard = Dashboard(settings, "", Reports(settings), None)

    def application(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        answer = dashboard(environ)
        start_response(answer.status, answer.headers)
        return answer.body

    return application
