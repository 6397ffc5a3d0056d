"""`ztas rollup`: all sites or one, once or again."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import sqlite3
import subprocess
import sys
import time
from contextlib import closing

import pytest
from processes import ROOT

DAY = 86_400_000


@pytest.fixture(name="shop")
def _shop(shop):
    """Three days ago, yesterday and today in one site, and noon yesterday in another."""
    noon = time.time_ns() // 1_000_000 // DAY * DAY + DAY // 2
    shop.fill(
        shop.hit(noon - 3 * DAY, path="/a"),
        shop.hit(noon - DAY, path="/b"),
        shop.hit(noon - DAY // 2, path="/today"),
        shop.hit(noon - DAY, site_id="blog", path="/c"),
    )
    return shop


def rolled(shop):
    with closing(sqlite3.connect(shop.database)) as connection:
        return dict(
            connection.execute("select site_id, count(*) from history_days group by site_id")
        )


def test_all_sites(shop):
    assert shop.ok("rollup") == "site_abc123: 2 days filed\nblog: 1 day filed\n"
    assert rolled(shop) == {"site_abc123": 2, "blog": 1}
    assert shop.ok("rollup") == "site_abc123: up to date\nblog: up to date\n"


def test_one_site_as_json(shop):
    assert json.loads(shop.ok("rollup", "blog", "--json")) == {"sites": {"blog": 1}}
    assert rolled(shop) == {"blog": 1}


def test_again(shop):
    shop.ok("rollup")
    assert shop.ok("rollup", "blog") == "blog: up to date\n"
    assert shop.ok("rollup", "blog", "--again") == "blog: 1 day filed\n"


@pytest.mark.parametrize("twice", [False, True], ids=["work", "nothing to do"])
def test_a_terminal_sees_a_bar(shop, twice):
    if twice:
        shop.ok("rollup")
    ours, theirs = pty.openpty()
    done = subprocess.run(
        [sys.executable, "-m", "ztas_middleware", "rollup", "--config", str(shop.config)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=theirs,
        check=True,
    )
    os.close(theirs)
    seen = ""
    with contextlib.suppress(OSError):  # nobody writes any more
        while True:
            seen += os.read(ours, 4096).decode()
    os.close(ours)
    assert "site_abc123  [" in seen
    assert "100%" in seen
    assert b"100%" not in done.stdout


def test_before_the_first_hit_there_is_nothing_to_do(shop):
    shop.database.unlink()
    assert "not there yet" in shop.ok("rollup")
    assert json.loads(shop.ok("rollup", "--json")) == {"sites": {"site_abc123": 0, "blog": 0}}
    assert not shop.database.exists()


def test_what_is_wrong_is_one_clear_line(shop):
    assert "there is no site" in shop.error("rollup", "blag")
    shop.database.write_bytes(b"something else, and long enough for a header " * 50)
    assert "file is not a database" in shop.error("rollup")
