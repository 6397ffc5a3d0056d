"""Entries of `domain`: what they parse to and what they match."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ztas_middleware.config.domains import Domain, Origin, covers, matches, parse_domain

PARSED = {
    "bare": ("example.com", Domain("example.com")),
    "spelt otherwise": ("EXAMPLE.com.", Domain("example.com")),
    "port": ("example.com:8443", Domain("example.com", port=8443)),
    "https": ("https://example.com", Domain("example.com", "https", 443)),
    "http": ("HTTP://example.com", Domain("example.com", "http", 80)),
    "scheme and port": ("https://example.com:8443", Domain("example.com", "https", 8443)),
    "wildcard": ("*.example.com", Domain("example.com", wildcard=True)),
    "wildcard with all": ("https://*.example.com:8443", Domain("example.com", "https", 8443, True)),
    "localhost": ("localhost:3000", Domain("localhost", port=3000)),
    "IDNA": ("straße.de", Domain("xn--strae-oqa.de")),
    "IPv4": ("127.0.0.1:8000", Domain("127.0.0.1", port=8000)),
    "IPv6": ("[::1]", Domain("::1")),
    "application": ("Capacitor://localhost", Domain("localhost", "capacitor")),
    "application and port": ("tauri://localhost:1420", Domain("localhost", "tauri", 1420)),
    "extension": ("chrome-extension://abcdef", Domain("abcdef", "chrome-extension")),
    "IPv6 with all": ("http://[2001:DB8::1]:8080", Domain("2001:db8::1", "http", 8080)),
}

REFUSED = {
    "path": ("example.com/blog", "without path"),
    "trailing slash": ("https://example.com/", "without path"),
    "no scheme but slashes": ("//example.com", "without path"),
    "backslash": ("example.com\\blog", "without path"),
    "query": ("example.com?x=1", "without path and query"),
    "fragment": ("https://example.com#top", "without path"),
    "space": ("exa mple.com", "no spaces"),
    "leading space": (" example.com", "no spaces"),
    "line break": ("example.com\n", "no spaces"),
    "user": ("user@example.com", "no user name"),
    "password": ("https://user:secret@example.com", "no user name"),
    "ftp": ("ftp://example.com", "ftp:// has no origin"),
    "file": ("file:///srv/www", "file:// has no origin"),
    "web socket": ("wss://example.com", "wss:// has no origin"),
    "star of an application": ("capacitor://*.localhost", "stands for one origin"),
    "path of an application": ("capacitor://localhost/x", "without path"),
    "application without a host": ("capacitor://", "host is missing"),
    "no host": ("https://", "host is missing"),
    "only a port": (":8080", "host is missing"),
    "nothing": ("", "host is missing"),
    "star": ("*", "star stands only"),
    "star and dot": ("*.", "host is missing"),
    "star in the middle": ("a.*.com", "star stands only"),
    "star in a label": ("*example.com", "star stands only"),
    "two stars": ("*.*.example.com", "star stands only"),
    "star of an address": ("*.127.0.0.1", "no subdomains"),
    "port 0": ("example.com:0", "port is a number"),
    "port 65536": ("example.com:65536", "port is a number"),
    "port of letters": ("example.com:http", "port is a number"),
    "port of other digits": ("example.com:٨٠", "port is a number"),
    "negative port": ("example.com:-80", "port is a number"),
    "port missing": ("example.com:", "port is a number"),
    "IPv6 without brackets": ("2001:db8::1", r"brackets: \[2001:db8::1\]"),
    "IPv6 left open": ("[::1", "write it as"),
    "two domains": ("a.com,b.com", '"," cannot be part'),
    "IDNA nonsense": ("xn--abc-.de", "no valid IDNA"),
    "IPv4 nonsense": ("1.2.3", "no IPv4 address"),
}


@pytest.mark.parametrize(("text", "domain"), PARSED.values(), ids=PARSED.keys())
def test_entries(text, domain):
    assert parse_domain(text) == domain


@pytest.mark.parametrize(("text", "reason"), REFUSED.values(), ids=REFUSED.keys())
def test_what_is_no_entry_says_why(text, reason):
    with pytest.raises(ValueError, match=reason):
        parse_domain(text)


@pytest.mark.parametrize(
    ("entry", "name"),
    [
        ("example.com", "example.com"),
        ("https://example.com", "example.com"),
        ("localhost:3000", "localhost:3000"),
        ("*.example.com", "*.example.com"),
        ("capacitor://localhost", "capacitor://localhost"),
        ("tauri://localhost:1420", "tauri://localhost:1420"),
    ],
)
def test_what_a_site_is_called(entry, name):
    assert parse_domain(entry).name == name


# Each entry with origins that it matches and origins that it does not.
MATCHES = {
    "example.com": (
        [
            "https example.com 443",
            "http example.com 80",
            "http example.com 8080",
            "https www.example.com 443",
        ],
        ["https blog.example.com 443", "https example.org 443", "https notexample.com 443"],
    ),
    "www.example.com": (
        ["https example.com 443", "https www.example.com 443"],
        ["https www.www.example.com 443"],
    ),
    "example.com:8443": (
        ["https example.com 8443", "http www.example.com 8443"],
        ["https example.com 443", "http example.com 80"],
    ),
    "example.com:443": (["https example.com 443"], ["http example.com 80"]),
    "https://example.com": (
        ["https example.com 443", "https www.example.com 443"],
        ["http example.com 80", "http example.com 443", "https example.com 8443"],
    ),
    "http://example.com:8080": (
        ["http example.com 8080", "http www.example.com 8080"],
        ["https example.com 8080", "http example.com 80"],
    ),
    "*.example.com": (
        [
            "https www.example.com 443",
            "http a.b.example.com 8080",
        ],
        ["https example.com 443", "https badexample.com 443", "https example.com.evil.org 443"],
    ),
    "https://*.example.com": (["https a.example.com 443"], ["http a.example.com 80"]),
    "*.www.example.com": (["https a.www.example.com 443"], ["https a.example.com 443"]),
    "localhost:3000": (["http localhost 3000"], ["http localhost 80", "http 127.0.0.1 3000"]),
    "127.0.0.1": (["http 127.0.0.1 8000"], ["http www.127.0.0.1 8000"]),
    "[::1]:3000": (["http ::1 3000"], ["http ::1 80", "http www.::1 3000"]),
    "münchen.de": (["https xn--mnchen-3ya.de 443", "https www.xn--mnchen-3ya.de 443"], []),
}


def _origin(text):
    scheme, host, port = text.split()
    return Origin(scheme, host, int(port))


@pytest.mark.parametrize(("entry", "cases"), MATCHES.items(), ids=MATCHES.keys())
def test_what_an_entry_matches(entry, cases):
    domain = parse_domain(entry)
    own, others = cases
    assert [o for o in own if not matches(domain, _origin(o))] == []
    assert [o for o in others if matches(domain, _origin(o))] == []


@pytest.mark.parametrize(
    ("entry", "host", "expected"),
    [
        ("https://example.com", "example.com", True),
        ("example.com:8443", "www.example.com", True),
        ("*.example.com", "a.example.com", True),
        ("*.example.com", "example.com", False),
        ("127.0.0.1", "www.127.0.0.1", False),
    ],
)
def test_hosts_are_covered_whatever_the_scheme_and_port(entry, host, expected):
    assert covers(parse_domain(entry), host) is expected


@given(st.text(max_size=60) | st.text("ahtps:/*.[]w@0189 ä", max_size=30))
def test_any_text_is_an_entry_or_a_value_error(text):
    try:
        domain = parse_domain(text)
    except ValueError:
        return
    assert domain.host
    assert domain.scheme in (None, "http", "https")
