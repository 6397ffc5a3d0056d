"""Retention past one box: totals stay, for those who had the hits and for those who come later."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from dataclasses import replace

import pytest
from members import Members, config_of, hit
from processes import wait_until

from ztas_middleware.cluster import mirror, pruning
from ztas_middleware.cluster.mirror import Mirror
from ztas_middleware.reports.reader import Reports

DAY = 86_400_000
SITE = "site_abc123"
SITES = {
    SITE: {"domain": "example.com", "retention_days": 30, "goals": {"Cart": {"page": "/cart"}}}
}


@pytest.fixture(autouse=True)
def _always_asks(monkeypatch):
    monkeypatch.setattr(mirror, "FRESH", 0.0)


@pytest.fixture
def now():
    return time.time_ns() // 1_000_000


@pytest.fixture
def config(tmp_path, section):
    return config_of(tmp_path, section, sites=SITES)


@pytest.fixture
def elsewhere(tmp_path, config):
    """The same cluster, read by another machine."""
    (tmp_path / "elsewhere").mkdir()
    return replace(config, database=tmp_path / "elsewhere" / "ztas.db")


@pytest.fixture
def members(config):
    found = Members(config)
    yield found
    found.client.close()


def report(config, now):
    reports = Reports(config)
    asked = reports.question(SITE, {"period": ["90d"]}, now=now)
    found = reports.stats(asked).to_json()
    found["period"].pop("completeUntil")
    return found


def shipped(members, now):
    members.add("web1")
    members.add("web2")
    for name, path in (("web1", "/cart"), ("web2", "/")):
        hits = [hit(now - age * DAY, path=path, visitor=f"v{age}") for age in (60, 45, 10, 1)]
        members.ship(name, sorted(hits), first_id=1)


def in_cluster(members):
    members.client.move_on()
    return members.client.ask(f"select uniqExact(member, id) from {members.database}.hits")[0][0]


def test_pruned_days_keep_their_totals_for_all_readers(config, elsewhere, members, now):
    shipped(members, now)
    before = report(config, now)
    assert before["goals"][0]["conversions"] == 4
    number = pruning.prune(config, config.sites[SITE])
    assert number == 4
    wait_until(lambda: in_cluster(members) == 4)
    wait_until(lambda: report(config, now) == before)
    # A reader who comes later, and finds no hits of those days.
    assert report(elsewhere, now) == before


def test_a_reader_who_has_the_hits_goes_by_what_was_said(config, elsewhere, members, now):
    shipped(members, now)
    before = report(config, now)
    assert report(elsewhere, now) == before
    pruning.prune(config, config.sites[SITE])
    wait_until(lambda: report(elsewhere, now) == before and left(elsewhere) == 4)


def left(config):
    with closing(sqlite3.connect(Mirror(config).config.database)) as connection:
        return connection.execute("select count(*) from hits").fetchone()[0]


def test_days_that_a_member_had_sealed_before_it_joined_are_added(config, elsewhere, members, now):
    """Its totals and the others' hits make one day."""
    shipped(members, now)
    before = report(config, now)
    # What another reader has pruned stands for what a member has: the same form.
    pruning.prune(elsewhere, config.sites[SITE])
    members.give_sealed_days("web1")
    wanted = before["summary"]["pageviews"] + 4
    wait_until(lambda: report(config, now)["summary"]["pageviews"] == wanted)
    wait_until(lambda: report(elsewhere, now) == report(config, now))
    assert report(config, now)["goals"][0]["conversions"] == 4 + 2


def test_a_removed_site_is_gone_for_all_readers(config, members, now):
    shipped(members, now)
    assert report(config, now)["summary"]["pageviews"] == 8
    pruning.remove(config, SITE)
    wait_until(lambda: report(config, now)["summary"]["pageviews"] == 0)
    members.ship("web1", [hit(now - 5, path="/new")], first_id=100)
    wait_until(lambda: report(config, now)["summary"]["pageviews"] == 1)
