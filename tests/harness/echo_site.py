"""The app that every server of the matrix serves: it says what reached it, and watches the wrap.

ZTAS_CONFIG names the configuration. It is mounted at the root and at /mounted.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading

from ztas_middleware import ZTASMiddleware

KEYS = ("REQUEST_METHOD", "SCRIPT_NAME", "PATH_INFO", "QUERY_STRING", "REMOTE_ADDR")
FLAGS = ("wsgi.multithread", "wsgi.multiprocess")

seen = threading.local()


def echo(environ, start_response):
    seen.request = (environ, start_response, dict(environ))
    length = int(environ.get("CONTENT_LENGTH") or 0)
    answer = {key: environ.get(key, "") for key in KEYS}
    answer |= {key: bool(environ.get(key)) for key in FLAGS}
    answer |= {"body": environ["wsgi.input"].read(length).decode(), "pid": os.getpid()}
    body = json.dumps(answer).encode()
    start_response(
        "200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
    )
    seen.answer = [body]
    return seen.answer


if "HEED_SIGTERM" in os.environ:
    # The advice of docs/servers.md.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))

wrapped = ZTASMiddleware(echo, os.environ["ZTAS_CONFIG"])


def watched(environ, start_response):
    """Fail loudly where the echo gets, or the server gets back, anything but the very objects."""
    before = dict(environ)
    seen.request = None
    answer = wrapped(environ, start_response)
    if seen.request is not None:
        got_environ, got_start_response, got_content = seen.request
        if got_environ is not environ or got_content != before:
            raise AssertionError("the environ was touched")
        if got_start_response is not start_response or answer is not seen.answer:
            raise AssertionError("start_response or the answer was touched")
    return answer


def application(environ, start_response):
    """Mount as werkzeug, Paste and CherryPy do."""
    path = environ.get("PATH_INFO", "")
    if path.startswith("/mounted/"):
        environ["SCRIPT_NAME"] = environ.get("SCRIPT_NAME", "") + "/mounted"
        environ["PATH_INFO"] = path.removeprefix("/mounted")
    return watched(environ, start_response)


if __name__ == "__main__":
    from wsgiref.simple_server import make_server

    with make_server("127.0.0.1", int(sys.argv[1]), application) as server:
        # wsgiref swallows an interrupt that comes during a request; shutdown() must not be called
        # by the thread that serves.
        stop = threading.Thread(target=server.shutdown)
        signal.signal(signal.SIGTERM, lambda *_: stop.start())
        server.serve_forever()
