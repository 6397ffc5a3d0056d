"""What stands behind every front door: handlers, the database they end in, and chores.

Nothing in here knows WSGI from ASGI. A handler takes a mapping that names things as a WSGI environ
does, `wsgi.input` included, which has the body; it returns an `Answer`, or None for the app.
"""

from __future__ import annotations

import logging
import time
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from ztas_middleware.config import coerce
from ztas_middleware.config.watch import ConfigWatch
from ztas_middleware.current import receptions
from ztas_middleware.errors import ConfigError
from ztas_middleware.intake.agent_reads import AgentReads
from ztas_middleware.intake.drops import Drops
from ztas_middleware.intake.host import check_host
from ztas_middleware.intake.recorder import NOBODY, Recorder
from ztas_middleware.outages import OutageLog
from ztas_middleware.store.database import Database
from ztas_middleware.store.housekeeping import Housekeeping
from ztas_middleware.store.notices import Notices
from ztas_middleware.store.salts import Salts
from ztas_middleware.web.hosting import SitesByHost
from ztas_middleware.web.memory import PageMemory
from ztas_middleware.web.routes import pages_between, routes

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Mapping
    from typing import TypeAlias

    from ztas_middleware.config.model import Config, Site
    from ztas_middleware.intake.host import Host
    from ztas_middleware.store.gathering import Gathering
    from ztas_middleware.web.routes import Handler

    Configurable: TypeAlias = str | os.PathLike[str] | Mapping[str, Any] | Config

TICK = 1.0
"""Seconds between two looks at what else there is to do."""

logger = logging.getLogger("ztas_middleware")


class _Kept(NamedTuple):
    """What outlives a change of the configuration, as long as it names the same database."""

    database: Database
    drops: Drops
    reads: AgentReads
    salts: Salts
    notices: Notices
    housekeeping: Housekeeping

    def close(self) -> None:
        self.drops.flush()
        self.reads.flush()
        self.database.close()


class Reception:
    """Serves one configuration after the other for as long as the app runs.

    Args:
        config: a path to a YAML file, a mapping of the same shape, or a loaded `Config`.
        gathering: where rows wait for the write thread, which is then the only one to call
            handlers that store; otherwise they are committed when a handler returns.
        host: what only the app knows.

    Attributes:
        handlers: who answers at which path, as a server hands it over: bytes read as latin-1
            (PEP 3333).
        next_tick: when `tick` is due, by `time.monotonic`.
        defer: has something stored soon, where the one who says so must not wait; None: at once.

    Raises:
        ConfigError: the configuration can't be used; it says where and why.
        TypeError: something in `host` is asynchronous.
    """

    def __init__(
        self,
        config: Configurable,
        *,
        gathering: Gathering | None = None,
        host: Host = NOBODY,
    ) -> None:
        settings = coerce(config)
        self._host = check_host(host)
        self._gathering = gathering
        self.outages = OutageLog()
        self._serve(settings, self._open(settings))
        source = settings.source
        self._watch = ConfigWatch(source, settings.revision) if source else None
        self.next_tick = 0.0
        self.defer: Callable[[Callable[[], None]], None] | None = None
        receptions.add(self)

    def site_of(self, environ: Mapping[str, Any], site_id: str | None) -> Site:
        """Whose event it is that the app reports.

        Raises:
            LookupError: it is not said, and neither `Host` nor the configuration tells.
        """
        sites = self.config.sites
        if site_id is not None:
            site = sites.get(site_id)
        elif len(sites) == 1:
            (site,) = sites.values()
        else:
            site = self._by_host.of(environ) if environ else None
        if site is None:
            raise LookupError(f"there is no site {site_id!r}" if site_id else "say which site=")
        return site

    @property
    def database(self) -> Database:
        """Where hits end."""
        return self._kept.database

    @property
    def salts(self) -> Salts:
        """Of the days that run."""
        return self._kept.salts

    @property
    def asks_app(self) -> bool:
        """Whether handlers call what the app's author has written, which may take its time."""
        return self._host.exclude is not None or self._host.route is not None

    @property
    def drops(self) -> Drops:
        """What was dropped and is not written down yet."""
        return self._kept.drops

    def tick(self) -> None:
        """Do what is due; raises nothing and waits for nobody."""
        self.next_tick = time.monotonic() + TICK
        config = self._watch.changed() if self._watch is not None else None
        if config is not None:
            self._change_to(config)
        self._kept.housekeeping.run()

    def close(self) -> None:
        """Write what is still to be written and release the database."""
        self._kept.close()

    def _change_to(self, config: Config) -> None:
        """Go on under another configuration, in whole; if it can't be, under the one in force."""
        before, in_force = self._kept, self.config
        stays = (config.database, config.durability) == (in_force.database, in_force.durability)
        try:
            self._serve(config, before if stays else self._open(config))
        except ConfigError as error:
            # Valid in itself, but what it switches on is not installed here.
            logger.error("the changed configuration is not used: %s", error)  # noqa: TRY400 - the place is in the message
            return
        logger.info("%s has changed and is in use", config.source)
        if not stays:
            before.close()

    def _open(self, config: Config) -> _Kept:
        database = Database(config.database, config.durability)
        drops, reads = Drops(database), AgentReads(database)

        def flush(patience: float) -> None:
            drops.flush(patience)
            reads.flush(patience)

        salts = Salts(database)
        chores = Housekeeping(database, flush, self.outages, salts)
        return _Kept(database, drops, reads, salts, Notices(database), chores)

    def _serve(self, config: Config, kept: _Kept) -> None:
        database = kept.database
        appends = database if self._gathering is None else self._gathering.before(database)
        recorder = Recorder(
            config,
            appends,
            kept.salts,
            kept.drops,
            kept.notices,
            reads=kept.reads,
            host=self._host,
            report=partial(self.outages.report, "the app was asked in vain"),
        )
        memory = PageMemory()
        pages = pages_between(config, recorder, database, self.outages, memory)
        found = routes(config, recorder, database, self.outages, memory)
        # Assigned when all of it is made: requests of other threads go by the old ones until then.
        self._kept = kept
        self.config = config
        self.recorder = recorder
        self._by_host = SitesByHost(config.sites.values())
        self.pages = pages
        self.handlers: dict[str, Handler] = {
            path.encode().decode("latin-1"): handler for path, handler in found.items()
        }
