"""Which paths are ours under a configuration, and what stands between the server and the app.

What is not switched on is not even imported.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache, partial
from typing import TYPE_CHECKING, Any

from ztas_middleware.answer import Answer
from ztas_middleware.errors import ConfigError, StorageError
from ztas_middleware.intake.endpoint import Endpoint

if TYPE_CHECKING:
    from ztas_middleware.config.model import Config, Site
    from ztas_middleware.intake.recorder import Recorder
    from ztas_middleware.outages import OutageLog
    from ztas_middleware.reports.reader import Reports
    from ztas_middleware.store.database import Database
    from ztas_middleware.web.memory import PageMemory
    from ztas_middleware.web.pages import Pages

Handler = Callable[[Mapping[str, Any]], Answer | None]
"""Answers a request to its path; None leaves it to the wrapped app."""


def routes(
    config: Config,
    recorder: Recorder,
    database: Database,
    outages: OutageLog,
    memory: PageMemory,
) -> dict[str, Handler]:
    """The handler of each path that the configuration names.

    Raises:
        ConfigError: something is switched on that needs a package which is not installed.
    """
    found: dict[str, Handler] = {}
    reports = cache(partial(_reports, config))
    if config.cluster is not None and (config.dashboard.path or config.api.path):
        problem = "needs clickhouse-driver: pip install 'ztas-middleware[cluster]'"
        _need(config, "cluster", "clickhouse_driver", problem)
    if config.dashboard.path is not None:
        found |= _dashboard(config, config.dashboard.path, database, reports)
    found[config.endpoint] = Endpoint(config, recorder, outages)
    if config.script is not None:
        from ztas_middleware.web.script import Script

        found[config.script] = Script(config.script, config.endpoint)
    if config.pixel is not None:
        from ztas_middleware.web.pixel import Pixel

        found[config.pixel] = Pixel(config, recorder, outages, memory)
    if config.api.path is not None:
        _need(config, "api", "duckdb", "needs DuckDB: pip install 'ztas-middleware[reports]'")
        from ztas_middleware.web.api import Api

        api = Api(config, reports(), outages)
        found[f"{config.api.path}/stats"] = api.stats
        found[f"{config.api.path}/breakdown"] = api.breakdown
        found[f"{config.api.path}/journeys"] = api.journeys
        found[f"{config.api.path}/realtime"] = api.realtime
        found[f"{config.api.path}/export"] = api.export
        found[f"{config.api.path}/agents"] = api.agents
    return found


def _reports(config: Config) -> Reports:
    """What API and dashboard both ask: what the one has counted, the other need not."""
    from ztas_middleware.reports.reader import Reports

    return Reports(config)


def _dashboard(
    config: Config, base: str, database: Database, reports: Callable[[], Reports]
) -> dict[str, Handler]:
    """The dashboard's paths; what they need is imported when somebody asks for one of them."""
    from ztas_middleware.web.dashboard.paths import places

    _need(config, "dashboard", "jinja2", "needs Jinja2: pip install 'ztas-middleware[dashboard]'")
    _need(config, "dashboard", "duckdb", "needs DuckDB: pip install 'ztas-middleware[dashboard]'")
    return dict.fromkeys(places(config.sites, base), _Dashboard(config, base, database, reports))


def _need(config: Config, key: str, package: str, problem: str) -> None:
    """See that a package is there; importing it is left to who asks."""
    from importlib.util import find_spec

    if find_spec(package) is None:
        source = str(config.source) if config.source else None
        raise ConfigError(problem, source=source, key=key)


class _Dashboard:
    """Becomes the dashboard when somebody asks for it."""

    takes_body = True
    """POST is answered in any case, so that its body may be read first."""

    def __init__(
        self, config: Config, base: str, database: Database, reports: Callable[[], Reports]
    ) -> None:
        self._made_of = (config, base, database, reports)
        self._dashboard: Handler | None = None

    def __call__(self, environ: Mapping[str, Any]) -> Answer | None:
        if self._dashboard is None:
            from ztas_middleware.web.dashboard.app import Dashboard
            from ztas_middleware.web.dashboard.gate import Gate

            config, base, database, reports = self._made_of
            # Two first requests at once make two, of which one is kept.
            self._dashboard = Dashboard(config, base, reports(), Gate(config, base, database))
        return self._dashboard(environ)


def pages_between(
    config: Config,
    recorder: Recorder,
    database: Database,
    outages: OutageLog,
    memory: PageMemory,
) -> Pages | None:
    """What sees the app's own pages, if any site wants them counted or given the tag."""
    sites = config.sites.values()
    if not any(site.count_pages or site.inject or site.agents for site in sites):
        return None
    from ztas_middleware.intake.agent_names import agent_of
    from ztas_middleware.web.pages import Pages
    from ztas_middleware.web.visits import requested_page

    def remember(environ: Mapping[str, Any], site: Site) -> Callable[[], None]:
        received, event = recorder.receive(environ), requested_page(environ)

        def count() -> None:
            try:
                recorder.record(received, site, (event,), from_page=True)
            except StorageError as failure:
                outages.report("page views of the app's pages are lost", failure)
            if database.checkpoint_due:
                database.checkpoint()

        return count

    def remember_read(environ: Mapping[str, Any], site: Site) -> Callable[[], None] | None:
        agent = agent_of(environ.get("HTTP_USER_AGENT", ""))
        if agent is None:
            return None
        received, path = recorder.receive(environ), requested_page(environ).path or "/"
        return lambda: recorder.record_read(received, site, path, agent)

    def report(error: Exception) -> None:
        outages.report("a page left as the app made it", error)

    return Pages(
        sites,
        script=config.script,
        endpoint=config.endpoint,
        remember=remember,
        remember_read=remember_read,
        report=report,
        memory=memory,
    )
