"""`ztas import` from what can be read once, and from what is no usual file."""

from __future__ import annotations

import gzip
import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
import zipfile
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from processes import ROOT

from ztas_middleware.imports import places

ZTAS = [sys.executable, "-c", "from ztas_middleware.cli import main; main()"]
ENVIRONMENT = os.environ | {"PYTHONPATH": str(ROOT)}
AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0"
GATEWAYS = {
    "a substitution": "import <(cat {file}) --site blog",
    "a pipe": "import - --site blog < <(cat {file})",
    "the path of a pipe": "import /dev/stdin --site blog < <(cat {file})",
    "a slow pipe": "import - --site blog < <(head -c 5 {file}; sleep 0.1; tail -c +6 {file})",
    "standard input": "import - --site blog < {file}",
    "the path of standard input": "import /dev/stdin --site blog < {file}",
    "the file": "import {file} --site blog",
    "packed": "import <(gzip < {file}) --site blog",
}


@pytest.fixture(autouse=True)
def _cheap_digests(monkeypatch):
    """Digests that take no time, where the command runs in this process."""
    monkeypatch.setattr(places, "COST", 2)


def combined(number):
    return "".join(
        f"203.0.113.9 - - [10/Oct/2025:13:{index // 60 % 60:02}:{index % 60:02} +0000] "
        f'"GET /{index} HTTP/2.0" 200 1 "-" "{AGENT}"\n'
        for index in range(number)
    )


def caddy(number, size=4700):
    entry = {
        "level": "info",
        "ts": 1760097336.5,
        "logger": "http.log.access",
        "request": {
            "remote_ip": "203.0.113.7",
            "method": "GET",
            "host": "blog.example.com",
            "headers": {"User-Agent": [AGENT], "Cookie": ["x" * size]},
        },
        "status": 200,
    }
    return "".join(
        json.dumps(entry | {"request": entry["request"] | {"uri": f"/{index}"}}) + "\n"
        for index in range(number)
    )


CONTENTS = {
    "1,000 lines": (combined(1000), 1000),
    "1 line": (combined(1), 1),
    "long lines": (caddy(20), 20),
    "very long lines": (caddy(3, 300_000), 3),
    "a long first line": (caddy(1, 90_000) + caddy(1000, 10), 1001),
    "no line end": (combined(50)[:-1], 50),
    "NULs in front": ("\0" * 70_000 + combined(30), 30),
    "a hole in front": ("\0" * 3_000_000 + combined(30), 30),
    "Latin-1": (combined(3).replace("/1 ", "/caf\udce9 "), 3),
}


def ztas(command):
    return subprocess.run(
        ["bash", "-c", f'"$@" {command}', "bash", *ZTAS],
        capture_output=True, text=True, env=ENVIRONMENT, check=False,
    )  # fmt: skip


def count(shop):
    with closing(sqlite3.connect(shop.database)) as connection:
        return connection.execute("select count(*) from hits").fetchone()[0]


@contextmanager
def through_a_pipe(content):
    """The path of a pipe that somebody writes into."""
    reader, writer = os.pipe()

    def write():
        with closing(os.fdopen(writer, "wb")) as file:
            file.write(content)

    thread = threading.Thread(target=write)
    thread.start()
    try:
        yield f"/dev/fd/{reader}"
    finally:
        thread.join()
        os.close(reader)


@pytest.mark.parametrize("content", CONTENTS)
@pytest.mark.parametrize("way", ["pipe", "packed", "standard input"])
def test_all_of_it_comes_in_and_once(shop, way, content):
    text, number = CONTENTS[content]
    raw = text.encode("utf-8", "surrogateescape")
    if "packed" in way:
        raw = gzip.compress(raw, 1)
    if "pipe" in way:
        with through_a_pipe(raw) as path:
            output = shop.ok("import", path, "--site", "blog")
    elif way == "standard input":
        output = shop.ok("import", "-", "--site", "blog", input=raw)
    else:
        (shop.folder / "file").write_bytes(raw)
        output = shop.ok("import", "file", "--site", "blog")
    assert f": {number:,} stored of {number:,} lines" in output
    assert count(shop) == number


@pytest.mark.parametrize("gateway", GATEWAYS)
def test_every_way_that_a_shell_has(shop, gateway):
    (shop.folder / "file").write_text(caddy(30))
    assert "30 stored of 30 lines" in shop_run(shop, GATEWAYS[gateway].format(file="file"))


