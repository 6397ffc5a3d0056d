"""What the dashboard says of a cluster."""

from __future__ import annotations

import time

import pytest
import webtest
from members import Members, config_of, hit

from ztas_middleware import ZTASMiddleware

SITE = "site_abc123"
OPEN = {
    "sites": {SITE: {"domain": "example.com", "public": True}},
    "dashboard": {"path": "/stats"},
    "api": {"path": "/api"},
}


@pytest.fixture
def config(tmp_path, section):
    return config_of(tmp_path, section, **OPEN)


@pytest.fixture
def members(config):
    found = Members(config)
    yield found
    found.client.close()


@pytest.fixture
def app(config):
    middleware = ZTASMiddleware(lambda _environ, _start: [], config)
    yield webtest.TestApp(middleware)
    middleware.close()


def test_the_page_says_when_a_machine_lags_behind(app, members):
    now = time.time_ns() // 1_000_000
    members.add("web1")
    members.ship("web1", [hit(now - 600_000, path="/from-the-cluster")], first_id=1)
    members.say("web1", now - 500_000)
    page = app.get(f"/stats/{SITE}")
    assert "/from-the-cluster" in page
    assert "The hits of all machines have come together up to" in page


@pytest.mark.parametrize("said", [None, 0], ids=["nothing yet", "that it is shipping still"])
def test_the_page_says_when_nothing_is_known_of_a_machine(app, members, said):
    now = time.time_ns() // 1_000_000
    members.add("web1")
    members.add("web2")
    members.ship("web1", [hit(now - 1000)], first_id=1)
    members.say("web1", now)
    if said is not None:
        members.say("web2", said)
    page = app.get(f"/stats/{SITE}")
    assert "Not every machine has said yet how far its hits have come." in page
    assert "1970" not in page


def test_nothing_is_said_while_all_are_in_time(app, members):
    now = time.time_ns() // 1_000_000
    members.add("web1")
    members.ship("web1", [hit(now - 1000)], first_id=1)
    members.say("web1", now)
    page = app.get(f"/stats/{SITE}")
    assert "machines" not in page
    assert app.get(f"/api/stats?siteId={SITE}").json["summary"]["pageviews"] == 1
    assert app.get(f"/api/realtime?siteId={SITE}").json["activeVisitors"] == 1
