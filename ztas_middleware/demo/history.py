"""A year of made-up visits to the example shop, so that the dashboard has something to show.

What happens is decided here, by tables and a seeded generator: people sleep, weekends differ, the
shop grows, campaigns come and go, and one morning an article is on the front page of a forum.
"""

from __future__ import annotations

import random
from datetime import date, datetime, time, timedelta, timezone
from typing import TYPE_CHECKING

from ztas_middleware.demo.habits import (
    AGENTS,
    COUNTRIES,
    DELIVERIES,
    FORUM,
    HARVEST,
    HOMES,
    HOUR_CHOICE,
    LANDINGS,
    LANGUAGES,
    NEWSLETTER,
    ORIGINS,
    PRICES,
    READERS,
    READING,
    SCREENS,
    SUMMER,
    VERSIONS,
    WAYS,
    WEEK,
    Home,
    Origin,
)
from ztas_middleware.store.connection import open_connection
from ztas_middleware.store.hits import INSERT, Hit

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DAYS = 365
SEED = 20_261
VISITS_A_DAY = 105
"""On an average day at the beginning."""

GROWTH = 1.4
"""How much more there is at the end: 1.4 is 140 percent on top."""

RETURNING = 0.09
"""The share of visitors who come back on the same day."""


def write_history(database: Path, site_id: str, now: int, *, scale: float = 1) -> Iterator[int]:
    """Store the year that ends at `now`, and yield after each of its `DAYS` days.

    Args:
        database: the file; made where it is not there.
        site_id: whose hits they are.
        now: UTC milliseconds; no hit is later.
        scale: how much busier than `VISITS_A_DAY`.
    """
    connection = open_connection(str(database), synchronous="off").connection
    try:
        today = datetime.fromtimestamp(now / 1000, timezone.utc).date()
        for number in range(DAYS):
            day = today - timedelta(days=DAYS - 1 - number)
            hits = [hit for hit in hits_of_day(day, number, site_id, scale) if hit.time <= now]
            connection.execute("begin immediate")
            connection.executemany(INSERT, hits)
            connection.executemany(_READ, _reads_of_day(day, number, site_id, scale))
            connection.execute("commit")
            yield number
        connection.execute("pragma wal_checkpoint(truncate)")
    finally:
        connection.close()


_READ = """
insert into agent_reads (site_id, day, name, kind, path, count) values (?, ?, ?, ?, ?, ?)
"""


def _reads_of_day(
    day: date, number: int, site_id: str, scale: float
) -> Iterator[tuple[str, str, str, str, str, int]]:
    """How often assistants and crawlers read the shop's pages; some of them more every month."""
    rng = random.Random(f"{SEED} {site_id} agents {number}")  # noqa: S311 - the same year every time
    for (name, kind), usual in READERS.items():
        grown = usual * scale * (1 + number / 100 if kind == "ai" else 1)
        for path in sorted({LANDINGS.draw(rng) for _ in range(4)}):
            if count := _about(grown / 4, rng):
                yield site_id, day.isoformat(), name, kind, path, count


def hits_of_day(day: date, number: int, site_id: str, scale: float = 1) -> list[Hit]:
    """Everything that happens on one day, in the order of time.

    Args:
        day: the date, in UTC.
        number: 0 for the first of `DAYS` days.
        site_id: whose hits they are.
        scale: how much busier than `VISITS_A_DAY`.
    """
    rng = random.Random(f"{SEED} {site_id} {number}")  # noqa: S311 - the same year every time
    midnight = int(datetime.combine(day, time(), timezone.utc).timestamp() * 1000)
    grown = 1 + GROWTH * (number / DAYS) ** 1.3
    usual = VISITS_A_DAY * scale * grown * WEEK[day.weekday()] * rng.gauss(1, 0.06)
    hits: list[Hit] = []
    for origin, visits in _origins_of_day(number, usual, rng):
        for _ in range(visits):
            hour = HOUR_CHOICE.draw(rng)
            start = midnight + int((hour + rng.random()) * 3_600_000)
            visitor = f"{rng.getrandbits(44):011x}"
            hits += _visit(rng, start, site_id, origin, visitor)
            if rng.random() < RETURNING:
                again = start + int(rng.uniform(1, 8) * 3_600_000)
                hits += _visit(rng, again, site_id, Origin(), visitor)
    hits.sort(key=lambda hit: hit.time)
    # Whoever reads past midnight is somebody else from then on.
    return [hit for hit in hits if hit.time < midnight + 86_400_000]


