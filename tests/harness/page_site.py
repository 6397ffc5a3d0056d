"""An app whose pages leave in every way there is, with all that is done to pages switched on.

ZTAS_CONFIG names the configuration; the page is chosen by path.
"""

from __future__ import annotations

import gzip
import os
import signal
import sys
import tempfile
import threading

from ztas_middleware import ZTASMiddleware

HEAD = b"<html><head><meta charset=utf-8><title>t</title><script src=/app.js></script></head>"
PAGE = HEAD + b"<body>" + b"<p>text</p>" * 2000 + b"</body></html>"
COMPRESSED = gzip.compress(PAGE, mtime=0)
HTML = ("Content-Type", "text/html")
LENGTH = ("Content-Length", str(len(PAGE)))


class Closing:
    """An iterable that must be closed, once; a second time breaks what is left of the answer."""

    def __init__(self, chunks):
        self._chunks = iter(chunks)
        self._open = True

    def __iter__(self):
        return self._chunks

    def close(self):
        if not self._open:
            raise AssertionError("closed twice")
        self._open = False


def pieces(size=1000):
    return [PAGE[start : start + size] for start in range(0, len(PAGE), size)]


def write(environ, start_response):
    start_response("200 OK", [HTML])(PAGE[:500])
    return [PAGE[500:]]


def file(environ, start_response):
    # The server closes it.
    page = tempfile.TemporaryFile()  # noqa: SIM115 - see above
    page.write(PAGE)
    page.seek(0)
    start_response("200 OK", [HTML, LENGTH])
    wrapper = environ.get("wsgi.file_wrapper")
    return wrapper(page, 4096) if wrapper else iter(lambda: page.read(4096), b"")


def late(environ, start_response):
    start_response("200 OK", [HTML, LENGTH])
    yield PAGE[:30]
    yield PAGE[30:]


def answer(body, *headers, status="200 OK"):
    def application(environ, start_response):
        start_response(status, [HTML, *headers])
        return body() if callable(body) else body

    return application


WAYS = {
    "/list": answer([PAGE], LENGTH),
    "/list-without-length": answer([PAGE]),
    "/pieces": answer(pieces, LENGTH, ("ETag", '"x"')),
    "/stream": answer(lambda: iter(pieces(10))),
    "/bytes": answer(lambda: (PAGE[at : at + 1] for at in range(len(PAGE)))),
    "/closing": answer(lambda: Closing(pieces()), LENGTH),
    "/closing-stream": answer(lambda: Closing(pieces())),
    "/late": late,
    "/write": write,
    "/file": file,
}
OTHERS = {
    "/compressed": answer(
        [COMPRESSED], ("Content-Encoding", "gzip"), ("Content-Length", str(len(COMPRESSED)))
    ),
    "/missing": answer([PAGE], LENGTH, status="404 Not Found"),
    "/fragment": answer([b"<p>text</p>"], ("Content-Length", "11")),
    "/empty": answer([], ("Content-Length", "0")),
}

if "HEED_SIGTERM" in os.environ:
    # The advice of docs/servers.md.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))


def site(environ, start_response):
    way = (WAYS | OTHERS)[environ["PATH_INFO"]]
    return way(environ, start_response)


application = (
    ZTASMiddleware(site, os.environ["ZTAS_CONFIG"]) if "ZTAS_CONFIG" in os.environ else site
)


if __name__ == "__main__":
    from wsgiref.simple_server import make_server

    with make_server("127.0.0.1", int(sys.argv[1]), application) as server:
        # wsgiref swallows an interrupt that comes during a request; shutdown() must not be called
        # by the thread that serves.
        stop = threading.Thread(target=server.shutdown)
        signal.signal(signal.SIGTERM, lambda *_: stop.start())
        server.serve_forever()
