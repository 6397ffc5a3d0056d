"""The package's patterns, filed: the answers must stay the package's own."""

from __future__ import annotations

import re

import crawleruseragents
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks import bot_verdicts
from ztas_middleware.intake.crawlers import LONGEST, Known, arrange, load

DATA = crawleruseragents.CRAWLER_USER_AGENTS_DATA
INSTANCES = [instance for entry in DATA for instance in entry["instances"]]


# The package's `matching_crawlers` compiles what it asks anew each time: 30 ms a call.
COMPILED = [(re.compile(entry["pattern"]), entry["tags"]) for entry in DATA]


def by_the_package(user_agent):
    """The same question, asked of every pattern in turn."""
    if not crawleruseragents.is_crawler(user_agent):
        return None
    tags = [tags for pattern, tags in COMPILED if pattern.search(user_agent)]
    return "library" if all("http-library" in some for some in tags) else "crawler"


def test_every_example_of_the_package_is_found_for_what_it_is():
    assert len(INSTANCES) > 2_000
    different = [one for one in INSTANCES if load().find(one) != by_the_package(one[:LONGEST])]
    assert different == []


def test_the_corpus_gets_the_answers_of_the_package():
    corpus = [*bot_verdicts.bots(), *list(bot_verdicts.browsers())[::10]]
    different = [one for one in corpus if load().find(one) != by_the_package(one[:LONGEST])]
    assert different == []


FRAGMENTS = st.sampled_from(
    [part for one in INSTANCES[::7] for part in re.split(r"(?<=[ ;/(])", one)]
)


@settings(deadline=None)  # the first example loads the tables
@given(st.lists(FRAGMENTS | st.text(max_size=3), max_size=12).map("".join))
def test_pieces_of_crawlers_get_the_answers_of_the_package(user_agent):
    assert load().find(user_agent) == by_the_package(user_agent[:LONGEST])


PATTERNS = [
    r"Nutch",
    r"abc",
    r"[wW]get",
    r"^curl",
    r"Labs$",
    r"GotSite\.com",
    r"Web (One|Two) Three",
    r"(^| )sentry\/",
    r"Spider[\s\S]*spider\.com",
    r"Feed\/\d+\.\d+ Fetcher",
    r"(Bots?)? Optional",
    r"colou?red",
    r"Auto|Newsify Feed",
    r"wo{2}oden",
    r"(?i)insensitive",
    r"Agent \(Bot\)",
    r"nested ((a)|b)c",
    r"back\\\\slash.dot",
    r"[^-]range",
    r"lazy.*?end",
]
TEXTS = st.lists(
    st.sampled_from(
        ["Nutch", "abc", "wget", "Wget", "curl", "Labs", "GotSite", ".com", "Web One Three",
         "Web Two Three", " ", "sentry/", "Spider", "spider.com", "Feed/1.0 Fetcher", "Bot", "Bots",
         " Optional", "colored", "coloured", "Auto", "Newsify Feed", "wooden", "woooden",
         "INSENSITIVE", "Agent (Bot)", "nested ac", "nested bc", "back\\slash-dot", "-range",
         "range", "lazy", "end"]
    ),
    max_size=6,
).map("".join)  # fmt: skip


@pytest.mark.parametrize("pattern", PATTERNS)
@settings(deadline=None)  # the first example loads the tables
@given(text=TEXTS)
def test_a_filed_pattern_matches_what_it_matched(pattern, text):
    found = arrange([Known(pattern)]).find(text)
    assert (found == "crawler") == bool(re.search(pattern, text))


def test_nearly_all_patterns_are_filed():
    assert len(load().unfiled) < 30


def test_a_crawler_wins_over_a_library():
    known = arrange([Known("libwww-perl", library=True), Known("checklink")])
    assert known.find("libwww-perl/6") == "library"
    assert known.find("libwww-perl/6 checklink libwww-perl") == "crawler"
    assert known.find("Mozilla/5.0") is None


FOLDED = [
    ("Site24x7", "mozilla/5.0 firefox/101.0 site24x7", True),
    ("Site24x7", "MOZILLA/5.0 SITE24X7/1", True),
    ("Sonic", "panasonic", False),
    ("Sonic", "Panasonic Sonic", True),
    ("Sogou", "om_sd_sogousz1", False),
    ("Yandex", "com.yandex", True),
    ("[cC]laude[bB]ot", "CLAUDEBOT/1.0", True),
    (r"Feed\/\d+ Fetcher", "feed/1 fetcher", True),
    (r"Feed\/\d+ Fetcher", "myfeed/1 fetcher", False),
    (r"(^| )PTST\/", "safari/537.36 ptst/1", True),
    (r"Labs$", "SSL LABS", True),
    (r"Labs$", "LABS/1", False),
    (r"GotSite\.com", "GOTSITE.COM", True),
]


@pytest.mark.parametrize(("pattern", "text", "found"), FOLDED)
def test_folded_it_is_found_in_any_letter_case_where_a_word_begins(pattern, text, found):
    known = arrange([Known(pattern)])
    assert (known.find(text, fold=True) == "crawler") == found
    assert known.find(text) is None or text == "Panasonic Sonic"


def test_names_of_our_own_are_found_folded_only():
    known = arrange([Known("Catchpoint", folded=True)])
    assert known.find("Catchpoint") is None
    assert known.find("x; catchpoint)", fold=True) == "crawler"


def test_names_of_applications_can_be_passed_over():
    known = arrange([Known("Tumblr", application=True), Known("Bot")])
    assert known.find("Tumblr/36", fold=True) == "crawler"
    assert known.find("Tumblr/36", fold=True, applications=False) is None
    assert known.find("Tumblr/36 Bot", fold=True, applications=False) == "crawler"


def test_the_one_that_says_most_is_placed():
    known = arrange([Known("Google"), Known("Googlebot"), Known("Googlebot-Image")])
    assert known.place("Googlebot-Image/1.0") == 2
    assert known.place("googlebot/2.1") == 1
    assert known.place("curl") is None