def _origins_of_day(number: int, usual: float, rng: random.Random) -> Iterator[tuple[Origin, int]]:
    """How many visits come from where; campaigns and the forum come on top."""
    total = sum(ORIGINS.values())
    for origin, weight in ORIGINS.items():
        yield origin, _about(usual * weight / total, rng)
    left = DAYS - 1 - number
    if left % 14 in (3, 2, 1):
        yield NEWSLETTER, _about(usual * (0, 0.04, 0.12, 0.3)[left % 14], rng)
    if 120 <= left < 175:  # noqa: PLR2004 - a season
        yield SUMMER, _about(usual * 0.16, rng)
    if left < 24:  # noqa: PLR2004 - still running
        yield HARVEST, _about(usual * 0.1, rng)
    # The front page of a forum, for one day; then the echo.
    echo = {11: 1.9, 10: 0.7, 9: 0.25, 8: 0.1}
    yield FORUM, _about(usual * echo.get(left, 0.01), rng)


def _about(mean: float, rng: random.Random) -> int:
    return max(0, round(rng.gauss(mean, mean**0.5)))


def _visit(
    rng: random.Random, start: int, site_id: str, origin: Origin, visitor: str
) -> Iterator[Hit]:
    """The hits of one visit, as the tracker would send them."""
    agent = AGENTS.draw(rng)
    country = COUNTRIES.draw(rng)
    # Of the person, and so the same when they come back.
    own = random.Random(visitor)  # noqa: S311 - the same year every time
    home = HOMES[country].draw(own) if country in HOMES else Home()
    empty = Hit(
        time=start,
        site_id=site_id,
        type="pageview",
        path=origin.landing or LANDINGS.draw(rng),
        referrer=origin.referrer,
        utm_source=origin.source,
        utm_medium=origin.medium,
        utm_campaign=origin.campaign,
        action=None,
        category=None,
        label=None,
        value=None,
        session_id=None,
        time_on_page=None,
        is_bounce=None,
        visitor=visitor,
        browser=agent.browser,
        os=agent.os,
        device=agent.device,
        country=country,
        utm_term=origin.term,
        browser_version=VERSIONS[agent.browser].draw(own),
        language=LANGUAGES.get(country or "", "en"),
        screen=SCREENS[agent.device].draw(own),
        region=home.region,
        city=home.city,
    )
    view, pages, events = empty, 1, 0
    # Everything but the first page view comes from the site itself.
    later = empty._replace(
        referrer=None, utm_source=None, utm_medium=None, utm_campaign=None, utm_term=None
    )
    while True:
        yield view
        read = min(1_500.0, rng.expovariate(1 / READING.get(view.path, 35)) + 2)
        action = _event_on(view.path, rng)
        if action is not None:
            events += 1
            value = PRICES.get(view.path, 42.0)
            yield later._replace(
                time=view.time + int(read * 700),
                type="event",
                path=view.path,
                action=action,
                category="shop",
                value=value,
                properties=f'{{"delivery":"{DELIVERIES.draw(own)}"}}'
                if action == "order"
                else None,
            )
        following = WAYS[view.path].draw(rng)
        end = view.time + int(read * 1000)
        yield later._replace(
            time=end,
            type="engagement",
            path=view.path,
            time_on_page=round(read, 1),
            is_bounce=not following and pages == 1 and not events,
        )
        if not following:
            return
        pages += 1
        view = later._replace(time=end + 150, path=following)


def _event_on(path: str, rng: random.Random) -> str | None:
    """What somebody does on a page, besides reading it."""
    if path == "/thanks":
        return "order"
    if path in PRICES and rng.random() < 0.25:  # noqa: PLR2004 - a quarter
        return "add_to_cart"
    if path == "/contact" and rng.random() < 0.3:  # noqa: PLR2004 - nearly a third
        return "ask"
    return None
