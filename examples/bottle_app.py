"""A Bottle app that counts its page views.

Run it with `python examples/bottle_app.py`, open http://127.0.0.1:8000, and look at what was
stored: `sqlite-utils rows ztas.db hits`.
"""

from __future__ import annotations

import os

from bottle import Bottle

from ztas_middleware import ZTASMiddleware

CONFIG = {
    "script": "/js/ztas.js",
    "sites": {"site_abc123": {"domain": ["localhost", "127.0.0.1"]}},
}

PAGE = """<!doctype html>
<title>Bottle</title>
<script defer src="js/ztas.js" data-site="site_abc123"></script>
<h1>Hello from Bottle</h1>
"""

app = Bottle()


@app.get("/")
def home() -> str:
    """The only page."""
    return PAGE


# `app` stays a Bottle app; only what the server calls is wrapped.
app.wsgi = ZTASMiddleware(app.wsgi, CONFIG)

if __name__ == "__main__":
    app.run(host="127.0.0.1", port=int(os.environ.get("PORT", "8000")))
