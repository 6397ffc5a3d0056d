"""A Flask app that counts its page views.

Run it with `python examples/flask_app.py`, open http://127.0.0.1:8000, and look at what was stored:
`sqlite-utils rows ztas.db hits`.
"""

from __future__ import annotations

import os

from flask import Flask, render_template_string

from ztas_middleware.flask import ZTAS

CONFIG = {
    "script": "/js/ztas.js",
    "sites": {"site_abc123": {"domain": ["localhost", "127.0.0.1"]}},
}

PAGE = """<!doctype html>
<title>Flask</title>
{{ ztas_script() }}
<h1>Hello from Flask</h1>
"""

app = Flask(__name__)


@app.get("/")
def home() -> str:
    """The only page."""
    return render_template_string(PAGE)


ZTAS(app, CONFIG)

if __name__ == "__main__":
    app.run(port=int(os.environ.get("PORT", "8000")))
