"""Whatever is wrong with a page: no exception reaches it, and one warning at most."""

from __future__ import annotations

import pytest


@pytest.mark.parametrize("attributes", ["", 'data-site=""', "data-track=outbound"])
def test_tag_without_a_site(site, page, attributes):
    site.attributes = attributes
    site.head = site.tag  # twice
    page.goto(site.origin)
    page.evaluate("ZTA.track('x'); ZTA.trackEvent('a', 'b'); ZTA.trackPageView()")
    page.evaluate("history.pushState({}, '', '/b')")
    page.goto("about:blank")
    assert page.warnings == ["ZTA: a classic script? true"]
    assert site.posts() == []


def test_module_is_no_classic_script(site, page):
    site.attributes += " type=module"
    page.goto(site.origin)
    (warning,) = page.warnings
    assert "a classic script" in warning
    assert site.posts() == []


def test_other_name_of_the_attribute(site, page):
    site.attributes = f'data-site-id="{site.id}"'
    page.goto(site.origin)
    site.expect(("pageview", "/"))
    assert page.warnings == []


def test_unknown_site(site, page):
    site.attributes = f'data-site="not {site.id}"'
    page.goto(site.origin)
    page.evaluate("ZTA.track('x')")
    site.wait_for_posts(2, f"not {site.id}")
    assert page.warnings == []


def test_blocked_requests(site, page):
    page.clock.install()
    page.route("**/api/track", lambda route: route.abort("blockedbyclient"))
    page.goto(site.origin)
    page.evaluate("ZTA.track('x')")
    page.clock.run_for(300_000)
    page.evaluate("history.pushState({}, '', '/b')")
    page.clock.run_for(300_000)
    assert page.warnings == []
    assert site.posts() == []


def test_blocked_by_a_policy(site, page):
    site.head = """<meta http-equiv="Content-Security-Policy" content="connect-src 'none'">"""
    page.goto(site.origin)
    page.evaluate("ZTA.track('x')")
    assert page.warnings == []
    assert site.posts() == []


def test_blocked_script(site, page):
    page.route("**/js/ztas.js", lambda route: route.abort())
    page.goto(site.origin)
    assert page.evaluate("typeof ZTA") == "undefined"


BEFORE = {
    "fetch throws": "window.fetch = () => { throw new Error('no') }",
    "fetch returns nothing": "window.fetch = () => {}",
    "fetch resolves to nothing": "window.fetch = async () => {}",
    "fetch rejects": "window.fetch = async () => { throw new Error('no') }",
    "fetch is gone": "delete window.fetch; window.fetch = undefined",
    "no history": "Object.defineProperty(window, 'history', { value: undefined })",
    "frozen history": "Object.freeze(history)",
    "no Intl": "delete window.Intl",
}


@pytest.mark.parametrize("script", BEFORE.values(), ids=BEFORE)
def test_pages_that_are_not_as_they_should_be(site, page, script):
    page.add_init_script(script)
    page.goto(site.origin)
    page.evaluate("ZTA.track('x'); ZTA.trackEvent('a', 'b'); ZTA.trackPageView()")
    page.click("#next")
    page.wait_for_load_state()
    assert len(page.warnings) <= 2, "two pages, one warning each"
    assert page.problems == []


def test_page_with_an_element_called_zta(site, page):
    site.head = '<meta id="ZTA">'
    page.goto(site.origin)
    page.evaluate("ZTA.track('x')")
    site.expect(("pageview", "/"), ("event", "/"))


def test_history_without_push_state_stays_without(site, page):
    page.add_init_script("delete History.prototype.pushState")
    page.goto(site.origin)
    site.expect(("pageview", "/"))
    assert page.evaluate("history.pushState") is None
    page.evaluate("history.replaceState({}, '', '/b')")
    site.expect(("pageview", "/"), ("engagement", "/"), ("pageview", "/b"))


