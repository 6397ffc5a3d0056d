"""`ztas import`: what it says, and how it ends."""

from __future__ import annotations

import gzip
import json
import os
import pty
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing

import pytest
from processes import ROOT

ZTAS = [sys.executable, "-c", "from ztas_middleware.cli import main; main()"]
ENVIRONMENT = os.environ | {"PYTHONPATH": str(ROOT)}
AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0"


def line(path="/", status=200):
    return (
        f'203.0.113.9 - - [10/Oct/2025:13:55:36 +0000] "GET {path} HTTP/2.0" {status} 1 "-" '
        f'"{AGENT}"\n'
    )


LOG = line() + line("/x.css") + "rubbish\n" + line("/gone", 404) + line("/b")


@pytest.fixture
def log(tmp_path):
    path = tmp_path / "access.log"
    path.write_text(LOG)
    return path


def count(shop):
    with closing(sqlite3.connect(shop.database)) as connection:
        return connection.execute("select count(*) from hits").fetchone()[0]


def test_the_report(shop, log):
    result = shop.run("import", "access.log", "--site", "blog")
    assert result.exit_code == 0
    assert result.stdout == (
        "access.log (combined): 2 stored of 5 lines\n"
        "  left out: 1 asset, 1 neither 2xx nor 304\n"
        "  refused: 1 is no line of a combined log\n"
    )
    assert result.stderr == "access.log:3: is no line of a combined log\n"
    assert shop.ok("import", "access.log", "--site", "blog") == (
        "access.log (combined): 0 stored of 0 lines; 5 lines were imported before, "
        "2 of them stored\n"
    )
    assert count(shop) == 2


def test_who_only_takes_rows_needs_no_engine(shop, log, monkeypatch):
    monkeypatch.setitem(sys.modules, "duckdb", None)
    result = shop.run("import", "access.log", "--site", "blog")
    assert (result.exit_code, count(shop)) == (0, 2)
    assert "DuckDB" not in result.output


def test_the_report_as_json(shop, log):
    shop.ok("import", log, "--site", "blog", "--json")
    with log.open("a") as file:
        file.write(line("/c"))
    assert json.loads(shop.ok("import", log, "--site", "blog", "--json")) == {
        "file": str(log),
        "format": "combined",
        "lines": 1,
        "stored": 1,
        "known": 0,
        "leftOut": {},
        "refused": {},
        "overlapping": {},
        "otherHosts": {},
        "notes": {},
        "before": {"lines": 5, "stored": 2, "leftOut": 2, "refused": 1, "refusedDays": []},
    }


def test_days_that_others_counted_are_named_and_stay_so(shop, tmp_path):
    start = 1_760_097_336_000  # 10 October 2025
    shop.fill(*(shop.hit(start + day * 86_400_000, "blog") for day in (0, 1, 3)))
    path = tmp_path / "imported_pages.csv"
    days = "".join(f"2025-10-{day},,/,1,1,1\n" for day in range(10, 16))
    path.write_text(f"date,hostname,page,visits,visitors,pageviews\n{days}")
    result = shop.run("import", path, "--site", "blog")
    assert result.exit_code == 1
    assert result.stdout == (
        f"{path} (plausible): 3 stored of 6 lines\n"
        "  refused: 3 of days with rows of another origin, 2025-10-10 to 2025-10-11, 2025-10-13; "
        "--overlap adds them\n"
    )
    again = shop.run("import", path, "--site", "blog")
    assert again.exit_code == 1
    assert again.stdout == (
        f"{path} (plausible): 0 stored of 0 lines; 6 lines were imported before, 3 of them stored\n"
        "  refused before: days with rows of another origin, 2025-10-10 to 2025-10-11, 2025-10-13; "
        "--overlap adds them\n"
    )
    assert "3 stored of 6 lines" in shop.ok("import", path, "--site", "blog", "--overlap")
    assert "refused" not in shop.ok("import", path, "--site", "blog")
    assert count(shop) == 9


def test_strict_exits_with_1_where_a_line_was_refused_and_stays_so(shop, log):
    assert shop.run("import", log, "--site", "blog", "--strict").exit_code == 1
    assert count(shop) == 2
    assert shop.run("import", log, "--site", "blog", "--strict").exit_code == 1
    log.write_text(line("/fine"))
    assert shop.run("import", log, "--site", "blog", "--strict").exit_code == 0


