"""Visitors and what their browsers send: reproducible, varied, the size of the real thing.

Six hits of ten are page views, three say how long a page was read, one is an event. 45 % carry a
referrer and 15 % a campaign. The fields are those of the tracker in `ztas_middleware/tracker`.
"""

from __future__ import annotations

import hashlib
import io
import itertools
import json
from dataclasses import dataclass, replace
from random import Random
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ENDPOINT = "/api/track"
SITES = {
    "site_abc123": "example.com",
    "site_def456": "shop.example.org",
    "site_ghi789": "blog.example.net",
}
TIME_ZONES = (
    *("Europe/Berlin", "America/New_York", "Asia/Kolkata", "America/Los_Angeles"),
    *("Europe/London", "Asia/Tokyo", "America/Sao_Paulo", "Europe/Paris", "Australia/Sydney"),
)
WORDS = (
    *("fast", "private", "analytics", "guide", "python", "release", "notes", "how", "to", "the"),
    *("measure", "what", "matters", "winter", "summer", "garden", "bread", "recipes", "travel"),
    *("small", "team", "review", "of", "linux", "laptop", "budget", "camera", "training", "plan"),
)
REFERRERS = (
    *("https://www.google.com/", "https://www.bing.com/", "https://duckduckgo.com/"),
    *("https://t.co/Xy12AbCd9Z", "https://news.ycombinator.com/item", "https://www.reddit.com/"),
    *("https://www.linkedin.com/", "https://lobste.rs/s/abcdef/a_small_thing_about_analytics"),
    "https://www.example-magazine.com/2026/05/ten-tools-for-small-teams",
)
UTM = (
    ("google", "cpc", "summer-sale"),
    ("newsletter", "email", "2026-05-weekly"),
    ("mastodon", "social", "launch"),
    ("facebook", "paid_social", "retargeting-eu"),
)
EVENTS = (
    ("signup_click", "conversion", "header"),
    ("download", "", "/files/brochure-2026.pdf"),
    ("outbound", "", "github.com/example/project"),
    ("add_to_cart", "shop", "bread-knife"),
)


@dataclass(frozen=True, slots=True)
class Visitor:
    """Somebody with a browser."""

    address: str
    user_agent: str
    time_zone: str


@dataclass(frozen=True, slots=True)
class Sent:
    """One request to the Track endpoint, as a proxy on the same machine hands it over."""

    visitor: Visitor
    origin: str
    body: bytes
    path: str = ENDPOINT


def config(database: Path) -> dict[str, Any]:
    """A configuration with the sites of the workload, and every default."""
    return {
        "database": str(database),
        "sites": {site_id: {"domain": domain} for site_id, domain in SITES.items()},
    }


def user_agent(random: Random) -> str:
    """A browser; versions vary as they do in the wild, and models where they are still sent."""
    chrome = random.randrange(120, 142)
    desktop = random.choice(("Windows NT 10.0; Win64; x64", "Macintosh; Intel Mac OS X 10_15_7"))
    blink = "AppleWebKit/537.36 (KHTML, like Gecko) Chrome"
    share = random.random()
    if share < 0.45:
        return f"Mozilla/5.0 ({desktop}) {blink}/{chrome}.0.0.0 Safari/537.36"
    if share < 0.55:
        return f"Mozilla/5.0 ({desktop}) {blink}/{chrome}.0.0.0 Safari/537.36 Edg/{chrome}.0.0.0"
    if share < 0.70:
        return f"Mozilla/5.0 (Linux; Android 10; K) {blink}/{chrome}.0.0.0 Mobile Safari/537.36"
    if share < 0.85:
        ios = f"{random.randrange(16, 19)}_{random.randrange(8)}"
        return (
            f"Mozilla/5.0 (iPhone; CPU iPhone OS {ios} like Mac OS X) AppleWebKit/605.1.15 "
            f"(KHTML, like Gecko) Version/{ios.replace('_', '.')} Mobile/15E148 Safari/604.1"
        )
    if share < 0.93:
        firefox = random.randrange(115, 145)
        return f"Mozilla/5.0 ({desktop}; rv:{firefox}.0) Gecko/20100101 Firefox/{firefox}.0"
    model = f"SM-{random.choice('AGSF')}{random.randrange(100, 999)}B"
    return (
        f"Mozilla/5.0 (Linux; Android {random.randrange(11, 16)}; SAMSUNG {model}) {blink}/"
        f"{chrome}.0.0.0 SamsungBrowser/{random.randrange(20, 28)}.0 Mobile Safari/537.36"
    )


