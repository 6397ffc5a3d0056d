"""A plain WSGI app that counts its page views.

Run it with `python examples/wsgi_app.py`, open http://127.0.0.1:8000, and look at what was stored:
`sqlite-utils rows ztas.db hits`.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING
from wsgiref.simple_server import make_server

from ztas_middleware import ZTASMiddleware

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

CONFIG = {
    "script": "/js/ztas.js",
    "sites": {"site_abc123": {"domain": ["localhost", "127.0.0.1"]}},
}

PAGE = b"""<!doctype html>
<title>Plain WSGI</title>
<script defer src="js/ztas.js" data-site="site_abc123"></script>
<h1>Hello from plain WSGI</h1>
"""


def site(environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
    """Answer every request with the page."""
    start_response("200 OK", [("Content-Type", "text/html; charset=utf-8")])
    return [PAGE]


application = ZTASMiddleware(site, CONFIG)

if __name__ == "__main__":
    port = int(os.environ.get("PORT", "8000"))
    with make_server("127.0.0.1", port, application) as server:
        server.serve_forever()
