"""`ztas demo`: the example site, wrapped, on this machine, with a year of made-up visits."""

from __future__ import annotations

import sys
import tempfile
import time
from contextlib import closing
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ztas_middleware.cli.listening import address_options, bracketed, listen, stopping_in_order
from ztas_middleware.cli.options import fail
from ztas_middleware.cli.rollup import bar
from ztas_middleware.errors import ZtasError
from ztas_middleware.middleware import ZTASMiddleware

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ztas_middleware.config import Config

SITE_ID = "demo"

HAPPENED = {
    11: "On the front page of a forum",
    24: "First flush on Instagram",
    174: "Summer sale",
}
"""What is marked in the charts, by how many days ago it was."""


@click.command(
    epilog="""\b
Example:
  ztas demo --port 8080
"""
)
@address_options
@click.option(
    "--history/--no-history",
    default=True,
    show_default=True,
    help="Make up a year of visits first, in a few seconds.",
)
def demo(host: str, port: int, history: bool) -> None:
    """Run a small example site with the middleware and its dashboard around it.

    Its database is in a temporary folder that goes when the demo stops.
    """
    from ztas_middleware.demo.site import DemoSite  # loads webob

    with stopping_in_order(), tempfile.TemporaryDirectory(prefix="ztas-demo-") as folder:
        database = Path(folder, "ztas.db")
        try:
            application = ZTASMiddleware(DemoSite(database), demo_settings(database, host))
        except ZtasError as error:  # a host that no browser could send as its Origin
            fail(error)
        with closing(application), closing(listen(application, host, port)) as server:
            if history:
                _make_history(database)
                _file(application.config)
            click.echo(f"The dashboard is on {server.url}/ztas/, the example site on {server.url}.")
            click.echo(f"Its stored rows are on {server.url}/rows, the database is {database}.")
            click.echo("Stop with Ctrl-C.")
            server.run()


def demo_settings(database: Path, host: str, today: date | None = None) -> Mapping[str, Any]:
    """The demo's configuration: what it shows is public, so there is no login.

    Args:
        database: the file.
        host: what the site listens on.
        today: the last day of the made-up year; None is the running one.
    """
    today = today or datetime.now(timezone.utc).date()
    hosts = sorted({"127.0.0.1", "localhost", bracketed(host)})
    return {
        "database": str(database),
        "script": "/js/ztas.js",
        "dashboard": {"path": "/ztas/"},
        "sites": {
            SITE_ID: {
                # The first one is the name that the dashboard shows.
                "domain": ["teapots.example", *hosts],
                "public": True,
                "goals": {
                    "Orders": {"action": "order"},
                    "Added to cart": {"action": "add_to_cart"},
                    "Read the journal": {"page": "/journal/*"},
                },
                "funnels": {
                    "Checkout": [
                        {"page": "/cart", "name": "Cart"},
                        {"page": "/checkout/address", "name": "Address"},
                        {"page": "/checkout/payment", "name": "Payment"},
                        {"action": "order", "name": "Order"},
                    ]
                },
                "segments": {
                    "Readers": {"page": "/journal/*"},
                    "Buyers abroad": {"goal": "Orders", "country!": "GB"},
                    "Telephones": {"device": "mobile"},
                },
                "annotations": [
                    {"date": f"{today - timedelta(days=ago)}", "text": text}
                    for ago, text in HAPPENED.items()
                ],
            }
        },
    }


def _make_history(database: Path) -> None:
    from ztas_middleware.demo.history import DAYS, write_history  # only here

    days = write_history(database, SITE_ID, time.time_ns() // 1_000_000)
    if not sys.stderr.isatty():
        for _ in days:
            pass
        return
    label = "Making up a year of visits"
    with click.progressbar(days, length=DAYS, label=label, file=sys.stderr) as shown:
        for _ in shown:
            pass


def _file(config: Config) -> None:
    """File the finished days, for which the first page would have to wait otherwise."""
    from ztas_middleware.history.asking import History  # only here

    with bar("Filing its days") as progress:
        History(config).file(SITE_ID, now=time.time_ns() // 1_000_000, progress=progress)
