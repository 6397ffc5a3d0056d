from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ztas_middleware.web.head import LOOK_AHEAD, HeadSearch

# ¦ marks the place; where there is none, the tag belongs nowhere.
PAGES = {
    "usual": "<!doctype html><html><head><title>x</title>¦</head><body>y</body></html>",
    "upper case": "<HTML><HEAD>¦</HEAD><BODY>",
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
        assert search.place is None or search.read <= search.place
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


@pytest.mark.parametrize("step", [1000, LOOK_AHEAD, 10 * LOOK_AHEAD])
def test_looks_no_further_than_64_kib(step):
    near = b"x" * (LOOK_AHEAD - len("</head>")) + b"</head>"
    far = b"x" * LOOK_AHEAD + b"</head>"
    for page, place in ((near, LOOK_AHEAD - len("</head>")), (far, None)):
        search = HeadSearch()
        for start in range(0, len(page), step):
            search.feed(page[start : start + step])
        assert search.place == place
        assert search.over is (place is None)


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
        assert page[whole:].startswith((b"</head", b"<body"))
