from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ztas_middleware.web.head import LOOK_AHEAD, HeadSearch

# ¦ marks the place; where there is none, the tag belongs nowhere.
PAGES = {
    "usual": "<!doctype html><html><head>¦<title>x</title></head><body>y</body></html>",
    "upper case": "<HTML><HEAD>¦</HEAD><BODY>",
    "before scripts": "<head>¦\n  <script type=module src=/app.js></script></head>",
    "behind the meta elements that open it": "<head>\n<meta charset=x>\n<META a='>' />¦\n<title>",
    "before meta elements further down": "<head><meta a>¦<title>x</title><meta b></head>",
    "behind a meta element behind a comment": "<head><!-- <meta> --><meta a>¦<script></script>",
    "attributes of the head": "<head prefix='og: >' lang=de>¦<link></head>",
    "a head that never ends": "<head>¦<title>x</title>",
    "a head that ends with its page": "<html><head>¦",
    "a head in the text of a title": "<title><head></title>¦</head>",
    "a second head": "<head>¦<title></title><head></head>",
    "a head without an end, then the body": "<head>¦<title></title><p>hello<meta a></head>",
    "space in the end tag": "<head>¦</head\n ><body>",
    "attributes in the end tag": "<head>¦</head a='>'><body>",
    "no end of the head": "<html><meta charset=utf-8>¦<body class=a>",
    "upper case body": "<TITLE>x</TITLE>¦<BODY>",
    "body with a slash": "¦<body/>",
    "body first": "¦<body></head>",
    "no head and no body": "<!doctype html><title>x</title><p>hello",
    "a fragment": "<div><p>hello</p></div>",
    "empty": "",
    "text": "</ head> < /head> head",
    # Names that only begin alike.
    "header": "<body-builder></header></head-line><heading>¦</head>",
    "bodyguard": "<bodyguard>¦<body>",
    # What is text to a browser.
    "in a comment": "<!-- </head> -->¦</head>",
    "in a comment, with dashes": "<!-- -- </head> --->¦</head>",
    "in a comment that ends in a bang": "<!-- </head> --!>¦</head>",
    "behind an empty comment": "<!-->¦</head>-->",
    "behind an empty comment with a dash": "<!--->¦</head>-->",
    "in a conditional comment": "<!--[if IE]></head><![endif]-->¦</head>",
    "behind a doctype": '<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0" "x.dtd">¦</head>',
    "behind a processing instruction": '<?xml version="1.0"?>¦</head>',
    "in a script": "<script>document.write('</head><body>')</script>¦</head>",
    "in a script with a half end": "<script>'</scripty></head>'</script >¦</head>",
    "in an upper case script": "<SCRIPT></head></script>¦</head>",
    "in a style": "<style>a::after{content:'</head>'}</style>¦</head>",
    "in the title": "<title>How to close <head> with </head></title>¦</head>",
    "in noscript": "<noscript></head></noscript>¦</head>",
    "in a script that never ends": "<script></head><body>",
    "in a comment that never ends": "<!-- </head><body>",
    # What is an attribute to a browser.
    "in double quotes": '<meta content="</head>">¦</head>',
    "in single quotes": "<meta content='</head>'>¦</head>",
    "in quotes behind spaces": '<meta content = "a>b</head>">¦</head>',
    "the other quote in quotes": "<meta content=\"it's\" title='\"</head>'>¦</head>",
    "a stray quote": "<meta content=it's>¦</head><p title='x'>",
    "a stray quote in a name": "<meta conte'nt>¦</head><p title='x'>",
    "equals signs in a value": '<meta a=b=c="d>¦</head>',
    "an empty value": "<meta a=>¦</head>",
    "a value that never ends": '<meta content="</head><body>',
    "a tag that never ends": "<meta content </head",
    # Characters are not our business.
    "UTF-8": "<title>tëapöt \N{TEAPOT}</title>¦</head>",
}


def place_in(*chunks):
    search = HeadSearch()
    for chunk in chunks:
        search.feed(chunk)
        assert search.place is None or search.read == search.place
    return search.place


@pytest.mark.parametrize("page", PAGES.values(), ids=PAGES)
def test_place_of_the_tag(page):
    before, mark, after = page.encode().partition("¦".encode())
    assert place_in(before + after) == (len(before) if mark else None)


