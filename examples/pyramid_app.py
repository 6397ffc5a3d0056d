"""A Pyramid app that counts its page views, put together by PasteDeploy.

Run it with `python examples/pyramid_app.py`, open http://127.0.0.1:8000, and look at what was
stored: `sqlite-utils rows examples/ztas.db hits`. Nothing in here knows of the middleware:
the wrap is in pyramid.ini, the configuration in ztas.yaml. Pyramid's own command does the same:
`PYTHONPATH=examples pserve examples/pyramid.ini`.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from paste.deploy import loadapp
from pyramid.config import Configurator
from pyramid.response import Response
from waitress import serve

if TYPE_CHECKING:
    from pyramid.request import Request
    from pyramid.router import Router

PAGE = """<!doctype html>
<title>Pyramid</title>
<script defer src="js/ztas.js" data-site="site_abc123"></script>
<h1>Hello from Pyramid</h1>
"""


def home(request: Request) -> Response:
    """The only page."""
    return Response(PAGE)


def main(global_config: dict[str, str], **settings: str) -> Router:
    """Make the app; pyramid.ini names this function."""
    with Configurator(settings=settings) as config:
        config.add_route("home", "/")
        config.add_view(home, route_name="home")
        return config.make_wsgi_app()


if __name__ == "__main__":
    ini = Path(__file__).with_name("pyramid.ini").resolve()
    serve(loadapp(f"config:{ini}"), listen=f"127.0.0.1:{os.environ.get('PORT', '8000')}")
