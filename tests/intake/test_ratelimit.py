"""So many requests a minute and address, in bounded memory."""

from __future__ import annotations

from ztas_middleware.intake import ratelimit
from ztas_middleware.intake.ratelimit import RateLimiter


class Clock:
    now = 1000.0

    def __call__(self):
        return self.now


def test_the_limit_is_reached_and_passes_with_the_minute():
    clock = Clock()
    limiter = RateLimiter(2, clock)
    assert [limiter.wait("a") for _ in range(2)] == [0, 0]
    clock.now += 18.5
    assert limiter.wait("a") == 42
    clock.now += 41.4
    assert limiter.wait("a") == 1
    clock.now += 0.1
    assert [limiter.wait("a") for _ in range(3)] == [0, 0, 60]


def test_addresses_do_not_share_a_limit():
    limiter = RateLimiter(1, Clock())
    assert [limiter.wait(name) for name in "abab"] == [0, 0, 60, 60]


def test_a_flood_of_addresses_stays_bounded_and_forgets_the_oldest(monkeypatch):
    monkeypatch.setattr(ratelimit, "MOST_ADDRESSES", 100)
    clock = Clock()
    limiter = RateLimiter(1, clock)
    for number in range(1000):
        assert limiter.wait(f"flood {number}") == 0
    assert len(limiter._windows) == 100
    assert limiter.wait("flood 999") == 60
    assert limiter.wait("flood 0") == 0


def test_a_renewed_window_counts_as_young(monkeypatch):
    monkeypatch.setattr(ratelimit, "MOST_ADDRESSES", 2)
    clock = Clock()
    limiter = RateLimiter(1, clock)
    limiter.wait("old")
    clock.now += 30
    limiter.wait("young")
    clock.now += 31
    assert limiter.wait("old") == 0
    limiter.wait("new")
    assert limiter.wait("old") > 0