@pytest.mark.parametrize("page", PAGES.values(), ids=PAGES)
def test_place_is_the_same_however_the_page_is_cut(page):
    html = page.replace("¦", "").encode()
    whole = place_in(html)
    assert place_in(*(bytes([byte]) for byte in html)) == whole
    for cut in range(len(html)):
        assert place_in(html[:cut], b"", html[cut:]) == whole


@pytest.mark.parametrize("page", PAGES.values(), ids=PAGES)
def test_nothing_before_the_place_is_ever_settled(page):
    html = page.replace("¦", "").encode()
    place = place_in(html)
    search = HeadSearch()
    for byte in html:
        search.feed(bytes([byte]))
        assert place is None or search.read <= place


@pytest.mark.parametrize(
    "page",
    [
        pytest.param("<head></head>".encode("utf-16"), id="UTF-16 with a mark"),
        pytest.param("<head></head>".encode("utf-16-le"), id="UTF-16 without"),
        pytest.param(b"\xff\xfe<head></head>", id="a mark that lies"),
        pytest.param(b"<head>\0</head>", id="NUL"),
    ],
)
def test_gives_up_on_what_is_no_ascii(page):
    search = HeadSearch()
    search.feed(page[:1])
    search.feed(page[1:])
    assert search.over


POLICIES = {
    "before the place": "<head><meta http-equiv=Content-Security-Policy content=\"a 'b'\">",
    "behind it": (
        "<head><title></title><META CONTENT='a &#39;b&#39;' HTTP-EQUIV=content-SECURITY-policy />"
    ),
    "without a head": "<meta http-equiv='Content-Security-Policy' content=\"a 'b'\"><body>",
}


@pytest.mark.parametrize("page", POLICIES.values(), ids=POLICIES)
def test_policies_of_the_head(page):
    search = HeadSearch()
    for byte in page.encode():
        search.feed(bytes([byte]))
    assert search.policies == ["a 'b'"]


@pytest.mark.parametrize(
    "page",
    [
        '<head><meta http-equiv="Content-Security-Policy-Report-Only" content="a">',
        '<head><meta name="content-security-policy" content="a">',
        '<head><!-- <meta http-equiv="Content-Security-Policy" content="a"> -->',
        '<head><noscript><meta http-equiv="Content-Security-Policy" content="a"></noscript>',
        '<head></head><meta http-equiv="Content-Security-Policy" content="a">',
    ],
)
def test_what_is_no_policy(page):
    search = HeadSearch()
    search.feed(page.encode())
    assert search.policies == []


@pytest.mark.parametrize("step", [1000, LOOK_AHEAD, 10 * LOOK_AHEAD])
def test_looks_no_further_than_64_kib(step):
    near = b"x" * (LOOK_AHEAD - len("</head>")) + b"</head>"
    far = b"x" * LOOK_AHEAD + b"</head>"
    for page, place in ((near, LOOK_AHEAD - len("</head>")), (far, None)):
        search = HeadSearch()
        for start in range(0, len(page), step):
            search.feed(page[start : start + step])
        assert search.place == place
        assert search.over


markup = st.lists(
    st.sampled_from(
        [
            *(
                "<",
                ">",
                "</",
                "/>",
                "<!--",
                "-->",
                "--!>",
                "<!",
                "=",
                '"',
                "'",
                " ",
                "\n",
                "-",
                "!",
            ),
            *("head", "</head>", "<body", "body", "script", "<script>", "</script>", "title", "x"),
        ]
    ),
    max_size=30,
).map(lambda parts: "".join(parts).encode())


@given(markup, st.lists(st.integers(0, 200), max_size=4))
def test_any_markup_has_one_place_and_it_is_a_tag(page, cuts):
    whole = place_in(page)
    bounds = sorted({0, len(page), *(cut for cut in cuts if cut < len(page))})
    assert place_in(*(page[a:b] for a, b in pairwise(bounds))) == whole
    if whole is not None:
        opened = page[:whole].lower()
        assert page[whole:].startswith((b"</head", b"<body")) or opened.rfind(b"<head") >= 0
