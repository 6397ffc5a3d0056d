from __future__ import annotations

import pytest

from ztas_middleware.web.visits import is_navigation, parameters, requested_page

FIREFOX = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"SEC_FETCH_MODE": "navigate", "ACCEPT": FIREFOX}, True),
        ({"SEC_FETCH_MODE": "navigate"}, True),
        ({"SEC_FETCH_MODE": "cors", "ACCEPT": FIREFOX}, False),
        ({"SEC_FETCH_MODE": "no-cors", "ACCEPT": FIREFOX}, False),
        ({"SEC_FETCH_MODE": "same-origin", "ACCEPT": "text/html"}, False),
        ({"SEC_FETCH_MODE": "navigate", "SEC_FETCH_DEST": "document"}, True),
        ({"SEC_FETCH_MODE": "navigate", "SEC_FETCH_DEST": ""}, True),
        ({"SEC_FETCH_MODE": "navigate", "SEC_FETCH_DEST": "iframe"}, False),
        ({"SEC_FETCH_MODE": "navigate", "SEC_FETCH_DEST": "object"}, False),
        ({"SEC_FETCH_DEST": "embed", "ACCEPT": FIREFOX}, False),
        ({"SEC_FETCH_DEST": "empty", "ACCEPT": FIREFOX}, False),
        ({"ACCEPT": FIREFOX}, True),
        ({"ACCEPT": "Text/HTML"}, True),
        ({"ACCEPT": "*/*"}, False),
        ({"ACCEPT": "application/json"}, False),
        ({}, False),
        ({"ACCEPT": FIREFOX, "X_REQUESTED_WITH": "XMLHttpRequest"}, False),
        ({"ACCEPT": "text/html", "HX_REQUEST": "true"}, False),
        ({"ACCEPT": "text/html", "X_PJAX": "true"}, False),
        ({"ACCEPT": "text/html", "TURBO_FRAME": "main"}, False),
        ({"ACCEPT": "text/html", "X_UP_VERSION": "3"}, False),
        ({"ACCEPT": "text/html", "X_INERTIA": "true"}, False),
    ],
)
def test_what_opens_a_page(headers, expected):
    assert is_navigation({f"HTTP_{name}": value for name, value in headers.items()}) is expected


@pytest.mark.parametrize(
    ("environ", "path"),
    [
        ({"PATH_INFO": "/pricing"}, "/pricing"),
        ({"SCRIPT_NAME": "/blog", "PATH_INFO": "/post"}, "/blog/post"),
        ({"PATH_INFO": "/post", "QUERY_STRING": "id=3"}, "/post?id=3"),
        ({"PATH_INFO": "/m\xc3\xbcnchen"}, "/m%C3%BCnchen"),
        ({"PATH_INFO": "/a%2Fb?c#d"}, "/a%252Fb%3Fc%23d"),
        ({}, ""),
    ],
)
def test_page_that_was_asked_for(environ, path):
    event = requested_page(environ)
    assert (event.type, event.path, event.referrer) == ("pageview", path, "")


def test_campaign_and_referrer_of_the_page():
    event = requested_page(
        {
            "PATH_INFO": "/",
            "QUERY_STRING": "utm_source=news+letter&utm_medium=m%C3%A4il&utm_source=no&x=1",
            "HTTP_REFERER": "https://google.com/?q=x",
        }
    )
    campaign = (event.utm_source, event.utm_medium, event.utm_campaign)
    assert campaign == ("news letter", "mäil", None)
    assert event.referrer == "https://google.com/?q=x"


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("caf\xc3\xa9", "café"),
        ("\xe6\x9d\xb1\xe4\xba\xac", "東京"),
        ("caf\xe9", "café"),  # Latin-1, read as such
        ("caf%C3%A9", "caf%C3%A9"),
        ("東京", "東京"),  # from a server that has decoded it already
    ],
)
def test_raw_utf_8_is_read_as_such(raw, text):
    event = requested_page(
        {
            "PATH_INFO": "/",
            "QUERY_STRING": f"utm_source={raw}",
            "HTTP_REFERER": f"https://blog.example/{raw}",
        }
    )
    assert event.referrer == f"https://blog.example/{text}"
    assert event.utm_source == text.replace("%C3%A9", "é")


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("a=1&b=2&a=3", {"a": "1", "b": "2"}),
        ("a=%FF%zz", {"a": "\ufffd%zz"}),
        ("", {}),
        ("a", {}),
        ("&".join("abcd"), {}),
        ("&".join(f"p{n}=1" for n in range(1000)), {}),
    ],
)
def test_parameters(query, expected):
    assert parameters(query) == expected
