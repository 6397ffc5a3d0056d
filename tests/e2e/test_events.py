"""Events: from code, from attributes, and by themselves.

Each test opens one page and does many things in it: a browser is slow to set up.
"""

from __future__ import annotations

import pytest

EVENT = ("action", "category", "label", "value")

CALLS = {
    "ZTA.track('signup')": ("signup", None, None, None),
    "ZTA.track('a', {category: 'shop', label: 'teapot', value: 24.5})": (
        "a",
        "shop",
        "teapot",
        24.5,
    ),
    "ZTA.track('b', {value: '24.50'})": ("b", None, None, 24.5),
    "ZTA.track('c', {value: 0, label: 0})": ("c", None, "0", 0.0),
    **{
        f"ZTA.track('{text}', {{value: '{text}'}})": (text, None, None, None)
        for text in ("24,50", "12px", "1 000", "1,000.00", "1.2.3", "0x10", "10-20", "7 €", "")
        if text
    },
    **{
        f"ZTA.track('{text}', {{value: '{text}'}})": (text, None, None, value)
        for text, value in (("-3", -3.0), ("+3", 3.0), (".5", 0.5), ("1e3", 1000.0))
    },
    "ZTA.track('no', {value: true})": ("no", None, None, None),
    "ZTA.track('d', {value: 'much', label: null})": ("d", None, None, None),
    "ZTA.track('e', null)": ("e", None, None, None),
    "ZTA.track('f', {path: '/x', siteId: 'y', type: 'z'})": ("f", None, None, None),
    "ZTA.trackEvent('shop', 'g', 'teapot', 24.5)": ("g", "shop", "teapot", 24.5),
    "ZTA.trackEvent('shop', 'h')": ("h", "shop", None, None),
    "ZTA.track(7)": ("7", None, None, None),
    "ZTA.track()": (None, None, None, None),
}


def test_custom_events(site, page):
    page.goto(f"{site.origin}/shop")
    for call in CALLS:
        page.evaluate(call)
    rows = site.expect(*CALLS.values(), fields=EVENT, kind="event")
    assert {row["path"] for row in rows} == {"/shop"}


PROPERTIES = {
    "{plan: 'pro', seats: 3, trial: true}": '{"plan":"pro","seats":3,"trial":true}',
    "{}": None,
    "null": None,
    "undefined": None,
}


def test_properties(site, page):
    page.goto(site.origin)
    for properties in PROPERTIES:
        page.evaluate(f"ZTA.track('x', {{properties: {properties}}})")
    page.evaluate("ZTA.track('x')")
    site.expect(*PROPERTIES.values(), None, fields=("properties",), kind="event")


QUEUE = "<script>window.ZTA=window.ZTA||{q:[],track(...a){this.q.push(a)}}</script>"


def test_what_was_queued_before_the_script_ran(site, page):
    site.head = QUEUE + "<script>ZTA.track('early', {label: 'a'}); window.bought = 1</script>"
    page.goto(site.origin)
    page.evaluate("ZTA.track('late'); ZTA.trackPageView()")
    rows = site.expect(("early", "a"), ("late", None), fields=("action", "label"), kind="event")
    assert {row["path"] for row in rows} == {"/"}
    site.expect("/", "/", fields=("path",), kind="pageview")


def test_calls_are_safe_where_the_script_is_blocked(site, page):
    site.head = QUEUE
    page.route("**/js/ztas.js", lambda route: route.abort())
    page.goto(site.origin)
    assert page.evaluate("ZTA.track('x'), 1") == 1


def test_calls_that_make_no_sense_do_nothing(site, page):
    page.goto(site.origin)
    page.evaluate("ZTA.track(Symbol())")
    page.evaluate("ZTA.track({ toString() { throw 1 } })")
    page.evaluate("ZTA.track('x', { value: Symbol() })")
    page.evaluate("ZTA.trackEvent(1n, Symbol())")
    page.evaluate("ZTA.track('end')")
    site.expect("end", fields=("action",), kind="event")


def test_page_view_by_hand(site, page):
    page.goto(site.origin)
    page.evaluate("ZTA.trackPageView()")
    site.expect(("pageview", "/"), ("engagement", "/"), ("pageview", "/"))


