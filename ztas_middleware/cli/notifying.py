"""`ztas report` and `ztas alerts`: what is sent by a timer, to whoever wants to hear of a site."""

from __future__ import annotations

import time
from datetime import date, timedelta
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import quote

import click

from ztas_middleware.cli import options
from ztas_middleware.cli.rollup import patiently
from ztas_middleware.config.sending import is_mail_address, is_web_address
from ztas_middleware.days import local_time
from ztas_middleware.errors import ZtasError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ztas_middleware.config import Config, Site
    from ztas_middleware.deliveries.message import Delivery, Message
    from ztas_middleware.reports.questions import Parameters
    from ztas_middleware.reports.reader import Reports

PERIODS = ("24h", "7d", "30d", "90d", "365d", "today", "yesterday", "month", "year")
FINISHED = ("last-week", "last-month")
"""Periods of the calendar that are over, which no other question has."""

_DAY = timedelta(days=1)


def _mail(_: click.Context, __: click.Parameter, addresses: tuple[str, ...]) -> tuple[str, ...]:
    for address in addresses:
        if not is_mail_address(address):
            raise click.BadParameter(f"{address} is no mail address such as me@example.com")
    return addresses


def _url(_: click.Context, __: click.Parameter, url: str | None) -> str | None:
    if url is not None and not is_web_address(url):
        raise click.BadParameter("must be a URL such as https://hooks.example.com/T0/B0")
    return url


@click.command(
    epilog="""\b
Examples:
  ztas report site_abc123 --dry-run
  ztas report --all --period last-week
  ztas report site_abc123 --period 30d --mail me@example.com
"""
)
@options.site_argument(required=False)
@click.option("--all", "every", is_flag=True, help="Of all sites that have somebody to notify.")
@click.option(
    "--period",
    type=click.Choice([*PERIODS, *FINISHED]),
    default="7d",
    show_default=True,
    help="As in `ztas stats`; last-week is Monday to Sunday, last-month a whole one.",
)
@click.option(
    "--mail", "mails", multiple=True, callback=_mail, metavar="TO", help="To whom instead."
)
@click.option("--webhook", callback=_url, metavar="URL", help="Where to post it instead.")
@click.option("--link", callback=_url, metavar="URL", help="The dashboard, if on another domain.")
@click.option("--again", is_flag=True, help="Send it to those who have got it, too.")
@click.option("--dry-run", is_flag=True, help="Print it, and send nothing.")
@options.config_option
def report(
    site: str | None,
    *,
    every: bool,
    period: str,
    mails: tuple[str, ...],
    webhook: str | None,
    link: str | None,
    again: bool,
    dry_run: bool,
    config: str,
) -> None:
    """Send the numbers of SITE by mail and webhook, to those that its `notify` names.

    Each period goes to each recipient once, however often this runs; one that failed is tried again
    the next time, alone. Exits with 1 if any failed.
    """
    from ztas_middleware.deliveries import sent
    from ztas_middleware.deliveries.delivering import Post, Recipients

    if (site is None) == (not every):
        raise click.UsageError("name a SITE, or say --all")
    settings = options.load(config)
    chosen = options.sites_of(settings, site)
    options.leave_if_not_there(settings, None)
    now = time.time_ns() // 1_000_000
    reports = _reports(settings)
    failed = False
    with options.existing(settings) as database:
        post = Post(database, settings.mail, now)
        for one in chosen:
            given = Recipients(mails, webhook)
            recipients = given if mails or webhook else Recipients(*_notified(one))
            if not list(recipients.each()) and not dry_run:
                if not every:
                    options.fail(ZtasError(f"{one.id} has nobody to notify; say --mail TO"))
                continue
            shown = _link(settings, one, link)
            subject, message = _digest(
                reports, one, _parameters(one, period, now), link=shown, now=now
            )
            if dry_run:
                click.echo(f"Subject: {message.subject}\n\n{message.text}")
                continue
            if again:
                sent.forget(database, one.id, subject)
            failed |= _told(one, post.deliver(one.id, subject, message, recipients), "report")
    if failed:
        raise SystemExit(1)


