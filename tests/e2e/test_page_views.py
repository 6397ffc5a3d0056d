"""Page views: one for each page that somebody opens, however they get there."""

from __future__ import annotations

import pytest

GO_BACK = {"wait_until": "commit"}  # a page from the back/forward cache does not load


def test_page_is_counted_when_it_loads(site, page):
    page.goto(f"{site.origin}/pricing?utm_source=news&utm_campaign=may&secret=1#top")
    (row,) = site.expect(("pageview", "/pricing"))
    assert row["site_id"] == site.id
    assert (row["utm_source"], row["utm_medium"], row["utm_campaign"]) == ("news", None, "may")
    assert (row["browser"], row["os"], row["device"]) == ("Chrome", "Linux", "desktop")
    assert row["country"] == "DE"
    assert row["referrer"] is row["session_id"] is row["time_on_page"] is row["is_bounce"] is None


def test_only_what_a_row_has_is_sent(site, page):
    with page.expect_request("**/api/track") as sent:
        page.goto(
            f"{site.origin}/?secret=1&utm_source=a&utm_id=secret&utm_source_platform=secret",
            referer="https://google.com/search?q=secret",
        )
    assert sent.value.post_data_json == {
        "siteId": site.id,
        "type": "pageview",
        "path": "/",
        "referrer": "https://google.com/search",
        "utm": {"source": "a"},
        "timeZone": "Europe/Berlin",
        "width": 1280,
    }
    (row,) = site.expect(("pageview", "/"))
    assert row["referrer"] == "https://google.com/search"


def test_nothing_is_stored_on_the_device(site, page, context):
    site.attributes += ' data-heartbeat="1" data-track="outbound downloads forms"'
    page.goto(site.origin)
    page.evaluate("ZTA.track('x')")
    site.expect("pageview", "event", fields=("type",))
    assert context.storage_state(indexed_db=True) == {"cookies": [], "origins": []}
    assert page.evaluate("[localStorage.length, sessionStorage.length, document.cookie]") == [
        0,
        0,
        "",
    ]


def test_links_lead_to_page_views(site, page):
    page.goto(site.origin)
    page.click("#next")
    rows = site.expect(("pageview", "/"), ("engagement", "/"), ("pageview", "/next"))
    assert rows[2]["referrer"] is None, "the site itself is no referrer"
    assert len({row["visitor"] for row in rows}) == 1


def test_same_page_loaded_again_is_seen_again(site, page):
    page.goto(site.origin)
    page.reload()
    site.expect(("pageview", "/"), ("engagement", "/"), ("pageview", "/"))


ROUTER = """
<a id="about" href="/about" data-route>about</a> <a id="team" href="/team?tab=1" data-route>team</a>
<script>
  addEventListener("click", (event) => {
    const link = event.target.closest("[data-route]");
    if (!link) return;
    event.preventDefault();
    event.stopPropagation();
    history.pushState({}, "", link.href);
    document.querySelector("h1").textContent = link.pathname;
    history.replaceState({ scroll: scrollY }, "", location.href);
  }, true);
</script>
"""


def test_routes_of_a_single_page_application_are_page_views(site, page):
    site.body = ROUTER
    page.goto(f"{site.origin}/", referer="https://news.example/")
    page.click("#about")
    page.click("#team")
    rows = site.expect(
        ("pageview", "/", "https://news.example/"),
        ("engagement", "/", "https://news.example/"),
        ("pageview", "/about", None),
        ("engagement", "/about", None),
        ("pageview", "/team", None),
        fields=("type", "path", "referrer"),
    )
    page.evaluate("history.back()")
    page.wait_for_url("**/about")
    page.evaluate("history.forward()")
    page.wait_for_url("**/team?tab=1")
    page.evaluate("ZTA.track('end')")
    site.expect(
        *[(row["type"], row["path"]) for row in rows],
        ("engagement", "/team"),
        ("pageview", "/about"),
        ("engagement", "/about"),
        ("pageview", "/team"),
        ("event", "/team"),
    )


def test_same_path_is_the_same_page(site, page):
    page.goto(f"{site.origin}/list?page=1")
    site.expect(("pageview", "/list"))
    page.evaluate("""() => {
        history.replaceState({}, "", "/list?page=1");
        history.replaceState({ a: 1 }, "");
        history.pushState({}, "", "?page=2");
        history.pushState({}, "", "#further");
        location.hash = "down";
        dispatchEvent(new PopStateEvent("popstate"));
    }""")
    page.evaluate("history.back()")
    page.evaluate("ZTA.track('end')")
    site.expect(("pageview", "/list"), ("event", "/list"))


def test_replaced_path_is_another_page(site, page):
    page.goto(site.origin)
    page.evaluate("history.replaceState({}, '', '/home')")
    site.expect(("pageview", "/"), ("engagement", "/"), ("pageview", "/home"))


