"""The made-up year is plausible, repeatable, and fits into the table."""

from __future__ import annotations

import sqlite3
from collections import Counter
from contextlib import closing
from datetime import date, datetime, timedelta, timezone

from ztas_middleware.demo.history import DAYS, hits_of_day, write_history

SUNDAY = date(2026, 11, 8)


def views(day, number):
    return [hit for hit in hits_of_day(day, number, "demo") if hit.type == "pageview"]


def test_a_day_is_the_same_every_time():
    assert hits_of_day(SUNDAY, 200, "demo") == hits_of_day(SUNDAY, 200, "demo")
    assert hits_of_day(SUNDAY, 200, "demo") != hits_of_day(SUNDAY, 200, "other")


def test_a_day_is_within_its_bounds_and_in_order():
    hits = hits_of_day(SUNDAY, 100, "demo")
    start = datetime(2026, 11, 8, tzinfo=timezone.utc).timestamp() * 1000
    assert start <= hits[0].time <= hits[-1].time < start + 86_400_000
    assert [hit.time for hit in hits] == sorted(hit.time for hit in hits)


def test_the_shop_grows_has_weekends_and_one_famous_day():
    assert len(views(SUNDAY, 300)) > 1.5 * len(views(SUNDAY, 5))
    saturday, tuesday = SUNDAY - timedelta(days=1), SUNDAY - timedelta(days=5)
    assert len(views(tuesday, 100)) > 1.2 * len(views(saturday, 100))
    famous = Counter(hit.referrer for hit in views(SUNDAY, DAYS - 12))
    usual = Counter(hit.referrer for hit in views(SUNDAY, DAYS - 13))
    assert famous["https://news.ycombinator.com/"] > 20 * usual["https://news.ycombinator.com/"]


def test_there_are_campaigns_events_and_people_who_come_back():
    hits = hits_of_day(SUNDAY, DAYS - 150, "demo")
    assert {"summer-sale"} <= {hit.utm_campaign for hit in hits}
    assert {"order", "add_to_cart"} <= {hit.action for hit in hits}
    bounces = Counter(hit.is_bounce for hit in hits if hit.type == "engagement")
    assert min(bounces[True], bounces[False]) > 0
    visitors = Counter(hit.visitor for hit in hits if hit.type == "pageview" and hit.path == "/")
    assert max(visitors.values()) > 1


def test_what_else_a_browser_says_is_there():
    hits = hits_of_day(SUNDAY, DAYS - 150, "demo")
    assert {"de", "en"} < {hit.language for hit in hits}
    assert {"DE-BE", None} < {hit.region for hit in hits}
    assert {"brown betty", None} == {hit.utm_term for hit in hits}
    assert {hit.properties is None for hit in hits if hit.action == "order"} == {False}
    assert {type(hit.browser_version) for hit in hits} == {int}
    assert {hit.screen for hit in hits} == {480, 768, 1024, 1440, 1920, 9999}


def test_a_year_is_written_up_to_now_and_not_beyond(tmp_path):
    file = tmp_path / "ztas.db"
    noon = int(datetime(2026, 11, 8, 12, tzinfo=timezone.utc).timestamp() * 1000)
    assert list(write_history(file, "demo", noon, scale=0.05)) == list(range(DAYS))
    with closing(sqlite3.connect(file)) as connection:
        first, last, days = connection.execute(
            "select min(time), max(time), count(distinct time / 86400000) from hits"
        ).fetchone()
    assert noon - 3 * 3_600_000 < last <= noon
    assert first > noon - DAYS * 86_400_000
    assert days == DAYS
