"""Rows are whatever strangers sent; pages must show it and do nothing with it."""

from __future__ import annotations

import csv
import io

import pytest
from small_history import NOW, make_hit

from ztas_middleware.web.dashboard.rendering import CONTENT_SECURITY_POLICY

HOSTILE = """"'><script>alert(1)</script><img src=x onerror=alert(1)>{{7*7}}</title>"""


@pytest.fixture
def hostile(store, open_browser, settings):
    store(
        [
            make_hit(
                NOW - 1_000,
                path=f"/{HOSTILE}",
                referrer=f"https://{HOSTILE}/",
                utm_source=HOSTILE,
                utm_medium=HOSTILE,
                utm_campaign=HOSTILE,
                browser=HOSTILE,
                os=HOSTILE,
                device=HOSTILE,
                country="<b",
            ),
            make_hit(NOW - 900, kind="event", action=HOSTILE, category=HOSTILE),
        ]
    )
    shop = {
        "domain": "shop.example",
        "goals": {HOSTILE: {"page": "*"}},
        "funnels": {HOSTILE: [{"page": "*", "name": HOSTILE}]},
    }
    browser = open_browser(sites={"shop": shop, HOSTILE[:60]: {"domain": "other.example"}})
    browser.log_in()
    return browser


@pytest.mark.parametrize(
    "path",
    [
        "/ztas/shop",
        "/ztas/shop?list=pages",
        "/ztas/shop/realtime",
        "/ztas/shop/drops",
        "/ztas/shop/share",
        "/ztas/",
        "/ztas/shop?period=%22%3E%3Cscript%3E&page=%22%27%3E%3Cscript%3E&%3Cscript%3E=1",
        "/ztas/shop?share=%22%3E%3Cscript%3Ealert(1)",
    ],
)
def test_nothing_that_was_sent_becomes_markup(hostile, path):
    html = hostile.get(path).html
    assert all(
        script.get("src", "").startswith("/ztas/-/dashboard.js") for script in html.select("script")
    )
    assert not html.select("img, b > svg, iframe, object")
    for tag in html.find_all():
        assert not [name for name in tag.attrs if name.startswith("on") or name == "style"], tag
        assert not str(tag.get("href", "")).lower().startswith("javascript:"), tag
    assert "49" not in html.get_text()


def test_it_is_shown_as_it_was_sent(hostile):
    page = hostile.get("/ztas/shop?tab=campaigns").html
    names = [row.get_text().strip() for row in page.select("tbody th")]
    assert f"/{HOSTILE}" in names
    assert f"{HOSTILE} · {HOSTILE}" in names
    assert f"{HOSTILE} · {HOSTILE} / {HOSTILE}" in names


def test_the_login_shows_nothing_that_was_sent(stranger):
    page = stranger.get(f"/ztas/-/login?next=/shop?{'%22%3E%3Cscript%3E'}")
    assert len(page.html.select("script")) == 1


def test_no_cell_of_a_csv_is_a_formula(store, browser):
    names = ["=1+1", "+1", "-1", "@x", "\tx", " =x", '=cmd|" /C calc"!A0']
    store([make_hit(NOW, kind="event", action=name) for name in names])
    rows = list(csv.DictReader(io.StringIO(browser.get("/ztas/shop/csv?list=events").text)))
    assert {row["action"] for row in rows} == {f"'{name}" for name in names} | {"order"}
    assert all(row["value"] in {"0.0", "20.0"} for row in rows)


def test_no_part_behind_a_semicolon_is_a_formula(store, browser):
    store([make_hit(NOW, kind="event", action="a;=1+1;-2;'@x;b")])
    text = browser.get("/ztas/shop/csv?list=events").text
    assert "a;'=1+1;'-2;''@x;b," in text


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/ztas/", 200),
        ("/ztas/shop", 200),
        ("/ztas/shop/csv", 200),
        ("/ztas/shop/drops", 200),
        ("/ztas/-/logout", 405),
        ("/ztas", 303),
    ],
)
def test_answers_for_one_reader_are_kept_by_nobody_and_framed_by_nobody(browser, path, status):
    headers = browser.get(path, status=status).headers
    assert headers["Cache-Control"] == "no-store"
    assert headers["Content-Security-Policy"] == CONTENT_SECURITY_POLICY
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"


@pytest.mark.parametrize("way", ["/ztas/open", "/ztas/open/realtime", "{shared}"])
def test_named_origins_may_frame_what_is_public_or_shared(settings, open_browser, browser, way):
    embed = ["https://Example.org", "http://localhost:3000"]
    dashboard = {**settings["dashboard"], "embed": embed}
    link = browser.get("/ztas/shop/share").html.select_one("#link")["value"]
    guest = open_browser(dashboard=dashboard)
    answer = guest.get(way.format(shared=link))
    policy = answer.headers["Content-Security-Policy"]
    assert policy.endswith("frame-ancestors https://example.org http://localhost:3000")
    assert "X-Frame-Options" not in answer.headers


def test_nobody_may_frame_what_is_behind_the_password(settings, open_browser):
    reader = open_browser(dashboard={**settings["dashboard"], "embed": ["https://example.org"]})
    reader.log_in()
    for path in ("/ztas/", "/ztas/shop", "/ztas/shop/share", "/ztas/-/login"):
        answer = reader.get(path)
        assert "frame-ancestors 'none'" in answer.headers.get("Content-Security-Policy")
        assert answer.headers["X-Frame-Options"] == "DENY"


def test_the_policy_allows_our_own_files_and_nothing_inline():
    directives = dict(part.split(" ", 1) for part in CONTENT_SECURITY_POLICY.split("; "))
    assert directives.pop("default-src") == "'none'"
    assert directives.pop("base-uri") == directives.pop("frame-ancestors") == "'none'"
    assert set(directives.values()) == {"'self'"}


def test_files_are_kept_for_long_and_known_by_their_content(browser):
    page = browser.get("/ztas/shop").html
    addresses = [tag.get("href") or tag["src"] for tag in page.select("head link, head script")]
    assert len(addresses) == 3
    for address in addresses:
        answer = browser.raw(address)
        packed = browser.raw(address, "gzip")
        assert "max-age=31536000" in answer.headers["Cache-Control"]
        assert answer.headers["ETag"] != packed.headers["ETag"]
        assert packed.content_length < answer.content_length
        again = browser.get(address, headers={"If-None-Match": answer.headers["ETag"]}, status=304)
        assert again.body == b""
        assert browser.head(address).content_length == answer.content_length
