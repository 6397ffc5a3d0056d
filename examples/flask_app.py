"""A Flask app that counts its page views.

Run it with `python examples/flask_app.py`, open http://127.0.0.1:8000, and look at what was stored:
`sqlite-utils rows ztas.db hits`.
"""

from __future__ import annotations

import os

from flask import Flask

from ztas_middleware import ZTASMiddleware

CONFIG = {
    "script": "/js/ztas.js",
    "sites": {"site_abc123": {"domain": ["localhost", "127.0.0.1"]}},
}

PAGE = """<!doctype html>
<title>Flask</title>
<script defer src="js/ztas.js" data-site="site_abc123"></script>
<h1>Hello from Flask</h1>
"""

app = Flask(__name__)


@app.get("/")
def home() -> str:
    """The only page."""
    return PAGE


# `app` stays a Flask app; only what the server calls is wrapped.
app.wsgi_app = ZTASMiddleware(app.wsgi_app, CONFIG)  # type: ignore[method-assign]

if __name__ == "__main__":
    app.run(port=int(os.environ.get("PORT", "8000")))
