"""Which keys there are. A new one is a field in `model` and a line here.

What is not in the file keeps the default of its field, so no default is written here.
"""

from __future__ import annotations

from functools import partial

from ztas_middleware.config.clustered import cluster, database_name, servers
from ztas_middleware.config.matches import funnels, goals
from ztas_middleware.config.model import (
    ApiAccess,
    Bots,
    Config,
    DashboardAccess,
    ReportLimits,
    Site,
)
from ztas_middleware.config.nodes import Node, refuse
from ztas_middleware.config.notify import Notify
from ztas_middleware.config.sections import Key, Table, named, section
from ztas_middleware.config.segments import notes, segments
from ztas_middleware.config.sending import (
    alerts,
    mail_address,
    mail_addresses,
    mail_server,
    webhook,
)
from ztas_middleware.config.settings import (
    cookie,
    domains,
    file,
    folder,
    glob,
    header,
    memory,
    network,
    parameter,
    password,
    proxies,
    reader_origin,
    site_id,
    token,
    url_path,
    web_origin,
    zone,
)
from ztas_middleware.config.values import boolean, choice, integer, list_of, optional, text

NOTIFY: Table = {
    "mail": Key(mail_addresses),
    "webhook": Key(optional(webhook)),
}

SITE: Table = {
    "domain": Key(domains, "domains", required=True),
    "timezone": Key(zone),
    "server_side": Key(boolean),
    "exclude_paths": Key(list_of(glob)),
    "count_pages": Key(boolean),
    "inject": Key(boolean),
    "agents": Key(boolean),
    "public": Key(boolean),
    "retention_days": Key(optional(integer(1, 36_500, hint=" days, or null"))),
    "routes": Key(list_of(glob)),
    "goals": Key(goals),
    "funnels": Key(funnels),
    "segments": Key(segments),
    "annotations": Key(notes, "annotations"),
    "notify": Key(section(Notify, NOTIFY)),
    "alerts": Key(alerts),
}

MAIL: Table = {
    "host": Key(text, required=True),
    "port": Key(optional(integer(1, 65_535))),
    "tls": Key(choice("starttls", "implicit", "none")),
    "user": Key(optional(text)),
    "password": Key(optional(text)),
    "from": Key(mail_address, "sender", required=True),
}

CLUSTER: Table = {
    "hosts": Key(servers, required=True),
    "database": Key(database_name),
    "user": Key(text),
    "password": Key(text),
    "name": Key(optional(text)),
    "secure": Key(boolean),
    "ca": Key(optional(file)),
}

BOTS: Table = {
    "allow": Key(list_of(text)),
    "deny": Key(list_of(text)),
}

API: Table = {
    "path": Key(optional(folder)),
    "tokens": Key(list_of(token)),
    "allow_origins": Key(list_of(reader_origin)),
}

REPORTS: Table = {
    "memory": Key(memory),
    "threads": Key(integer(1, 256)),
}

DASHBOARD: Table = {
    "path": Key(optional(folder)),
    "password": Key(optional(password)),
    "embed": Key(list_of(web_origin)),
}


def _site(name: str, node: Node) -> Site:
    return section(partial(Site, id=name), SITE)(node)


def _sites(node: Node) -> dict[str, Site]:
    sites = named(site_id, _site)(node)
    if not sites:
        raise refuse(node, "must have at least one site")
    return sites


CONFIG: Table = {
    "database": Key(file),
    "endpoint": Key(url_path),
    "script": Key(optional(url_path)),
    "pixel": Key(optional(url_path)),
    "sites": Key(_sites, required=True),
    "bots": Key(section(Bots, BOTS)),
    "honor_dnt": Key(boolean),
    "exclude_addresses": Key(list_of(network)),
    "exclude_cookies": Key(list_of(cookie)),
    "trusted_proxies": Key(proxies),
    "country_header": Key(optional(header)),
    "geo": Key(optional(file)),
    "keep_query": Key(list_of(parameter)),
    "rate_limit": Key(integer(0, 1_000_000_000)),
    "max_body": Key(integer(1, 1_073_741_824, hint=" bytes")),
    "max_batch": Key(integer(1, 1_000_000)),
    "durability": Key(choice("commit", "full")),
    "history": Key(optional(file)),
    "keep_hits_days": Key(optional(integer(1, 36_500, hint=" days, or null"))),
    "reports": Key(section(ReportLimits, REPORTS)),
    "api": Key(section(ApiAccess, API)),
    "dashboard": Key(section(DashboardAccess, DASHBOARD)),
    "mail": Key(optional(section(mail_server, MAIL))),
    "cluster": Key(optional(section(cluster, CLUSTER))),
}

read_config = section(Config, CONFIG)
