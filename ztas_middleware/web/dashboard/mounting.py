"""The dashboard without the middleware, for those with a login of their own."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from ztas_middleware.config import coerce
from ztas_middleware.config.watch import ConfigWatch
from ztas_middleware.errors import ConfigError
from ztas_middleware.reports.reader import Reports

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

    from ztas_middleware.answer import Answer
    from ztas_middleware.config.model import Config
    from ztas_middleware.reception import Configurable


class OpenDashboard:
    """A handler for the paths below wherever it is mounted; who gets here sees everything.

    Raises:
        ConfigError: the configuration can't be used, or Jinja2 is not installed.
    """

    def __init__(self, config: Configurable) -> None:
        for package, name in (("jinja2", "Jinja2"), ("duckdb", "DuckDB")):
            if find_spec(package) is not None:
                continue
            problem = f"the dashboard needs {name}: pip install 'ztas-middleware[dashboard]'"
            raise ConfigError(problem)
        settings = coerce(config)
        source = settings.source
        self._watch = ConfigWatch(source, settings.revision) if source else None
        self._make(settings)

    def __call__(self, environ: Mapping[str, Any]) -> Answer:
        """Answer a request, under the configuration as it is now."""
        changed = self._watch.changed() if self._watch is not None else None
        if changed is not None:
            self._make(changed)
        return self._dashboard(environ)

    def _make(self, config: Config) -> None:
        from ztas_middleware.web.dashboard.app import Dashboard  # needs Jinja2

        self._dashboard = Dashboard(config, "", Reports(config), None)


def standalone(config: Configurable) -> WSGIApplication:
    """See `dashboard_app`."""
    dashboard = OpenDashboard(config)

    def application(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        answer = dashboard(environ)
        start_response(answer.status, answer.headers)
        return answer.body

    return application
