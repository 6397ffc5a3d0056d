"""How often the verdicts on User-Agents are right, and what they cost.

    python -m benchmarks.bot_verdicts

The corpus is what the device_detector package (a port of Matomo's) ships as its own test
fixtures: 34,000 User-Agents of browsers and 1,300 of bots, with what each of them is. Nearly every
model of telephone is in it once, so it says little of what visitors send most, and much of what is
rare. The tables of `ztas_middleware/intake/bot_tables.py` were written with it at hand; a log of
your own is the better judge. tests/intake asserts these figures.
"""

from __future__ import annotations

import timeit
from collections import Counter
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, NamedTuple

import crawleruseragents
import yaml_rs  # what device_detector reads its fixtures with; ten times PyYAML's speed

from ztas_middleware.intake.agents import OTHER, Agent, identify
from ztas_middleware.intake.bots import BotFilter, classify
from ztas_middleware.intake.crawlers import LONGEST

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

BOTS = "bots.yml"

# device_detector's name, or how it begins: ours. Those it knows and we do not name are left out;
# Chrome's many derivatives count as Chrome there and here.
BROWSERS = {
    "Android Browser": "Android Browser",
    "Chrome": "Chrome",
    "Chromium": "Chrome",
    "Coc Coc": "Coc Coc",
    "DuckDuckGo": "DuckDuckGo",
    "Ecosia": "Ecosia",
    "Firefox": "Firefox",
    "HeyTapBrowser": "HeyTap Browser",
    "Huawei Browser": "Huawei Browser",
    "IE Mobile": "Internet Explorer",
    "Internet Explorer": "Internet Explorer",
    "Mi Browser": "Mi Browser",
    "Microsoft Edge": "Edge",
    "Mobile Safari": "Safari",
    "Mobile Silk": "Silk",
    "Opera": "Opera",
    "Puffin": "Puffin",
    "QQ Browser": "QQ Browser",
    "Quark": "Quark",
    "Safari": "Safari",
    "Samsung Browser": "Samsung Internet",
    "UC Browser": "UC Browser",
    "Vivaldi": "Vivaldi",
    "Yandex Browser": "Yandex Browser",
    "vivo Browser": "vivo Browser",
}
SYSTEMS = {
    "Android": "Android",
    "Chrome OS": "ChromeOS",
    "GNU/Linux": "Linux",
    "Mac": "macOS",
    "Windows": "Windows",
    "iOS": "iOS",
}
# Its `os_family` counts these as something else than we do.
OWN_SYSTEMS = {"HarmonyOS", "webOS", "Tizen", "Windows CE", "Windows RT"}
DEVICES = {
    "desktop": "desktop",
    "feature phone": "mobile",
    "phablet": "mobile",
    "smartphone": "mobile",
    "tablet": "tablet",
}


class Expected(NamedTuple):
    """What the corpus says of one browser, in our words; None where it cannot be compared."""

    browser: str | None
    os: str | None
    device: str | None
    version: int | None


@cache
def browsers() -> dict[str, Expected]:
    """The corpus's browsers, by User-Agent."""
    found = {}
    for name, entry in _fixtures():
        client = entry.get("client")
        if name != BOTS and isinstance(client, dict) and client.get("type") == "browser":
            found[entry["user_agent"]] = _expected(entry)
    return found


@cache
def bots() -> dict[str, str]:
    """The corpus's bots: the bot's name by User-Agent."""
    return {
        entry["user_agent"]: entry["bot"]["name"] for name, entry in _fixtures() if name == BOTS
    }


@cache
def _fixtures() -> list[tuple[str, dict[str, Any]]]:
    return list(_read())


def _read() -> Iterator[tuple[str, dict[str, Any]]]:
    folder = files("device_detector").joinpath("tests", "fixtures", "upstream")
    for file in folder.iterdir():
        if file.name.endswith(".yml"):
            for entry in yaml_rs.loads(file.read_text(encoding="utf-8")):
                yield file.name, entry


def _expected(entry: dict[str, Any]) -> Expected:
    if "headers" in entry:  # told from client hints, which are not part of the User-Agent
        return Expected(None, None, None, None)
    name = entry["client"]["name"]
    own = next((ours for theirs, ours in BROWSERS.items() if name.startswith(theirs)), None)
    if entry["user_agent"].startswith("Dalvik/"):
        own = None  # an application's own requests, not a browser
    system = entry.get("os")
    family = (
        None
        if isinstance(system, dict) and system.get("name") in OWN_SYSTEMS
        else (SYSTEMS.get(entry.get("os_family", "")))
    )
    device = DEVICES.get((entry.get("device") or {}).get("type") or "")
    major = str(entry["client"].get("version") or "").partition(".")[0]
    return Expected(own, family, device, int(major) if own and major.isdecimal() else None)


def false_positives() -> list[str]:
    """Browsers that a page's hit would be dropped for."""
    return [user_agent for user_agent in browsers() if classify(user_agent) != "human"]


def missed() -> list[str]:
    """Bots that a page's hit would be stored for."""
    return [user_agent for user_agent in bots() if classify(user_agent) == "human"]


def agreement(column: str) -> tuple[int, int]:
    """How many of the comparable browsers have the expected name in a column, of how many."""
    place = Agent._fields.index(column)
    pairs = [
        (expected[place], identify(user_agent[:LONGEST])[place])
        for user_agent, expected in browsers().items()
        if expected[place] is not None
    ]
    return sum(theirs == ours for theirs, ours in pairs), len(pairs)


def main() -> None:
    """Print the figures."""
    people, machines = list(browsers()), list(bots())
    wrong, passed = false_positives(), missed()
    alone = crawleruseragents.is_crawler
    print(f"{len(people):,} browsers, {len(machines):,} bots")
    print(f"taken for bots:      {len(wrong)} (the package alone: {_count(alone, people)})")
    for user_agent in wrong:
        print(f"    {classify(user_agent)}: {user_agent}")
    caught = len(machines) - len(passed)
    print(
        f"bots caught:         {caught} ({caught / len(machines):.1%}; the package alone: "
        f"{_count(alone, machines) / len(machines):.1%})"
    )
    names = Counter(bots()[user_agent] for user_agent in passed)
    print("    missed: " + ", ".join(f"{name} {count}" for name, count in names.most_common(20)))
    for column in Agent._fields:
        right, comparable = agreement(column)
        print(f"{column + ' agrees:':20} {right / comparable:.1%} of {comparable:,}")
    unknown = sum(identify(user_agent).browser == OTHER for user_agent in people)
    print(f"browsers unnamed:    {unknown / len(people):.1%}")
    _times(people)


def _count(judge: Callable[[str], bool], user_agents: list[str]) -> int:
    return sum(judge(user_agent[:LONGEST]) for user_agent in user_agents)


def _times(user_agents: list[str]) -> None:
    some = user_agents[:: len(user_agents) // 500]
    for name, judge, rounds in (
        ("the package", crawleruseragents.is_crawler, 1),
        ("classify", classify, 5),
        ("identify", identify, 5),
        ("look, remembered", BotFilter().look, 100),
    ):
        seconds = min(timeit.repeat(lambda: [judge(one) for one in some], number=rounds, repeat=3))  # noqa: B023 - called at once
        print(f"{name + ':':20} {seconds / rounds / len(some) * 1e6:.2f} us")


if __name__ == "__main__":
    main()