def visitors(random: Random, number: int, *, own_agents: bool = False) -> list[Visitor]:
    """`number` visitors; with `own_agents` no two of them have the same User-Agent."""
    made: list[Visitor] = []
    seen: set[str] = set()
    while len(made) < number:
        agent = user_agent(random)
        if own_agents:
            agent = agent.replace(".0.0.0", f".0.{random.randrange(9999)}.{random.randrange(999)}")
            if agent in seen:
                continue
            seen.add(agent)
        parts = [random.randrange(1, 255) for _ in range(4)]
        address = ".".join(map(str, [random.randrange(13, 99), *parts[1:]]))
        if random.random() < 0.1:
            address = "2a02:8109:" + ":".join(f"{random.randrange(1, 65536):x}" for _ in range(6))
        made.append(Visitor(address, agent, random.choice(TIME_ZONES)))
    return made


def paths(random: Random, number: int) -> list[str]:
    """`number` paths of a site with articles."""
    made = {"/": None, "/pricing": None, "/about": None, "/blog": None}
    while len(made) < number:
        slug = "-".join(random.choice(WORDS) for _ in range(random.randrange(2, 7)))
        made[f"{random.choice(('/blog', '/docs', '/products', '/blog/2026'))}/{slug}"] = None
    return list(made)


def events(random: Random, number_of_paths: int = 1000) -> Iterator[dict[str, Any]]:
    """What the tracker sends, without end; the key `timeZone` is the visitor's."""
    site_ids = list(SITES)
    pages = paths(random, number_of_paths)
    # A few pages have most of the views, as everywhere.
    weights = [1 / (rank + 1) for rank in range(len(pages))]
    drawn = iter(random.choices(pages, weights, k=1000))
    while True:
        path = next(drawn, None)
        if path is None:
            drawn = iter(random.choices(pages, weights, k=1000))
            continue
        has_utm = random.random() < 0.15
        utm = random.choice(UTM) if has_utm else (None, None, None)
        event: dict[str, Any] = {
            "siteId": random.choices(site_ids, (70, 20, 10))[0],
            "path": path,
            "referrer": random.choice(REFERRERS) if random.random() < 0.45 else "",
            "utm": dict(zip(("source", "medium", "campaign"), utm, strict=True)),
            "timeZone": None,
        }
        share = random.random()
        if share < 0.6:
            event["type"] = "pageview"
        elif share < 0.9:
            event["type"] = "engagement"
            event["timeOnPage"] = round(random.expovariate(1 / 40), 1)
            event["isBounce"] = random.random() < 0.5
        else:
            action, category, label = random.choice(EVENTS)
            event |= {"type": "event", "action": action, "category": category, "label": label}
            event["value"] = round(random.uniform(1, 200), 2) if category == "shop" else None
        yield event


def requests(
    number: int, *, seed: int = 1, people: int = 1000, own_agents: bool = False
) -> list[Sent]:
    """`number` single hits by `people` visitors."""
    random = Random(seed)
    crowd = visitors(random, people, own_agents=own_agents)
    sent = []
    for index, event in zip(range(number), events(random), strict=False):
        visitor = crowd[index % people] if own_agents else random.choice(crowd)
        event["timeZone"] = visitor.time_zone
        sent.append(Sent(visitor, f"https://{SITES[event['siteId']]}", _json(event)))
    return sent


