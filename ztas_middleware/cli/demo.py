"""`ztas demo`: the example site, wrapped, on this machine."""

from __future__ import annotations

import tempfile
from pathlib import Path

import click

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
@click.option("--port", default=8000, show_default=True, type=click.IntRange(0, 65535))
def demo(host: str, port: int) -> None:
    """Run a small example site with the middleware around it.

    Its database is in a temporary folder that goes when the demo stops.
    """
    try:
        from waitress.server import create_server  # noqa: PLC0415 - an extra, see the message
    except ImportError:
        fail(ZtasError("`ztas demo` needs waitress: pip install 'ztas-middleware[serve]'"))
    from ztas_middleware.demo.site import SITE_ID, DemoSite  # noqa: PLC0415 - loads webob

    with tempfile.TemporaryDirectory(prefix="ztas-demo-") as folder:
        database = Path(folder, "ztas.db")
        application = ZTASMiddleware(
            DemoSite(database),
            {
                "database": str(database),
                "script": "/js/ztas.js",
                "sites": {SITE_ID: {"domain": sorted({"127.0.0.1", "localhost", host})}},
            },
        )
        try:
            server = create_server(application, host=host, port=port)
        except OSError as error:
            fail(ZtasError(f"can't listen on {host}:{port}: {error.strerror or error}"))
        address = f"http://{host}:{server.effective_port}"
        click.echo(f"The example site is on {address}, its stored rows on {address}/rows.")
        click.echo(f"The database is {database}. Stop with Ctrl-C.")
        try:
            server.run()
        finally:
            server.close()
            application.close()