DECLARED = """
<button id="full" data-zta-track="full" data-zta-category="form" data-zta-label="top"
  data-zta-value="2.5">full</button>
<button data-zta-track="icon"><svg width="20" height="20"><circle id="icon" cx="9" cy="9" r="9"/>
</svg></button>
<span id="bare" data-zta-track="bare" data-zta-value="">bare</span>
<p onclick="event.stopPropagation()"><b id="inner" data-zta-track="inner">b</b></p>
<a id="link" href="#x" data-zta-track="link">link</a>
<button id="key" data-zta-track="key">key</button>
<button id="other" data-zta-track="other">other</button>
<div id="host"></div>
<button data-zta-track="around"><x-icon></x-icon></button>
<script>
  const shadow = (host, html) => { host.attachShadow({ mode: "open" }).innerHTML = html };
  shadow(document.getElementById("host"), "<b data-zta-track='deep'><i id='deep'>deep</i></b>");
  shadow(document.querySelector("x-icon"), "<i id='around'>icon</i>");
</script>
"""


def test_declared_events(site, page):
    site.body = DECLARED
    page.goto(site.origin)
    for target in ("#full", "#icon", "#bare", "#inner", "#link", "#deep", "#around", "h1"):
        page.click(target)
    page.focus("#key")
    page.keyboard.press("Enter")
    # The middle button does nothing to a button, and the right one to nothing at all.
    page.click("#other", button="middle")
    page.click("#other", button="right")
    page.click("#link", button="right")
    site.expect(
        ("full", "form", "top", 2.5),
        *(
            (name, None, None, None)
            for name in ("icon", "bare", "inner", "link", "deep", "around", "key")
        ),
        fields=EVENT,
        kind="event",
    )


def test_declared_properties(site, page):
    site.body = """<button id="a" data-zta-track="a" data-zta-prop-plan="pro"
      data-zta-prop-page-size="10" data-zta-label="b" data-property="no"
      data-zta-value="24,50">a</button>"""
    page.goto(site.origin)
    page.click("#a")
    (row,) = site.expect(("a", None, "b", None), fields=EVENT, kind="event")
    assert row["properties"] == '{"page-size":"10","plan":"pro"}'


TAGGED_FORMS = """
<form data-zta-track="Signup" data-zta-prop-kind="mail"><h2>N</h2><input type="email">
  <input type="submit" id="a"></form>
<div data-zta-track="Around"><p id="p">text</p><form id="named"><input id="field">
  <button id="b">b</button><button id="own" type="button" data-zta-track="own">x</button></form>
  </div>
<form action="/x"><button id="c" data-zta-track="button">c</button></form>
<form-field data-zta-track="custom"><b id="custom">x</b></form-field>
<script>addEventListener("submit", (event) => event.preventDefault())</script>
"""


def test_tag_on_a_form_or_around_it_is_its_submission(site, page):
    site.attributes += ' data-track="forms"'
    site.body = TAGGED_FORMS
    page.goto(site.origin)
    for target in ("h2", "[type=email]", "#p", "#field", "#own", "#custom"):
        page.click(target)
    site.expect("own", "custom", fields=("action",), kind="event")
    page.click("#a")
    page.press("#field", "Enter")
    page.click("#c")
    rows = site.expect(
        *(("own", None), ("custom", None), ("Signup", None), ("Around", None)),
        *(("button", None), ("form", "/x")),
        fields=("action", "label"),
        kind="event",
    )
    assert rows[2]["properties"] == '{"kind":"mail"}'


def test_tagged_link_is_one_event(links, page):
    links.attributes += ' data-track="outbound downloads"'
    links.body += f"""
      <a id="tagged" href="{links.foreign_origin}/x.pdf" data-zta-track="tagged">a</a>
      <p data-zta-track="outer"><a id="within" href="{links.foreign_origin}/y.zip">b</a></p>"""
    page.goto(links.origin)
    page.evaluate(STAY)
    for link in ("#tagged", "#within"):
        page.click(link)
        page.click(link, button="middle")
    links.expect(*["tagged", "outer"] * 2, fields=("action",), kind="event")