def page_views(number: int, *, seed: int = 4) -> list[Sent]:
    """`number` page views, of as many visitors as there are for ten each."""
    random = Random(seed)
    crowd = visitors(random, max(1, number // 10))
    views = (event for event in events(random) if event["type"] == "pageview")
    sent = []
    for event in itertools.islice(views, number):
        visitor = random.choice(crowd)
        event["timeZone"] = visitor.time_zone
        sent.append(Sent(visitor, f"https://{SITES[event['siteId']]}", _json(event)))
    return sent


def as_it_is(sent: Sent) -> Sent:
    """A hit as our tracker sends it."""
    return sent


def as_runlight(sent: Sent) -> Sent:
    """The same page view as runlight's tracker sends it."""
    event = json.loads(sent.body)
    utm = {f"utm_{name}": value for name, value in event["utm"].items() if value}
    url = sent.origin + event["path"] + (f"?{urlencode(utm)}" if utm else "")
    body = {"k": "pageview", "u": url, "s": event["siteId"]}
    # As many letters as its tracker draws, and as different.
    body |= {"i": hashlib.sha256(repr((sent, id(sent))).encode()).hexdigest()[:12]}
    body |= {"r": event["referrer"], "t": "Hello", "w": 1440, "h": 900, "l": "de-DE"}
    return replace(sent, body=_json(body), path="/runlight/e")


DIALECTS = {"ztas-middleware": as_it_is, "runlight": as_runlight}
"""What a page view looks like to each package that takes it by a request of its own."""


def batches(number: int, size: int, *, seed: int = 2) -> list[Sent]:
    """`number` batches of `size` events each, as scripts that queue send them."""
    random = Random(seed)
    crowd = visitors(random, 1000)
    source = events(random)
    sent = []
    for _ in range(number):
        visitor = random.choice(crowd)
        queued = [next(source) | {"timeZone": visitor.time_zone} for _ in range(size)]
        site_id = queued[0]["siteId"]
        body = _json({"batch": True, "siteId": site_id, "events": queued})
        sent.append(Sent(visitor, f"https://{SITES[site_id]}", body))
    return sent


def environ(sent: Sent) -> dict[str, Any]:
    """The WSGI environ of a request; good for one call, because the body is read from it."""
    return {
        **_ENVIRON,
        "REQUEST_METHOD": "POST",
        "PATH_INFO": sent.path,
        "CONTENT_TYPE": "text/plain;charset=UTF-8",
        "CONTENT_LENGTH": str(len(sent.body)),
        "HTTP_ORIGIN": sent.origin,
        "HTTP_REFERER": sent.origin + "/",
        "HTTP_USER_AGENT": sent.visitor.user_agent,
        "HTTP_X_FORWARDED_FOR": sent.visitor.address,
        "wsgi.input": io.BytesIO(sent.body),
    }


def page_environ() -> dict[str, Any]:
    """The WSGI environ of a request for a page."""
    return {
        **_ENVIRON,
        "REQUEST_METHOD": "GET",
        "PATH_INFO": "/blog/2026/winter-garden",
        "HTTP_USER_AGENT": user_agent(Random(3)),
        "wsgi.input": io.BytesIO(),
    }


_ENVIRON: dict[str, Any] = {
    "SCRIPT_NAME": "",
    "QUERY_STRING": "",
    "SERVER_NAME": "127.0.0.1",
    "SERVER_PORT": "8000",
    "SERVER_PROTOCOL": "HTTP/1.1",
    "REMOTE_ADDR": "127.0.0.1",
    "REMOTE_PORT": "50000",
    "HTTP_HOST": "example.com",
    "HTTP_ACCEPT": "*/*",
    "HTTP_ACCEPT_LANGUAGE": "de-DE,de;q=0.9,en;q=0.8",
    "HTTP_ACCEPT_ENCODING": "gzip, deflate, br, zstd",
    "HTTP_SEC_FETCH_MODE": "cors",
    "HTTP_SEC_FETCH_SITE": "same-origin",
    "HTTP_SEC_FETCH_DEST": "empty",
    "wsgi.version": (1, 0),
    "wsgi.url_scheme": "http",
    "wsgi.errors": io.StringIO(),
    "wsgi.multithread": True,
    "wsgi.multiprocess": False,
    "wsgi.run_once": False,
}

_HEADERS = (
    "Host: example.com\r\n"
    "Accept: */*\r\n"
    "Accept-Language: de-DE,de;q=0.9,en;q=0.8\r\n"
    "Accept-Encoding: gzip, deflate, br, zstd\r\n"
    "Sec-Fetch-Mode: cors\r\n"
    "Sec-Fetch-Site: same-origin\r\n"
    "Sec-Fetch-Dest: empty\r\n"
)


def http_post(sent: Sent) -> bytes:
    """A hit as it goes over the wire."""
    head = (
        f"POST {sent.path} HTTP/1.1\r\n{_HEADERS}"
        "Content-Type: text/plain;charset=UTF-8\r\n"
        f"Content-Length: {len(sent.body)}\r\n"
        f"Origin: {sent.origin}\r\n"
        f"Referer: {sent.origin}/\r\n"
        f"User-Agent: {sent.visitor.user_agent}\r\n"
        f"X-Forwarded-For: {sent.visitor.address}\r\n\r\n"
    )
    return head.encode() + sent.body


def http_get(visitor: Visitor) -> bytes:
    """A request for the front page as it goes over the wire."""
    return (
        f"GET / HTTP/1.1\r\n{_HEADERS}"
        f"User-Agent: {visitor.user_agent}\r\n"
        f"X-Forwarded-For: {visitor.address}\r\n\r\n"
    ).encode()


def _json(value: Any) -> bytes:  # noqa: ANN401 - whatever JSON holds
    return json.dumps(value, separators=(",", ":")).encode()
