"""What a report says as a mail and as a message, of a report that is made up."""

from __future__ import annotations

import re
from html.parser import HTMLParser

from ztas_middleware.deliveries.digest import digest
from ztas_middleware.deliveries.webhook import LONGEST
from ztas_middleware.dimensions import LISTS
from ztas_middleware.reports.answers import Entry, GoalResult, Point, Report, Summary
from ztas_middleware.reports.changes import Change, largest_change

LINK = "https://shop.example/ztas/shop?share=abc"


def make_report(visitors=1_234, before=1_000, **lists):
    return Report(
        site_id="shop",
        domain="shop.example",
        start="2026-11-16",
        end="2026-11-22",
        timezone="UTC",
        summary=Summary(3_210, visitors, 1_500, 42.5, 125.0, 30.0),
        previous=Summary(3_000, before, 1_400, 40.0, 100.0, 30.0),
        previous_so_far=Summary(3_000, before, 1_400, 40.0, 100.0, 30.0),
        timeseries=tuple(Point(f"2026-11-{day}", day * 20, day * 10) for day in range(16, 23)),
        lists={name: tuple(lists.get(name, ())) for name in LISTS},
        goals=(GoalResult("Orders", 12, 11, 0.9, 240.0),),
    )


PAGES = [Entry(("/",), 900, 500), Entry(("/<b>&é",), 30, 20), Entry(("/" + "long/" * 30,), 9, 5)]
SOURCES = [Entry(("Google",), 700, 400, 410), Entry(("Direct",), 200, 150, 160)]


def test_the_subject_says_the_most_important():
    message = digest(make_report(), change=None, link=None)
    assert message.subject == ("shop.example: 1,234 visitors (+23 %), 2026-11-16 to 2026-11-22")


def test_the_text_has_the_numbers_the_chart_and_the_lists():
    change = Change("sources", "Google", 400, 250)
    report = make_report(pages=PAGES, sources=SOURCES)
    text = digest(report, change=change, link=LINK).text
    assert re.search(r"^Visitors +1,234  \+23 %$", text, re.MULTILINE)
    assert re.search(r"^Bounce rate +42.5 %  \+2.5 points$", text, re.MULTILINE)
    assert re.search(r"^Visit length +2:05 min$", text, re.MULTILINE)
    assert "Changed most: 150 more visitors from Google (250 → 400)" in text
    assert re.search(r"^  2026-11-22 +220  █{24}$", text, re.MULTILINE)
    assert re.search(r"^  Google +400  █{24}$", text, re.MULTILINE)
    assert re.search(r"^  Orders +12  █{24}$", text, re.MULTILINE)
    assert text.endswith(f"\n{LINK}\n")
    assert max(map(len, text.splitlines())) < 90


class Reader(HTMLParser):
    """Notes what a mail would load, and what it says."""

    def __init__(self):
        super().__init__()
        self.links, self.loads, self.said, self.tags = [], [], [], set()

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        for name, value in attrs:
            if name in ("src", "background", "srcset") or "url(" in (value or ""):
                self.loads.append(value)
            if name == "href":
                self.links.append(value)

    def handle_data(self, data):
        self.said.append(data)


def read(html):
    reader = Reader()
    reader.feed(html)
    return reader


def test_the_html_says_the_same_and_loads_nothing():
    message = digest(make_report(pages=PAGES, sources=SOURCES), change=None, link=LINK)
    reader = read(message.html)
    assert reader.loads == []
    assert reader.links == [LINK]
    assert reader.tags.isdisjoint({"script", "style", "img", "link", "form", "b>"})
    said = " ".join(reader.said)
    for part in ("shop.example", "1,234", "+23 %", "42.5 %", "Google", "/<b>&é", "Orders"):
        assert part in said


def test_what_was_sent_by_strangers_is_no_markup():
    hostile = '"><script>alert(1)</script><img src=//evil.example/x>'
    lists = {
        name: [Entry((hostile,) * len(found.keys), 1, 1, 1, 1)] for name, found in LISTS.items()
    }
    change = Change("pages", hostile, 9, 0)
    message = digest(make_report(**lists), change=change, link=None)
    reader = read(message.html)
    assert "script" not in reader.tags
    assert "img" not in reader.tags
    assert reader.loads == []


def test_nothing_is_divided_by_nothing():
    message = digest(make_report(visitors=0, before=0), change=None, link=None)
    assert message.subject == "shop.example: 0 visitors, 2026-11-16 to 2026-11-22"
    assert "(new)" in digest(make_report(visitors=5, before=0), change=None, link=None).subject


def test_a_chat_gets_a_few_lines():
    brief = digest(make_report(pages=PAGES, sources=SOURCES), change=None, link=LINK).brief
    assert brief.splitlines()[0] == (
        "shop.example, 2026-11-16 to 2026-11-22: 1,234 (+23 %) visitors, 3,210 (+7 %) page views."
    )
    assert "Sources: Google 400, Direct 150" in brief
    assert brief.endswith(LINK)
    assert len(brief) < LONGEST


def test_what_changed_most_is_found_in_any_list_and_either_direction():
    before = make_report(
        sources=[Entry(("Google",), 0, 300), Entry(("Bing",), 0, 50)],
        pages=[Entry(("/gone",), 0, 90)],
        countries=[Entry(("DE",), 0, 100)],
    )
    report = make_report(
        sources=[Entry(("Google",), 0, 310), Entry(("ChatGPT",), 0, 60)],
        countries=[Entry(("DE",), 0, 100)],
    )
    found = largest_change(report, before)
    assert str(found) == "90 fewer visitors on /gone (90 → 0)"
    assert str(largest_change(before, report)) == "90 more visitors on /gone (0 → 90)"


def test_a_few_visitors_are_chance():
    before = make_report(sources=[Entry(("Google",), 0, 10)])
    report = make_report(sources=[Entry(("Google",), 0, 14)])
    assert largest_change(report, before) is None
    assert largest_change(make_report(), make_report()) is None