def test_history_of_the_app_works_as_ever(site, page):
    page.goto(site.origin)
    answer = page.evaluate("""() => {
        const returned = history.pushState({ a: 1 }, "", "/b");
        const state = history.state;
        let error;
        try { history.pushState({}, "", "https://other.example/"); } catch (e) { error = e.name; }
        return [returned === undefined, state, error, location.pathname];
    }""")
    assert answer == [True, {"a": 1}, "SecurityError", "/b"]


@pytest.mark.parametrize("settings", [{"keep_query": ["id", "page"]}])
def test_query_parameters_that_belong_to_the_page(site, page):
    site.attributes += ' data-keep-query="id page"'
    page.goto(f"{site.origin}/item?secret=1&id=7&page=2&idx=3")
    page.evaluate("history.pushState({}, '', '?id=8&secret=2')")
    page.evaluate("history.pushState({}, '', '?secret=3&id=8')")
    site.expect(
        ("pageview", "/item?id=7&page=2"),
        ("engagement", "/item?id=7&page=2"),
        ("pageview", "/item?id=8"),
    )
    assert "secret" not in str(site.rows())


def test_routes_in_the_fragment(site, page):
    site.attributes += " data-hash"
    site.body = '<a id="b" href="#/b?token=x">b</a>'
    page.goto(f"{site.origin}/app#/a")
    page.click("#b")
    page.wait_for_url("**/app#/b?token=x")
    page.evaluate("location.hash = '/b?token=y'")
    page.evaluate("history.go(-2)")
    page.wait_for_url("**/app#/a")
    site.expect(
        ("pageview", "/app#/a"),
        ("engagement", "/app#/a"),
        ("pageview", "/app#/b"),
        ("engagement", "/app#/b"),
        ("pageview", "/app#/a"),
    )


TAKEN = """<script>
  window.native = { push: history.pushState.bind(history) };
  window.prototype = { push: (...given) => History.prototype.pushState.apply(history, given) };
</script>"""


@pytest.mark.parametrize("call", ["native.push", "prototype.push", "history.replaceState"])
def test_route_changes_however_it_is_changed(site, page, call):
    site.head = TAKEN
    page.goto(site.origin)
    page.evaluate(f"{call}({{}}, '', '/two')")
    site.expect(("pageview", "/"), ("engagement", "/"), ("pageview", "/two"))
    page.evaluate(f"{call}({{ a: 1 }}, '', '/two?b')")
    page.evaluate("ZTA.track('end')")
    site.expect(("pageview", "/"), ("engagement", "/"), ("pageview", "/two"), ("event", "/two"))


NAVIGATES = """<script>
  navigation.addEventListener("navigate", (event) => {
    const handler = () => new Promise((done) => setTimeout(done, 20));
    if (event.canIntercept) event.intercept({ handler });
  });
</script>"""


def test_routes_that_the_navigation_api_makes(site, page):
    site.head = NAVIGATES
    page.goto(site.origin)
    page.evaluate("navigation.navigate('/a').finished")
    page.click("#next")
    page.wait_for_url("**/next")
    page.evaluate("navigation.back().finished")
    page.evaluate("navigation.navigate('/a#further').finished")
    page.evaluate("navigation.updateCurrentEntry({ state: 1 })")
    page.evaluate("ZTA.track('end')")
    site.expect("/", "/a", "/next", "/a", fields=("path",), kind="pageview")
    site.expect("/", "/a", "/next", fields=("path",), kind="engagement")


@pytest.mark.parametrize(
    ("call", "element"),
    [
        ("native.push({}, '', '/two')", '<nav id="navigation"></nav>'),
        ("location.hash = '/two'", ""),
    ],
)
def test_routes_in_browsers_without_the_navigation_api(site, page, call, element):
    page.add_init_script("delete window.navigation; delete window.Navigation")
    site.attributes += " data-hash"
    site.head = TAKEN
    site.body = element
    page.clock.install()
    page.goto(site.origin)
    page.evaluate(call)
    page.clock.run_for(1100)
    site.expect("/", "/two" if "push" in call else "/#/two", fields=("path",), kind="pageview")


@pytest.mark.parametrize(
    ("attribute", "paths"),
    [
        ("data-hash", ["/p", "/p#/a", "/p", "/p#!/b", "/p"]),
        ('data-hash="any"', ["/p", "/p#/a", "/p#some", "/p#!/b", "/p#größe", "/p"]),
        ("", ["/p"]),
    ],
)
def test_which_fragments_are_routes(site, page, attribute, paths):
    site.attributes += f" {attribute}"
    page.goto(f"{site.origin}/p")
    for fragment in ("/a", "/a?x=1", "some", "!/b", "größe", ""):
        page.evaluate("fragment => { location.hash = fragment }", fragment)
    site.expect(*paths, fields=("path",), kind="pageview")