def test_app_that_wraps_fetch(site, page):
    page.goto(site.origin)
    page.evaluate("""() => {
        const native = window.fetch;
        window.wrapped = 0;
        window.fetch = (...given) => { window.wrapped++; return native(...given) };
    }""")
    page.evaluate("ZTA.track('x')")
    site.expect(("pageview", "/"), ("event", "/"))


def test_page_in_a_frame(site, page):
    page.goto(f"{site.origin}/top")
    page.evaluate(
        """([own, other]) => {
            // In the third, which is of no origin, scripts run and no hit is accepted.
            const frames = [[own, ""], [other, ""], [other, "allow-scripts"]];
            for (const [src, sandbox] of frames) {
                const frame = document.createElement("iframe");
                if (sandbox) frame.sandbox = sandbox;
                document.body.append(Object.assign(frame, { src }));
            }
        }""",
        [f"{site.origin}/own", f"{site.other_origin}/other"],
    )
    site.expect(("pageview", "/top"), ("pageview", "/own"), ("pageview", "/other"))
    site.wait_for_posts(4)
    assert page.warnings == []


FRAMED = """async ([tag, kind]) => {
    const html = `<!doctype html><title>x</title>${tag}`;
    const frame = document.createElement("iframe");
    const loaded = new Promise((done) => { frame.onload = done });
    if (kind == "srcdoc") frame.srcdoc = html;
    else if (kind == "blob") frame.src = URL.createObjectURL(new Blob([html], {type: "text/html"}));
    else if (kind == "data") frame.src = "data:text/html," + encodeURIComponent(html);
    document.body.append(frame);
    await loaded;
}"""


@pytest.mark.parametrize("kind", ["srcdoc", "blob", "data"])
def test_frame_without_an_address_is_no_page(site, page, kind):
    page.goto(f"{site.origin}/top")
    tag = site.tag.replace("/js/", f"{site.origin}/js/").replace("defer ", "")
    page.evaluate(FRAMED, [tag, kind])
    page.evaluate("ZTA.track('end')")
    site.expect(("pageview", "/top"), ("event", "/top"))
    assert len(site.posts()) == 2
    assert len([path for _, path, _ in site.requests if path == "/js/ztas.js"]) >= 1


def test_two_tags_are_one(site, page):
    site.head = site.tag
    page.goto(site.origin)
    page.evaluate("""tag => {
        const script = document.createElement("script");
        script.src = "/js/ztas.js?again";
        Object.assign(script.dataset, document.querySelector("script").dataset);
        return new Promise((loaded) => { script.onload = loaded; document.head.append(script) });
    }""")
    page.evaluate("ZTA.track('x')")
    page.evaluate("history.pushState({}, '', '/b')")
    site.expect(("pageview", "/"), ("event", "/"), ("engagement", "/"), ("pageview", "/b"))
    assert page.warnings == []


def test_tags_of_two_sites_are_two(site, page):
    site.head = '<script defer src="/js/ztas.js" data-site="other"></script>'
    page.goto(site.origin)
    page.evaluate("history.pushState({}, '', '/b')")
    site.expect(("pageview", "/"), ("engagement", "/"), ("pageview", "/b"))
    site.wait_for_posts(3, "other")


@pytest.mark.parametrize("attribute", ["async", "", "type=text/javascript"])
def test_tag_may_load_as_it_likes(site, page, attribute):
    site.head = f'<script {attribute} src="/js/ztas.js" {site.attributes}></script>'
    site.attributes = 'data-site="nope"'
    page.goto(site.origin)
    site.expect(("pageview", "/"))


def test_tag_that_a_script_puts_in(site, page):
    tag = site.attributes.removeprefix('data-site="').removesuffix('"')
    site.attributes = 'data-site="nope"'
    page.goto(site.origin)
    page.evaluate(
        """site => {
            const script = document.createElement("script");
            script.src = "/js/ztas.js";
            script.dataset.site = site;
            document.head.append(script);
        }""",
        tag,
    )
    site.expect(("pageview", "/"))
