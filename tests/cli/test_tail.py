"""`ztas tail`: the last hits, and those that come."""

from __future__ import annotations

import json
import signal
import sys
import time

import pytest
from processes import Process

from ztas_middleware.store.hits import Hit

COMMAND = [sys.executable, "-m", "ztas_middleware", "tail"]


def test_the_last_hits_oldest_first(shop):
    shop.fill(*(shop.hit(path=f"/{number}") for number in range(20)))
    lines = shop.ok("tail", "--no-follow").splitlines()
    assert len(lines) == 10
    assert lines[0].split()[4] == "/10"
    assert lines[-1].split()[4] == "/19"
    assert len(shop.ok("tail", "-n", "15", "--no-follow").splitlines()) == 15
    assert shop.ok("tail", "-n", "0", "--no-follow") == ""


def test_one_site_in_its_own_time(shop):
    shop.fill(shop.hit(path="/a"), shop.hit(path="/b", site_id="blog"))
    assert shop.ok("tail", "blog", "--no-follow") == (
        "2025-10-09 10:53:20  pageview    /b  (Chrome, Linux, desktop)\n"
    )


def test_everything_that_a_hit_can_have(shop):
    shop.fill(
        shop.hit(
            type="event", path="/cart", referrer="https://g.example/", utm_source="news",
            category="shop", action="add", label="teapot", value=24.5, time_on_page=3.0,
            country="DE",
        )
    )  # fmt: skip
    assert shop.ok("tail", "--no-follow") == (
        "2025-10-09 08:53:20  site_abc123  event       /cart  [shop / add / teapot: 24.5]  [3 s]  "
        "from news  (Chrome, Linux, desktop, DE)\n"
    )


def test_nothing_in_a_row_steers_the_terminal(shop):
    evil = "\x1b]0;owned\x07\x9b2J\r\nfaked\u202e"
    shop.fill(shop.hit(path="/" + evil, action=evil, browser=evil, utm_source=evil))
    (line,) = shop.ok("tail", "--no-follow").splitlines()
    assert line.isprintable()
    assert line.count("faked") == 4


def test_as_json(shop):
    shop.fill(shop.hit(path="/ü"))
    found = json.loads(shop.ok("tail", "--json", "--no-follow"))
    assert (found["id"], found["path"], found["label"]) == (1, "/ü", None)
    assert found.keys() == {"id", *Hit._fields}


def test_mistakes(shop):
    assert "there is no site" in shop.error("tail", "nowhere", "--no-follow")
    assert shop.error("tail", "--no-follow").endswith("not there yet; the first hit makes it")
    shop.database.write_text("no database" * 100)
    assert shop.error("tail").endswith("file is not a database")


@pytest.fixture
def follow(shop, tmp_path):
    process = Process([*COMMAND, "--json"], folder=tmp_path, cwd=tmp_path)
    yield process
    process.kill()


def paths(process):
    return [json.loads(line)["path"] for line in process.output.splitlines() if line[:1] == "{"]


def test_hits_are_shown_as_they_come(shop, follow):
    follow.wait_for(lambda: "not there yet" in follow.output)
    for number in range(3):
        shop.fill(shop.hit(path=f"/{number}"))
        expected = [f"/{earlier}" for earlier in range(number + 1)]
        follow.wait_for(lambda expected=expected: paths(follow) == expected)
    assert follow.stop(signal.SIGINT) == 0
    assert "Traceback" not in follow.output


def test_a_new_file_and_ids_that_come_again(shop, follow):
    shop.fill(shop.hit(path="/1"), shop.hit(path="/2"))
    follow.wait_for(lambda: paths(follow) == ["/1", "/2"])
    shop.database.rename(shop.database.with_name("moved.db"))
    shop.fill(shop.hit(path="/3"))
    follow.wait_for(lambda: paths(follow) == ["/1", "/2", "/3"])
    time.sleep(0.5)
    assert paths(follow) == ["/1", "/2", "/3"]
