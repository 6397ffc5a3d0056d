"""What happened to a site's hits in its last days, and what that suggests to look at."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import date, timedelta, timezone
from typing import TYPE_CHECKING

from ztas_middleware.days import LATEST, day_at, start_of
from ztas_middleware.reports.drops import dropped
from ztas_middleware.store.reading import reading

if TYPE_CHECKING:
    from pathlib import Path

    from ztas_middleware.config import Config, Site

REASONS = {
    "bot": "crawlers and scripts, by their User-Agent",
    "prefetch": "pages that were loaded before anybody saw them",
    "opt_out": "visitors who send DNT: 1 or Sec-GPC: 1, with honor_dnt",
    "excluded": "exclude_paths, exclude_addresses and exclude_cookies",
    "origin": "pages of hosts that `domain` does not name, or no Origin without server_side",
    "rate_limit": "more than rate_limit requests a minute from one address",
    "invalid": "answered with 400, 404 or 413, and why",
}

MANY = 0.1
"""The part of all hits from which on a mistake is worth a hint."""

MOST = 0.5


@dataclass(frozen=True, slots=True)
class Traffic:
    """What happened at one site from one of its days to another."""

    site: Site
    first: str
    last: str
    stored: dict[str, int] = field(default_factory=dict)
    """Hits by type, most first."""
    dropped: dict[str, int] = field(default_factory=dict)
    """Hits by reason, most first."""
    latest: int | None = None
    """The latest hit's time, of all days."""

    @property
    def total(self) -> int:
        """All hits that were sent."""
        return sum(self.stored.values()) + sum(self.dropped.values())

    def share(self, reason: str) -> float:
        """Which part of all hits was dropped for a reason, from 0 to 1."""
        return self.dropped.get(reason, 0) / self.total if self.total else 0.0


def examine(path: Path, site: Site, days: int, now: int) -> Traffic:
    """What happened at a site in its last `days` days, today included.

    Raises:
        StorageError: the database can't be read.
    """
    today = date.fromisoformat(day_at(now, site.timezone).date)
    first = today - timedelta(days=days - 1)
    with reading(path) as connection:
        stored = connection.execute(
            """
            select type, count(*) as number from hits
            where site_id = :site and time >= :start and time < :end
            group by type order by number desc
            """,
            {"site": site.id, "start": start_of(first, site.timezone), "end": LATEST},
        ).fetchall()
        (latest,) = connection.execute(
            "select max(time) from hits where site_id = ? and time < ?", (site.id, LATEST)
        ).fetchone()
    reasons = Counter[str]()
    for row in dropped(path, site.id, first, today):
        reasons[row.reason] += row.count
    return Traffic(
        site,
        first.isoformat(),
        today.isoformat(),
        dict(stored),
        dict(reasons.most_common()),
        latest,
    )


def count_unknown(path: Path, days: int, now: int) -> int:
    """How many hits could not be told to belong to any site; their days are UTC's.

    Raises:
        StorageError: the database can't be read.
    """
    today = date.fromisoformat(day_at(now, timezone.utc).date)
    return sum(row.count for row in dropped(path, "", today - timedelta(days=days - 1), today))


def hints(config: Config, traffic: Traffic) -> list[str]:
    """What it suggests to look at; each hint is a sentence or two."""
    reasons = traffic.dropped
    found = []
    if not traffic.total:
        found.append(
            "nothing arrived. Is the script on its pages, and does "
            f"POST {config.endpoint} reach this app?"
        )
    if traffic.share("origin") > MANY:
        found.append(
            f"{reasons['origin']:,} hits were refused for their Origin. If they are from pages of "
            "yours, add the host to `domain`."
        )
    if reasons.get("rate_limit"):
        found.append(
            f"{reasons['rate_limit']:,} hits were over rate_limit. If visitors come through a "
            "proxy that is not in trusted_proxies, they all share its address, and its limit."
        )
    if traffic.share("bot") > MOST:
        found.append("most hits are from bots; bots.allow and bots.deny correct a wrong verdict.")
    if traffic.share("excluded") > MOST:
        found.append("exclude_paths, exclude_addresses or exclude_cookies match most hits.")
    if traffic.share("invalid") > MANY:
        found.append(
            f"{reasons['invalid']:,} hits could not be read. The answers, in the browser's "
            "console, say what is wrong with them."
        )
    return [f"{traffic.site.id}: {hint}" for hint in found]
