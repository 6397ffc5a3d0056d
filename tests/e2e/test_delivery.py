"""Hits on their way: to other origins, through bad times, and below a mount."""

from __future__ import annotations

import pytest

TIMES = (0, 1, 3.5, 9.75, 25.375, 64.4375)
"""Seconds after which a hit is sent: at once, then after 1, 2.5, 6.25, 15.6 and 39 seconds."""


def test_pages_of_another_origin_need_no_preflight(site, page):
    page.goto(f"{site.other_origin}/elsewhere")
    page.evaluate("ZTA.track('x')")
    site.expect(("pageview", "/elsewhere"), ("event", "/elsewhere"))
    assert {environ["HTTP_ORIGIN"] for environ in site.posts()} == {site.other_origin}
    assert {method for method, _, _ in site.requests} == {"GET", "POST"}


@pytest.mark.parametrize("settings", [{"site": {"server_side": False}}])
def test_pages_of_a_foreign_origin_store_nothing(site, page):
    page.clock.install()
    page.goto(site.foreign_origin)
    site.wait_for_posts(1)
    page.clock.run_for(500)
    page.goto("about:blank")
    assert site.rows() == []
    # Refused like anything else, and readable by nobody.
    assert {environ["HTTP_ORIGIN"] for environ in site.posts()} == {site.foreign_origin}


def test_hit_survives_a_database_out_of_order(site, page):
    page.clock.install(time=0)
    page.goto(site.origin)
    site.expect(("pageview", "/"))
    page.clock.pause_at(3_600_000)  # or it would go on by itself
    with site.out_of_order():
        page.evaluate("history.pushState({}, '', '/b')")
        site.wait_for_answers(3, page)
        page.clock.run_for(1100)
        site.wait_for_answers(5, page)
    page.clock.run_for(2600)
    site.expect(("pageview", "/"), ("engagement", "/"), ("pageview", "/b"))
    page.clock.run_for(300_000)
    assert len(site.posts()) == 7, "a hit that was stored is sent again"


def test_hit_is_tried_six_times_in_all(site, page):
    page.clock.install(time=0)
    page.goto(site.origin)
    site.expect(("pageview", "/"))
    page.clock.pause_at(3_600_000)
    with site.out_of_order():
        page.evaluate("ZTA.track('x')")
        for number, (before, after) in enumerate(zip(TIMES, (*TIMES[1:], 600), strict=True), 2):
            site.wait_for_answers(number, page)
            page.clock.run_for((after - before) * 1000 - 200)
            assert len(site.posts()) == number, f"too early: before {after} seconds"
            page.clock.run_for(400)
    assert len(site.posts()) == 7
    site.expect(("pageview", "/"))


@pytest.mark.parametrize("settings", [{"rate_limit": 3, "trusted_proxies": ["127.0.0.1"]}])
def test_hit_survives_the_rate_limit(site, page):
    page.set_extra_http_headers({"X-Forwarded-For": "203.0.113.9"})
    page.clock.install()
    page.goto(site.origin)
    page.evaluate("for (const name of ['a', 'b', 'c']) ZTA.track(name)")
    site.wait_for_answers(4, page)
    assert len(site.rows()) == 3
    site.middleware._reception.handlers["/api/track"]._limiter._windows.clear()
    page.clock.run_for(1100)
    site.expect("pageview", "event", "event", "event", fields=("type",))


def test_hit_waits_until_the_visitor_is_online(site, page, context):
    page.clock.install()
    page.goto(site.origin)
    site.expect(("pageview", "/"))
    context.set_offline(True)
    page.evaluate("history.pushState({}, '', '/b')")
    page.clock.run_for(1100)
    context.set_offline(False)
    page.clock.run_for(3000)
    site.expect(("pageview", "/"), ("engagement", "/"), ("pageview", "/b"))
    page.clock.run_for(300_000)
    assert len(site.posts()) == 3


def test_what_was_refused_is_not_sent_again(site, page):
    site.attributes = f'data-site="not {site.id}"'
    page.clock.install()
    page.goto(site.origin)
    site.wait_for_posts(1, f"not {site.id}")
    page.clock.run_for(300_000)
    page.evaluate("ZTA.track('end')")
    site.wait_for_posts(2, f"not {site.id}")
    assert site.rows() == []


def test_app_below_a_mount(site, page):
    site.mount = "/blog"
    site.script = "/blog/js/ztas.js"
    page.goto(f"{site.origin}/blog/post")
    page.click("#next")
    site.expect(
        ("pageview", "/blog/post"), ("engagement", "/blog/post"), ("pageview", "/blog/next")
    )


@pytest.mark.parametrize(
    "settings", [{"script": "/a/b/z.js", "endpoint": "/collect/me"}, {"script": "/z.js"}]
)
def test_script_knows_its_endpoint(site, page, settings):
    site.script = settings["script"]
    page.goto(site.origin)
    site.expect(("pageview", "/"))


@pytest.mark.parametrize("where", ["/own", "ORIGIN/own"])
def test_endpoint_of_the_pages_choice(site, page, where):
    site.attributes += f' data-endpoint="{where.replace("ORIGIN", site.origin)}"'
    page.goto(site.origin)
    site.wait_for_posts(1)
    assert site.requests[-1][:2] in [("POST", "/own"), ("GET", "/favicon.ico")]
    assert ("POST", "/own") in [request[:2] for request in site.requests]
