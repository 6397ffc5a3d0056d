"""`ztas demo`: the example site, wrapped, on this machine."""

from __future__ import annotations

import tempfile
from contextlib import closing
from pathlib import Path

import click

from ztas_middleware.cli.listening import bracketed, listen, stopping_in_order
from ztas_middleware.cli.options import fail
from ztas_middleware.errors import ZtasError
from ztas_middleware.middleware import ZTASMiddleware


@click.command(
    epilog="""\b
Example:
  ztas demo --port 8080
"""
)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port",
    default=8000,
    show_default=True,
    type=click.IntRange(0, 65535),
    help="Port to listen on; 0 takes any that is free.",
)
def demo(host: str, port: int) -> None:
    """Run a small example site with the middleware around it.

    Its database is in a temporary folder that goes when the demo stops.
    """
    from ztas_middleware.demo.site import SITE_ID, DemoSite  # noqa: PLC0415 - loads webob

    with stopping_in_order(), tempfile.TemporaryDirectory(prefix="ztas-demo-") as folder:
        database = Path(folder, "ztas.db")
        config = {
            "database": str(database),
            "script": "/js/ztas.js",
            "sites": {SITE_ID: {"domain": sorted({"127.0.0.1", "localhost", bracketed(host)})}},
        }
        try:
            application = ZTASMiddleware(DemoSite(database), config)
        except ZtasError as error:  # a host that no browser could send as its Origin
            fail(error)
        with closing(application), closing(listen(application, host, port)) as server:
            click.echo(
                f"The example site is on {server.url}, its stored rows on {server.url}/rows."
            )
            click.echo(f"The database is {database}. Stop with Ctrl-C.")
            server.run()
