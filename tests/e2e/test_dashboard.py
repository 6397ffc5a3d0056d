"""The dashboard in a real browser: with a mouse, with keys only, without scripts, on telephones."""

from __future__ import annotations

import sqlite3
import threading
import time
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import pytest
from cheap_passwords import cheap_hash
from missing import missing
from waitress.server import create_server

from ztas_middleware import ZTASMiddleware
from ztas_middleware.demo.history import write_history
from ztas_middleware.web.dashboard.sessions import Sessions

AXE = Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"
PASSWORD = "correct horse"
HASH = cheap_hash(PASSWORD)
TELEPHONE = {"width": 360, "height": 740}


def not_found(environ, start_response):
    start_response("404 Not Found", [("Content-Type", "text/plain")])
    return [b"the app"]


@pytest.fixture(scope="module")
def dashboard(tmp_path_factory):
    """A server with two busy sites, one of them public, and one that is new."""
    file = tmp_path_factory.mktemp("dashboard") / "ztas.db"
    now = time.time_ns() // 1_000_000
    for site_id in ("shop", "open"):
        for _ in write_history(file, site_id, now, scale=0.04):
            pass
    shop = {
        "domain": "shop.example",
        "goals": {"Orders": {"action": "order"}},
        "funnels": {"Checkout": [{"page": "/cart"}, {"action": "order"}]},
    }
    middleware = ZTASMiddleware(
        not_found,
        {
            "database": str(file),
            "script": "/js/ztas.js",
            "dashboard": {"path": "/ztas/", "password": HASH},
            "sites": {
                "shop": shop,
                "open": {"domain": "open.example", "public": True},
                "new": {"domain": "new.example"},
            },
        },
    )
    server = create_server(middleware, host="127.0.0.1", port=0, threads=8)
    threading.Thread(target=server.run, daemon=True).start()
    yield SimpleNamespace(url=f"http://127.0.0.1:{server.effective_port}/ztas", file=file)
    server.close()
    middleware.close()


@pytest.fixture
def reader(browser, dashboard):
    """Opens pages in which nothing may go wrong and which may ask nobody else for anything."""
    contexts, problems = [], []
    now = time.time_ns() // 1_000_000_000
    _, cookie = Sessions(HASH).cookie("/", now, secure=False)
    name, _, session = cookie.partition(";")[0].partition("=")

    def watch(request):
        if not request.url.startswith(dashboard.url + "/"):
            problems.append(f"asked for {request.url}")

    def open_page(*, logged_in=True, expects="nothing", **options):
        context = browser.new_context(**options)
        contexts.append(context)
        page = context.new_page()
        page.on("request", watch)
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("console", lambda said: expects in said.text or problems.append(said.text))
        if logged_in:
            context.add_cookies([{"name": name, "value": session, "url": f"{dashboard.url}/"}])
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert problems == []


def big(page, name):
    return page.locator(f".tiles div:has(a:text-is('{name}')) .big").inner_text()


