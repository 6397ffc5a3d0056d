"""How the made-up visitors of the example shop behave: when they come, from where, what they do."""

from __future__ import annotations

from itertools import accumulate
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

if TYPE_CHECKING:
    import random
    from collections.abc import Mapping

# Monday to Sunday.
WEEK = (1.08, 1.12, 1.1, 1.04, 0.92, 0.78, 0.96)

# A visitor's local hours, midnight first.
HOURS = (4, 2, 1, 1, 1, 2, 5, 9, 13, 16, 18, 18, 19, 18, 17, 17, 18, 19, 22, 26, 27, 24, 17, 9)

T = TypeVar("T")


class Choice(Generic[T]):
    """Things to choose from by weight."""

    def __init__(self, weights: Mapping[T, float]) -> None:
        self._things = tuple(weights)
        self._sums = tuple(accumulate(weights.values()))

    def draw(self, rng: random.Random) -> T:
        """One of the things."""
        return rng.choices(self._things, cum_weights=self._sums)[0]


class Origin(NamedTuple):
    """Where a visit comes from."""

    referrer: str | None = None
    source: str | None = None
    medium: str | None = None
    campaign: str | None = None
    landing: str | None = None
    """The page it leads to, where it is always the same one."""
    term: str | None = None


class Agent(NamedTuple):
    """What a visitor looks with."""

    browser: str
    os: str
    device: str


class Home(NamedTuple):
    """Where a visitor is."""

    region: str | None = None
    city: str | None = None


HOUR_CHOICE = Choice(dict(enumerate(HOURS)))

LANDINGS = Choice(
    {
        "/": 46,
        "/teapots": 12,
        "/teapots/brown-betty": 9,
        "/teapots/kyusu": 6,
        "/teas/first-flush": 8,
        "/teas/gyokuro": 4,
        "/journal": 3,
        "/journal/first-flush": 7,
        "/journal/water-temperature": 9,
        "/journal/why-teapots-drip": 6,
        "/about": 2,
    }
)

# Where people go from each page; an empty path is the way out.
WAYS: Mapping[str, Choice[str]] = {
    "/": Choice({"": 40, "/teapots": 26, "/teas": 16, "/journal": 9, "/about": 5, "/contact": 4}),
    "/teapots": Choice(
        {"": 26, "/teapots/brown-betty": 28, "/teapots/kyusu": 20, "/teapots/gaiwan": 14, "/": 12}
    ),
    "/teapots/brown-betty": Choice({"": 44, "/cart": 24, "/teapots": 20, "/teas": 12}),
    "/teapots/kyusu": Choice({"": 47, "/cart": 18, "/teapots": 23, "/teas/gyokuro": 12}),
    "/teapots/gaiwan": Choice({"": 50, "/cart": 14, "/teapots": 36}),
    "/teas": Choice({"": 28, "/teas/first-flush": 38, "/teas/gyokuro": 22, "/": 12}),
    "/teas/first-flush": Choice({"": 50, "/cart": 20, "/teas": 18, "/journal/first-flush": 12}),
    "/teas/gyokuro": Choice({"": 52, "/cart": 17, "/teas": 31}),
    "/journal": Choice(
        {
            "": 26,
            "/journal/first-flush": 28,
            "/journal/water-temperature": 26,
            "/journal/why-teapots-drip": 20,
        }
    ),
    "/journal/first-flush": Choice({"": 66, "/teas/first-flush": 22, "/journal": 12}),
    "/journal/water-temperature": Choice({"": 70, "/journal": 14, "/teas": 10, "/": 6}),
    "/journal/why-teapots-drip": Choice({"": 74, "/teapots": 14, "/journal": 8, "/": 4}),
    "/cart": Choice({"": 38, "/checkout/address": 50, "/teapots": 12}),
    "/checkout/address": Choice({"": 24, "/checkout/payment": 76}),
    "/checkout/payment": Choice({"": 16, "/thanks": 84}),
    "/thanks": Choice({"": 100}),
    "/about": Choice({"": 62, "/contact": 18, "/": 20}),
    "/contact": Choice({"": 80, "/": 20}),
}

# Seconds that are read on average; the other pages have 35.
READING = {
    "/journal/first-flush": 140,
    "/journal/water-temperature": 170,
    "/journal/why-teapots-drip": 210,
    "/checkout/address": 70,
    "/checkout/payment": 60,
}

PRICES = {"/teapots/brown-betty": 24.5, "/teapots/kyusu": 68.0, "/teapots/gaiwan": 19.0}

