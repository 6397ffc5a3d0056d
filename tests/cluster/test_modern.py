"""The statements for the cluster, taken from where they are, run on today's engine as well."""

from __future__ import annotations

import json
import time
from contextlib import closing

import pytest
from machines import Machine, hit
from modern import driver_of, need_engine
from processes import wait_until

from ztas_middleware.cluster import client, mirror
from ztas_middleware.cluster.schema import CONTROL
from ztas_middleware.store.reading import reading

DAY = 86_400_000
SECTION = {"hosts": ["127.0.0.1:9000"], "user": "ztas", "password": "none"}


@pytest.fixture(scope="module")
def session(tmp_path_factory):
    need_engine()
    from chdb.session import Session

    with closing(Session(str(tmp_path_factory.mktemp("modern")))) as opened:
        yield opened


@pytest.fixture
def said(session, monkeypatch):
    """Every statement that was sent to the engine."""
    found = []
    monkeypatch.setattr(client, "_driver", lambda: driver_of(session, found))
    monkeypatch.setattr(mirror, "FRESH", 0.0)
    return found


def test_all_that_is_said_to_a_cluster(said, session, tmp_path):
    """From the first table to the last hit that is removed."""
    site = {"domain": "example.com", "retention_days": 30}
    settings = {"sites": {"site_abc123": site, "other": {"domain": "other.example"}}}
    now = time.time_ns() // 1_000_000
    web = Machine(tmp_path / "web", SECTION, **settings)
    token = web.init()
    web.add(
        hit(1, time=now - 1000, path="/it's \\ \n ä", value=-0.1, browser_version=2**40),
        hit(2, time=now, properties='{"a":"100%"}'),
        hit(3, time=now - 40 * DAY),
        hit(4, time=now, site_id="other"),
    )
    web.execute("insert into drops values ('site_abc123', '2026-11-20', 'bot', 7)")
    assert json.loads(web.ok("ship", "--json")) == {"shipped": 4}
    two = Machine(tmp_path / "two", SECTION, **settings)
    two.ok("cluster", "join", token)
    two.add(hit(5, time=now), hit(6, time=now))
    two.ok("ship")
    # As after a kill before it was noted that they have arrived.
    two.execute(
        """
        update cluster_member set
            seq = 0, shipped_id = 0, pending_first = 1, pending_last = 2, pending_rows = 2
        """
    )
    two.ok("ship")
    two.add(hit(8, time=now))
    copy = two.copy_to(tmp_path / "copy", SECTION)
    copy.config.write_text(two.config.read_text())
    copy.add(hit(7, time=now))
    copy.ok("ship")
    web.ok("cluster", "retire", two.name)
    copy.ok("ship")
    assert set(web.members()) == {web.name, copy.name}

    check_what_is_read(web, now)

    def left(site_id):
        answer = session.query(
            f"select count() from ztas.hits where site_id = '{site_id}'", "JSONCompact"
        )
        return json.loads(str(answer))["data"][0][0]

    web.ok("prune")
    wait_until(lambda: left("site_abc123") == 6)
    # The day's totals stay for whoever comes later.
    for reader in (web, two):
        found = json.loads(reader.ok("stats", "site_abc123", "--json", "--period", "90d"))
        assert found["summary"]["pageviews"] == 7
    web.ok("sites", "remove", "other", "--data", "--yes")
    wait_until(lambda: left("other") == 0)
    spoken = " ".join(said)
    for table in ("hits", "hits_local", *CONTROL):
        assert f"ztas.{table}" in spoken


def check_what_is_read(web, now):
    found = json.loads(web.ok("stats", "site_abc123", "--json", "--period", "90d"))
    assert found["summary"]["pageviews"] == 7
    assert not found["period"]["completeUntil"].startswith("1970")
    with reading(web.database.with_suffix(".cluster.db")) as connection:
        rows = connection.execute("select time, path, value, properties, browser_version from hits")
        texts = set(rows)
        drops = connection.execute("select * from drops").fetchall()
    assert drops == [("site_abc123", "2026-11-20", "bot", 7)]
    assert (now - 1000, "/it's \\ \n ä", -0.1, None, 2**40) in texts
    assert (now, "/2", None, '{"a":"100%"}', None) in texts
