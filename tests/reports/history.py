"""Histories for tests: rows of `hits` that are random, repeatable and full of edges."""

from __future__ import annotations

import random
from datetime import datetime, timedelta, timezone
from functools import cache
from zoneinfo import ZoneInfo

from rows import PAGEVIEW

from ztas_middleware.config.domains import Domain
from ztas_middleware.config.goals import Funnel, Goal, Match, Step
from ztas_middleware.config.model import Site
from ztas_middleware.store.hits import INSERT

UTC = timezone.utc
PATHS = ["/", "/about", "/cart", "/checkout/pay", "/checkout/done", "/thanks/a", "/ä", "/docs/*"]
REFERRERS = [
    None,
    "https://www.google.de/",
    "https://google.com/",
    "https://news.ycombinator.com/item",
    "https://blog.example.net:8443/a/b",
    "android-app://com.slack/",
    "https://www.shop.example/own",
]
# What the package's table says about the hosts above, written down a second time.
GROUPS = {
    "google": "Google",  # a tag
    "google.de": "Google",
    "google.com": "Google",
    "news.ycombinator.com": "Hacker News",
    "com.slack": "Slack",
}
TAGS = [
    (None, None, None),
    (None, None, None),
    ("google", "cpc", "summer"),
    ("newsletter", "email", None),
    (None, None, "spring"),
    ("google", None, None),
]
AGENTS = [
    ("Chrome", "Windows", "desktop", "DE"),
    ("Chrome", "Android", "mobile", None),
    ("Safari", "iOS", "mobile", "US"),
    ("Firefox", "Linux", "desktop", "FR"),
]
GOALS = {
    "Signups": {"action": "signup"},
    "Paid signups": {"action": "signup", "category": "paid"},
    "Thanks": {"page": "/thanks/*"},
    "Everything": {"page": "*"},
    "Never": {"page": "/no/such/page"},
}
FUNNELS = {
    "Checkout": [{"page": "/cart"}, {"page": "/checkout/*", "name": "Pay"}, {"action": "signup"}],
    "Twice": [{"page": "/"}, {"page": "/"}],
}


def make_site(site_id="site_a", zone="UTC", host="shop.example", goals=GOALS, funnels=FUNNELS):
    """The site as the package sees it."""
    return Site(
        id=site_id,
        domains=(Domain(host=host),),
        timezone=UTC if zone == "UTC" else ZoneInfo(zone),
        goals=tuple(Goal(name, Match(**match)) for name, match in goals.items()),
        funnels=tuple(
            Funnel(
                name,
                tuple(
                    Step(
                        step.get("name") or step.get("page") or step["action"],
                        Match(**{key: step[key] for key in step if key != "name"}),
                    )
                    for step in steps
                ),
            )
            for name, steps in funnels.items()
        ),
    )


def naive_site(site):
    """The same site as `naive.py` sees it."""
    return {
        "id": site.id,
        "domain": site.domains[0].host,
        "zone": site.timezone,
        "own_hosts": {domain.host for domain in site.domains},
        "groups": GROUPS,
        "goals": {goal.name: _match_of(goal.match) for goal in site.goals},
        "funnels": {
            funnel.name: [{**_match_of(step.match), "name": step.name} for step in funnel.steps]
            for funnel in site.funnels
        },
    }


def _match_of(match):
    keys = ("page", "action", "category", "label")
    return {key: getattr(match, key) for key in keys if getattr(match, key) is not None}


def make_hit(time, site_id="site_a", kind="pageview", path="/", visitor="v", **columns):
    """One row; what is not given is empty."""
    values = {"time": time, "site_id": site_id, "type": kind, "path": path, "visitor": visitor}
    return PAGEVIEW._replace(**{"browser": "Other", "os": "Other", **values, **columns})