ORIGINS: Mapping[Origin, float] = {
    Origin(): 34,
    Origin("https://www.google.com/"): 24,
    Origin("https://www.google.de/"): 6,
    Origin("https://duckduckgo.com/"): 6,
    Origin("https://www.bing.com/"): 4,
    Origin("https://www.reddit.com/r/tea/"): 5,
    Origin("https://www.instagram.com/"): 5,
    Origin("https://t.co/"): 3,
    Origin("https://github.com/"): 1.5,
    Origin("https://en.wikipedia.org/wiki/Teapot"): 2.5,
    Origin("https://chatgpt.com/"): 2,
    Origin("https://steeped.example/links"): 3,
    Origin("https://pottery.example/makers/stoke"): 2,
}
NEWSLETTER = Origin(None, "newsletter", "email", "fortnightly", "/journal")
SUMMER = Origin(None, "google", "cpc", "summer-sale", "/teapots", "brown betty")
HARVEST = Origin("https://www.instagram.com/", "Instagram", "social", "first-flush")
FORUM = Origin("https://news.ycombinator.com/", landing="/journal/why-teapots-drip")

AGENTS = Choice(
    {
        Agent("Chrome", "Windows", "desktop"): 21,
        Agent("Chrome", "macOS", "desktop"): 9,
        Agent("Chrome", "Android", "mobile"): 22,
        Agent("Safari", "iOS", "mobile"): 20,
        Agent("Safari", "macOS", "desktop"): 8,
        Agent("Safari", "iOS", "tablet"): 3,
        Agent("Firefox", "Windows", "desktop"): 4,
        Agent("Firefox", "Linux", "desktop"): 4,
        Agent("Edge", "Windows", "desktop"): 6,
        Agent("Samsung Internet", "Android", "mobile"): 3,
    }
)
COUNTRIES = Choice(
    {
        "GB": 30, "US": 19, "DE": 14, "FR": 7, "NL": 5, "JP": 5, "IE": 4, "CA": 4, "IN": 3,
        "AU": 3, "SE": 2, "PL": 2, None: 2,
    }
)  # fmt: skip

HOMES = {
    "GB": Choice(
        {
            Home("GB-ENG", "London"): 40, Home("GB-ENG", "Manchester"): 14,
            Home("GB-ENG", "Bristol"): 10, Home("GB-SCT", "Edinburgh"): 12,
            Home("GB-WLS", "Cardiff"): 6, Home("GB-ENG"): 18,
        }
    ),
    "US": Choice(
        {
            Home("US-NY", "New York"): 24, Home("US-CA", "Los Angeles"): 18,
            Home("US-CA", "San Francisco"): 14, Home("US-OR", "Portland"): 12, Home("US-TX"): 10,
        }
    ),
    "DE": Choice(
        {
            Home("DE-BE", "Berlin"): 34, Home("DE-HH", "Hamburg"): 26, Home("DE-BY", "Munich"): 22,
            Home("DE-NI", "Leer"): 6,
        }
    ),
    "FR": Choice({Home("FR-IDF", "Paris"): 70, Home("FR-ARA", "Lyon"): 30}),
    "NL": Choice({Home("NL-NH", "Amsterdam"): 60, Home("NL-UT", "Utrecht"): 40}),
    "JP": Choice({Home("JP-13", "Tokyo"): 60, Home("JP-26", "Kyoto"): 40}),
}  # fmt: skip
LANGUAGES = {"DE": "de", "FR": "fr", "NL": "nl", "JP": "ja", "SE": "sv", "PL": "pl"}
"""By country; the others read English."""

SCREENS = {
    "desktop": Choice({1440: 38, 1920: 46, 9999: 16}),
    "mobile": Choice({480: 95, 768: 5}),
    "tablet": Choice({768: 25, 1024: 75}),
}
VERSIONS = {
    "Chrome": Choice({142: 62, 141: 24, 140: 8, 138: 6}),
    "Safari": Choice({26: 55, 18: 38, 17: 7}),
    "Firefox": Choice({145: 70, 144: 18, 140: 12}),
    "Edge": Choice({142: 74, 141: 26}),
    "Samsung Internet": Choice({29: 80, 28: 20}),
}
DELIVERIES = Choice({"standard": 78, "express": 22})

READERS = {
    ("Googlebot", "search"): 14,
    ("Bingbot", "search"): 6,
    ("GPTBot", "ai"): 5,
    ("ChatGPT-User", "ai"): 4,
    ("ClaudeBot", "ai"): 3,
    ("PerplexityBot", "ai"): 2,
    ("WhatsApp", "preview"): 2,
    ("UptimeRobot", "monitor"): 12,
}
"""Who reads pages without being a visitor, of what kind, and how often a day."""
