"""What needs no template, or no JavaScript: inject, count_pages and the pixel."""

from __future__ import annotations

import pytest


@pytest.fixture
def bare(site):
    """The site without its tag."""
    type(site).tag, tag = "", type(site).tag
    yield site
    type(site).tag = tag


@pytest.mark.parametrize("settings", [{"site": {"inject": True}}])
def test_injected_tag_works_like_any_other(bare, page):
    page.goto(f"{bare.origin}/a")
    page.click("#next")
    bare.expect(("pageview", "/a"), ("engagement", "/a"), ("pageview", "/next"))


@pytest.mark.parametrize("settings", [{"site": {"inject": True}}])
def test_injected_tag_below_a_mount(bare, page):
    bare.mount = "/blog"
    page.goto(f"{bare.origin}/blog/a")
    bare.expect(("pageview", "/blog/a"))


@pytest.mark.parametrize("settings", [{"site": {"count_pages": True}}])
def test_pages_are_counted_without_any_script(bare, page):
    page.goto(f"{bare.origin}/a?utm_source=mail", referer="https://news.example/")
    page.click("#next")
    page.evaluate("fetch('/part').then((answer) => answer.text())")
    rows = bare.expect(
        ("pageview", "/a", "https://news.example/", "mail"),
        ("pageview", "/next", None, None),
        fields=("type", "path", "referrer", "utm_source"),
    )
    assert len({row["visitor"] for row in rows}) == 1
    assert bare.posts() == []


@pytest.mark.parametrize("settings", [{"site": {"count_pages": True}}])
def test_page_with_a_tag_is_counted_once(site, page):
    page.goto(f"{site.origin}/a")
    page.evaluate("ZTA.track('end')")
    rows = site.expect(("pageview", "/a"), ("event", "/a"))
    assert rows[0]["country"] == "DE", "the script's, which knows the timezone"


@pytest.mark.parametrize("settings", [{"site": {"count_pages": True, "inject": True}}])
@pytest.mark.parametrize("tagged", [True, False])
def test_visit_is_counted_once_with_everything_on(site, page, tagged, request):
    if not tagged:
        request.getfixturevalue("bare")
    page.goto(f"{site.origin}/a")
    page.evaluate("ZTA.track('end')")
    site.expect(("pageview", "/a"), ("event", "/a"))


@pytest.mark.parametrize("settings", [{"site": {"count_pages": True, "inject": True}}])
def test_visitor_of_a_page_without_a_head_is_the_same(site, page):
    page.goto(f"{site.origin}/a")
    page.route("**/*.png", lambda route: route.abort())
    site._page, page_ = _headless, site._page
    site.middleware._application = _headless
    page.goto(f"{site.origin}/b")
    rows = site.expect(("pageview", "/a"), ("engagement", "/a"), ("pageview", "/b"))
    assert len({row["visitor"] for row in rows}) == 1
    site._page = page_


def _answering(*headers, body=b"<head><title>x</title></head><p>x"):
    """An app with an ETag, a page in three frames, and these headers."""

    def application(environ, start_response):
        if environ["PATH_INFO"] == "/favicon.ico":
            start_response("404 Not Found", [])
            return []
        tag = ("ETag", '"one"')
        if '"one"' in environ.get("HTTP_IF_NONE_MATCH", ""):
            start_response("304 Not Modified", [tag, *headers])
            return []
        html = body
        if environ["PATH_INFO"] == "/frames":
            html += b"<iframe src=/1></iframe><iframe src=/2></iframe><object data=/3></object>"
        fresh = [("Content-Type", "text/html"), ("Cache-Control", "no-cache"), tag]
        start_response("200 OK", [*fresh, *headers])
        return [html]

    return application


@pytest.mark.parametrize(
    "settings", [{"site": {"count_pages": True}}, {"site": {"count_pages": True, "inject": True}}]
)
def test_page_that_is_not_modified_counts_each_time(bare, page):
    bare.middleware._application = _answering()
    page.goto(f"{bare.origin}/a")
    page.goto(f"{bare.origin}/b")
    page.goto(f"{bare.origin}/a")
    page.reload()
    bare.expect("/a", "/b", "/a", "/a", fields=("path",), kind="pageview")
    assert [e["HTTP_IF_NONE_MATCH"] for _, _, e in bare.requests if "HTTP_IF_NONE_MATCH" in e]


@pytest.mark.parametrize(
    "settings", [{"site": {"count_pages": True}}, {"site": {"count_pages": True, "inject": True}}]
)
def test_frames_of_a_page_are_no_pages(bare, page):
    bare.middleware._application = _answering()
    page.goto(f"{bare.origin}/frames")
    page.wait_for_load_state("networkidle")
    page.goto(f"{bare.origin}/end")
    bare.expect("/frames", "/end", fields=("path",), kind="pageview")


POLICIES = {
    "script-src 'nonce-abc123' 'strict-dynamic'": True,
    "default-src 'self'": True,
    "script-src http://127.0.0.1:*; connect-src http:": True,
    "default-src 'self', script-src 'nonce-a'": True,
    "script-src 'strict-dynamic'": False,
    "script-src https://cdn.example": False,
    "script-src 'self'; connect-src 'none'": False,
    "script-src 'self', script-src 'none'": False,
    "default-src https:": False,
    "sandbox allow-scripts": False,
}


@pytest.mark.parametrize("settings", [{"site": {"count_pages": True, "inject": True}}])
@pytest.mark.parametrize("place", ["header", pytest.param("meta", marks=pytest.mark.slow)])
@pytest.mark.parametrize(("policy", "runs"), POLICIES.items())
def test_browser_and_server_agree_about_a_policy(bare, page, policy, runs, place):
    """The script counts a page where it runs, and the server where it does not: once in all."""
    if place == "meta" and "sandbox" in policy:
        runs = True  # a sandbox has to be in a header
    if place == "header":
        bare.middleware._application = _answering(("Content-Security-Policy", policy))
    else:
        meta = f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        body = f"<head><title>x</title>{meta}</head><p>x".encode()
        bare.middleware._application = _answering(body=body)
    page.goto(f"{bare.origin}/a")
    page.goto("about:blank")
    bare.expect("/a", fields=("path",), kind="pageview")
    assert bool(bare.posts()) is runs


def _headless(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/html")])
    return [b"<p>hello"]


@pytest.mark.parametrize("settings", [{"pixel": "/js/ztas.gif"}])
def test_pixel_counts_where_no_script_runs(bare, browser):
    bare.body = f'<noscript><img src="/js/ztas.gif?siteId={bare.id}" alt=""></noscript>'
    with browser.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(f"{bare.origin}/a?x=1")
        page.click("#next")
        bare.expect(("pageview", "/a"), ("pageview", "/next"))


@pytest.mark.parametrize("settings", [{"pixel": "/js/ztas.gif"}])
def test_pixel_in_a_page_of_another_origin(bare, page):
    bare.body = f'<img src="{bare.origin}/js/ztas.gif?siteId={bare.id}&path=/mirror" alt="">'
    page.goto(f"{bare.other_origin}/a")
    assert page.evaluate("document.images[0].naturalWidth") == 1
    bare.expect(("pageview", "/mirror"))
