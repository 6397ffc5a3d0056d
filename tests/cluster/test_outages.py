"""A cluster that is down, in part or as a whole, over HTTP: the right answer, or 503 in time."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from http.client import HTTPConnection

import pytest
from clickhouse import SESSION, ClickHouse
from members import Members, config_of, hit
from servers import PYTHON, Server, gunicorn
from wire import Wire

from ztas_middleware.cluster.mirror import FRESH

SITE = "site_abc123"
IN_TIME = 15
DAY = 86_400_000
QUESTIONS = {
    "stats": f"/api/stats?siteId={SITE}",
    "all": f"/api/stats?siteId={SITE}&period=all",
    "realtime": f"/api/realtime?siteId={SITE}",
    "breakdown": f"/api/breakdown?siteId={SITE}&by=page",
    "journeys": f"/api/journeys?siteId={SITE}&page=/a",
    "export": f"/api/export?siteId={SITE}&type=hits&format=ndjson",
    "agents": f"/api/agents?siteId={SITE}",
    "dashboard": f"/ztas/{SITE}",
    "overview": "/ztas/",
    "part": f"/ztas/{SITE}/realtime",
    "csv": f"/ztas/{SITE}/csv?list=pages",
    "drops": f"/ztas/{SITE}/drops",
}


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    """A cluster that may be killed, with hits of two members."""
    with ClickHouse(tmp_path_factory.mktemp("own")) as cluster:
        members = Members(config_of(tmp_path_factory.mktemp("members"), cluster.section()))
        now = time.time_ns() // 1_000_000
        for name in ("web1", "web2"):
            members.add(name)
            # Of many visitors: on every shard.
            hits = [hit(now - number * 1000, f"visitor-{number}", "/a") for number in range(40)]
            members.ship(name, hits, first_id=1)
            members.say(name, now, 40)
        members.client.close()
        cluster.sync("ztas.hits_local")
        yield cluster


@contextmanager
def reader(folder, section, *, workers=1):
    """A server with the API and the dashboard, which anybody may ask."""
    folder.mkdir()
    config = {
        "database": str(folder / "ztas.db"),
        "api": {"path": "/api"},
        "dashboard": {"path": "/ztas"},
        "sites": {SITE: {"domain": "example.com", "public": True}},
        "cluster": section,
    }
    kind = gunicorn("--worker-class", "gthread", "--threads", "16", workers=workers)
    # webob imports `cgi` where Python still has it.
    command = (*PYTHON, "-W", "ignore::DeprecationWarning", *kind.command[len(PYTHON) :])
    server = Server(replace(kind, command=command), folder, config=json.dumps(config))
    try:
        yield server
    finally:
        server.process.kill()


def ask_all(*servers):
    """What all questions are answered at once, by name, and after how many seconds."""

    def ask(server, path):
        began = time.monotonic()
        with closing(HTTPConnection("127.0.0.1", server.port, timeout=60)) as connection:
            connection.request("GET", path)
            answer = connection.getresponse()
            body = answer.read()
        return answer.status, body, time.monotonic() - began

    with ThreadPoolExecutor(32) as pool:
        asked = [
            (name, pool.submit(ask, server, path))
            for server in servers
            for name, path in QUESTIONS.items()
        ]
        return [(name, *answer.result()) for name, answer in asked]


def check_answers(server, hits=80):
    for name, status, body, _ in ask_all(server):
        assert status == 200, (name, body, server.process.output)
        if name in {"stats", "all"}:
            assert json.loads(body)["summary"]["pageviews"] == hits
        if name == "export":
            assert body.count(b"\n") == hits
        if name == "breakdown":
            assert [row["pageviews"] for row in json.loads(body)["rows"]] == [hits]


def check_refusals(*servers):
    answers = ask_all(*servers)
    assert {(name, status) for name, status, *_ in answers} == {(name, 503) for name in QUESTIONS}
    assert max(seconds for *_, seconds in answers) < IN_TIME
    for name, _, body, _ in answers:
        if QUESTIONS[name].startswith("/api"):
            assert json.loads(body) == {"error": "Storage unavailable"}


def stats(server):
    """What the command says: its status, both outputs, and after how many seconds."""
    command = [sys.executable, "-m", "ztas_middleware", "stats"]
    config = server._database.parent / "ztas.yaml"
    began = time.monotonic()
    done = subprocess.run(
        [*command, "--config", config],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "COLUMNS": "100"},
        check=False,
    )
    return done, time.monotonic() - began


def restart(nodes):
    time.sleep(2 * SESSION)  # until ZooKeeper has noticed that they were gone
    for node in nodes:
        node.start()
    for node in nodes:
        node.wait()


def check_command_refuses(server):
    done, seconds = stats(server)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.count("\n") == 1
    assert "cluster" in done.stderr
    assert seconds < IN_TIME + 2  # less what Python takes to begin


def test_one_server_of_each_shard_is_killed(own, tmp_path):
    with reader(tmp_path / "old", own.section()) as old:
        check_answers(old)
        killed = [node for node in own.nodes if node.replica == 1]
        for node in killed:
            node.kill()
        try:
            with reader(tmp_path / "new", own.section()) as new:
                check_answers(old)
                check_answers(new)
            assert stats(old)[0].returncode == 0
        finally:
            restart(killed)


def test_all_servers_of_a_shard_are_killed(own, tmp_path):
    with ExitStack() as stack:
        old = stack.enter_context(reader(tmp_path / "old", own.section()))
        check_answers(old)
        new = stack.enter_context(reader(tmp_path / "new", own.section()))
        killed = [node for node in own.nodes if node.shard == 1]
        for node in killed:
            node.kill()
        try:
            # There is nothing that it lacks: whatever was confirmed is copied.
            check_answers(old)
            check_refusals(new)
            check_command_refuses(new)
        finally:
            restart(killed)
        check_answers(new)


def test_all_servers_are_killed(own, tmp_path):
    with reader(tmp_path / "old", own.section()) as old:
        check_answers(old)
        for node in own.nodes:
            node.kill()
        try:
            while old.request("GET", QUESTIONS["stats"]).status == 200:
                pass  # it has just asked the cluster
            check_refusals(old)
            check_command_refuses(old)
        finally:
            for node in own.nodes:
                node.start()
            for node in own.nodes:
                node.wait()
        check_answers(old)


def test_servers_say_nothing(own, tmp_path):
    """They take connections, and no more; beside an address at which there is nobody at all."""
    with ExitStack() as stack:
        wire = stack.enter_context(Wire(("127.0.0.1", own.nodes[0].tcp)))
        wire.stall()
        old = stack.enter_context(reader(tmp_path / "old", own.section()))
        check_answers(old)
        stalled = own.section() | {"hosts": [wire.address]}
        nobody = own.section() | {"hosts": ["10.255.255.1:9000", "10.255.255.2:9000"]}
        others = [
            stack.enter_context(reader(tmp_path / name, section))
            for name, section in (("stalled", stalled), ("nobody", nobody))
        ]
        for node in own.nodes:
            node.hang()
        try:
            time.sleep(FRESH)  # `old` has just asked the cluster
            with ThreadPoolExecutor(1) as pool:
                told = pool.submit(check_command_refuses, old)
                check_refusals(old, *others)
                told.result()
        finally:
            for node in own.nodes:
                node.go_on()
        check_answers(old)


def test_several_workers_ask_a_fresh_mirror_at_once(section, tmp_path):
    members = Members(config_of(tmp_path, section))
    now = time.time_ns() // 1_000_000
    at = 1
    members.add("web1")
    for _ in range(3):
        hits = [hit(now - number, f"v{number % 500}", "/a") for number in range(15_000)]
        at = members.ship("web1", hits, first_id=at)
    members.client.close()
    with reader(tmp_path / "fresh", section, workers=3) as server:
        server.pids()
        check_answers(server, 45_000)
        check_answers(server, 45_000)
        with closing(sqlite3.connect(tmp_path / "fresh" / "ztas.cluster.db")) as connection:
            (found,) = connection.execute("select count(*), count(distinct tie) from hits")
        assert found == (45_000, 45_000)
