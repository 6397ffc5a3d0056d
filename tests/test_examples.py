"""The examples and the servers' configs, copied out of the tree and started as a reader would.

The package they import is what the wheel installs.
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import pytest
from processes import ROOT, start_on_free_port
from rawhttp import request

SCRIPTS = Path(sys.executable).parent
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:125.0) Gecko/20100101 Firefox/125.0"
STORED = (200, b'{"success": true}')

STRICT = ("-W", "error", "-W", "ignore:'cgi' is deprecated:DeprecationWarning")

# Module, what its page says, how a server gets hold of the app, and what Python is told.
EXAMPLES = [
    ("wsgi_app", "Hello from plain WSGI", "from wsgi_app import application as app", STRICT),
    ("flask_app", "Hello from Flask", "from flask_app import app", STRICT),
    ("bottle_app", "Hello from Bottle", "from bottle_app import app", STRICT),
    ("django_app", "Hello from Django", "from django_app import application as app", STRICT),
    (
        "pyramid_app",
        "Hello from Pyramid",
        (
            "from paste.deploy import loadapp\n"
            'app = loadapp("config:pyramid.ini", relative_to="examples")'
        ),
        (),  # Pyramid 2 imports pkg_resources, which has much to complain of
    ),
]
FASTAPI = ("fastapi_app", "Hello from FastAPI", "", STRICT)
each_example = pytest.mark.parametrize(
    ("module", "greeting", "load", "options"), EXAMPLES, ids=[example[0] for example in EXAMPLES]
)

MOUNT = """
import os
from waitress import serve
from werkzeug.exceptions import NotFound
from werkzeug.middleware.dispatcher import DispatcherMiddleware
{load}
site = DispatcherMiddleware(NotFound(), {{"/shop": app}})
serve(site, listen="127.0.0.1:" + os.environ["PORT"], clear_untrusted_proxy_headers=False)
"""


class Site:
    """A started example, and the folder that its database is somewhere in."""

    def __init__(self, port, folder):
        self.port = port
        self._folder = folder

    def page(self, path="/"):
        return request(self.port, "GET", path)

    def post(self, path, *, prefix="", source="127.0.0.1", headers=()):
        """Do what the script of the page does."""
        body = json.dumps({"siteId": "site_abc123", "type": "pageview", "path": path}).encode()
        headers = dict(headers) | {
            "Origin": f"http://127.0.0.1:{self.port}",
            "User-Agent": FIREFOX,
        }
        answer = request(self.port, "POST", f"{prefix}/api/track", headers, body, source=source)
        return answer.status, answer.body

    def hits(self):
        (database,) = self._folder.rglob("ztas.db")
        with closing(sqlite3.connect(database)) as connection:
            connection.row_factory = sqlite3.Row
            return [dict(row) for row in connection.execute("select * from hits order by id")]


@pytest.fixture
def start(tmp_path, distribution):
    """Start a program in a folder that has no more than examples/ and conf/."""
    for name in ("examples", "conf"):
        ignored = shutil.ignore_patterns("__pycache__", "*.db*")
        shutil.copytree(ROOT / name, tmp_path / name, ignore=ignored)
    path = os.pathsep.join([str(distribution.installed), str(tmp_path / "examples")])
    processes = []

    def start(*command):
        process, port = start_on_free_port(
            lambda port: [str(part).replace("{port}", str(port)) for part in command],
            folder=tmp_path,
            env={"PYTHONPATH": path},
        )
        processes.append(process)
        return Site(port, tmp_path)

    yield start
    for process in processes:
        process.kill()


@pytest.mark.parametrize(
    ("module", "greeting", "load", "options"),
    [*EXAMPLES, FASTAPI],
    ids=[example[0] for example in [*EXAMPLES, FASTAPI]],
)
def test_an_example_counts_its_page_views(start, module, greeting, load, options):
    site = start(sys.executable, *options, f"examples/{module}.py")
    page = site.page()
    assert page.status == 200
    assert greeting in page.body.decode()
    # What a template writes is absolute; by hand it may be relative, for any mount.
    tag = '<script defer src="js/ztas.js" data-site="site_abc123">'
    assert tag in page.body.decode().replace('src="/js', 'src="js')
    assert "javascript" in site.page("/js/ztas.js").headers["content-type"]
    assert site.post("/a-page") == STORED
    (row,) = site.hits()
    assert (row["site_id"], row["path"], row["browser"]) == ("site_abc123", "/a-page", "Firefox")


@pytest.mark.skipif(sys.platform != "linux", reason="needs a second loopback address")
@each_example
def test_an_example_below_a_prefix_and_behind_a_proxy(start, module, greeting, load, options):
    site = start(sys.executable, *options, "-c", MOUNT.format(load=load))
    page = site.page("/shop/").body.decode()
    assert greeting in page
    assert 'src="js/ztas.js"' in page or 'src="/shop/js/ztas.js"' in page
    assert site.page("/").status == 404
    assert site.page("/shop/js/ztas.js").status == 200
    for client in ["203.0.113.1", "203.0.113.2"]:
        headers = {"X-Forwarded-For": client}
        assert site.post("/by-proxy", prefix="/shop", headers=headers) == STORED
        assert site.post("/direct", prefix="/shop", headers=headers, source="127.0.0.2") == STORED
    visitors = {"/by-proxy": set(), "/direct": set()}
    for row in site.hits():
        visitors[row["path"]].add(row["visitor"])
    # Only the word of a trusted proxy makes two visitors of two addresses.
    assert [len(found) for found in visitors.values()] == [2, 1]


def edit(file, old, new):
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


def test_pyramid_is_served_by_its_own_command(start, tmp_path):
    edit(tmp_path / "examples" / "pyramid.ini", ":8000", ":%(http_port)s")
    site = start(SCRIPTS / "pserve", "examples/pyramid.ini", "http_port={port}")
    assert "Hello from Pyramid" in site.page().body.decode()
    assert site.post("/pserve") == STORED
    assert [row["path"] for row in site.hits()] == ["/pserve"]


def test_the_gunicorn_config_serves_as_it_is(start):
    site = start(
        *(sys.executable, "-m", "gunicorn"),
        *("--config", "conf/gunicorn.conf.py", "--bind", "127.0.0.1:{port}"),
    )
    assert "Hello from plain WSGI" in site.page().body.decode()
    assert site.post("/gunicorn") == STORED
    assert [row["path"] for row in site.hits()] == ["/gunicorn"]


def test_the_uwsgi_config_serves_as_it_is(start, tmp_path):
    # uWSGI would listen on a port from the command line besides the file's own.
    edit(tmp_path / "conf" / "uwsgi.ini", ":8001", ":$(PORT)")
    site = start(SCRIPTS / "uwsgi", "conf/uwsgi.ini")
    assert "Hello from plain WSGI" in site.page().body.decode()
    assert site.post("/uwsgi") == STORED
    assert [row["path"] for row in site.hits()] == ["/uwsgi"]
