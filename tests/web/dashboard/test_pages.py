"""What the pages say, and that every link of theirs says more."""

from __future__ import annotations

import gzip
import sqlite3
from contextlib import closing
from urllib.parse import urljoin

import pytest
from pages import click, form_with, one_of_each_kind, said, texts, tiles
from small_history import DAY, NOW, make_hit

from ztas_middleware.store.notices import PUT, STRAY_PROXY


def rows(answer, key):
    """The rows of a list, which is opened first: its names and its other cells."""
    page = answer.goto(f"{answer.request.path_info}?tab={key}")
    found = page.html.select("section.card")
    (card,) = (c for c in found if c.select_one(f'.foot a[download][href*="list={key}"]'))
    return [
        (row.th.get_text(strip=True), *(cell.get_text(strip=True) for cell in row.select("td")))
        for row in card.select("tbody tr")
    ]


def test_the_numbers_are_those_of_the_report(browser):
    page = browser.get("/ztas/shop")
    assert page.html.title.text == "shop.example – 1 – 7 Nov 2026"
    assert tiles(page) == {
        "Visitors": "4",
        "Page views": "4",
        "Sessions": "4",
        "Bounce rate": "75%",
        "Session duration": "15s",
        "Time on page": "0s",
    }
    assert texts(page, ".change")[0] == "up 300% compared with 1 in 25 – 31 Oct 2026"
    assert rows(page, "pages") == [("/cart", "2", "2"), ("/guides/a", "2", "2")]
    assert rows(page, "entryPages") == [("/cart", "2"), ("/guides/a", "2")]
    assert rows(page, "sources") == [
        ("Direct", "2", "2"),
        ("letter", "1", "1"),
        ("news.example", "1", "1"),
    ]
    assert rows(page, "campaigns") == [("autumn · letter / email", "1", "1")]
    assert rows(page, "countries") == [
        ("Germany", "3", "3", "75%"),
        ("United States", "1", "1", "25%"),
    ]
    assert rows(page, "events") == [("order", "1", "1", "20")]
    assert texts(page, ".funnel div") == ["/cart 2 100%", "Paid 1 50%"]
    assert "Guides 2 2 – 50%" in texts(page, "tbody tr")
    assert "Orders 1 1 20 25%" in texts(page, "tbody tr")


def test_the_chart_has_its_numbers_in_a_table(browser):
    page = browser.get("/ztas/shop")
    table = texts(page, ".numbers tbody tr")
    assert len(table) == 7
    assert table[-1] == "Sat 7 Nov 2026 3 1 3 1"
    assert table[-2] == "Fri 6 Nov 2026 1 0 1 0"
    titles = [title.text for title in page.html.select(".plot .target title")]
    assert titles[-1].startswith("Sat 7 Nov 2026\n3 visitors\n3 page views\n")


def test_right_now_is_what_just_happened(browser):
    now = browser.get("/ztas/shop").html.select_one("#realtime")
    assert now.select_one(".big").get_text(strip=True) == "1"
    assert [row.get_text(" ", strip=True) for row in now.select("tbody tr")] == [
        "/cart 14:28",
        "/guides/a 14:10",
    ]
    assert len(now.select(".columns g")) == 30
    part = browser.get(now["data-refresh"])
    assert part.html.select_one("#realtime").get_text() == now.get_text()
    assert "<html" not in part.text


def test_a_campaign_filters_by_all_that_names_it(browser):
    page = click(browser.get("/ztas/shop?tab=campaigns"), "autumn · letter / email")
    assert page.request.GET == {
        "utm_source": "letter",
        "utm_medium": "email",
        "utm_campaign": "autumn",
        "tab": "campaigns",
    }
    assert tiles(page)["Page views"] == "1"


def test_goals_are_filters(browser):
    page = click(browser.get("/ztas/shop"), "Orders")
    assert page.request.query_string == "goal=Orders"
    assert click(page, "Orders").request.query_string == ""


@pytest.mark.parametrize("period", ["24h", "7d", "30d", "90d", "365d"])
def test_each_period_has_a_page_and_says_so(browser, period):
    page = browser.get("/ztas/shop", {"period": period})
    (current,) = page.html.select('.segments [aria-current="true"]')
    assert click(page, said(current)).html.title == page.html.title


def test_periods_lead_to_the_ones_around(browser):
    page = browser.get("/ztas/shop")
    assert not page.html.select('[rel="next"]')
    before = click(page, "The period before")
    assert texts(before, ".dates") == ["25 – 31 Oct 2026 · UTC"]
    assert tiles(before)["Visitors"] == "1"
    assert click(before, "The period after").request.query_string == ""