@cache
def random_history(seed, number, first, last, sites=("site_a",), *, with_ids=0.5):
    """Hits between two dates, in bursts of visits; some visitors send session ids.

    Visitors' names repeat from day to day, as the real hashes never do: whoever forgets that
    nobody outlives the day is found out.
    """
    rng = random.Random(seed)
    start = datetime(first.year, first.month, first.day, tzinfo=UTC) - timedelta(hours=14)
    span = int(((last - first).days + 2.5) * 86_400_000)
    begin = int(start.timestamp() * 1000)
    hits = []
    while len(hits) < number:
        site_id = rng.choice(sites)
        visitor = f"v{rng.randrange(max(3, number // 60))}"
        session = f"s{rng.randrange(number)}" if rng.random() < with_ids else None
        agent = rng.choice(AGENTS)
        time = begin + rng.randrange(span)
        tags = rng.choice(TAGS)
        for _ in range(rng.choice([1, 1, 1, 2, 3, 6])):
            hits.append(
                _random_hit(
                    rng,
                    time,
                    site_id=site_id,
                    visitor=visitor,
                    session=session,
                    agent=agent,
                    tags=tags,
                )
            )
            time += rng.choice([0, 1, 400, 31_234, 600_000, 1_800_000, 1_800_001, 7_200_000])
            if rng.random() < 0.1:
                agent = rng.choice(AGENTS)
            if rng.random() < 0.1:
                visitor = f"v{rng.randrange(max(3, number // 60))}"
    rng.shuffle(hits)
    hits.sort(key=lambda hit: hit.time // 7_200_000)
    return hits


def _random_hit(rng, time, *, site_id, visitor, session, agent, tags):
    kind = rng.choice(
        ["pageview"] * 5 + ["event", "event", "engagement", "engagement", "heartbeat"]
    )
    columns = {
        "path": PATHS[min(rng.randrange(len(PATHS)), rng.randrange(len(PATHS)))],
        "session_id": session,
        **dict(zip(("browser", "os", "device", "country"), agent, strict=True)),
    }
    if kind == "pageview":
        columns["referrer"] = rng.choice(REFERRERS)
        columns |= dict(zip(("utm_source", "utm_medium", "utm_campaign"), tags, strict=True))
    if kind == "event":
        columns["action"] = rng.choice(["signup", "play", "signup_late", None])
        columns["category"] = rng.choice(["paid", None])
        columns["label"] = rng.choice(["one", None])
        columns["value"] = rng.choice([None, 1.0, 19.95, -3.5, 0.1])
    if kind in {"engagement", "heartbeat"} or rng.random() < 0.1:
        columns["time_on_page"] = rng.choice([None, 0.0, 1.0, 12.5, 33.33, 400.25])
        columns["is_bounce"] = rng.choice([None, True, False])
    return make_hit(time, site_id, kind, visitor=visitor, **columns)


def store(connection, hits):
    """Append the hits and return them as `naive.py` wants them, with their ids."""
    with connection:
        connection.execute("begin")
        connection.executemany(INSERT, hits)
    return rows_of(connection)


def rows_of(connection):
    """All stored hits as dicts."""
    cursor = connection.execute("select * from hits")
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor]


def filled(rng, hit):
    """The hit with columns that `random_history` leaves empty filled now and then."""
    return hit._replace(
        utm_term=rng.choice([None, "shoes"]),
        utm_content=rng.choice([None, "a_b%c"]),
        properties=rng.choice(
            [None, None, '{"plan":"pro"}', '{"n":5,"plan":"free"}', '{"a/b":true,"n":1.5}']
        ),
        route=rng.choice([None, "/docs/<page>"]),
        browser_version=rng.choice([None, 9, 120, 121]),
        language=rng.choice([None, "de", "en"]),
        screen=rng.choice([None, 480, 1024, 9999]),
        region=rng.choice([None, "DE-BE"]),
        city=rng.choice([None, "Berlin", "São Paulo"]),
        visitor="" if rng.random() < 0.05 else hit.visitor,
    )
