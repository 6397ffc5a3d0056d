"""A database that is full, locked, gone, read-only or broken: clear answers, and a way back."""

from __future__ import annotations

import os
import resource
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing

import pytest
from load import Load, stored
from processes import ROOT, UNPRIVILEGED
from servers import gunicorn, hit

from ztas_middleware.store import database as database_module

UNAVAILABLE = (503, {"error": "Storage unavailable"})


def post(wrapped):
    answer = wrapped.post({"siteId": "site_abc123", "type": "pageview"})
    return answer.status_int, answer.json


def limit_files(server, size):
    """Let the server's workers write files up to so many bytes, as if the disk were full then."""
    # Python ignores SIGXFSZ, so that a write past the limit fails like one on a full disk.
    for pid in server.pids():
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


def test_a_full_disk(serve, tmp_path):
    server = serve(gunicorn(workers=1))
    limit_files(server, 200_000)
    acknowledged = 0
    while (answer := server.post(hit("/"))).status == 200:
        acknowledged += 1
        assert acknowledged < 10_000
    assert (answer.status, answer.json) == UNAVAILABLE
    assert int(answer.headers["retry-after"]) > 0
    assert server.post(hit("/")).status == 503
    assert server.get() == 200
    assert server.process.output.count("refused with 503") == 1
    # The administrator makes room; the server goes on by itself.
    limit_files(server, resource.RLIM_INFINITY)
    assert server.post(hit("/")).status == 200
    server.process.stop()
    assert len(stored(tmp_path / "ztas.db")) == acknowledged + 1


def test_a_lock_held_by_another_program(wrapped, monkeypatch, caplog):
    monkeypatch.setattr(database_module, "PATIENCE", 0.3)
    assert post(wrapped)[0] == 200
    with closing(sqlite3.connect(wrapped.file, isolation_level=None)) as other:
        other.execute("begin immediate")
        started = time.monotonic()
        answer = wrapped.post({"siteId": "site_abc123", "type": "pageview"})
        assert time.monotonic() - started >= 0.3
        assert (answer.status_int, answer.json) == UNAVAILABLE
        assert answer.headers["Retry-After"]
        assert answer.headers["Access-Control-Allow-Origin"] == "https://example.com"
        assert wrapped.app.get("/").body == b"hello"
        assert post(wrapped) == UNAVAILABLE
        other.execute("rollback")
    assert post(wrapped)[0] == 200
    assert len(wrapped.hits()) == 2
    assert [record.levelname for record in caplog.records] == ["ERROR"]


@pytest.mark.slow
def test_a_lock_held_for_longer_than_five_seconds(serve, tmp_path):
    server = serve(gunicorn("-k", "gthread", "--threads", "8"))
    assert server.post(hit("/")).status == 200
    with closing(sqlite3.connect(tmp_path / "ztas.db", isolation_level=None)) as other:
        other.execute("begin immediate")
        answers = []
        threads = [
            threading.Thread(target=lambda: answers.append(server.post(hit("/")))) for _ in range(6)
        ]
        started = time.monotonic()
        for thread in threads:
            thread.start()
        assert server.get() == 200
        for thread in threads:
            thread.join()
        assert 5 <= time.monotonic() - started < 15
        assert [(answer.status, answer.json) for answer in answers] == [UNAVAILABLE] * 6
        other.execute("rollback")
    assert server.post(hit("/")).status == 200
    server.process.stop()
    assert len(stored(tmp_path / "ztas.db")) == 2


def test_a_lock_held_for_a_second_delays_and_loses_nothing(serve, tmp_path):
    server = serve(gunicorn(workers=4))
    server.post(hit("/"))
    load = Load(server, 6, "locked")
    with closing(sqlite3.connect(tmp_path / "ztas.db", isolation_level=None)) as other:
        for _ in range(3):
            while True:
                try:
                    other.execute("begin immediate")
                except sqlite3.OperationalError:
                    continue
                break
            time.sleep(0.4)
            other.execute("commit")
            time.sleep(0.2)
    load.stop()
    server.process.stop()
    assert load.other_answers == []
    assert set(load.acknowledged) <= set(stored(tmp_path / "ztas.db"))


def test_long_readers_are_in_nobodys_way(serve, tmp_path):
    server = serve(gunicorn())
    server.post(hit("/first"))
    with closing(sqlite3.connect(tmp_path / "ztas.db", isolation_level=None)) as reader:
        reader.execute("begin")
        assert reader.execute("select count(*) from hits").fetchone() == (1,)
        load = Load(server, 4, "read", 200)
        load.join()
        assert reader.execute("select count(*) from hits").fetchone() == (1,)
    server.process.stop()
    assert load.other_answers == []
    assert len(stored(tmp_path / "ztas.db")) == 801


@pytest.mark.usefixtures("vigilant")
def test_a_folder_that_is_gone_and_comes_back(wrap, tmp_path):
    folder = tmp_path / "data"
    folder.mkdir()
    wrapped = wrap(file=folder / "ztas.db")
    assert post(wrapped)[0] == 200
    folder.rename(tmp_path / "away")
    assert post(wrapped) == UNAVAILABLE
    assert wrapped.app.get("/").body == b"hello"
    (tmp_path / "away").rename(folder)
    assert post(wrapped)[0] == 200
    assert len(wrapped.hits()) == 2


