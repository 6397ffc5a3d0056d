"""The example site: a plain WSGI app with a few pages, a form, a button, and a look at the rows."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import datetime, timezone
from html import escape
from typing import TYPE_CHECKING
from urllib.parse import quote

from webob import Request, Response

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path
    from wsgiref.types import StartResponse, WSGIEnvironment

SITE_ID = "demo"
LATEST = 25

LAYOUT = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<link rel="icon" href="data:,">
<title>{title} - Teapots &amp; Co</title>
<style>
:root {{ color-scheme: light dark; font: 16px/1.6 system-ui, sans-serif }}
body {{ max-width: 60rem; margin: 0 auto; padding: 1.5rem }}
nav {{ display: flex; gap: 1.5rem; flex-wrap: wrap; padding-bottom: 1rem }}
table {{ border-collapse: collapse; font-size: .875rem; display: block; overflow-x: auto }}
th, td {{ text-align: left; padding: .25rem .75rem .25rem 0; white-space: nowrap }}
th {{ font-weight: 600 }} tr {{ border-bottom: 1px solid #8884 }}
button, input {{ font: inherit; padding: .3rem .8rem }}
code {{ background: #8882; padding: .1rem .3rem; border-radius: 3px }}
</style>
{head}
</head>
<body>
<nav><a href="/">Home</a><a href="/teapots">Teapots</a><a href="/journal/first-flush">Journal</a>
<a href="/contact">Contact</a><a href="/rows">Stored rows</a>
<a href="/ztas/demo">Dashboard</a></nav>
<main>
<h1>{title}</h1>
{body}
</main>
</body>
</html>
"""

PAGES = {
    "/": (
        "Teapots & Co",
        """<p>A made-up shop. Every page you open here carries the tracking script, which sends
what happens to <code>POST /api/track</code>; the middleware stores it in SQLite. Walk around, then
look at <a href="/ztas/demo">the dashboard</a> and at <a href="/rows">the stored rows</a>.</p>""",
    ),
    "/teapots": (
        "Teapots",
        """<p>The Brown Betty holds six cups and pours without a drip.</p>
<p><button data-zta-track="add_to_cart" data-zta-category="shop" data-zta-label="brown-betty"
data-zta-value="24.5">Add to cart</button> sends an event with a value.</p>""",
    ),
    "/journal/first-flush": (
        "First flush",
        "<p>Picked in March, dried the same night. Two minutes at eighty degrees.</p>",
    ),
    "/contact": (
        "Contact",
        """<form method="post" action="/contact" name="contact"><label>Your question
<input name="question" required></label> <button>Send</button></form>""",
    ),
}

SCRIPT = (
    f'<script defer src="/js/ztas.js" data-site="{SITE_ID}" '
    'data-track="outbound downloads forms"></script>'
)

ROWS = """
select
    time, type, path, referrer, action, label, value, time_on_page, visitor, browser, os, device,
    country
from hits
order by id desc
limit :latest
"""


class DemoSite:
    """The example site; `database` is the file that the middleware around it writes."""

    def __init__(self, database: Path) -> None:
        self._database = database

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """The WSGI call, PEP 3333."""
        return self._answer(Request(environ))(environ, start_response)

    def _answer(self, request: Request) -> Response:
        path = request.environ["PATH_INFO"]  # webob's own is none for bytes that are no UTF-8
        if path == "/rows":
            # No script here: looking at the rows is no visit.
            return _page(
                "Stored rows", self._rows(), head='<meta http-equiv="refresh" content="3">'
            )
        if path == "/contact" and request.method == "POST":
            return _page("Thank you", "<p>Your question went nowhere, privately.</p>", head=SCRIPT)
        if path in PAGES:
            title, body = PAGES[path]
            return _page(title, body, head=SCRIPT)
        return _page("Not found", "<p>There is no such page.</p>", head="", status=404)

    def _rows(self) -> str:
        try:
            rows = self._latest()
        except sqlite3.Error:
            rows = []
        if not rows:
            return '<p>No hits yet. Open <a href="/">a page</a> first.</p>'
        names = list(rows[0].keys())
        head = "".join(f"<th>{escape(name)}</th>" for name in names)
        body = "".join(
            "<tr>" + "".join(f"<td>{_cell(name, row[name])}</td>" for name in names) + "</tr>"
            for row in rows
        )
        return (
            f"<p>The latest {len(rows)}, newest first; this page renews itself. The file is "
            f"<code>{escape(str(self._database))}</code>.</p>"
            f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
        )

    def _latest(self) -> list[sqlite3.Row]:
        uri = f"file:{quote(str(self._database))}?mode=ro"
        with closing(sqlite3.connect(uri, uri=True)) as connection:
            connection.row_factory = sqlite3.Row
            return connection.execute(ROWS, {"latest": LATEST}).fetchall()


def _cell(name: str, value: object) -> str:
    if value is None:
        return ""
    if name == "time" and isinstance(value, int):
        moment = datetime.fromtimestamp(value / 1000, timezone.utc)
        return moment.strftime("%H:%M:%S UTC")
    return escape(str(value))


def _page(title: str, body: str, *, head: str, status: int = 200) -> Response:
    text = LAYOUT.format(title=escape(title), body=body, head=head)
    return Response(text=text, status=status, charset="utf-8", content_type="text/html")
