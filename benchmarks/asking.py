"""One process that files a database or asks it a question, and says what that cost.

    python -m benchmarks.asking DATABASE NOW file
    python -m benchmarks.asking DATABASE NOW ask TIMES PARAMETERS
    python -m benchmarks.asking DATABASE NOW realtime TIMES
    python -m benchmarks.asking DATABASE NOW move DAYS

PARAMETERS are those of the API, without the site; the funnels and goals are made up here. Before
each question a hit comes. Prints a JSON object: milliseconds of each answer, or the seconds that
filing or moving took by the clock and of the processors; and by how many megabytes the process
grew at most. `move` takes all hits but those of the last DAYS days out of the database.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from benchmarks.made_up_history import DAY, SITE
from ztas_middleware.cli.rollup import move_out
from ztas_middleware.config import config_from_mapping
from ztas_middleware.history.asking import History
from ztas_middleware.reports.reader import Reports
from ztas_middleware.store.connection import open_connection
from ztas_middleware.store.prune import give_back

if TYPE_CHECKING:
    from ztas_middleware.config.model import Config

GOALS = {"Actions": {"action": "action-1"}, "Pages": {"page": "/section-1/*"}}
FUNNELS = {"Three": [{"page": "/section-*"}, {"action": "*"}, {"page": "/section-2/*"}]}


def main() -> None:
    """Do what the arguments say."""
    database, now, what, *rest = sys.argv[1:]
    config = config_from_mapping(settings(database, *map(int, rest if what == "move" else ())))
    before = _peak()
    if what == "file":
        found: dict[str, Any] = file(config, int(now))
    elif what == "move":
        found = move(config, int(now))
    else:
        found = ask(config, int(now), what, *rest)
    print(json.dumps({**found, "megabytes": _peak() - before}))


def settings(
    database: str, keep_hits_days: int | None = None, *, is_public: bool = False
) -> dict[str, Any]:
    """The configuration of a made-up history, with two goals and a funnel."""
    site = {"domain": "shop.example", "goals": GOALS, "funnels": FUNNELS, "public": is_public}
    mapping = {"database": database, "sites": {SITE: site}}
    return mapping if keep_hits_days is None else {**mapping, "keep_hits_days": keep_hits_days}


def file(config: Config, now: int) -> dict[str, float]:
    """File all there is; seconds."""
    began, spent = time.perf_counter(), time.process_time()
    History(config).file(SITE, now=now)
    return {"seconds": time.perf_counter() - began, "cpu": time.process_time() - spent}


def move(config: Config, now: int) -> dict[str, float]:
    """Take the hits out of the database that need not be in it, and its room back; seconds."""
    began, spent = time.perf_counter(), time.process_time()
    move_out(config, config.sites[SITE], now)
    give_back(config.database)
    return {"seconds": time.perf_counter() - began, "cpu": time.process_time() - spent}


def ask(
    config: Config, now: int, what: str, times: str, parameters: str = ""
) -> dict[str, list[float]]:
    """Ask a question some times; milliseconds of each."""
    reports = Reports(config)
    connection = open_connection(str(config.database), synchronous="normal").connection
    query = parse_qs(parameters)
    found = []
    for _ in range(int(times)):
        connection.execute(
            """
            insert into hits (time, site_id, type, path, visitor, browser, os, device)
            values (?, ?, 'pageview', '/section-1/article-1', 'reader', 'Other', 'Other', 'desktop')
            """,
            (now - DAY // 1000, SITE),
        )
        began = time.perf_counter()
        if what == "realtime":
            reports.realtime(reports.realtime_question(SITE, {}, now=now)).to_json()
        else:
            reports.stats(reports.question(SITE, query, now=now)).to_json()
        found.append((time.perf_counter() - began) * 1000)
    connection.close()
    return {"milliseconds": found}


def _peak() -> float:
    """The most memory that this process ever had, in MB of 10^6 bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6


if __name__ == "__main__":
    if not Path(sys.argv[1]).exists():
        sys.exit(f"{sys.argv[1]} is not there")
    main()
