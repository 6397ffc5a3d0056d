"""`ztas init` and `ztas sites`: the configuration, for those who would rather not open it."""

from __future__ import annotations

import json
import os
import secrets
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ztas_middleware.cli import options
from ztas_middleware.cli.ship import must_be_shipped
from ztas_middleware.config import config_from_mapping
from ztas_middleware.config.domains import parse_domain
from ztas_middleware.errors import ZtasError
from ztas_middleware.store.connection import PATIENCE

if TYPE_CHECKING:
    from ztas_middleware.config.model import Config, Site

_LETTERS = "abcdefghijkmnpqrstuvwxyz23456789"
_ID_LENGTH = 8
_SCRIPT = "/js/ztas.js"
"""Where the script is served in a configuration that `ztas init` writes."""


def _domain(_: click.Context, __: click.Parameter, domain: str) -> str:
    try:
        parse_domain(domain)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None
    return domain


def _domains_given(
    context: click.Context, parameter: click.Parameter, domains: tuple[str, ...]
) -> list[str]:
    return [_domain(context, parameter, domain) for domain in domains]


@click.command(
    epilog="""\b
Examples:
  ztas init
  ztas init /etc/ztas.yaml --domain example.com
  ztas init --id blog --domain example.com --domain localhost
"""
)
@click.argument("file", required=False, type=click.Path(dir_okay=False, path_type=Path))
@click.option(
    "--domain",
    "domains",
    multiple=True,
    default=["example.com"],
    show_default=True,
    callback=_domains_given,
    help="Where the pages of the first site are served; may be given several times.",
)
@click.option("--id", "chosen", help="The first site's id; left out, one is made up.")
@options.config_option
def init(file: Path | None, *, domains: list[str], chosen: str | None, config: str) -> None:
    """Write a configuration with every key, its default and a comment.

    It goes to FILE, or to where --config says; a file that is there is left alone.
    """
    from ztas_middleware.config.editing import as_scalar, as_scalars  # loads YAML

    path = Path(config) if file is None else file
    site_id = new_site_id() if chosen is None else chosen
    try:
        # Before there is a file: one that can't be used would be in the way of the next try.
        config_from_mapping({"sites": {site_id: {"domain": domains}}})
    except ZtasError as error:
        options.fail(error)
    text = files("ztas_middleware.config").joinpath("reference.yaml").read_text("utf-8")
    text = text.replace("site_abc123", as_scalar(site_id))
    text = text.replace("domain: example.com\n", f"domain: {as_scalars(domains)}\n")
    # Whoever begins wants to see hits, and those come from the script.
    text = text.replace("#script: null\n", f"script: {_SCRIPT}\n")
    try:
        if not path.parent.is_dir():
            path.parent.mkdir(parents=True)
        with path.open("x", encoding="utf-8") as written:
            written.write(text)
    except FileExistsError:
        is_there = os.path.lexists(path)
        problem = "is there already" if is_there else f"{path.parent} is no folder"
        options.fail(ZtasError(f"{path}: {problem}"))
    except OSError as error:
        options.fail(ZtasError(f"{path}: cannot be written: {error.strerror}"))
    click.echo(f"{path}: written, with the site {site_id} ({', '.join(domains)})")
    click.echo(_how_to_send(options.load(str(path)), site_id))


@click.group(
    epilog="""\b
Examples:
  ztas sites add example.com
  ztas sites list
"""
)
def sites() -> None:
    """Register sites in the configuration, list them and take them out."""


@sites.command(
    epilog="""\b
Examples:
  ztas sites add example.com
  ztas sites add "*.example.org" --id shop --timezone Europe/Berlin
"""
)
@click.argument("domain", callback=_domain)
@click.option("--id", "site_id", help="The site's id; left out, one is made up.")
@click.option("--timezone", help="Where the site's day begins, as an IANA name.")
@click.option("--json", "as_json", is_flag=True, help="The new site as a JSON object.")
@options.config_option
def add(
    domain: str, *, site_id: str | None, timezone: str | None, as_json: bool, config: str
) -> None:
    """Add a site for DOMAIN to the YAML file; print its id and its script tag.

    Comments and order stay as they are. Servers that run take the site up within a second or two.
    """
    from ztas_middleware.config.editing import add_site  # loads YAML

    settings = options.load(config)
    wanted = parse_domain(domain)
    for site in settings.sites.values():
        if site.id == site_id:
            options.fail(ZtasError(f'there is a site "{site_id}" already'))
        if wanted in site.domains:
            options.fail(ZtasError(f'{domain} belongs to the site "{site.id}" already'))
    chosen = site_id or new_site_id()
    changed = add_site(config, chosen, domain, timezone)
    if as_json:
        click.echo(json.dumps({"id": chosen, "domain": domain, "tag": _tag(changed, chosen)}))
        return
    click.echo(f"{config}: added the site {chosen} ({domain})")
    click.echo(_how_to_send(changed, chosen))


