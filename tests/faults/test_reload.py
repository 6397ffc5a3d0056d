"""A site that is added while a server with several processes runs, and an edit that is broken."""

from __future__ import annotations

import json
import subprocess
import sys
import time

import pytest

HIT = {"type": "pageview", "path": "/"}


def statuses(server, site_id, number=20):
    body = json.dumps(HIT | {"siteId": site_id})
    return {server.request("POST", "/api/track", body)[0] for _ in range(number)}


def test_every_worker_takes_a_new_site_within_two_seconds(serve, tools, tmp_path):
    server = serve(tools.gunicorn("--workers", "3"))
    assert statuses(server, "shop") == {404}
    added = subprocess.run(
        [
            sys.executable,
            "-m",
            "ztas_middleware",
            "sites",
            "add",
            "shop.example",
            "--config",
            tmp_path / "ztas.yaml",
            "--json",
        ],
        cwd=pytest.ZTAS_ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    site_id = json.loads(added.stdout)["id"]
    time.sleep(2)
    assert statuses(server, site_id, 60) == {200}
    assert statuses(server, "a") == {200}


def test_a_broken_edit_changes_nothing_and_each_process_says_so_once(serve, tools, tmp_path):
    server = serve(tools.gunicorn("--workers", "2"))
    (tmp_path / "ztas.yaml").write_text("sites:\n  a: {domian: example.com}\n")
    for _ in range(3):
        time.sleep(1.1)
        assert statuses(server, "a") == {200}
    server.stop()
    said = [line for line in server.log.read_text().splitlines() if "is not used" in line]
    assert 1 <= len(said) <= 2
    assert 'sites.a.domian: unknown key (did you mean "domain"?)' in said[0]
