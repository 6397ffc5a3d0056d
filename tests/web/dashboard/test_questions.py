"""Query strings: understood as far as possible, and written so that they are understood."""

from __future__ import annotations

from datetime import date, timezone
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ztas_middleware.config.domains import Domain
from ztas_middleware.config.model import Site
from ztas_middleware.reports.periods import Days, Hours
from ztas_middleware.web.dashboard.neighbours import earlier, later
from ztas_middleware.web.dashboard.questions import parse_question

UTC = timezone.utc
NOW = 1_794_061_800_000  # 2026-11-07 14:30
TODAY = date(2026, 11, 7)
SITE = Site(id="a", domains=(Domain("example.com"),))


def ask(query):
    return parse_question(query, SITE, NOW)


def test_nothing_asks_for_seven_days():
    question = ask("")
    assert question.period == Days(UTC, date(2026, 11, 1), TODAY)
    assert (question.filters.pairs(), question.chosen, question.problems) == ([], None, ())
    assert question.query() == "?"


@pytest.mark.parametrize(
    "query",
    [
        "period=24h",
        "period=365d&country=DE",
        "startDate=2026-01-01&endDate=2026-01-31",
        "page=%2Fa%26b+c%2A&source=Google",
        "utm_source=x&share=abc",
        "compare=year&interval=week",
        "compareStart=2026-01-01&compareEnd=2026-01-31&metric=bounces",
        "country=DE&tab=channels%2Cbrowsers&metric=sessions",
    ],
)
def test_a_question_and_its_query_are_one(query):
    question = ask(query)
    assert question.problems == ()
    assert question.query() == f"?{query}"


@pytest.mark.parametrize(
    ("query", "problem"),
    [
        ("period=banana", "period must be one of 24h, 7d, 30d, 90d, 365d, today"),
        ("startDate=2026-01-01", "endDate is required with startDate."),
        ("startDate=2026-02-30&endDate=2026-03-01", "startDate must be a date as in 2026-11-07."),
        ("startDate=2026-03-01&endDate=2026-02-01", "endDate must not be before startDate."),
        ("startDate=1000-01-01&endDate=2026-02-01", "startDate must be from 1970-01-01"),
        ("goal=Signups", "The filter goal names no goal of this site: Signups."),
        ("goal~=Signups", "The filter goal~ is not possible"),
        ("contry=DE", "There is no filter called “contry”."),
        ("compare=last", "compare must be one of previous, year, none."),
        ("compareStart=2026-01-01", "compareEnd is required with compareStart."),
        ("compare=none&compareStart=2026-01-01&compareEnd=2026-01-02", "compare can't be combined"),
        ("interval=hour&period=7d&interval=day", "interval is given twice."),
        ("offset=-1", "offset must be a whole number"),
        ("prop:=x", "The filter prop: names no property."),
        ("goal~=Signups&goal!~=x", "The filter goal~ is not possible"),
        ("page=" + "&page=".join("x" * 101), "The filter page has too many values"),
        ("metric=luck", "There is no number called “luck”."),
        ("list=everything", "There is no list called “everything”."),
        ("&".join(f"a{n}=1" for n in range(299)), "The address has too many parameters."),
    ],
    ids=lambda text: text[:24],
)
def test_nonsense_is_named_and_left_out(query, problem):
    question = ask(query)
    assert question.problems[0].startswith(problem)
    assert question.period.length == 7


def test_the_rest_of_a_question_with_nonsense_is_answered():
    question = ask("period=banana&country=DE&segment=x&list=pages")
    assert question.filters.pairs() == [("country", "DE")]
    assert question.chosen == "pages"
    assert len(question.problems) == 2


def test_filters_of_every_kind_are_kept():
    query = "country=DE&country=FR&page%21=%2Fa&browser~=fire&os%21~=win&prop%3Aplan=pro&city="
    assert ask(query).query() == f"?{query}"


def test_the_form_adds_a_filter_of_any_kind():
    question = ask("filter=page&is=!~&value=%2Fa&country=DE")
    assert question.is_form
    assert question.query() == "?country=DE&page%21~=%2Fa"
    assert ask("filter=page&is=&value=%2Fb&page=%2Fa").query() == "?page=%2Fa&page=%2Fb"
    assert ask("filter=colour&is=&value=red").problems == ("There is no filter called “colour”.",)


def test_a_list_at_length_keeps_how_it_is_looked_at():
    question = ask("list=pages&search=x&sort=-name&offset=100")
    assert question.at_length({"offset": "200"}) == "?list=pages&search=x&sort=-name&offset=200"
    assert question.at_length({"sort": "visitors"}) == "?list=pages&search=x&sort=visitors"
    assert question.query() == "?"


@given(st.dictionaries(st.text(), st.text(), max_size=60))
def test_any_query_string_is_a_question(parameters):
    question = ask(urlencode(parameters, errors="surrogatepass"))
    assert ask(question.query()[1:]).filters == question.filters


@given(st.text())
def test_any_text_is_a_question(text):
    ask(text)


def test_links_change_what_they_are_about_and_keep_the_rest():
    question = ask("period=30d&country=DE&share=abc&list=pages")
    assert question.query({"page": "/x"}) == "?period=30d&country=DE&share=abc&page=%2Fx"
    assert question.query({"country": None}) == "?period=30d&share=abc"
    assert question.for_period({"period": "7d"}) == "?country=DE&share=abc&list=pages"
    assert question.without_filters() == "?period=30d&share=abc"
    assert question.plain().query() == "?period=30d&share=abc"


@pytest.mark.parametrize(
    ("query", "before", "after"),
    [
        ("", {"startDate": "2026-10-25", "endDate": "2026-10-31"}, None),
        ("period=24h", {"startDate": "2026-11-06", "endDate": "2026-11-06"}, None),
        (
            "startDate=2026-10-25&endDate=2026-10-31",
            {"startDate": "2026-10-18", "endDate": "2026-10-24"},
            {"period": "7d"},
        ),
        (
            "startDate=2026-11-06&endDate=2026-11-06",
            {"startDate": "2026-11-05", "endDate": "2026-11-05"},
            {"startDate": "2026-11-07", "endDate": "2026-11-07"},
        ),
        (
            "startDate=1970-01-01&endDate=1970-01-02",
            None,
            {"startDate": "1970-01-03", "endDate": "1970-01-04"},
        ),
    ],
)
def test_the_periods_around(query, before, after):
    period = ask(query).period
    assert earlier(period, NOW) == before
    assert later(period, NOW) == after


def test_twenty_four_hours_are_hours():
    assert isinstance(ask("period=24h").period, Hours)