def test_anchor_is_no_route(site, page):
    site.attributes += " data-hash"
    site.body = '<a id="anchor" href="#some-hash">down</a><p id="some-hash">'
    page.goto(f"{site.origin}/p")
    page.click("#anchor")
    page.click("#next")
    rows = site.expect(("pageview", "/p"), ("engagement", "/p"), ("pageview", "/next"))
    assert rows[1]["is_bounce"] == 1


def test_page_from_the_back_forward_cache_is_seen_again(site, page):
    page.goto(site.origin, referer="https://news.example/")
    page.evaluate("window.kept = true")
    page.click("#next")
    site.expect(("pageview", "/"), ("engagement", "/"), ("pageview", "/next"))
    page.go_back(**GO_BACK)
    rows = site.expect(
        ("pageview", "/", "https://news.example/"),
        ("engagement", "/", "https://news.example/"),
        ("pageview", "/next", None),
        ("engagement", "/next", None),
        ("pageview", "/", None),
        fields=("type", "path", "referrer"),
    )
    assert page.evaluate("window.kept"), "the page was loaded again, and shows nothing"
    assert rows[4]["id"] > rows[2]["id"]


PRERENDER = """
<script type="speculationrules">{"prerender": [{"source": "list", "urls": ["/next"]}]}</script>
<script>
  if (location.pathname == "/start") setTimeout(() => { location = "/next" }, 2500);
  if (location.pathname == "/next") addEventListener("load", () => ZTA.track("ready"));
</script>
"""


def test_prerendered_page_counts_when_it_is_shown(site, unattended):
    site.head = PRERENDER
    unattended(f"{site.origin}/start")
    rows = site.expect(
        ("pageview", "/start"), ("engagement", "/start"), ("pageview", "/next"), ("event", "/next")
    )
    fetched = [
        environ.get("HTTP_SEC_PURPOSE", "") for _, path, environ in site.requests if path == "/next"
    ]
    assert set(fetched) == {"prefetch;prerender"}
    # Neither was sent when the page was only prepared.
    assert all(row["time"] - rows[0]["time"] > 1000 for row in rows[2:])


@pytest.mark.parametrize(
    ("globs", "counted"),
    [
        ("/admin/*,/preview/*", ["/", "/admin", "/end"]),
        ("/admin*, /preview/x", ["/", "/end"]),
        ("*/x", ["/", "/admin", "/end"]),
        ("/ad.in,/admin/?,admin", ["/", "/admin", "/admin/x", "/preview/x", "/end"]),
        ("/", ["/admin", "/admin/x", "/preview/x", "/end"]),
    ],
)
def test_excluded_pages_send_nothing(site, page, globs, counted):
    site.attributes += f' data-exclude="{globs}"'
    page.goto(site.origin)
    for path in ("/", "/admin", "/admin/x", "/preview/x", "/end"):
        page.evaluate("path => history.pushState({}, '', path)", path)
        page.evaluate("ZTA.track('seen')")
    site.expect(*counted, fields=("path",), kind="event")
    site.expect(*counted, fields=("path",), kind="pageview")
    # The last one is still open.
    site.expect(*counted[:-1], fields=("path",), kind="engagement")


def test_everything_excluded_is_silence(site, page):
    site.attributes += ' data-exclude="*"'
    page.goto(site.origin)
    page.evaluate("ZTA.track('x'); ZTA.trackPageView()")
    page.click("#next")
    page.goto("about:blank")
    assert site.posts() == []


@pytest.mark.parametrize(
    "signal", ["doNotTrack: '1'", "globalPrivacyControl: true"], ids=["DNT", "GPC"]
)
@pytest.mark.parametrize("honor", [True, False])
def test_visitors_who_ask_not_to_be_tracked(site, page, signal, honor):
    page.add_init_script(
        f"for (const [name, value] of Object.entries({{ {signal} }}))"
        "  Object.defineProperty(navigator, name, { get: () => value });"
    )
    site.attributes += " data-honor-dnt" if honor else ""
    page.goto(site.origin)
    page.evaluate("ZTA.track('x'); ZTA.trackEvent('a', 'b'); ZTA.trackPageView()")
    page.evaluate("history.pushState({}, '', '/b')")
    if honor:
        page.goto("about:blank")
        assert site.posts() == []
    else:
        site.expect("/", "/", "/b", fields=("path",), kind="pageview")


def test_automated_browser_is_left_alone(site, automated):
    automated.goto(site.origin)
    assert automated.evaluate("navigator.webdriver")
    automated.evaluate("ZTA.track('x')")
    automated.goto("about:blank")
    assert site.posts() == []


def test_page_in_a_file_sends_nothing(site, page, tmp_path):
    file = tmp_path / "page.html"
    file.write_text(f'<script src="{site.origin}/js/ztas.js" {site.attributes}></script>')
    page.goto(file.as_uri())
    assert page.evaluate("typeof ZTA.track") == "function"
    page.evaluate("ZTA.track('x')")
    page.goto("about:blank")
    assert ("GET", "/js/ztas.js") in [request[:2] for request in site.requests]
    assert site.posts() == []