def test_dates_can_be_chosen(browser):
    form = form_with(browser.get("/ztas/shop?country=DE"), "startDate")
    form["startDate"], form["endDate"] = "2026-11-06", "2026-11-06"
    page = form.submit()
    assert tiles(page)["Visitors"] == "1"
    assert texts(page, ".chip b") == ["Germany"]
    assert page.html.select(".custom[data-current]")


def test_a_year_is_shown_by_weeks(browser):
    page = browser.get("/ztas/shop?period=365d")
    assert texts(page, ".unit [aria-current]") == ["week"]
    assert sum(int(row.split()[-4]) for row in texts(page, ".numbers tbody tr")) == 5


def test_nonsense_is_answered_with_a_page_that_says_so(browser):
    page = browser.get("/ztas/shop?period=banana&goal=&list=x&colour=red&%ff=%fe")
    assert tiles(page)["Visitors"] == "4"
    (problem,) = texts(page, '[role="alert"]')
    assert "period must be one of 24h, 7d, 30d, 90d, 365d, today" in problem
    assert "These are the last seven days." in problem
    assert "There is no filter called “colour”." in problem


@pytest.mark.parametrize(
    "query", ["startDate=2999-12-30&endDate=2999-12-31", "startDate=1970-01-01&endDate=1970-01-01"]
)
def test_the_ends_of_time_have_a_page(browser, query):
    assert set(tiles(browser.get(f"/ztas/shop?{query}")).values()) <= {"0", "0%", "0s"}


def test_a_site_without_hits_says_what_to_do(stranger):
    stranger.log_in()
    page = stranger.get("/ztas/shop")
    assert texts(page, ".welcome h2") == ["No hits yet"]
    assert texts(page, "pre") == ['<script defer src="/js/ztas.js" data-site="shop"></script>']
    assert not page.html.select(".tiles")


def test_without_a_script_the_empty_page_says_how_to_get_one(open_browser):
    browser = open_browser(script=None)
    browser.log_in()
    assert "script: /js/ztas.js" in browser.get("/ztas/shop").text


def test_a_filter_that_matches_nothing_is_no_empty_site(browser):
    page = browser.get("/ztas/shop?country=FR")
    assert tiles(page)["Visitors"] == "0"
    assert "Nothing that matches the filter." in page


def test_all_sites_are_listed_with_their_visitors(browser):
    page = browser.get("/ztas/")
    assert texts(page, ".site-card h2") == ["shop.example", "open.example", "münchen.de"]
    assert texts(page, ".small-tiles dd")[:2] == [
        "4 up 300% compared with 1 in 25 – 31 Oct 2026",
        "4",
    ]
    assert texts(page, ".active")[0] == "1 right now"
    page = click(page, "12 months 12 m")
    assert texts(page, ".small-tiles dd")[0].startswith("5")
    assert click(page, "shop.example").request.url.endswith("/ztas/shop?period=365d")


def test_a_site_id_may_be_anything(browser):
    page = click(browser.get("/ztas/"), "münchen.de")
    assert page.request.path_info == "/ztas/münchen/ä"
    assert texts(page, "h1") == ["münchen.de"]


def test_no_slash_leads_to_the_list(browser):
    assert browser.get("/ztas?period=30d").location.endswith("/ztas/?period=30d")


def test_drops_are_explained(browser):
    page = click(browser.get("/ztas/shop"), "Why is my count low?")
    assert "Nothing was dropped in this period. 4 page views count." in texts(page, ".lead")
    assert len(texts(page, ".reasons tbody tr")) == 7


def test_drops_are_counted_by_reason(browser, tmp_path):
    with closing(sqlite3.connect(tmp_path / "ztas.db")) as connection, connection:
        connection.executemany(
            "insert into drops (site_id, day, reason, count) values (?, ?, ?, ?)",
            [
                ("shop", "2026-11-07", "bot", 3),
                ("shop", "2026-11-01", "bot", 20),
                ("shop", "2026-11-02", "origin", 5),
                ("shop", "2026-10-31", "bot", 1_000),
                ("open", "2026-11-07", "bot", 7),
                ("", "2026-11-07", "invalid", 9),
            ],
        )
    page = browser.get("/ztas/shop/drops")
    assert texts(page, ".lead") == [
        "28 hits were dropped and not stored, beside 4 page views that count."
    ]
    assert [row.split()[0] + row.split()[-1] for row in texts(page, ".reasons tbody tr")][:2] == [
        "Bots23",
        "Wrong5",
    ]
    assert "9 more hits named no site" in " ".join(texts(page, ".note"))
    assert "1,023" in click(page, "12 months 12 m").text