@click.command(
    epilog="""\b
Examples:
  ztas alerts
  ztas alerts site_abc123 --dry-run
"""
)
@options.site_argument(required=False)
@click.option("--dry-run", is_flag=True, help="Say what would be sent, and send nothing.")
@options.config_option
def alerts(site: str | None, *, dry_run: bool, config: str) -> None:
    """Look at the alerts of SITE, or of all sites, and tell those that its `notify` names.

    Each is sent once until it is over. Run it every few minutes. Exits with 1 if any failed.
    """
    from ztas_middleware.deliveries import sent
    from ztas_middleware.deliveries.alerts import alarm, look
    from ztas_middleware.deliveries.delivering import Post, Recipients
    from ztas_middleware.reports.answers import display_name

    settings = options.load(config)
    chosen = options.sites_of(settings, site)
    options.leave_if_not_there(settings, None)
    now = time.time_ns() // 1_000_000
    reports = _reports(settings)
    failed = False
    with options.existing(settings) as database:
        post = Post(database, settings.mail, now)
        for one in chosen:
            for alert in one.alerts:
                state = patiently(
                    reports,
                    one.id,
                    partial(look, alert, one, reports, reports.database, now),
                )
                subject = f"alert {alert}"
                if dry_run:
                    click.echo(f"{one.id}: {alert}: {'on' if state.is_on else 'off'}, {state.said}")
                elif state.is_on:
                    message = alarm(display_name(one), state)
                    told = post.deliver(one.id, subject, message, Recipients(*_notified(one)))
                    failed |= _told(one, told, str(alert))
                else:
                    sent.forget(database, one.id, subject)
    if failed:
        raise SystemExit(1)


def _reports(settings: Config) -> Reports:
    from ztas_middleware.reports.reader import Reports  # loads all of the reports

    return Reports(settings)


def _notified(site: Site) -> tuple[tuple[str, ...], str | None]:
    return site.notify.mail, site.notify.webhook


def _told(site: Site, deliveries: Iterable[Delivery], what: str) -> bool:
    """Say what came of each, a webhook by its host alone; whether any failed."""
    failed = False
    for delivery in deliveries:
        recipient = delivery.recipient
        if "://" in recipient:
            recipient = recipient.partition("://")[2].partition("/")[0].rpartition("@")[2]
        if delivery.problem is None:
            click.echo(f"{site.id}: {what} sent to {recipient}")
        else:
            failed = True
            click.echo(f"ztas: {site.id}: {what} for {recipient}: {delivery.problem}", err=True)
    return failed


def _digest(
    reports: Reports,
    site: Site,
    parameters: Parameters,
    *,
    link: str | None,
    now: int,
) -> tuple[str, Message]:
    """What a report is remembered by, and what it says."""
    from ztas_middleware.deliveries.digest import digest
    from ztas_middleware.reports.changes import largest_change_of

    question = reports.question(site.id, parameters, now=now)
    found = patiently(reports, site.id, lambda: reports.stats(question))
    change = largest_change_of(reports, question)
    message = digest(found, change=change, link=link)
    return f"report {found.start} {found.end}", message


def _parameters(site: Site, period: str, now: int) -> Parameters:
    if period not in FINISHED:
        return {"period": [period]}
    today = local_time(now, site.timezone).date()
    first, last = _last_week(today) if period == "last-week" else _last_month(today)
    return {"startDate": [first.isoformat()], "endDate": [last.isoformat()]}


def _last_week(today: date) -> tuple[date, date]:
    monday = today - today.weekday() * _DAY
    return monday - 7 * _DAY, monday - _DAY


def _last_month(today: date) -> tuple[date, date]:
    last = today.replace(day=1) - _DAY
    return last.replace(day=1), last


def _link(settings: Config, site: Site, given: str | None) -> str | None:
    """Where the reader sees the same, without a password where that is possible."""
    from ztas_middleware.web.dashboard.sessions import Sessions

    dashboard = settings.dashboard
    domain = site.domains[0]
    if given is None and (dashboard.path is None or domain.wildcard):
        return None
    way = given or f"{domain.scheme or 'https'}://{_host(site)}{dashboard.path}"
    page = f"{way.rstrip('/')}/{quote(site.id, safe='')}"
    if site.public or dashboard.password is None:
        return page
    return f"{page}?share={quote(Sessions(dashboard.password).share_token(site.id))}"


def _host(site: Site) -> str:
    domain = site.domains[0]
    host = f"[{domain.host}]" if ":" in domain.host else domain.host
    default = {"http": 80, "https": 443}.get(domain.scheme or "")
    return f"{host}:{domain.port}" if domain.port and domain.port != default else host
