"""Reading the cluster: each confirmed hit once, in the order that one machine would give them."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from functools import partial

import pytest
from machines import Machine
from members import Members, config_of, hit
from wire import Wire

from ztas_middleware.cluster import mirror
from ztas_middleware.cluster.client import Client
from ztas_middleware.cluster.mirror import Mirror
from ztas_middleware.errors import ClusterError, CopyingError
from ztas_middleware.reports.reader import Reports

NOW = 1_795_000_000_000
HOUR = 3_600_000
SITE = "site_abc123"


@pytest.fixture(autouse=True)
def _always_asks(monkeypatch):
    """Asks the cluster each time; half a second may pass without otherwise."""
    monkeypatch.setattr(mirror, "FRESH", 0.0)


@pytest.fixture
def config(tmp_path, section):
    return config_of(tmp_path, section)


@pytest.fixture
def members(config):
    found = Members(config)
    yield found
    found.client.close()


def copied(config):
    """Renew a mirror and return its hits as (time, path), in order."""
    found = Mirror(config)
    until = found.renew()
    with closing(sqlite3.connect(found.config.database)) as connection:
        rows = connection.execute("select time, path from hits order by time, tie").fetchall()
    return until, rows


def test_hits_of_all_members_are_there_once(config, members):
    members.add("web1")
    members.add("web2")
    members.ship("web1", [hit(NOW, path="/a"), hit(NOW + 1, path="/b")], first_id=1, times=2)
    members.ship("web2", [hit(NOW, path="/c")], first_id=1)
    members.ship("web2", [hit(NOW + 2, path="/not-confirmed")], first_id=2, confirmed=False)
    members.say("web1", NOW + 10)
    members.say("web2", NOW + 5)
    assert copied(config) == (NOW + 5, [(NOW, "/a"), (NOW, "/c"), (NOW + 1, "/b")])
    # Again, in another process as it were: nothing comes twice.
    assert copied(config)[1] == [(NOW, "/a"), (NOW, "/c"), (NOW + 1, "/b")]


def test_hits_of_one_instant_are_in_the_order_of_members_and_ids(config, members):
    """Whenever they came, and whenever their members joined."""
    members.add("m")
    members.ship("m", [hit(NOW, path="/m1"), hit(NOW, path="/m2")], first_id=1)
    copied(config)
    members.add("a")
    members.add("z")
    members.ship("z", [hit(NOW, path="/z1")], first_id=7)
    members.ship("a", [hit(NOW, path="/a1")], first_id=9)
    assert [path for _, path in copied(config)[1]] == ["/a1", "/m1", "/m2", "/z1"]
    members.add("b")
    members.ship("b", [hit(NOW, path="/b1")], first_id=1)
    assert [path for _, path in copied(config)[1]] == ["/a1", "/b1", "/m1", "/m2", "/z1"]


def test_ties_decide_where_a_visit_begins(config, members):
    members.add("b")
    members.add("a")
    members.ship("b", [hit(NOW, path="/from-b", referrer="https://www.google.com/")], first_id=1)
    reports = Reports(config)
    question = {"period": ["7d"]}
    reports.stats(reports.question(SITE, question, now=NOW + HOUR))
    members.ship("a", [hit(NOW, path="/from-a")], first_id=1)
    found = reports.stats(reports.question(SITE, question, now=NOW + HOUR)).to_json()
    assert [row["path"] for row in found["entryPages"]] == ["/from-a"]
    assert [row["source"] for row in found["sources"]] == ["Direct"]


def test_a_report_says_until_when_it_is_complete(config, members):
    members.add("web1")
    members.add("web2")
    members.ship("web1", [hit(NOW)], first_id=1)
    reports = Reports(config)

    def said():
        asked = reports.question(SITE, {"period": ["7d"]}, now=NOW + HOUR)
        return reports.stats(asked).to_json()["period"]["completeUntil"]

    nothing = "1970-01-01T00:00:00.000+00:00"
    assert said() == nothing
    members.say("web1", NOW + 2000)
    assert said() == nothing
    members.say("web2", NOW + 1000)
    assert said() == "2026-11-18T11:06:41.000+00:00"
    # What is not here yet is not spoken of.
    members.say("web2", NOW + 9000, 5)
    assert said() == "2026-11-18T11:06:41.000+00:00"
    members.retire("web2", 0)
    assert said() == "2026-11-18T11:06:42.000+00:00"


def test_a_terminal_says_until_when_a_report_is_complete(members, section, tmp_path):
    members.add("web1")
    members.ship("web1", [hit(NOW)], first_id=1)
    members.say("web1", NOW)
    said = Machine(tmp_path / "reader", section).ok("stats", SITE, "--period", "365d")
    assert "The hits of all machines are there up to 2026-11-18 11:06:40." in said.splitlines()


def test_what_a_retired_member_shipped_behind_its_fence_is_forgotten(config, members):
    members.add("web1")
    members.ship("web1", [hit(NOW, path="/a")], first_id=1)
    members.ship("web1", [hit(NOW + 1, path="/b")], first_id=2)
    assert len(copied(config)[1]) == 2
    members.retire("web1", 1)
    assert copied(config)[1] == [(NOW, "/a")]
    members.ship("web1", [hit(NOW + 2, path="/late")], first_id=3)
    assert copied(config)[1] == [(NOW, "/a")]


def test_inherited_hits_have_smaller_ids_and_come_later(config, members):
    members.add("new", start_id=100)
    members.ship("new", [hit(NOW + 9, path="/own")], first_id=100)
    assert len(copied(config)[1]) == 1
    # It has sent hits between, of which it has not said yet that they are all there.
    members.ship("new", [hit(NOW + 5, path="/later")], first_id=50, confirmed=False)
    for number in (49, 51, 52):
        members.ship("new", [hit(NOW + number, path=f"/{number}")], first_id=number)
    assert [path for _, path in copied(config)[1]] == ["/own", "/49", "/51", "/52"]
    members.ship("new", [hit(NOW + 5, path="/later")], first_id=50)
    assert [path for _, path in copied(config)[1]] == ["/later", "/own", "/49", "/51", "/52"]


def test_ids_that_were_given_by_hand(config, members):
    members.add("web1")
    for number, first_id in enumerate((-(2**62), -5, 1, 2**40, 2**62)):
        members.ship("web1", [hit(NOW + number, path=f"/{number}")], first_id=first_id)
    members.add("web2")
    assert [path for _, path in copied(config)[1]] == ["/0", "/1", "/2", "/3", "/4"]
    members.retire("web1", 2)
    assert [path for _, path in copied(config)[1]] == ["/0", "/1"]


def test_a_successor_that_has_not_shipped_yet_is_complete(config, members):
    members.add("new", start_id=100)
    members.say("new", NOW)
    assert copied(config)[0] == NOW


def test_counts_are_the_sums_of_the_members_newest(config, members):
    members.add("web1")
    members.add("web2")
    members.count("web1", "drops", SITE, "2026-11-18", "bot", 3)
    members.count("web1", "drops", SITE, "2026-11-18", "bot", 5)
    members.count("web2", "drops", SITE, "2026-11-18", "bot", 2)
    members.count("web2", "agent_reads", SITE, "2026-11-18", "GPTBot", 4, "ai", "/a")
    found = Mirror(config)
    found.renew()

    def counted():
        with closing(sqlite3.connect(found.config.database)) as connection:
            return [
                connection.execute(f"select * from {table}").fetchall()
                for table in ("drops", "agent_reads")
            ]

    day = "2026-11-18"
    assert counted() == [[(SITE, day, "bot", 7)], [(SITE, day, "GPTBot", "ai", "/a", 4)]]
    members.count("web1", "drops", SITE, day, "bot", 6)
    found.renew()
    assert counted()[0] == [(SITE, day, "bot", 8)]


def test_more_hits_than_go_in_one_piece(config, members, monkeypatch):
    """Each question copies a piece, says how far that is, and the next one goes on."""
    monkeypatch.setattr(mirror, "REST", mirror.BOUND)
    members.add("web1")
    at = 1
    for first in range(0, 45_000, 15_000):
        hits = [hit(NOW + number, path=f"/{number}") for number in range(first, first + 15_000)]
        at = members.ship("web1", hits, first_id=at)
    found = Mirror(config)
    for percent in (33, 50):
        with pytest.raises(CopyingError, match=f"{percent} % of"):
            found.renew()
    rows = copied(config)[1]
    assert rows == [(NOW + number, f"/{number}") for number in range(45_000)]


def test_another_cluster_is_another_file(config, members, tmp_path, clickhouse):
    members.add("web1")
    members.ship("web1", [hit(NOW, path="/a")], first_id=1)
    copied(config)
    other = config_of(tmp_path, clickhouse.section(database="ztas_another"))
    found = Members(other)
    found.add("web1")
    found.ship("web1", [hit(NOW, path="/b")], first_id=1)
    assert copied(other)[1] == [(NOW, "/b")]
    found.client.close()


def test_a_cluster_that_is_down_is_told_within_fifteen_seconds(config, members, tmp_path):
    silent = config_of(tmp_path, {"hosts": ["127.0.0.1:9"], "user": "ztas", "password": "x"})
    began = time.monotonic()
    with pytest.raises(ClusterError):
        Mirror(silent).renew()
    assert time.monotonic() - began < 15


def test_what_a_member_inherited_has_smaller_ids_than_its_own(config, members):
    members.add("web2", start_id=100)
    members.ship("web2", [hit(NOW, path="/own")], first_id=100)
    copied(config)
    members.ship("web2", [hit(NOW - 5, path="/inherited")], first_id=7)
    members.ship("web2", [hit(NOW + 1, path="/next")], first_id=101)
    assert [path for _, path in copied(config)[1]] == ["/inherited", "/own", "/next"]


def test_a_batch_that_is_not_there_yet_is_waited_for(config, members):
    """Tables come to a server in their own time: a later batch may be there before an earlier."""
    members.add("web1")
    at = members.ship("web1", [hit(NOW, path="/1")], first_id=1)
    at = members.ship("web1", [hit(NOW, path="/2")], first_id=at, confirmed=False)
    members.ship("web1", [hit(NOW, path="/3")], first_id=at, seq=3)
    members.say("web1", NOW + 9, 3)
    assert copied(config) == (0, [(NOW, "/1")])
    members.confirm("web1", 2, 2, 2, 1)
    assert copied(config) == (NOW + 9, [(NOW, "/1"), (NOW, "/2"), (NOW, "/3")])


def test_hits_that_were_confirmed_and_are_not_there_are_an_error(config, members, monkeypatch):
    members.add("web1")
    members.ship("web1", [hit(NOW, path="/1")], first_id=1)
    members.confirm("web1", 2, 2, 3, 2)
    found = mirror.Mirror(config)
    monkeypatch.setattr(mirror, "Client", partial(Client, patience=0.5))
    with pytest.raises(ClusterError, match="2 of 3 hits of 'web1'"):
        found.renew()


def test_a_server_that_breaks_off_in_the_middle_is_left_for_the_next(
    config, members, tmp_path, clickhouse
):
    members.add("web1")
    hits = [hit(NOW + number, path=f"/{number}") for number in range(5_000)]
    members.ship("web1", hits, first_id=1)
    with Wire(("127.0.0.1", clickhouse.nodes[0].tcp)) as wire:
        hosts = [wire.address, clickhouse.nodes[1].address]
        wired = config_of(
            tmp_path, clickhouse.section(hosts=hosts, database=config.cluster.database)
        )
        wire.lose_answers(50_000)
        assert len(copied(wired)[1]) == 5_000
        assert wire.lost.is_set()
