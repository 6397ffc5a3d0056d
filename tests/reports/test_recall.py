"""What is kept, what is forgotten, and that none of it is ever wrong."""

from __future__ import annotations

from datetime import date

from tests.reports.history import make_hit, random_history
from ztas_middleware.reports import stretches
from ztas_middleware.reports.recall import OVERHEAD, Recall


def test_what_was_asked_for_the_longest_ago_goes_first():
    recall = Recall(3 * OVERHEAD + 30, len)
    for key in "abc":
        assert recall.put(key, "x" * 10) == "x" * 10
    recall.get("a")
    recall.put("d", "x" * 10)
    assert [recall.get(key) is None for key in "abcd"] == [False, True, False, False]


def test_a_replaced_entry_is_weighed_once():
    recall = Recall(2 * OVERHEAD + 20, len)
    for _ in range(100):
        recall.put("a", "x" * 10)
    recall.put("b", "x" * 10)
    assert recall.get("a") is not None


def test_an_entry_that_is_too_heavy_is_kept_alone():
    recall = Recall(OVERHEAD, len)
    recall.put("a", "")
    recall.put("b", "x" * 10_000)
    assert recall.get("a") is None
    assert recall.get("b") is not None


def test_the_running_day_is_counted_once_and_then_brought_up_to_date(world, monkeypatch):
    world.at(2026, 11, 5, 15)
    world.store(*random_history(1, 2_000, date(2026, 11, 3), date(2026, 11, 4)))
    counted = []
    count = stretches.count_rows

    def count_rows(rules, rows, visits, phase):
        rows, visits = list(rows), list(visits)
        counted.append(len(visits))
        return count(rules, rows, visits, phase)

    world.compare(period="7d")
    monkeypatch.setattr("ztas_middleware.reports.stretches.count_rows", count_rows)
    monkeypatch.setattr("ztas_middleware.reports.running.count_rows", count_rows)
    world.compare(period="7d")
    assert counted == []
    world.store(make_hit(world.now, visitor="new"), make_hit(world.now + 1, visitor="new"))
    world.compare(period="7d")
    assert counted == [0, 2]
    world.store(make_hit(world.now + 2, visitor="new"))
    world.compare(period="7d")
    assert counted == [0, 2, 2, 3]


def test_a_hit_that_was_taken_from_the_running_day_is_noticed(world):
    world.at(2026, 11, 5, 15)
    world.store(*random_history(1, 300, date(2026, 11, 5), date(2026, 11, 5)))
    world.compare(period="7d")
    midnight = world.now - 15 * 3_600_000
    world.execute("delete from hits where id = (select min(id) from hits where time > ?)", midnight)
    world.compare(period="7d")
    world.compare(period="24h")
