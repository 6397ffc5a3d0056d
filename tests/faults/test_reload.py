"""A site that is added while a server with several processes runs, and an edit that is broken."""

from __future__ import annotations

import json
import subprocess
import sys
import time

from processes import ROOT
from servers import gunicorn, hit


def statuses(server, site_id, number=20):
    return {server.post(hit("/", siteId=site_id), {}).status for _ in range(number)}


def test_every_worker_takes_a_new_site(serve, tmp_path):
    server = serve(gunicorn(workers=3))
    server.pids()
    assert statuses(server, "new") == {404}
    command = [sys.executable, "-m", "ztas_middleware", "sites", "add", "new.example", "--json"]
    command += ["--config", tmp_path / "ztas.yaml"]
    added = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    site_id = json.loads(added.stdout)["id"]
    # Each looks once a second, when a request passes by.
    server.process.wait_for(lambda: statuses(server, site_id, 60) == {200})
    assert statuses(server, "site_abc123") == {200}


def test_a_broken_edit_changes_nothing_and_each_process_says_so_once(serve, tmp_path):
    server = serve(gunicorn())
    # A worker that starts with a broken config can't, and gunicorn stops for good with it.
    server.pids()
    (tmp_path / "ztas.yaml").write_text("sites:\n  site_abc123: {domian: example.com}\n")
    for _ in range(3):
        time.sleep(1.1)
        assert statuses(server, "site_abc123") == {200}
    assert server.process.stop() == 0
    said = [line for line in server.process.output.splitlines() if "is not used" in line]
    assert 1 <= len(said) <= 2
    assert 'sites.site_abc123.domian: unknown key (did you mean "domain"?)' in said[0]
