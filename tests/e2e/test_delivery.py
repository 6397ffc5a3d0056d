"""Hits on their way: to other origins, through bad times, and below a mount."""

from __future__ import annotations

import base64
import hashlib

import pytest

from ztas_middleware.web.script import script_for

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
    site.turn_the_clock(page)
    page.goto(site.foreign_origin)
    site.wait_for_answers(1, page)
    page.clock.run_for(300_000)
    page.evaluate("ZTA.track('x')")
    site.wait_for_answers(2, page)
    page.clock.run_for(300_000)
    assert site.rows() == []
    # Refused like anything else, readable by nobody, and not sent again.
    assert {environ["HTTP_ORIGIN"] for environ in site.posts()} == {site.foreign_origin}
    assert len(site.posts()) == 2


def test_hit_survives_a_database_out_of_order(site, page):
    site.turn_the_clock(page, time=0)
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
    site.turn_the_clock(page, time=0)
    page.goto(site.origin)
    site.expect(("pageview", "/"))
    page.clock.pause_at(3_600_000)
    with site.out_of_order():
        page.evaluate("ZTA.track('x')")
        for number, (before, after) in enumerate(zip(TIMES, (*TIMES[1:], 600), strict=True), 2):
            site.wait_for_answers(number, page, given_up=number == len(TIMES) + 1)
            page.clock.run_for((after - before) * 1000 - 200)
            assert len(site.posts()) == number, f"too early: before {after} seconds"
            page.clock.run_for(400)
    assert len(site.posts()) == 7
    site.expect(("pageview", "/"))


@pytest.mark.parametrize("settings", [{"rate_limit": 3, "trusted_proxies": ["127.0.0.1"]}])
def test_hit_survives_the_rate_limit(site, page):
    page.set_extra_http_headers({"X-Forwarded-For": "203.0.113.9"})
    site.turn_the_clock(page)
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


@pytest.mark.parametrize("trouble", ["offline", "503"])
def test_hit_of_another_origin_is_sent_again_once_the_server_was_heard(
    site, page, context, trouble
):
    site.turn_the_clock(page)
    page.goto(site.other_origin)
    site.expect(("pageview", "/"))
    if trouble == "offline":
        context.set_offline(True)
        page.evaluate("ZTA.track('x')")
        page.wait_for_function("timersSet > 0")
        context.set_offline(False)
    else:
        with site.out_of_order():
            page.evaluate("ZTA.track('x')")
            site.wait_for_answers(2, page)
    page.clock.run_for(1100)
    site.expect(("pageview", "/"), ("event", "/"))
    page.clock.run_for(300_000)
    assert len(site.posts()) == (2 if trouble == "offline" else 3)


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


MANY = """async (number) => {
    for (let count = 0; count < number; count++) ZTA.track("many");
    // The page's own, while ours are under way.
    const body = "x".repeat(30000);
    const kept = await fetch("/beacon", { method: "PUT", keepalive: true, body });
    return [kept.status, navigator.sendBeacon("/beacon", body)];
}"""


@pytest.mark.parametrize("number", [600, pytest.param(10_000, marks=pytest.mark.slow)])
def test_events_of_a_long_lived_document_all_arrive(site, page, number):
    page.goto(site.origin)
    assert page.evaluate(MANY, number) == [200, True]
    assert site.wait_for_rows("event", number) == number


@pytest.mark.parametrize("number", [100, pytest.param(500, marks=pytest.mark.slow)])
def test_routes_of_a_long_lived_document_all_arrive(site, page, number):
    page.goto(site.origin)
    page.evaluate(
        "(number) => { for (let at = 1; at < number; at++) history.pushState({}, '', `/${at}`) }",
        number,
    )
    assert site.wait_for_rows("pageview", number) == number
    assert len({row["path"] for row in site.rows()}) == number


def test_heartbeats_of_a_long_lived_document_all_arrive(site, page):
    site.attributes += ' data-heartbeat="1"'
    page.clock.install(time=0)
    page.goto(site.origin)
    page.clock.run_for(600_500)
    # The clock goes on by itself while the last ones are looked for.
    assert site.wait_for_rows("heartbeat", 600) < 660


LONG = "x" * 70_000
TOO_LONG = {
    "label": ("ZTA.track('a', {label: LONG})", {"label": "x" * 256}),
    "action": ("ZTA.track(LONG)", {"action": "x" * 256}),
    "three texts": (
        "ZTA.track(LONG, {label: LONG, category: LONG})",
        {"action": "x" * 256, "label": "x" * 256, "category": "x" * 256},
    ),
    "text of three bytes a character": (
        "ZTA.track('a', {label: '語'.repeat(70000)})",
        {"label": "語" * 256},
    ),
    "property": (
        "ZTA.track('a', {properties: {a: LONG}})",
        {"properties": f'{{"a":"{"x" * 256}"}}'},
    ),
    "path": ("history.pushState({}, '', '/' + LONG); ZTA.track('a')", {"path": "/" + "x" * 2047}),
    "fragment": ("location.hash = '/' + LONG; ZTA.track('a')", {"path": "/#/" + "x" * 2045}),
    "query": ("history.pushState({}, '', '/?utm_source=' + LONG); ZTA.track('a')", {"path": "/"}),
}


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        pytest.param(*case, id=name, marks=[] if name in ("label", "path") else pytest.mark.slow)
        for name, case in TOO_LONG.items()
    ],
)
def test_hit_that_would_be_too_long_is_cut(site, page, call, expected):
    site.attributes += " data-hash"
    page.goto(site.origin)
    page.evaluate(f"LONG = 'x'.repeat(70000); {call}")
    (row,) = site.expect("event", fields=("type",), kind="event")
    assert {name: row[name] for name in expected} == expected


INTEGRITY = 'crossorigin="anonymous" integrity="sha384-{}"'


@pytest.mark.parametrize("attributes", ['crossorigin="anonymous"', INTEGRITY])
def test_script_of_another_origin_may_be_checked(site, page, attributes):
    script = script_for("/js/ztas.js", "/api/track")
    digest = base64.b64encode(hashlib.sha384(script).digest()).decode()
    site.attributes += f" {attributes.format(digest)}"
    page.goto(f"{site.other_origin}/elsewhere")
    site.expect(("pageview", "/elsewhere"))
    assert page.warnings == []
