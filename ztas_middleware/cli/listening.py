"""Serving an app under waitress until somebody says stop, for the commands that are servers."""

from __future__ import annotations

import contextlib
import logging
import signal
import sys
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from ztas_middleware.cli.options import fail
from ztas_middleware.errors import ZtasError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from wsgiref.types import WSGIApplication


TURN = 0.00001
"""Seconds for which a thread may keep those waiting that want to run.

A hit gives its turn away with each call of SQLite. waitress's own thread takes it, goes round all
connections, and with Python's 5 ms gives it back late: on two cores 64 kept-alive connections got
250 hits a second through, and 8 got 3,000. With this both get some 5,400.
"""


def address_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add `--host` and `--port`: where to listen."""
    port = click.option(
        "--port",
        default=8000,
        show_default=True,
        type=click.IntRange(0, 65535),
        help="Port to listen on; 0 takes any that is free.",
    )
    host = click.option(
        "--host", default="127.0.0.1", show_default=True, help="Address to listen on."
    )
    return host(port(command))


class Listener(NamedTuple):
    """A server that has its port and waits to be run."""

    url: str
    """Without a slash at the end."""
    run: Callable[[], None]
    """Serves until the process is interrupted (Ctrl-C) or `stopping_in_order` says so."""
    close: Callable[[], None]


def listen(application: WSGIApplication, host: str, port: int, **settings: object) -> Listener:
    """Take `port` (0: any that is free) on `host`, or one clear line and exit 1.

    `settings` are waitress's own.
    """
    try:
        from waitress.server import create_server  # an extra, see the message
    except ImportError:
        fail(ZtasError("this command needs waitress: pip install 'ztas-middleware[serve]'"))
    sys.setswitchinterval(TURN)
    # It says with each request how many wait: thousands of lines a second, under load of all times.
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    try:
        server = create_server(application, host=host, port=port, **settings)
    except (OSError, ValueError) as error:
        # ValueError is waitress's word for a host that has no address.
        reason = getattr(error, "strerror", None) or "no such host"
        fail(ZtasError(f"can't listen on {host}:{port}: {reason}"))
    # A name with several addresses has a socket for each.
    (_, taken), *_ = getattr(server, "effective_listen", [(host, port)])
    taken = getattr(server, "effective_port", taken)
    return Listener(f"http://{bracketed(host)}:{taken}", server.run, server.close)


def bracketed(host: str) -> str:
    """`host` as it stands in a URL."""
    return f"[{host}]" if ":" in host else host


@contextlib.contextmanager
def stopping_in_order() -> Iterator[None]:
    """Let SIGTERM and SIGHUP unwind the program as Ctrl-C does.

    Service managers say stop with the one, a terminal that is closed with the other; what was
    started by nohup goes on.
    """
    wanted = [
        number
        for number in (signal.SIGTERM, signal.SIGHUP)
        if signal.getsignal(number) is not signal.SIG_IGN
    ]
    previous = {number: signal.signal(number, lambda *_: sys.exit(0)) for number in wanted}
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
