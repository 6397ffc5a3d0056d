"""`ztas demo`: the example site, wrapped, on this machine, with a year of made-up visits."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ztas_middleware.cli.options import fail
from ztas_middleware.errors import ZtasError
from ztas_middleware.middleware import ZTASMiddleware

if TYPE_CHECKING:
    from collections.abc import Mapping


@click.command(
    epilog="""\b
Example:
  ztas demo --port 8080
"""
)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(0, 65535))
@click.option(
    "--history/--no-history",
    default=True,
    show_default=True,
    help="Make up a year of visits first.",
)
def demo(host: str, port: int, history: bool) -> None:
    """Run a small example site with the middleware and its dashboard around it.

    Its database is in a temporary folder that goes when the demo stops.
    """
    try:
        from waitress.server import create_server  # noqa: PLC0415 - an extra, see the message
    except ImportError:
        fail(ZtasError("`ztas demo` needs waitress: pip install 'ztas-middleware[serve]'"))
    from ztas_middleware.demo.site import DemoSite  # noqa: PLC0415 - loads webob

    with tempfile.TemporaryDirectory(prefix="ztas-demo-") as folder:
        database = Path(folder, "ztas.db")
        try:
            application = ZTASMiddleware(DemoSite(database), demo_settings(database, host))
            server = create_server(application, host=host, port=port)
        except OSError as error:
            fail(ZtasError(f"can't listen on {host}:{port}: {error.strerror or error}"))
        except ZtasError as error:
            fail(error)
        if history:
            _make_history(database)
        address = f"http://{host}:{server.effective_port}"
        click.echo(f"The dashboard is on {address}/ztas/, the example site on {address}.")
        click.echo(f"Its stored rows are on {address}/rows, the database is {database}.")
        click.echo("Stop with Ctrl-C.")
        try:
            server.run()
        finally:
            server.close()
            application.close()


def demo_settings(database: Path, host: str) -> Mapping[str, Any]:
    """The demo's configuration: what it shows is public, so there is no login."""
    from ztas_middleware.demo.site import SITE_ID  # noqa: PLC0415 - loads webob

    return {
        "database": str(database),
        "script": "/js/ztas.js",
        "dashboard": {"path": "/ztas/"},
        "sites": {
            SITE_ID: {
                "domain": ["teapots.example", *sorted({"127.0.0.1", "localhost", host})],
                "public": True,
            }
        },
    }


def _make_history(database: Path) -> None:
    from ztas_middleware.demo.history import DAYS, write_history  # noqa: PLC0415 - only here
    from ztas_middleware.demo.site import SITE_ID  # noqa: PLC0415 - loads webob

    now = time.time_ns() // 1_000_000
    with click.progressbar(
        write_history(database, SITE_ID, now), length=DAYS, label="Making up a year of visits"
    ) as days:
        for _ in days:
            pass
