"""A year of made-up hits, by the million and within a minute: what report benchmarks run on.

    python -m benchmarks.made_up_history FILE [--hits 5000000] [--paths 2000] [--days 365]

Everything is derived from the number of the hit, so that two runs make the same rows. Visits are
1 to 8 hits long and their pages follow a long tail: the first path of 2,000 has a twentieth of all
page views, and nearly every path is seen on most days.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import TYPE_CHECKING

from ztas_middleware.store.connection import open_connection

if TYPE_CHECKING:
    import sqlite3

SITE = "site_abc123"
DAY = 86_400_000
SLOTS = 16_384
"""How finely the frequencies of paths are resolved, at least."""

REFERRERS = (
    None, None, None, None,
    "https://www.google.com/", "https://www.google.de/", "https://duckduckgo.com/",
    "https://t.co/abc", "https://news.ycombinator.com/item", "https://blog.example.net/a/post",
)  # fmt: skip
AGENTS = (
    ("Chrome", "Windows", "desktop"),
    ("Chrome", "Android", "mobile"),
    ("Chrome", "macOS", "desktop"),
    ("Safari", "iOS", "mobile"),
    ("Safari", "macOS", "desktop"),
    ("Firefox", "Linux", "desktop"),
    ("Edge", "Windows", "desktop"),
    ("Samsung Internet", "Android", "tablet"),
)
COUNTRIES = ("DE", "US", "FR", "GB", "IN", "BR", "JP", None)


def make_history(
    connection: sqlite3.Connection, *, hits: int, paths: int, days: int, end: int
) -> None:
    """Fill an empty `hits` with rows that end at `end`, UTC milliseconds."""
    connection.execute("create temp table paths (slot integer primary key, path text)")
    slots = max(SLOTS, paths)
    weights = [1 / (rank + 1) ** 0.8 for rank in range(paths)]
    scale = (slots - paths) / sum(weights)
    filled = [rank for rank, weight in enumerate(weights) for _ in range(1 + int(weight * scale))]
    connection.executemany(
        "insert into paths values (?, ?)",
        [(slot, f"/section-{rank % 37}/article-{rank}") for slot, rank in enumerate(filled)],
    )
    connection.execute("create temp table referrers (slot integer primary key, referrer text)")
    connection.executemany("insert into referrers values (?, ?)", enumerate(REFERRERS))
    connection.execute("create temp table agents (slot integer primary key, a, b, c)")
    connection.executemany(
        "insert into agents values (?, ?, ?, ?)",
        [(slot, *agent) for slot, agent in enumerate(AGENTS)],
    )
    connection.execute("create temp table countries (slot integer primary key, country text)")
    connection.executemany("insert into countries values (?, ?)", enumerate(COUNTRIES))
    step = days * DAY / hits
    connection.execute("begin")
    for begin in range(0, hits, 250_000):
        connection.execute(
            _INSERT,
            {
                "begin": begin,
                "number": min(250_000, hits - begin),
                "start": end - days * DAY,
                "step": step,
                "slots": len(filled),
                "site": SITE,
                # A visitor comes about twice a day.
                "visitors": max(1, hits // days // 5),
            },
        )
    connection.execute("commit")


# Knuth's multiplicative hash; `visit` is a block of 32 ids dealt to 10 visits in turns.
_INSERT = """
with recursive
    numbers(i) as (
        select :begin union all select i + 1 from numbers where i + 1 < :begin + :number
    ),
    visits as (
        select
            i,
            cast(:start + i * :step as integer) as time,
            (i / 32) * 10 + (i * 7 % 32) % 10 as visit,
            (i * 2654435761 + i / 7) % 4294967296 as noise
        from numbers
    ),
    people as (
        select
            *,
            (visit * 2654435761) % 4294967296 as luck,
            (visit * 40503 % :visitors) * 1000 + time / 86400000 as who
        from visits
    ),
    kinds as (
        select
            *,
            (who * 2654435761) % 4294967296 as traits,
            case
                when noise % 100 < 60 then 'pageview'
                when noise % 100 < 85 then 'engagement'
                when noise % 100 < 95 then 'heartbeat'
                else 'event'
            end as type
        from people
    )
insert into hits (
    time, site_id, type, path, referrer, utm_source, utm_medium, utm_campaign, action, category,
    value, session_id, time_on_page, is_bounce, visitor, browser, os, device, country
)
select
    time, :site, type, path,
    case when type = 'pageview' then referrer end,
    case when type = 'pageview' and luck % 50 = 0 then 'newsletter' end,
    case when type = 'pageview' and luck % 50 = 0 then 'email' end,
    case when type = 'pageview' and luck % 50 = 0 then 'week-' || (time / 604800000) end,
    case when type = 'event' then 'action-' || (noise / 128 % 20) end,
    case when type = 'event' then 'category-' || (noise / 128 % 3) end,
    case when type = 'event' and noise % 2 then noise % 1000 / 10.0 end,
    case when luck % 2 then printf('%011x', visit) end,
    case when type in ('engagement', 'heartbeat') then noise / 128 % 3000 / 10.0 end,
    case when type = 'engagement' then luck / 128 % 2 end,
    printf('%011x', who), agents.a, agents.b, agents.c, country
from kinds
join paths on paths.slot = noise / 4096 * 31 % :slots
join referrers on referrers.slot = luck / 64 % 10
join agents on agents.slot = traits / 64 % 8
join countries on countries.slot = traits / 1024 % 8
"""


def main() -> None:
    """Make a database."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", type=Path)
    parser.add_argument("--hits", type=int, default=5_000_000)
    parser.add_argument("--paths", type=int, default=2_000)
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--end", type=int, default=time.time_ns() // 1_000_000)
    options = parser.parse_args()
    opened = open_connection(str(options.file), synchronous="off")
    begun = time.perf_counter()
    make_history(
        opened.connection,
        hits=options.hits,
        paths=options.paths,
        days=options.days,
        end=options.end,
    )
    opened.connection.close()
    print(f"{options.hits:,} hits in {time.perf_counter() - begun:.0f} s")


if __name__ == "__main__":
    main()
