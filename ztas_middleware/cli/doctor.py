"""`ztas doctor`: what is stored, what is dropped and why, and who a request is from."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import click

from ztas_middleware.cli import options
from ztas_middleware.cli.traffic import REASONS, count_unknown, examine, hints
from ztas_middleware.days import local_time
from ztas_middleware.intake.clients import Clients, parse_address
from ztas_middleware.intake.text import scrub
from ztas_middleware.reports.proxies import stray_proxy
from ztas_middleware.store.sites import hits_by_site, remedy

if TYPE_CHECKING:
    from datetime import datetime

    from ztas_middleware.cli.traffic import Traffic
    from ztas_middleware.config import Config
    from ztas_middleware.intake.clients import Client


@click.command(
    epilog="""\b
Examples:
  ztas doctor
  ztas doctor site_abc123 --days 30
  ztas doctor --remote-addr 10.0.0.1 --forwarded-for "203.0.113.7, 10.0.0.9"
"""
)
@options.site_argument(required=False)
@click.option(
    "--days",
    default=7,
    show_default=True,
    type=click.IntRange(1, 3660),
    help="How many days to look at, today included.",
)
@click.option(
    "--remote-addr",
    metavar="ADDRESS",
    help="Where a request comes from as your server sees it: your proxy's address.",
)
@click.option(
    "--forwarded-for", metavar="LIST", default="", help="What the proxy sends as X-Forwarded-For."
)
@click.option("--json", "as_json", is_flag=True, help="Everything as a JSON object.")
@options.config_option
def doctor(
    site: str | None,
    *,
    days: int,
    remote_addr: str | None,
    forwarded_for: str,
    as_json: bool,
    config: str,
) -> None:
    """Say why a count is what it is: hits stored and dropped, by reason, with hints.

    With --remote-addr, and --forwarded-for as your proxy sends it, it shows which client address a
    request is taken to come from.
    """
    if forwarded_for and remote_addr is None:
        raise click.UsageError("--forwarded-for needs --remote-addr: who sends it?")
    settings = options.load(config)
    sites = options.sites_of(settings, site)
    found, unknown, stray = [], 0, None
    orphans: dict[str, int] = {}
    if settings.database.exists():
        now = time.time_ns() // 1_000_000
        with options.existing(settings) as database:
            found = [examine(database.path, one, days, now) for one in sites]
            unknown = count_unknown(database.path, days, now)
            stray = stray_proxy(settings, now)
            orphans = {
                site_id: hits
                for site_id, hits in hits_by_site(database.path).items()
                if site_id not in settings.sites
            }
    hops = chain(settings, remote_addr, forwarded_for) if remote_addr else []
    advice = [hint for traffic in found for hint in hints(settings, traffic)]
    if unknown:
        advice.append(
            f"{unknown:,} hits named no site of this config, or none at all; `ztas sites list` "
            "shows the ids."
        )
    advice += [
        f"{hits:,} hits are of {scrub(site_id)}, which is not in the config; {remedy(site_id)}."
        for site_id, hits in orphans.items()
    ]
    if stray:
        advice.append(f"{stray}.")
    if hops and forwarded_for and len(hops) == 1:
        advice.append(
            f"{hops[0].address} is not in trusted_proxies, so its X-Forwarded-For is not believed."
        )
    if as_json:
        click.echo(json.dumps(_as_json(found, unknown, hops, advice), indent=2))
        return
    if not found:
        click.echo(f"{settings.database}: not there yet; the first hit makes it")
    for text in (*map(_as_text, found), _proxies_as_text(settings, hops)):
        click.echo(text)
    for hint in advice:
        click.echo(f"Hint: {hint}")


def chain(config: Config, remote_addr: str, forwarded_for: str) -> list[Client]:
    """The way from the socket to the client, as far as it is believed; the last is the client."""
    clients = Clients(config.trusted_proxies, config.exclude_addresses)
    hops = [clients.peer({"REMOTE_ADDR": remote_addr})]
    parts = [part for part in forwarded_for.split(",") if part.strip()]
    for number in range(1, len(parts) + 1):
        if not hops[-1].trusted or parse_address(parts[-number].strip()) is None:
            break
        part = {"HTTP_X_FORWARDED_FOR": ",".join(parts[-number:])}
        hops.append(clients.client(part, hops[0]))
    return hops


def _as_text(traffic: Traffic) -> str:
    stored, total = sum(traffic.stored.values()), traffic.total
    types = ", ".join(f"{number:,} {name}" for name, number in traffic.stored.items())
    lines = [
        f"{traffic.site.id}, {traffic.first} to {traffic.last}",
        f"  {'stored':10} {stored:>10,}  {types}".rstrip(),
    ]
    for reason, number in traffic.dropped.items():
        share = f"{100 * number / total:.1f} %"
        lines.append(f"  {reason:10} {number:>10,}  {share:>7}  {REASONS.get(reason, '')}".rstrip())
    latest = "none" if traffic.latest is None else _moment(traffic).strftime("%Y-%m-%d %H:%M:%S")
    lines.append(f"  last hit   {latest}")
    return "\n".join(lines)


def _proxies_as_text(config: Config, hops: list[Client]) -> str:
    if not hops:
        believed = ", ".join(map(str, config.trusted_proxies)) or "nobody"
        return f"X-Forwarded-For is believed from: {believed}"
    # An IPv6 address may name a zone, which may be called anything.
    lines = [f"The client is {scrub(hops[-1].address)}:"]
    for number, hop in enumerate(hops):
        what = "the other end of the socket" if number == 0 else "named by the one before"
        trusted = "in trusted_proxies" if hop.trusted else "not in trusted_proxies"
        excluded = ", in exclude_addresses: nothing of it is stored" if hop.excluded else ""
        lines.append(f"  {scrub(hop.address)}: {what}, {trusted}{excluded}")
    return "\n".join(lines)


def _moment(traffic: Traffic) -> datetime:
    return local_time(traffic.latest or 0, traffic.site.timezone)


def _as_json(
    found: list[Traffic], unknown: int, hops: list[Client], advice: list[str]
) -> dict[str, Any]:
    return {
        "sites": [
            {
                "id": traffic.site.id,
                "from": traffic.first,
                "to": traffic.last,
                "stored": traffic.stored,
                "dropped": traffic.dropped,
                "lastHit": None
                if traffic.latest is None
                else _moment(traffic).isoformat(timespec="milliseconds"),
            }
            for traffic in found
        ],
        "unknownSite": unknown,
        "client": {
            "address": hops[-1].address,
            "excluded": hops[-1].excluded,
            "hops": [{"address": hop.address, "trusted": hop.trusted} for hop in hops],
        }
        if hops
        else None,
        "hints": advice,
    }