def test_a_deep_link_survives_the_login(reader, dashboard):
    page = reader(logged_in=False, expects="403 (Forbidden)")
    page.goto(f"{dashboard.url}/shop?period=30d&country=GB")
    assert page.title() == "Log in"
    page.fill("#password", "wrong")
    page.keyboard.press("Enter")
    page.wait_for_selector("text=That is not the password.")
    page.fill("#password", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/shop?period=30d&country=GB")
    assert page.locator(".chips b").all_inner_texts() == ["United Kingdom"]


def test_filters_and_periods_change_the_page_without_leaving_it(reader, dashboard):
    page = reader()
    page.goto(f"{dashboard.url}/shop?period=30d")
    everybody = big(page, "Visitors")
    page.evaluate("window.here = true")
    page.click("text='Germany'")
    page.wait_for_selector(".chip")
    assert page.url.endswith("/shop?period=30d&country=DE")
    germans = big(page, "Visitors")
    assert germans != everybody
    page.click(".tabs a:text-is('Browsers')")
    page.wait_for_url("**/shop?period=30d&country=DE&tab=browsers")
    page.click(".segments >> text='90 days'")
    page.wait_for_url("**/shop?country=DE&tab=browsers&period=90d")
    page.wait_for_selector(".segments [aria-current] >> text='90 days'")
    assert page.is_visible("text='Firefox'"), "the tab is still the chosen one"
    page.go_back()
    page.wait_for_selector(".segments [aria-current] >> text='30 days'")
    assert big(page, "Visitors") == germans
    page.click(".chip .remove")
    page.wait_for_selector(".chip", state="detached")
    assert big(page, "Visitors") == everybody
    assert page.evaluate("window.here"), "never loaded anew"
    fresh = reader()
    fresh.goto(f"{dashboard.url}/shop?period=30d&country=DE")
    assert big(fresh, "Visitors") == germans


def test_dates_are_chosen_in_the_page(reader, dashboard):
    page = reader()
    page.goto(f"{dashboard.url}/shop")
    page.click("summary:text-is('Dates')")
    page.fill("[name=startDate]", "2026-01-01")
    page.fill("[name=endDate]", "2026-01-31")
    page.click(".custom button")
    page.wait_for_selector("text=1 – 31 Jan 2026")
    assert page.url.endswith("/shop?startDate=2026-01-01&endDate=2026-01-31")


def test_the_chart_says_its_numbers_where_the_pointer_is(reader, dashboard):
    page = reader()
    page.goto(f"{dashboard.url}/shop?period=30d")
    page.locator(".plot .target").nth(3).hover()
    said = page.locator(".tip").inner_text()
    assert len(said.splitlines()) == 5
    assert "page views before" in said
    assert page.locator(".guide").count() == 1
    page.hover("h1")
    assert page.is_hidden(".tip")


def test_right_now_refreshes_itself(reader, dashboard):
    page = reader()
    page.goto(f"{dashboard.url}/new")
    with closing(sqlite3.connect(dashboard.file)) as connection, connection:
        connection.execute(
            "insert into hits (time, site_id, type, path, visitor, browser, os, device) "
            "values (?, 'new', 'pageview', '/first', 'v', 'Firefox', 'Linux', 'desktop')",
            [time.time_ns() // 1_000_000],
        )
    page.reload()
    assert page.locator("#realtime .big").first.inner_text() == "1"
    with closing(sqlite3.connect(dashboard.file)) as connection, connection:
        connection.execute(
            "insert into hits (time, site_id, type, path, visitor, browser, os, device) "
            "values (?, 'new', 'pageview', '/second', 'w', 'Firefox', 'Linux', 'desktop')",
            [time.time_ns() // 1_000_000],
        )
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    page.wait_for_selector("#realtime >> text='/second'")
    assert page.locator("#realtime .big").first.inner_text() == "2"


def test_a_lost_session_leads_back_to_where_one_was(reader, dashboard):
    page = reader()
    page.goto(f"{dashboard.url}/shop")
    page.context.clear_cookies()
    page.click("text='Germany'")
    page.wait_for_selector("form.login")
    page.fill("#password", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/shop?country=DE")


def test_it_is_complete_without_scripts(reader, dashboard):
    page = reader(java_script_enabled=False)
    page.goto(f"{dashboard.url}/shop?period=30d")
    page.click(".tabs a:text-is('Systems')")
    page.click("text='Android'")
    assert page.url.endswith("/shop?period=30d&tab=systems&os=Android")
    page.wait_for_selector(".chips b")
    assert page.locator(".chips b").all_inner_texts() == ["Android"]
    page.click("text='Numbers'")
    assert page.locator(".numbers tbody tr").count() == 30
    assert page.is_visible(".numbers tbody tr >> nth=0")
    page.click("summary:text-is('Dates')")
    page.fill("[name=startDate]", "2026-01-01")
    page.fill("[name=endDate]", "2026-01-31")
    page.click(".custom button")
    assert page.url.endswith("?os=Android&tab=systems&startDate=2026-01-01&endDate=2026-01-31")
    page.click("summary:text-is('Filter')")
    page.select_option("[name=filter]", "page")
    page.select_option("[name=is]", "contains not")
    page.fill("[name=value]", "cart")
    page.click(".adding button")
    page.wait_for_selector(".chip >> nth=1")
    assert page.locator(".chip").count() == 2
    assert "&page%21~=cart&" in page.url
    page.click("text='Log out'")
    assert page.title() == "Log in"


def test_public_and_private(reader, dashboard):
    page = reader(logged_in=False)
    page.goto(f"{dashboard.url}/")
    assert page.locator(".site-card h2").all_inner_texts() == ["open.example"]
    page.click(".site-card a")
    assert page.locator("h1").inner_text() == "open.example"
    page.goto(f"{dashboard.url}/shop")
    assert page.title() == "Log in"


def test_keys_are_enough(reader, dashboard):
    page = reader(logged_in=False)
    page.goto(f"{dashboard.url}/shop")
    page.keyboard.type(PASSWORD)  # the field has the focus
    page.keyboard.press("Enter")
    page.wait_for_url("**/shop")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    press_until(page, "Referrers")
    page.keyboard.press("Enter")
    page.wait_for_url("**/shop?tab=referrers")
    page.wait_for_selector(".tabs [aria-current]:text-is('Referrers')")
    press_until(page, "Germany")
    page.keyboard.press("Enter")
    page.wait_for_url("**/shop?tab=referrers&country=DE")
    page.wait_for_selector(".chip")
    assert page.evaluate("document.activeElement.innerText") == "Germany", "focus stays"


def press_until(page, text, most=150):
    """Press Tab until the focus is on something with this text, and can be seen to be there."""
    for _ in range(most):
        page.keyboard.press("Tab")
        found, seen = page.evaluate(
            """() => {
                const here = document.activeElement;
                const label = here.labels && here.labels[0] || here;
                const style = getComputedStyle(label);
                return [label.innerText, style.outlineStyle !== 'none'];
            }"""
        )
        if found == text:
            assert seen, f"the focus on {text} is invisible"
            return
    pytest.fail(f"{text} is out of reach")


def test_single_keys_choose_periods_and_open_what_can_be_opened(reader, dashboard):
    page = reader()
    page.goto(f"{dashboard.url}/shop")
    page.keyboard.press("t")
    page.wait_for_url("**/shop?period=30d")
    page.wait_for_selector(".segments [aria-current] >> text='30 days'")
    page.keyboard.press("f")
    assert page.evaluate("document.activeElement.name") == "filter"
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.type("wh?")  # letters of a value are no keys
    assert page.input_value("[name=value]") == "wh?"
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    assert page.is_visible("text='The period before' >> nth=-1")


def test_the_form_adds_a_filter_without_leaving_the_page(reader, dashboard):
    page = reader()
    page.goto(f"{dashboard.url}/shop")
    page.evaluate("window.here = true")
    page.click("summary:text-is('Filter')")
    page.select_option("[name=filter]", "country")
    page.select_option("[name=is]", "is not")
    page.fill("[name=value]", "GB")
    page.click(".adding button")
    page.wait_for_selector(".chip bdi:text-is('United Kingdom')")
    assert page.url.endswith("/shop?country%21=GB")
    page.click(".chip a:text-is('is not')")
    page.wait_for_url("**/shop?country=GB")
    assert page.evaluate("window.here"), "never loaded anew"


@pytest.mark.parametrize("width", [320, 390, 768, 820, 1440])
def test_names_are_readable_at_every_width(reader, dashboard, width):
    page = reader(viewport={"width": width, "height": 800})
    page.goto(f"{dashboard.url}/shop?period=90d&tab=referrers")
    widths = page.eval_on_selector_all(
        ".list tbody th", "cells => cells.map(cell => cell.getBoundingClientRect().width)"
    )
    assert min(widths) >= 110


@pytest.mark.parametrize(
    "path", ["/", "/shop?period=365d", "/shop?list=pages", "/shop/drops", "/shop/share", "/new"]
)
def test_nothing_is_wider_than_a_telephone(reader, dashboard, path):
    page = reader(viewport=TELEPHONE)
    page.goto(dashboard.url + path)
    for details in page.locator("details:visible").all():
        details.evaluate("details => { details.open = true }")
    assert page.evaluate("document.documentElement.scrollWidth") == TELEPHONE["width"]


def test_the_dark_is_dark(reader, dashboard):
    shades = {}
    for scheme in ("light", "dark"):
        page = reader(logged_in=False, color_scheme=scheme)
        page.goto(f"{dashboard.url}/open")
        shades[scheme] = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert sum(map(int, shades["light"][4:-1].split(","))) > 600
    assert sum(map(int, shades["dark"][4:-1].split(","))) < 100


def test_a_page_is_four_requests(reader, dashboard):
    page = reader()
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{dashboard.url}/shop", wait_until="networkidle")
    assert len(asked) <= 4, asked


def test_the_first_load_weighs_at_most_15_kilobytes(reader, dashboard):
    page = reader()
    sizes = {}
    page.on(
        "response",
        lambda answer: sizes.update({answer.url: int(answer.headers["content-length"])}),
    )
    page.goto(f"{dashboard.url}/shop", wait_until="networkidle")
    assert sum(size for url, size in sizes.items() if "icon" not in url) <= 15_000, sizes


@pytest.fixture(scope="module")
def axe():
    """The rules of axe-core, as a script."""
    if not AXE.exists():
        missing("axe-core is not installed (npm ci), and the dashboard's accessibility not checked")
    return AXE.read_text("utf-8")


PAGES = [
    "/",
    "/shop?period=30d",
    "/shop?page=/cart&tab=properties&metric=time",
    "/shop?country=GB&os=iOS&period=banana",
    "/shop?list=pages",
]
PAGES += ["/shop/drops", "/shop/share", "/new"]


@pytest.mark.parametrize(
    ("options", "paths"),
    [
        ({}, PAGES),
        ({"color_scheme": "dark"}, ["/shop?country=GB&period=banana", "/shop/drops"]),
        ({"viewport": TELEPHONE}, ["/shop?country=GB"]),
    ],
    ids=["light", "dark", "telephone"],
)
def test_axe_has_nothing_to_say(reader, dashboard, axe, options, paths):
    page = reader(**options)
    visits = [(page, path) for path in paths]
    visits.append((reader(logged_in=False, **options), "/-/login"))
    for tab, path in visits:
        tab.goto(dashboard.url + path)
        for details in tab.locator("details").all():
            details.evaluate("details => { details.open = true }")
        tab.evaluate(axe)
        results = tab.evaluate("axe.run(document, { resultTypes: ['violations'] })")
        found = [
            (rule["id"], node["html"], node["failureSummary"])
            for rule in results["violations"]
            for node in rule["nodes"]
        ]
        assert found == [], path
