"""`ztas serve`: the middleware without an app of its own, or in front of another program's."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import click

from ztas_middleware.cli.listening import address_options, listen, stopping_in_order
from ztas_middleware.cli.options import config_option, fail, load
from ztas_middleware.errors import ZtasError
from ztas_middleware.middleware import ZTASMiddleware

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from urllib.parse import SplitResult
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

    from ztas_middleware.config.model import Config

THREADS = 32
"""Hits must find one that does not wait for a slow upstream."""

MOST_UPLOADED = 1 << 30
"""Bytes of a body for an upstream; waitress keeps it on the disk until all of it is there."""

MOST_SENT = 1 << 24
"""The same where nobody but us is asked, so that strangers can't fill the disk."""


def _url(_: click.Context, __: click.Parameter, text: str | None) -> SplitResult | None:
    if text is None:
        return None
    try:
        from ztas_middleware.cli.upstream import parse_url  # needs h11, an extra
    except ImportError:
        fail(ZtasError("--upstream needs h11: pip install 'ztas-middleware[serve]'"))
    try:
        return parse_url(text)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


@click.command(
    epilog="""\b
Examples:
  ztas serve --config /etc/ztas/ztas.yaml
  ztas serve --host 0.0.0.0 --port 80 --upstream http://127.0.0.1:3000
"""
)
@address_options
@click.option(
    "--upstream",
    metavar="URL",
    callback=_url,
    help="Where every other request goes, such as http://127.0.0.1:3000.",
)
@config_option
def serve(host: str, *, port: int, upstream: SplitResult | None, config: str) -> None:
    """Serve what the middleware serves, for static sites and apps in other languages.

    Behind nginx or Caddy, send it the paths of the config; everything else is 404. Or let it stand
    in front of a web app: with --upstream, everything else goes there. The app gets the Host that
    the browser asked for, and X-Forwarded-For, -Proto and -Host. WebSockets don't pass.
    """
    settings = load(config)

    def trusted() -> Iterable[object]:
        return application.config.trusted_proxies  # the running config, which may have changed

    other = _nothing_else(settings) if upstream is None else _passing_on(upstream, trusted)
    application = ZTASMiddleware(other, settings)
    with stopping_in_order(), closing(application):
        server = listen(
            application,
            host,
            port,
            threads=THREADS,
            # The config's trusted_proxies decide whom to believe.
            clear_untrusted_proxy_headers=False,
            max_request_body_size=MOST_UPLOADED
            if upstream
            else max(MOST_SENT, 2 * settings.max_body),
        )
        with closing(server):
            click.echo(f"Serving on {server.url}. Stop with Ctrl-C.")
            for line in _places(settings, server.url):
                click.echo(line)
            server.run()


def _passing_on(url: SplitResult, trusted: Callable[[], Iterable[object]]) -> WSGIApplication:
    from ztas_middleware.cli.upstream import Upstream  # needs h11, which `_url` has seen

    return Upstream(url, trusted)


def _places(config: Config, url: str) -> Iterator[str]:
    """Where the things are that somebody wants next."""
    if config.dashboard.path is not None:
        yield f"The dashboard is on {url}{config.dashboard.path}/"
    if config.script is not None:
        yield f"The tag of a site's pages: ztas sites list; its script is {url}{config.script}"


def _nothing_else(config: Config) -> WSGIApplication:
    """What answers where there is no app: which paths there are, to whoever set this up."""
    here = [config.endpoint, config.script, config.pixel]
    if config.dashboard.path is not None:
        here.append(f"{config.dashboard.path}/")
    there = ", ".join(path for path in here if path is not None)
    body = f"Not found. This is ztas serve, and has nothing but {there}\n".encode()
    headers = [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(body)))]

    def not_found(_: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        start_response("404 Not Found", headers[:])
        return [body]

    return not_found