@pytest.mark.usefixtures("vigilant")
def test_a_corrupt_file_until_it_is_replaced(wrap, tmp_path, caplog):
    file = tmp_path / "ztas.db"
    wrapped = wrap(file=file)
    assert post(wrapped)[0] == 200
    wrapped.middleware.close()
    file.write_bytes(b"SQLite format 3\0" + os.urandom(20_000))
    assert post(wrapped) == UNAVAILABLE
    assert post(wrapped) == UNAVAILABLE
    assert wrapped.app.get("/").body == b"hello"
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    file.rename(tmp_path / "broken.db")
    assert post(wrapped)[0] == 200
    assert len(wrapped.hits()) == 1


READ_ONLY = """
import io, json, os, sys
sys.path.insert(0, sys.argv[1])
from ztas_middleware import ZTASMiddleware
middleware = ZTASMiddleware(
    lambda environ, start_response: [b"hello"],
    {"database": sys.argv[2], "sites": {"a": {"domain": "example.com"}}},
)
body = json.dumps({"siteId": "a", "type": "pageview"}).encode()
def post():
    answer = []
    environ = {
        "REQUEST_METHOD": "POST", "PATH_INFO": "/api/track", "CONTENT_LENGTH": str(len(body)),
        "wsgi.input": io.BytesIO(body),
    }
    middleware(environ, lambda status, headers: answer.append(status[:3]))
    return answer[0]
print(post())
os.chmod(sys.argv[2], 0o444)
for suffix in ("-wal", "-shm"):
    os.chmod(sys.argv[2] + suffix, 0o444)
middleware.close()
print(post(), middleware({"REQUEST_METHOD": "GET", "PATH_INFO": "/"}, lambda *_: None))
# SQLite gave the log the permissions of the file it belongs to.
for suffix in ("", "-wal", "-shm"):
    if os.path.exists(sys.argv[2] + suffix):
        os.chmod(sys.argv[2] + suffix, 0o644)
print(post())
middleware.close()
"""


def test_a_read_only_file(tmp_path):
    command = [*UNPRIVILEGED, sys.executable, "-c", READ_ONLY, ROOT, tmp_path / "ztas.db"]
    run = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert run.stdout.splitlines() == ["200", "503 [b'hello']", "200"], run.stderr
    assert run.stderr.count("refused with 503") == 1


def test_full_durability_syncs_every_commit(wrap):
    wrapped = wrap({"durability": "full"})
    assert post(wrapped)[0] == 200
    connection = wrapped.middleware._reception.database._writer._vigil.opened.connection
    assert connection.execute("pragma synchronous").fetchone() == (2,)


def test_two_versions_of_the_schema_that_start_at_once(tmp_path):
    program = """
import sys, pathlib
sys.path.insert(0, sys.argv[1])
from ztas_middleware.store import schema
if sys.argv[3] == "newer":
    schema.MIGRATIONS += (("create table companion (id integer primary key) strict",),)
    schema.VERSION += 1
from ztas_middleware.store.database import Database
from ztas_middleware.store.hits import Hit
values = dict.fromkeys(Hit._fields) | dict.fromkeys(
    ("site_id", "type", "path", "visitor", "browser", "os", "device"), "x") | {"time": 1}
database = Database(pathlib.Path(sys.argv[2]))
for _ in range(200):
    database.append([Hit(**values)])
database.close()
"""
    file = tmp_path / "ztas.db"
    processes = [
        subprocess.Popen([sys.executable, "-c", program, ROOT, file, version])
        for version in ("newer", "older", "newer", "older")
    ]
    assert [process.wait(60) for process in processes] == [0, 0, 0, 0]
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("select count(*) from hits").fetchone() == (800,)
        assert connection.execute("select count(*) from companion").fetchone() == (0,)


def test_a_backup_is_not_restored_under_a_server_that_runs(serve, tmp_path):
    server = serve(gunicorn())
    assert server.post(hit("/one")).status == 200
    ztas = [sys.executable, "-m", "ztas_middleware"]
    where = {"cwd": tmp_path, "env": {**os.environ, "PYTHONPATH": str(ROOT)}}
    config = ("--config", tmp_path / "ztas.yaml")
    subprocess.run([*ztas, "backup", "copy.db", *config], check=True, **where)
    assert server.post(hit("/two")).status == 200
    restore = [*ztas, "restore", "copy.db", "--yes", *config]
    refused = subprocess.run(restore, check=False, capture_output=True, text=True, **where)
    assert refused.returncode == 1
    assert refused.stderr.endswith("has it open; stop that first\n")
    assert server.post(hit("/three")).status == 200
    server.process.stop()
    assert sorted(stored(tmp_path / "ztas.db")) == ["/one", "/three", "/two"]
    subprocess.run(restore, check=True, **where)
    assert stored(tmp_path / "ztas.db") == ["/one"]