@pytest.fixture
def links(site):
    """A page with links of all kinds, whose clicks lead nowhere."""
    site.body = f"""
      <a id="out" href="{site.foreign_origin}/shop/teapot?secret=1#x"><b>out</b></a>
      <a id="tab" href="{site.foreign_origin}/tab" target="_blank">tab</a>
      <a id="own" href="{site.origin}/next">own</a>
      <a id="mail" href="mailto:a@b.example">mail</a>
      <a id="call" href="tel:+4930123456">call</a>
      <a id="void" href="javascript:void 0">void</a>
      <a id="name">no link</a>
      <svg width="50" height="20"><a id="svg" href="/x"><text y="15">svg</text></a></svg>
      <a id="pdf" href="/files/Price%20list.PDF?v=2">pdf</a>
      <a id="far" href="{site.foreign_origin}/files/tea.zip">far</a>
      <a id="html" href="/files/pdf">html</a>
      <a href="{site.foreign_origin}/card"><x-card></x-card></a>
      <script>
        const card = document.querySelector("x-card").attachShadow({{ mode: "open" }});
        card.innerHTML = "<b id='card'>card</b>";
      </script>
    """
    return site


STAY = """for (const type of ["click", "auxclick"])
  addEventListener(type, (event) => event.preventDefault());"""
OUTBOUND = [
    "outbound OTHER/shop/teapot",
    "outbound OTHER/tab",
    "outbound OTHER/files/tea.zip",
    "outbound OTHER/card",
]
DOWNLOADS = ["download /files/Price%20list.PDF", "download /files/tea.zip"]
LINKS = ["out", "tab", "own", "mail", "call", "void", "name", "svg", "pdf", "far", "html", "card"]


@pytest.mark.parametrize(
    ("track", "events"),
    [
        ("outbound", OUTBOUND),
        ("downloads", DOWNLOADS),
        ("forms", []),
        ("downloads outbound", OUTBOUND + DOWNLOADS),
    ],
)
def test_links_that_leave_and_files(links, page, track, events):
    links.attributes += f' data-track="{track}"'
    page.goto(links.origin)
    page.evaluate(STAY)
    for link in LINKS:
        page.click(f"#{link}")
        page.click(f"#{link}", button="middle")
        page.click(f"#{link}", button="right")
    page.evaluate("ZTA.track('end')")
    other = links.foreign_origin.removeprefix("http://")
    expected = [tuple(event.replace("OTHER", other).split()) for event in events * 2]
    links.expect(*expected, ("end", None), fields=("action", "label"), kind="event")


def test_event_arrives_although_the_page_is_left(links, page):
    links.attributes += ' data-track="outbound"'
    page.goto(links.origin)
    page.click("#out")
    page.wait_for_url(f"{links.foreign_origin}/**")
    links.expect("pageview", "event", "engagement", fields=("type",))


@pytest.mark.parametrize("target", ["#out", "#tab"])
def test_event_arrives_although_the_page_is_closed_right_after_the_click(links, page, target):
    links.attributes += ' data-track="outbound"'
    page.goto(links.origin)
    page.evaluate("target => { document.querySelector(target).click() }", target)
    page.close()
    links.expect("outbound", fields=("action",), kind="event")


def test_download_stays_on_the_page(links, page):
    links.attributes += ' data-track="downloads"'
    page.goto(links.origin)
    with page.expect_download():
        page.click("#pdf")
    links.expect("pageview", "event", fields=("type",))


FORMS = """
<form id="newsletter" action="/subscribe"><input name="id" value="7"><input name="name">
  <button id="a">a</button></form>
<form name="search" action="/find"><button id="b">b</button></form>
<form action="/wp/admin-ajax?x=1"><input name="action" value="x"><button id="c">c</button></form>
<form><button id="d">d</button></form>
<form id="strict"><input required><button id="e">e</button></form>
<script>addEventListener("submit", (event) => event.preventDefault())</script>
"""


@pytest.mark.parametrize(
    ("track", "labels"),
    [("forms", ["newsletter", "search", "/wp/admin-ajax", "/contact"]), ("outbound", [])],
)
def test_forms(site, page, track, labels):
    site.attributes += f' data-track="{track}"'
    site.body = FORMS
    page.goto(f"{site.origin}/contact?x=1")
    for button in "abcde":
        page.click(f"#{button}")
    page.evaluate("ZTA.track('end')")
    expected = [("form", label) for label in labels]
    site.expect(*expected, ("end", None), fields=("action", "label"), kind="event")
