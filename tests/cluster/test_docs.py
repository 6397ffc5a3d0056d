"""docs/cluster.md, followed to the letter: two apps, the same dashboard."""

from __future__ import annotations

import contextlib
import json
import os
import re
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from clickhouse import need_clickhouse
from processes import Process, free_port, wait_until

from ztas_middleware import cli

TEXT = (Path(__file__).parents[2] / "docs" / "cluster.md").read_text("utf-8")
BLOCKS = re.findall(r"^```(xml|yaml|sh)\n(.*?)^```", TEXT, re.DOTALL | re.MULTILINE)
PORTS = ("9000", "8123", "9009", "2181", "8001", "8002")


@pytest.fixture
def followed(tmp_path):
    """The files and commands of the page, on free ports, in a folder."""
    need_clickhouse()
    ports = {port: str(free_port()) for port in PORTS}

    def moved(text):
        return re.sub(rf"\b({'|'.join(PORTS)})\b", lambda found: ports[found[0]], text)

    clickhouse, users, web = (moved(text) for kind, text in BLOCKS if kind in {"xml", "yaml"})
    (tmp_path / "clickhouse.xml").write_text(clickhouse)
    (tmp_path / "users.xml").write_text(users)
    (tmp_path / "web1.yaml").write_text(web)
    (tmp_path / "web2.yaml").write_text(web.replace("web1.db", "web2.db"))
    ztas = tmp_path / "bin" / "ztas"
    ztas.parent.mkdir()
    ztas.write_text(f'#!/bin/sh\nexec {sys.executable} -m ztas_middleware "$@"\n')
    ztas.chmod(0o755)
    environ = {
        "PATH": f"{ztas.parent}:{os.environ['PATH']}",
        "PYTHONPATH": str(Path(cli.__file__).parents[2]),
        "ZTAS_CLUSTER_PASSWORD": "secret",
    }
    started = []

    def run(block):
        """Run the lines of a block; the output of the last one that ends."""
        output = ""
        for line in moved(block).splitlines():
            if line.endswith(" &"):
                command = ["setpriv", "--pdeathsig", "KILL", "sh", "-c", f"exec {line[:-2]}"]
                started.append(Process(command, folder=tmp_path, cwd=tmp_path, env=environ))
            else:
                output = subprocess.run(
                    line,
                    shell=True,
                    check=True,
                    stdout=subprocess.PIPE,
                    text=True,
                    cwd=tmp_path,
                    env={**os.environ, **environ},
                ).stdout
        return output

    yield run, moved
    for process in started:
        process.kill()


def test_the_page_ends_with_the_same_dashboard_from_two_apps(followed):
    run, moved = followed
    servers, setting_up, apps, hits = (text for kind, text in BLOCKS[-4:] if kind == "sh")
    run(servers)
    for port in ("2181", "9000"):
        wait_until(lambda port=port: listens(int(moved(port))), 30)
    run(setting_up)
    run(apps)
    pages = [moved(f"http://127.0.0.1:{port}/ztas/site_abc123") for port in ("8001", "8002")]
    for page in pages:
        wait_until(lambda page=page: listens(urlsplit(page).port), 30)
    run(hits)
    for page in pages:
        wait_until(lambda page=page: {"/one", "/two"} <= listed(page), 30)
    said = json.loads(run("ztas stats site_abc123 --period today --json --config web2.yaml"))
    assert said["summary"]["pageviews"] == 2
    assert said["summary"]["uniqueVisitors"] == 1


def listens(port):
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 5):
        return True
    return False


def listed(page):
    """The paths that a page lists."""
    with urllib.request.urlopen(page, timeout=20) as answer:
        return set(re.findall(r"/(?:one|two)\b", answer.read().decode()))
