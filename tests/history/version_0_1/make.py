"""Makes `database.gz` and `report.json` beside this file, with the code of version 0.1 (ee83f15).

git worktree add /tmp/old ee83f15
PYTHONPATH=/tmp/old python tests/history/version_0_1/make.py
"""

from __future__ import annotations

import gzip
import json
import random
import sqlite3
from contextlib import closing
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

from ztas_middleware import retention
from ztas_middleware.config import config_from_mapping
from ztas_middleware.reports.periods import Days
from ztas_middleware.reports.reader import Reports
from ztas_middleware.store.database import Database
from ztas_middleware.store.hits import Hit

HERE = Path(__file__).parent
NOW = 1_790_000_000_000  # 2026-09-21T13:33:20Z
DAY = 86_400_000
SITE = {
    "domain": "example.com",
    "retention_days": 30,
    "goals": {"Signups": {"action": "signup"}, "Cart": {"page": "/cart"}},
    "funnels": {"Way": [{"page": "/"}, {"page": "/cart"}, {"action": "signup"}]},
}
REFERRERS = [None, None, "https://www.google.com/", "https://blog.example.net/a"]


def hits(rng):
    for age in (50, 45, 40, 31, 30, 29, 10, 1, 0):
        for number in range(20):
            kind = rng.choice(["pageview", "pageview", "event", "engagement"])
            yield Hit(**dict.fromkeys(Hit._fields))._replace(
                time=NOW - age * DAY + number * 90_000,
                site_id="a",
                type=kind,
                path=rng.choice(["/", "/cart", "/über"]),
                referrer=rng.choice(REFERRERS) if kind == "pageview" else None,
                utm_source=rng.choice([None, None, "news"]) if kind == "pageview" else None,
                action=rng.choice(["signup", "play"]) if kind == "event" else None,
                value=rng.choice([None, 19.95]) if kind == "event" else None,
                time_on_page=12.5 if kind == "engagement" else None,
                visitor=f"v{rng.randrange(5)}",
                browser=rng.choice(["Chrome", "Firefox"]),
                os="Linux",
                device="desktop",
                country=rng.choice(["DE", None]),
            )


def main():
    rng = random.Random(7)
    with TemporaryDirectory() as folder:
        file = Path(folder) / "ztas.db"
        config = config_from_mapping({"database": str(file), "sites": {"a": SITE}})
        database = Database(file)
        database.append(list(hits(rng)))
        site = config.sites["a"]
        retention.prune(file, site, retention.due(file, site, NOW), NOW)
        reports = Reports(config)
        last = date(2026, 9, 21)
        period = Days(site.timezone, date.fromordinal(last.toordinal() - 60), last)
        reports.stats("a", period, now=NOW, limit=1000)
        database.append([hit._replace(time=hit.time + 1) for hit in list(hits(rng))[140:150]])
        sealed = Days(site.timezone, date(2026, 7, 20), date(2026, 8, 21))
        report = reports.stats("a", sealed, now=NOW, limit=1000).to_json()
        database.close()
        with closing(sqlite3.connect(file)) as connection:
            connection.execute("insert into drops values ('a', '2026-09-20', 'bot', 7)")
            connection.execute("insert into salts values ('a', '2026-09-21', x'00112233', 9e18)")
            connection.commit()
            connection.execute("pragma wal_checkpoint(truncate)")
        (HERE / "database.gz").write_bytes(gzip.compress(file.read_bytes(), 9, mtime=0))
    (HERE / "report.json").write_text(json.dumps(report, indent=1, ensure_ascii=False) + "\n")


main()