@sites.command(
    epilog="""\b
Examples:
  ztas sites remove shop
  ztas sites remove shop --data --yes
"""
)
@click.argument("site_id", metavar="ID", shell_complete=options.complete_site)
@click.option("--data", is_flag=True, help="Delete its hits, reports and counts as well, for good.")
@click.option("--yes", is_flag=True, help="Do not ask before anything is deleted.")
@options.config_option
def remove(site_id: str, *, data: bool, yes: bool, config: str) -> None:
    """Take the site ID out of the YAML file, with --data everything there is of it.

    Servers that run refuse its hits within a second or two. Without --data its rows stay:
    `ztas export --orphan ID` writes them, and the site's lines in the YAML bring it back.
    """
    from ztas_middleware.config.editing import remove_site  # loads YAML
    from ztas_middleware.history.files import Folder  # only needed here
    from ztas_middleware.store.sites import delete_site, hits_by_site, remedy

    settings = options.load(config)
    hits = hits_by_site(settings.database).get(site_id, 0) if settings.database.exists() else 0
    if site_id not in settings.sites and not (data and hits):
        options.site_of(settings, site_id)  # says so
    if site_id in settings.sites and len(settings.sites) == 1:
        options.fail(ZtasError(f"{site_id} is the only site of {config}, which needs one"))
    if data:
        must_be_shipped(settings, site_id)
    if data and not yes:
        options.confirm(f"Delete {hits:,} hits of {site_id}, its reports and counts?")
    if site_id in settings.sites:
        remove_site(config, site_id)
        click.echo(f"{config}: removed the site {site_id}")
    if data and settings.database.exists():
        with options.existing(settings) as database, options.progress(hits, site_id) as step:
            delete_site(database, site_id, step)
        Folder(settings.history_folder).remove(site_id, PATIENCE)
        click.echo(f"{settings.database}: deleted {hits:,} hits of {site_id}, and its history")
        if settings.cluster is not None:
            from ztas_middleware.cluster import pruning  # only needed past one box

            pruning.remove(settings, site_id)
            click.echo(f"deleted what there was of {site_id} in the cluster")
    elif hits:
        click.echo(
            f"{hits:,} hits of {site_id} are still in {settings.database}: {remedy(site_id)}"
        )


@sites.command(
    "list",
    epilog="""\b
Example:
  ztas sites list --json
""",
)
@click.option("--json", "as_json", is_flag=True, help="The sites as a JSON array.")
@options.config_option
def list_(*, as_json: bool, config: str) -> None:
    """Show the registered sites: id, domains, timezone, how long hits are kept."""
    settings = options.load(config)
    rows = [
        {
            "id": site.id,
            "domains": _domains(site),
            "timezone": str(site.timezone),
            "retentionDays": site.retention_days,
        }
        for site in settings.sites.values()
    ]
    if as_json:
        click.echo(json.dumps(rows))
        return
    width = max(len(site_id) for site_id in settings.sites)
    for site in settings.sites.values():
        kept = "" if site.retention_days is None else f", hits kept {site.retention_days} days"
        click.echo(f"{site.id:{width}}  {', '.join(_domains(site))} ({site.timezone}{kept})")


def new_site_id() -> str:
    """An id that no other site is likely to have, and that nobody mistypes."""
    return "site_" + "".join(secrets.choice(_LETTERS) for _ in range(_ID_LENGTH))


def _domains(site: Site) -> list[str]:
    found = []
    for domain in site.domains:
        host = f"[{domain.host}]" if ":" in domain.host else domain.host
        scheme = f"{domain.scheme}://" if domain.scheme else ""
        default = {"http": 80, "https": 443}.get(domain.scheme or "")
        port = f":{domain.port}" if domain.port and domain.port != default else ""
        found.append(f"{scheme}{'*.' if domain.wildcard else ''}{host}{port}")
    return found


def _tag(config: Config, site_id: str) -> str:
    from ztas_middleware.web.tag import tag_for  # only needed here

    return tag_for(config.script or _SCRIPT, site_id, "").decode()


def _how_to_send(config: Config, site_id: str) -> str:
    tag = _tag(config, site_id)
    if config.script is not None:
        return f"Put this into the <head> of its pages:\n\n  {tag}"
    return (
        f"The script is not served yet. Put `script: {_SCRIPT}` into the config, and this into\n"
        f"the <head> of its pages:\n\n  {tag}"
    )