def test_a_proxy_that_nobody_trusts_is_told(browser, tmp_path):
    with closing(sqlite3.connect(tmp_path / "ztas.db")) as connection, connection:
        notice = {"name": STRAY_PROXY, "time": NOW, "detail": '[127.0.0.1, "::1"]'}
        connection.execute(PUT, notice)
    notes = " ".join(texts(browser.get("/ztas/shop/drops"), ".note"))
    assert "A proxy with a private address sends X-Forwarded-For" in notes
    assert "the line trusted_proxies: private" in notes


def test_csv_is_what_is_shown(browser):
    page = browser.get("/ztas/shop?country=DE")
    answer = click(page, "CSV of Pages")
    assert answer.content_type == "text/csv"
    assert (
        answer.headers["Content-Disposition"]
        == 'attachment; filename="shop-pages-2026-11-01-2026-11-07.csv"'
    )
    assert answer.text == "path,pageviews,uniqueVisitors\r\n/cart,2,2\r\n/guides/a,1,1\r\n"
    answer = click(page, "CSV of page views and visitors")
    assert answer.text.splitlines()[-2:] == ["2026-11-06,1,1", "2026-11-07,2,2"]


@pytest.mark.parametrize("path", ["/ztas/", "/ztas/shop", "/ztas/shop/drops", "/ztas/shop/share"])
def test_every_link_leads_to_a_page_also_below_a_mount(browser, path):
    browser.mount = "/app"
    browser.post("/app/ztas/-/login", {"password": "correct horse"})
    page = browser.get(f"/app{path}")
    links = {urljoin(page.request.path, a["href"]) for a in page.html.select("a[href]")}
    assert len(links) >= 3
    for link in links:
        assert link.startswith("/app/ztas/") or link.endswith("#content"), link
    for link in one_of_each_kind(sorted(links)):
        if "/-/" not in link:
            assert browser.get(link).status_int == 200, link


def test_pages_are_compressed_for_those_who_can_read_that(browser):
    plain = browser.raw("/ztas/shop")
    packed = browser.raw("/ztas/shop", "gzip")
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.body) == plain.body
    head = browser.head("/ztas/shop")
    assert (head.body, head.content_length) == (b"", len(plain.body))


def test_a_busy_site_weighs_little(browser, store):
    store(
        make_hit(
            NOW - (number % 400) * DAY // 3,
            path=f"/section/a-rather-long-path-of-a-page/{number % 997}",
            visitor=f"v{number}",
            referrer=f"https://host-{number % 61}.example/",
            utm_campaign=f"campaign {number % 13}",
            country=("DE", "FR", "US", "GB")[number % 4],
        )
        for number in range(5_000)
    )
    page = browser.get("/ztas/shop?period=90d")
    files = [tag.get("href") or tag["src"] for tag in page.html.select("link[href], script[src]")]
    loaded = [browser.raw(path, "gzip") for path in ("/ztas/shop?period=90d", *files)]
    assert len(loaded) <= 4
    assert sum(answer.content_length for answer in loaded) <= 30_000


def test_a_database_out_of_order_is_said_in_a_page(browser, tmp_path):
    (tmp_path / "ztas.db").write_bytes(b"nothing of ours" * 1_000)
    for suffix in ("-wal", "-shm"):
        (tmp_path / f"ztas.db{suffix}").unlink(missing_ok=True)
    answer = browser.get("/ztas/shop", status=503)
    assert "can’t be read right now" in answer.text


def test_pages_can_only_be_read(browser):
    assert browser.post("/ztas/shop", status=405).html.h1.text == "Method Not Allowed"


def test_a_single_day_is_shown_by_its_hours(browser):
    page = browser.get("/ztas/shop?startDate=2026-11-07&endDate=2026-11-07")
    assert texts(page, ".unit") == ["by hour"]
    table = texts(page, ".numbers tbody tr")
    assert len(table) == 24
    assert table[14] == "Sat 7 Nov, 14:00 2 1 2 1"
    assert tiles(page)["Visitors"] == "3"


def test_a_day_with_a_change_of_clocks_is_one_point(open_browser, store):
    store([make_hit(NOW - 13 * DAY)])
    site = {"domain": "shop.example", "timezone": "Europe/Berlin", "public": True}
    page = open_browser(sites={"shop": site}).get(
        "/ztas/shop?startDate=2026-10-25&endDate=2026-10-25"
    )
    assert texts(page, ".unit") == ["by day"]
    assert texts(page, ".numbers tbody tr") == ["Sun 25 Oct 2026 1 0 1 0"]
