"""The configuration as frozen values: what every other room reads.

Defaults live here and nowhere else; the loader fills in only what the file says.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timezone, tzinfo
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from ztas_middleware.config.notify import Notify

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ztas_middleware.config.clustered import Cluster
    from ztas_middleware.config.domains import Domain
    from ztas_middleware.config.goals import Funnel, Goal
    from ztas_middleware.config.notify import Alert, MailServer
    from ztas_middleware.config.segments import Annotation
    from ztas_middleware.filters import Filters

Network = IPv4Network | IPv6Network
Durability = Literal["commit", "full"]
Revision = tuple[int, int, int]
"""Of a file: the time it was changed, in nanoseconds, its size and its inode."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """One registered site."""

    id: str
    domains: tuple[Domain, ...]
    """What `domain` lists, in its order; the first one is the site's display name."""
    timezone: tzinfo = timezone.utc
    """Where this site's day begins."""
    server_side: bool = True
    """Whether hits without an Origin header are taken."""
    exclude_paths: tuple[str, ...] = ()
    """Globs over the cleaned path; `*` is any text, slashes included."""
    count_pages: bool = False
    """Whether the app's own pages are counted on the server."""
    inject: bool = False
    """Whether the app's own pages get the script tag; needs `script`."""
    agents: bool = False
    """Whether it is counted which assistants, crawlers and previews read the app's own pages."""
    public: bool = False
    """Whether anyone may read its numbers."""
    retention_days: int | None = None
    """Age in days past which hits are pruned; None keeps them."""
    routes: tuple[str, ...] = ()
    """Globs that name pages where no router of a framework does, the first match first."""
    goals: tuple[Goal, ...] = ()
    funnels: tuple[Funnel, ...] = ()
    segments: Mapping[str, Filters] = field(default_factory=dict)
    """Filters by the name that readers are offered them under."""
    annotations: tuple[Annotation, ...] = ()
    """What happened when, marked in the charts."""
    notify: Notify = field(default_factory=Notify)
    """Who gets its reports and alerts."""
    alerts: tuple[Alert, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Bots:
    """Substrings of a User-Agent that settle the verdict before any table of ours."""

    allow: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiAccess:
    """Where the JSON API is served, and to whom."""

    path: str | None = None
    """The URL path that its own paths start with, without a trailing slash; None: not served."""
    tokens: tuple[str, ...] = ()
    """SHA-256 of each token's UTF-8, lower-case hex."""
    allow_origins: tuple[str, ...] = ()
    """Whose pages may read it: `https://example.org`, or `*`, which has public sites only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DashboardAccess:
    """Where the dashboard is served, and to whom."""

    path: str | None = None
    """The URL path of the overview, without a trailing slash; None does not serve it."""
    password: str | None = None
    """A hash by `passwords.hash_password`; None lets people see public sites only."""
    embed: tuple[str, ...] = ()
    """Origins whose pages may frame public and shared pages, as a CSP names them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportLimits:
    """What answering questions may take of one process."""

    memory: str = "256MB"
    """As DuckDB writes it; more than that goes to a temporary folder."""
    threads: int = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """A whole, valid configuration."""

    sites: Mapping[str, Site]
    """By site id, in the file's order; at least one."""
    database: Path = Path("ztas.db")
    """Absolute once loaded."""
    endpoint: str = "/api/track"
    script: str | None = None
    """The path that the tracker's file is served at; None does not serve it."""
    pixel: str | None = None
    """The path of the image that counts; None does not serve it."""
    bots: Bots = field(default_factory=Bots)
    honor_dnt: bool = False
    exclude_addresses: tuple[Network, ...] = ()
    exclude_cookies: tuple[str, ...] = ()
    """Names; whose browser sends one is not counted."""
    trusted_proxies: tuple[Network, ...] = (ip_network("127.0.0.1/32"), ip_network("::1/128"))
    country_header: str | None = None
    geo: Path | None = None
    """An .mmdb file; absolute once loaded."""
    keep_query: tuple[str, ...] = ()
    rate_limit: int = 1000
    """Requests a minute and client address; 0 is no limit."""
    max_body: int = 65_536
    """Bytes."""
    max_batch: int = 100
    """Events."""
    durability: Durability = "commit"
    history: Path | None = None
    """The folder of the finished days; None is beside the database. Absolute once loaded."""
    keep_hits_days: int | None = None
    """Age in days past which hits are in the history alone; None keeps both."""
    reports: ReportLimits = field(default_factory=ReportLimits)
    api: ApiAccess = field(default_factory=ApiAccess)
    dashboard: DashboardAccess = field(default_factory=DashboardAccess)
    mail: MailServer | None = None
    """Who takes mails; None sends none."""
    cluster: Cluster | None = None
    """Where all machines' hits come together; None where this one is alone."""
    source: Path | None = None
    """The YAML file this was loaded from; None for a mapping."""
    revision: Revision | None = field(default=None, compare=False)

    @property
    def history_folder(self) -> Path:
        """Where the finished days are: what `history` says, else beside the database itself."""
        # A link to a database is no place for what has to stay with it.
        return self.history or self.database.resolve().with_suffix(".history")

    """The state of that file when it was read, by which a later one is told apart."""