def test_standard_input_and_packed_files(shop, tmp_path):
    assert "2 stored of 5 lines" in shop.ok("import", "-", "--site", "blog", input=LOG)
    packed = tmp_path / "log.gz"
    packed.write_bytes(gzip.compress((LOG + line("/c")).encode()))
    assert "1 stored of 1 lines; 5 lines were imported before" in shop.ok(
        "import", packed, "--site", "blog"
    )


def test_an_export_makes_the_round(shop, tmp_path):
    shop.fill(*(shop.hit(1_760_000_000_000 + n, path=f"/{n}", label="=1") for n in range(1000)))
    text = shop.ok("export", "site_abc123")
    (tmp_path / "hits.csv").write_text(text)
    shop.ok("import", "hits.csv", "--site", "blog")
    assert shop.ok("export", "blog") == text.replace("site_abc123", "blog")


def test_several_files_of_which_one_is_bad(shop, log, tmp_path):
    bad = tmp_path / "bad.log"
    bad.write_text("hello\n")
    other = tmp_path / "other.log"
    other.write_text(line("/other"))
    result = shop.run("import", bad, log, "nowhere", other, "--site", "blog")
    assert result.exit_code == 1
    assert count(shop) == 3
    assert f"ztas: {bad}: is in none of the formats" in result.stderr
    assert "ztas: nowhere: no such file" in result.stderr


def test_hosts(shop, tmp_path):
    log = tmp_path / "vhosts.log"
    log.write_text(f"example.com:443 {line('/a')}other.example:80 {line('/b')}")
    assert "1 stored of 2 lines" in shop.ok(
        "import", log, "--site", "blog", "--host", "example.com"
    )


def test_mistakes(shop, log):
    assert "Missing option '--site'" in shop.error("import", log, exit_code=2)
    assert "Missing argument 'FILE...'" in shop.error("import", "--site", "blog", exit_code=2)
    assert "there is no site" in shop.error("import", log, "--site", "x")
    assert "--follow takes one file" in shop.error(
        "import", log, log, "--site", "blog", "--follow", exit_code=2
    )
    assert "Invalid value for '--format'" in shop.error(
        "import", log, "--site", "blog", "--format", "xml", exit_code=2
    )
    assert "its first line is no header of the format csv" in shop.error(
        "import", log, "--site", "blog", "--format", "csv"
    )


def test_a_host_that_is_none(shop, log):
    assert "a domain has no spaces" in shop.error(
        "import", log, "--site", "blog", "--host", "bad host", exit_code=2
    )


def test_a_foreign_database_is_left_alone(shop, log):
    shop.database.write_bytes(b"no database at all" * 100)
    assert "file is not a database" in shop.error("import", log, "--site", "blog")


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM], ids=["SIGINT", "SIGTERM"])
def test_following_until_stopped(shop, log, stop):
    process = subprocess.Popen(
        [*ZTAS, "import", log, "--site", "blog", "--follow"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env=ENVIRONMENT,
    )  # fmt: skip
    try:
        wait_for_rows(shop, 2)
        with log.open("a") as file:
            file.write(line("/c"))
        wait_for_rows(shop, 3)
        process.send_signal(stop)
        output, errors = process.communicate(timeout=20)
    finally:
        process.kill()
        process.communicate()
    assert process.returncode == 0, errors
    assert "3 stored of 6 lines" in output


def wait_for_rows(shop, number):
    deadline = time.monotonic() + 20
    while not shop.database.exists() or count_or_none(shop) != number:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def count_or_none(shop):
    try:
        return count(shop)
    except sqlite3.OperationalError:
        return None


def test_on_a_terminal_refused_lines_are_capped_and_there_is_a_bar(shop, tmp_path):
    log = tmp_path / "bad.log"
    log.write_text(line() + "rubbish\n" * 50 + line("/b") * 30_000)
    terminal, end = pty.openpty()
    process = subprocess.Popen(
        [*ZTAS, "import", log, "--site", "blog"],
        stdout=subprocess.PIPE, stderr=end, text=True, env=ENVIRONMENT,
    )  # fmt: skip
    os.close(end)
    shown = b""
    while piece := read(terminal):
        shown += piece
    output, _ = process.communicate(timeout=20)
    os.close(terminal)
    assert shown.count(b"is no line of a combined log") == 20
    assert b"100%" in shown
    assert "refused: 50 is no line of a combined log" in output
    assert "%" not in output


def read(terminal):
    try:
        return os.read(terminal, 65536)
    except OSError:
        return b""
