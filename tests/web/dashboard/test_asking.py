"""What a reader can ask by clicks and forms: filters, comparisons, numbers, lists, journeys."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest
from pages import card, click, form_with, said, texts, tiles
from small_history import DAY, NOW, make_hit

HOUR = 3_600_000


def test_every_row_is_a_filter_and_a_chip_takes_it_away(browser):
    page = click(browser.get("/ztas/shop"), "Germany")
    assert page.request.query_string == "country=DE"
    assert tiles(page)["Visitors"] == "3"
    assert texts(page, ".chip") == ["Country is Germany Remove the filter Country is Germany"]
    page = click(page, "/cart")
    assert tiles(page)["Visitors"] == "2"
    assert len(texts(page, ".chip")) == 2
    page = click(page, "Remove the filter Country is Germany")
    assert page.request.query_string == "page=%2Fcart"
    page = click(page, "/cart")
    assert page.request.query_string == ""


@pytest.mark.parametrize(
    ("query", "chip", "visitors"),
    [
        ("country=DE", "Country is Germany", "3"),
        ("country!=DE", "Country is not Germany", "1"),
        ("page=/cart&page=/x", "Page is /cart or /x", "2"),
        ("page~=guid", "Page contains guid", "2"),
        ("page!~=guid", "Page contains not guid", "2"),
        ("utm_medium=", "Campaign medium is (none)", "3"),
        ("goal=Orders", "Goal is Orders", "1"),
        ("segment=Germans", "Segment is Germans", "3"),
    ],
)
def test_filters_of_every_kind_have_a_chip_that_turns_round(browser, query, chip, visitors):
    page = browser.get(f"/ztas/shop?{query}")
    assert texts(page, ".chip")[0].startswith(chip)
    assert tiles(page)["Visitors"] == visitors
    turned = browser.get(page.request.path + page.html.select_one(".chip a")["href"])
    if not query.startswith(("goal", "page=")):  # whoever has such a row has others, too
        assert int(tiles(turned)["Visitors"]) == 4 - int(visitors)
    back = browser.get(page.request.path + turned.html.select_one(".chip a")["href"])
    assert texts(back, ".chip") == texts(page, ".chip")


def test_a_filter_can_be_added_by_a_form(browser):
    form = form_with(browser.get("/ztas/shop?country=DE&period=30d"), "filter")
    form["filter"], form["is"], form["value"] = "page", "~", "cart"
    page = form.submit()
    assert page.status_int == 303
    page = page.follow()
    assert page.request.query_string == "period=30d&country=DE&page~=cart"
    assert texts(page, ".chip b") == ["Germany", "cart"]


def test_segments_are_a_click(browser):
    page = click(browser.get("/ztas/shop"), "Germans")
    assert page.request.query_string == "segment=Germans"
    assert click(page, "Germans").request.query_string == ""


def test_the_open_tab_is_in_the_address(browser):
    page = click(browser.get("/ztas/shop"), "Channels")
    assert page.request.GET == {"tab": "channels"}
    page = click(page, "Browsers")
    assert page.request.GET == {"tab": "channels,browsers"}
    assert {"Browsers", "Channels"} <= set(texts(page, '.tabs [aria-current="true"]'))
    page = click(page, "Sources")
    assert page.request.GET == {"tab": "browsers"}
    assert click(page, "Devices").request.query_string == ""


@pytest.mark.parametrize(
    ("query", "dates", "change"),
    [
        ("", "25 – 31 Oct 2026", "up 300% compared with 1 in 25 – 31 Oct 2026"),
        ("compare=year", "1 – 7 Nov 2025", "–"),
        ("compare=none", "", "–"),
        (
            "compareStart=2026-10-01&compareEnd=2026-10-31",
            "1 – 31 Oct 2026",
            "up 300% compared with 1 in 1 – 31 Oct 2026",
        ),
        ("period=24h", "the 24 hours before", "up 200% compared with 1 in the 24 hours before"),
    ],
    ids=["the period before", "a year before", "nothing", "other dates", "hours"],
)
def test_a_period_is_held_against_others(browser, query, dates, change):
    page = browser.get(f"/ztas/shop?{query}")
    assert texts(page, ".change")[0].removesuffix(" up to 14:30") == change
    assert texts(page, ".against summary") == [f"Compared with {dates}" if dates else "Compare"]


def test_a_day_that_runs_is_held_against_as_much_of_the_one_before(browser, store):
    times = {"early": NOW - DAY - HOUR, "late": NOW - DAY + 6 * HOUR}
    store([make_hit(time, visitor=visitor) for visitor, time in times.items()])
    page = browser.get("/ztas/shop?period=today")
    assert texts(page, ".change")[0] == "up 50% compared with 2 in 6 Nov 2026 up to 14:30"


def test_a_number_is_chosen_for_the_chart(browser):
    page = click(browser.get("/ztas/shop"), "Bounce rate")
    assert page.request.query_string == "metric=bounces"
    assert texts(page, ".legend .now") == ["Bounce rate"]
    titles = [title.text for title in page.html.select(".plot .target title")]
    assert titles[-1].startswith("Sat 7 Nov 2026\n66.7% bounce rate")
    assert click(page, "Visitors").request.query_string == ""


@pytest.mark.parametrize("metric", ["views", "sessions", "duration", "time"])
@pytest.mark.parametrize("period", ["24h", "today", "365d"])
def test_every_number_has_a_chart_of_every_period(browser, metric, period):
    page = browser.get(f"/ztas/shop?metric={metric}&period={period}")
    assert len(texts(page, ".legend .now")) == 1
    assert len(texts(page, ".numbers tbody tr")) >= 24


def test_the_steps_of_a_chart_are_a_choice(browser):
    page = browser.get("/ztas/shop?period=90d")
    assert texts(page, ".unit [aria-current]") == ["day"]
    page = click(page, "week")
    assert page.request.GET == {"period": "90d", "interval": "week"}
    assert len(texts(page, ".numbers tbody tr")) == 13
    page = click(page, "month")
    assert texts(page, ".numbers tbody th")[-1] == "1 – 7 Nov 2026"
    assert not texts(click(page, "Bounce rate"), ".unit a")


def test_what_happened_is_marked_and_listed(browser):
    page = browser.get("/ztas/shop")
    assert texts(page, ".happenings li") == ["Thu 5 Nov 2026 New design"]
    assert len(page.html.select(".plot .mark")) == 1
    assert not texts(browser.get("/ztas/shop?period=today"), ".happenings li")


def test_what_changed_most_is_a_sentence(browser, store):
    store([make_hit(NOW - DAY, visitor=f"v{number}", country="FR") for number in range(9)])
    (sentence,) = texts(browser.get("/ztas/shop"), ".changed")
    assert sentence.startswith("What changed most: ")
    assert "more visitors" in sentence
    # What has nothing before it, and a morning beside a whole day, are no change.
    assert not texts(browser.get("/ztas/shop?compare=year"), ".changed")
    assert not texts(browser.get("/ztas/shop?period=today"), ".changed")


def test_journeys_are_around_the_page_that_is_filtered_by(browser, store):
    visit = [(3, "/a"), (2, "/b"), (1, "/c")]
    store([make_hit(NOW - ago * 1_000, path=path, visitor="walker") for ago, path in visit])
    page = browser.get("/ztas/shop?page=/b")
    rows = [said(row) for row in card(page, "Before and after /b").select("tbody tr")]
    assert rows == ["/a 1", "/c 1"]
    assert click(page, "/c").request.query_string == "page=%2Fc"
    assert "Before and after" not in browser.get("/ztas/shop").text


def test_the_week_is_a_grid_of_hours(browser):
    rows = browser.get("/ztas/shop").html.select(".week tbody tr")
    cells = [row.select("td") for row in rows]
    assert [len(row) for row in cells] == [24] * 7
    assert cells[5][14].get_text() == "2", "Saturday, from 14:00"


def test_a_click_keeps_a_name_with_an_asterisk_and_no_other(browser, store):
    paths = ["/*", "/*", "/x"]
    store(make_hit(NOW - n, path=path, visitor=f"v{n}") for n, path in enumerate(paths))
    page = click(browser.get("/ztas/shop"), "/*")
    assert tiles(page)["Page views"] == "2"
    # Again lets the others in.
    assert "page" not in click(page, "/*").request.GET


def test_properties_lead_to_their_values(browser, store):
    plans = ['"pro"', '"pro"', '"free"', "true"]
    store(
        make_hit(
            NOW,
            kind="event",
            action="buy",
            visitor=f"v{number}",
            properties=f'{{"plan":{plan}}}',
        )
        for number, plan in enumerate(plans)
    )
    page = click(browser.get("/ztas/shop?tab=properties"), "plan")
    assert page.request.GET["list"] == "prop:plan"
    found = texts(page, ".alone tbody tr")
    assert found == ["(none) 4 4 1", "pro 2 0 2", "free 1 0 1", "true 1 0 1"]
    answer = click(page, "CSV of plan")
    assert answer.content_disposition.endswith('"shop-values-2026-11-01-2026-11-07.csv"')
    assert answer.text.splitlines() == [
        "prop:plan,uniqueVisitors,pageviews,events",
        ",4,4,1",
        "pro,2,0,2",
        "free,1,0,1",
        "true,1,0,1",
    ]
    searched = browser.get("/ztas/shop/csv?list=prop:plan&search=pr&sort=name").text
    assert searched.splitlines()[1:] == ["pro,2,0,2"]
    page = click(page, "pro")
    assert page.request.GET["prop:plan"] == "pro"
    assert tiles(page)["Visitors"] == "2"


def test_assistants_that_read_pages_have_a_list_of_their_own(browser, tmp_path):
    with closing(sqlite3.connect(tmp_path / "ztas.db")) as connection, connection:
        connection.executemany(
            "insert into agent_reads (site_id, day, name, kind, path, count) "
            "values ('shop', ?, ?, ?, ?, ?)",
            [
                ("2026-11-07", "ChatGPT-User", "ai", "/a", 5),
                ("2026-11-01", "ChatGPT-User", "ai", "/b", 2),
                ("2026-10-01", "Googlebot", "search", "/", 9),
            ],
        )
    page = browser.get("/ztas/shop?country=DE")
    found = card(page, "Assistants")
    assert [said(row) for row in found.select("tbody tr")] == ["ChatGPT-User AI /a 7"]
    assert "no filter applies" in said(found)
    assert click(page, "CSV of assistants and crawlers").text.splitlines()[1:] == [
        "ChatGPT-User,ai,/a,5",
        "ChatGPT-User,ai,/b,2",
    ]


def test_a_list_can_be_shown_at_length(browser, store):
    store(
        [make_hit(NOW - DAY, path=f"/{number:03}", visitor=f"v{number}") for number in range(150)]
    )
    page = click(browser.get("/ztas/shop"), "Show all 152 of Pages")
    assert page.request.query_string == "list=pages"
    assert texts(page, ".alone .foot span")[0] == "1 – 100 of 152"
    page = click(page, "Next page")
    assert texts(page, ".alone .foot span")[0] == "101 – 152 of 152"
    assert len(page.html.select(".alone tbody tr")) == 52
    assert click(page, "Back to all lists").request.query_string == ""
    assert click(page, "30 days 30 d").request.GET == {"list": "pages", "period": "30d"}
    page = click(page, "Page")
    assert texts(page, ".alone tbody tr")[0] == "/000 1 1"
    page = click(page, "Page")
    assert texts(page, ".alone tbody tr")[0] == "/guides/a 2 2"
    form = form_with(page, "search")
    form["search"] = "/14"
    page = form.submit()
    assert page.request.GET == {"list": "pages", "sort": "-name", "search": "/14"}
    assert texts(page, ".alone tbody th") == [f"/14{digit}" for digit in range(9, -1, -1)]
    assert len(click(page, "CSV of Pages").text.splitlines()) == 11
    assert "No name has that in it." in browser.get("/ztas/shop?list=pages&search=nowhere")


@pytest.mark.parametrize(
    ("sort", "names"),
    [
        ("", ["two", "one"]),
        ("events", ["one", "two"]),
        ("-events", ["two", "one"]),
        ("value", ["two", "one"]),
        ("name", ["one", "two"]),
        ("colour", ["two", "one"]),
    ],
)
def test_lists_are_sorted_by_any_column_visitors_first(browser, store, sort, names):
    events = [("one", "a", 1.0)] * 3 + [("two", "a", 2.0), ("two", "b", 7.5)]
    store(
        make_hit(NOW, kind="event", action=action, visitor=visitor, value=value)
        for action, visitor, value in events
    )
    page = browser.get(f"/ztas/shop?list=events&sort={sort}&action!=order")
    assert [name.split()[0] for name in texts(page, ".alone tbody th")] == names


def test_what_was_dropped_is_said_beside_what_counts(browser, tmp_path):
    with closing(sqlite3.connect(tmp_path / "ztas.db")) as connection, connection:
        connection.execute(
            "insert into drops (site_id, day, reason, count) "
            "values ('shop', '2026-11-07', 'bot', 3)"
        )
    page = browser.get("/ztas/shop?country=DE")
    page = click(page, "3 hits were not counted, whatever the filter")
    assert page.request.path_info == "/ztas/shop/drops"


def test_goals_and_funnels_are_files_too(browser):
    page = browser.get("/ztas/shop")
    assert click(page, "CSV of Goals").text.splitlines() == [
        "name,conversions,uniqueVisitors,conversionRate,value",
        "Guides,2,2,50.0,0.0",
        "Orders,1,1,25.0,20.0",
    ]
    assert click(page, "CSV of funnels").text.splitlines() == [
        "funnel,name,sessions,rate",
        "Checkout,/cart,2,100.0",
        "Checkout,Paid,1,50.0",
    ]


def test_right_now_obeys_the_filter_and_says_so(browser):
    now = browser.get("/ztas/shop?page=/guides*").html.select_one("#realtime")
    assert said(now.h2) == "Right now · filtered"
    assert [said(row) for row in now.select("tbody tr")] == ["/guides/a 14:10"]
    assert "page=%2Fguides%2A" in now["data-refresh"]


def test_every_key_is_documented_and_leads_somewhere(browser):
    page = browser.get("/ztas/shop?startDate=2026-10-01&endDate=2026-10-02")
    documented = {key.lower() for key in texts(page, ".keys kbd")} - {"esc"}
    assert documented == {tag["data-key"] for tag in page.html.select("[data-key]")}
