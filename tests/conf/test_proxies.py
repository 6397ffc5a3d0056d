"""nginx and Caddy with our configurations, only ports and folders changed."""

from __future__ import annotations

import json
import os
import re
import sqlite3
import sys
from contextlib import closing

import pytest
from processes import ROOT, start_on_free_port
from rawhttp import request

HIT = {"siteId": "site_abc123", "type": "pageview"}
EXCLUDED = "127.0.0.9"
CONFIG = f"""\
script: /js/ztas.js
pixel: /js/ztas.gif
exclude_addresses: [{EXCLUDED}]
sites:
  site_abc123:
    domain: [static.example.com, app.example.com]
"""


# A server to which X_Forwarded_For is X-Forwarded-For, as to most.
APP = """
import sys
from wsgiref.simple_server import demo_app, make_server
from ztas_middleware import ZTASMiddleware
port, config = sys.argv[1:]
make_server("127.0.0.1", int(port), ZTASMiddleware(demo_app, config)).serve_forever()
"""


def serve(port, config):
    command = (sys.executable, "-m", "ztas_middleware", "serve")
    return [*command, "--config", config, "--port", str(port)]


def wrapped(port, config):
    return [sys.executable, "-c", APP, str(port), config]


@pytest.fixture(params=[serve, wrapped], ids=["ztas serve", "wrapped"])
def ztas(request, tmp_path):
    (tmp_path / "ztas.yaml").write_text(CONFIG)
    config = str(tmp_path / "ztas.yaml")
    process, port = start_on_free_port(lambda port: request.param(port, config), folder=tmp_path)
    process.port = port
    yield process
    process.kill()


def nginx(program, text, port, folder):
    text = text.replace("listen 80;", f"listen 127.0.0.1:{port};")
    user = "user root;" if os.geteuid() == 0 else ""
    paths = "".join(
        f"{name}_temp_path {folder}/{name};\n"
        for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    (folder / "whole.conf").write_text(
        f"{user}\ndaemon off;\npid {folder}/nginx.pid;\nerror_log stderr;\nevents {{}}\n"
        f"http {{\naccess_log off;\n{paths}{text}\n}}\n"
    )
    return [program("nginx"), "-p", str(folder), "-c", str(folder / "whole.conf"), "-e", "stderr"]


def caddy(program, text, port, folder):
    text = re.sub(r"^(\w+\.example\.com) \{", rf"http://\1:{port} {{", text, flags=re.MULTILINE)
    (folder / "Caddyfile").write_text("{\n\tadmin off\n}\n" + text)
    return [program("caddy"), "run", "--config", str(folder / "Caddyfile")]


@pytest.fixture(params=[(nginx, "nginx.conf"), (caddy, "Caddyfile")], ids=["nginx", "Caddy"])
def proxy(request, program, ztas, tmp_path):
    command, name = request.param
    (tmp_path / "static").mkdir()
    (tmp_path / "static" / "index.html").write_text("a static page")
    text = (ROOT / "conf" / name).read_text("utf-8")
    for port in ("8000", "8001"):
        assert f"127.0.0.1:{port}" in text
        text = text.replace(f"127.0.0.1:{port}", f"127.0.0.1:{ztas.port}")
    assert "/var/www/static" in text
    text = text.replace("/var/www/static", str(tmp_path / "static"))
    (tmp_path / "proxy").mkdir()
    process, port = start_on_free_port(
        lambda port: command(program, text, port, tmp_path / "proxy"),
        folder=tmp_path / "proxy",
        env={"HOME": str(tmp_path / "proxy")},
    )
    process.port, process.database = port, tmp_path / "ztas.db"
    yield process
    process.kill()


def paths(proxy):
    with closing(sqlite3.connect(proxy.database)) as connection:
        return [path for (path,) in connection.execute("select path from hits order by id")]


def track(proxy, host, path, source="127.0.0.1", **headers):
    headers = {
        "Host": host,
        "Origin": f"https://{host}",
        "User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:125.0) Gecko/20100101 Firefox/125.0",
        **headers,
    }
    body = json.dumps({**HIT, "path": path}).encode()
    answer = request(proxy.port, "POST", "/api/track", headers, body, source=source)
    assert (answer.status, answer.body) == (200, b'{"success": true}')


@pytest.mark.parametrize("host", ["static.example.com", "app.example.com"])
def test_hits_come_with_the_real_address(proxy, host):
    track(proxy, host, "/1")
    track(proxy, host, "/from the excluded address", source=EXCLUDED)
    track(proxy, host, "/says so only", **{"X-Forwarded-For": EXCLUDED})
    track(proxy, host, "/spells it otherwise", X_Forwarded_For=EXCLUDED)
    assert paths(proxy) == ["/1", "/says so only", "/spells it otherwise"]


def test_the_static_site_has_its_pages_and_ours(proxy):
    headers = {"Host": "static.example.com"}
    assert request(proxy.port, "GET", "/", headers).body == b"a static page"
    assert b"document.currentScript" in request(proxy.port, "GET", "/js/ztas.js", headers).body
    image = request(proxy.port, "GET", "/js/ztas.gif?siteId=site_abc123", headers)
    assert (image.status, image.headers["content-type"]) == (200, "image/gif")