def shop_run(shop, command):
    done = ztas(command)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_what_came_by_a_pipe_goes_on_by_another(shop):
    (shop.folder / "file").write_text(combined(500))
    shop_run(shop, "import <(cat file) --site blog")
    (shop.folder / "file").write_text(combined(700))
    assert ": 200 stored of 200 lines; 500 lines" in shop_run(shop, "import - --site blog < file")
    (shop.folder / "file").write_text(combined(650).replace("/649 ", "/other ") + combined(700))
    done = ztas("import <(cat file) --site blog")
    assert done.returncode == 1
    assert "it was cut or rewritten" in done.stderr
    assert count(shop) == 700


def test_a_fifo(shop):
    os.mkfifo(shop.folder / "fifo")
    (shop.folder / "file").write_text(combined(3000))
    assert "3,000 stored" in shop_run(shop, "import fifo --site blog & cat file > fifo; wait")


def test_an_export_and_an_archive_by_a_pipe(shop):
    shop.fill(*(shop.hit(1_760_000_000_000 + n) for n in range(2500)))
    (shop.folder / "out.csv").write_text(shop.ok("export", "site_abc123"))
    assert "2,500 stored" in shop_run(shop, "import <(cat out.csv) --site blog")
    with zipfile.ZipFile(shop.folder / "export.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(
            "imported_pages_20250101_20251231.csv",
            "date,hostname,page,visits,visitors,pageviews\n2025-10-01,,/,3,2,5\n",
        )
    assert "5 stored" in shop_run(shop, "import - --site blog < <(cat export.zip)")


@pytest.mark.parametrize("size", [15, 30, 200])
def test_packed_data_that_ends_in_its_first_line_is_not_empty(shop, size):
    packed = gzip.compress((os.urandom(3000).hex() + combined(30)).encode())[:size]
    (shop.folder / "file").write_bytes(packed)
    assert "the packed data ends too early" in shop.error("import", "file", "--site", "blog")
    with through_a_pipe(packed) as path:
        assert "the packed data ends too early" in shop.error("import", path, "--site", "blog")


@pytest.mark.parametrize("content", [b"x", b"\0", b"{", b"a,b\n", b"\0\0\n\0", b"hello\n" * 5000])
@pytest.mark.parametrize("form", ["auto", "combined"])
def test_nothing_is_empty_that_has_bytes(shop, content, form):
    (shop.folder / "file").write_bytes(content)
    done = shop.run("import", "file", "--site", "blog", "--format", form)
    if content.strip(b"\0\n"):
        assert done.exit_code == 1
        assert done.stderr.splitlines()[-1].startswith("ztas: file: ")
    assert "empty" not in done.stdout


def test_nothing_at_all_is_empty(shop):
    (shop.folder / "file").write_bytes(b"")
    assert "(empty)" in shop.ok("import", "file", "--site", "blog")
    assert "(empty)" in shop.ok("import", "-", "--site", "blog", input=b"")
    with through_a_pipe(b"") as path:
        assert "(empty)" in shop.ok("import", path, "--site", "blog")


def test_a_path_that_is_no_utf_8(shop):
    folder = os.fsencode(shop.folder) + b"/lat\xe9"
    folder = Path(os.fsdecode(folder))
    folder.mkdir()
    (folder / "access.log").write_text(combined(3) + "rubbish\n")
    done = ztas("import lat*/access.log lat*/none.log --site blog")
    assert done.returncode == 1
    assert "lat\ufffd/access.log (combined): 3 stored of 4 lines" in done.stdout
    assert "lat\ufffd/access.log:4: is no line" in done.stderr
    assert "none.log: no such file" in done.stderr
    assert count(shop) == 3


def test_whoever_interrupts_it_is_told_that_it_goes_on_there(shop):
    path = shop.folder / "access.log"
    path.write_text(combined(60_000))
    process = subprocess.Popen(
        [*ZTAS, "import", path, "--site", "blog"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=ENVIRONMENT,
    )  # fmt: skip
    deadline = time.monotonic() + 30
    while not (shop.database.exists() and count_or_none(shop)):
        assert time.monotonic() < deadline
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 1
    assert errors == "ztas: stopped; the next run of the same command goes on there\n"
    assert 0 < count(shop) < 60_000
    shop_run(shop, "import access.log --site blog")
    assert count(shop) == 60_000


def count_or_none(shop):
    try:
        return count(shop)
    except sqlite3.OperationalError:
        return None
