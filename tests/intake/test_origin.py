"""The Origin header: what it parses to, and which sites it belongs to."""

from __future__ import annotations

import gc
import weakref

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ztas_middleware.config import config_from_mapping
from ztas_middleware.config.domains import Origin
from ztas_middleware.intake.origin import MAX_LENGTH, Origins, is_own_host, parse_origin

PARSED = {
    "https": ("https://example.com", Origin("https", "example.com", 443)),
    "http": ("http://example.com", Origin("http", "example.com", 80)),
    "port": ("http://localhost:3000", Origin("http", "localhost", 3000)),
    "default port": ("https://example.com:443", Origin("https", "example.com", 443)),
    "the other default port": ("http://example.com:443", Origin("http", "example.com", 443)),
    "upper case": ("HTTPS://EXAMPLE.COM", Origin("https", "example.com", 443)),
    "trailing dot": ("https://example.com.", Origin("https", "example.com", 443)),
    "punycode": ("https://xn--mnchen-3ya.de", Origin("https", "xn--mnchen-3ya.de", 443)),
    "Unicode": ("https://münchen.de", Origin("https", "xn--mnchen-3ya.de", 443)),
    "UTF-8 as WSGI hands it over": (
        "https://münchen.de".encode().decode("latin-1"),
        Origin("https", "xn--mnchen-3ya.de", 443),
    ),
    "beyond latin-1": ("https://例え.jp", Origin("https", "xn--r8jz45g.jp", 443)),
    "IPv4": ("http://127.0.0.1:8000", Origin("http", "127.0.0.1", 8000)),
    "IPv6": ("http://[::1]:8000", Origin("http", "::1", 8000)),
    "IPv6, spelt otherwise": ("http://[0:0::1]", Origin("http", "::1", 80)),
}

NO_ORIGIN = {
    "nothing": "",
    "null": "null",
    "no scheme": "example.com",
    "no host": "https://",
    "path": "https://example.com/",
    "query": "https://example.com?x",
    "fragment": "https://example.com#x",
    "user": "https://user@example.com",
    "user in front of another host": "https://example.com:x@evil.org",
    "backslash": "https://evil.org\\example.com",
    "list": "https://example.com https://evil.org",
    "list with comma": "https://example.com,https://evil.org",
    "space": " https://example.com",
    "line break": "https://example.com\n",
    "port missing": "https://example.com:",
    "port 0": "https://example.com:0",
    "port 65536": "https://example.com:65536",
    "port of other digits": "https://example.com:٤٤٣",
    "ftp": "ftp://example.com",
    "file": "file://",
    "extension": "chrome-extension://abcdef",
    "star": "*",
    "star as a host": "https://*.example.com",
    "short IPv4": "http://127.1",
    "IPv6 with a zone": "http://[fe80::1%25eth0]",
    "two dots": "https://example..com",
    "too long": "https://" + "a." * MAX_LENGTH + "com",
}

SITES = {
    "shop": {"domain": ["example.com", "localhost:3000"]},
    "blog": {"domain": "*.example.com"},
    "secure": {"domain": "https://example.org"},
    "twin": {"domain": "www.example.net"},
    "münchen": {"domain": "münchen.de"},
    "six": {"domain": "[::1]"},
    "app": {"domain": ["capacitor://localhost", "tauri://localhost:1420", "app.example"]},
    "twins": {"domain": ["capacitor://localhost", "ionic://www.example.com"]},
}

# fmt: off
SITES_OF = {
    "https://example.com": {"shop"},
    "http://example.com:8080": {"shop"},
    "https://EXAMPLE.com.": {"shop"},
    # The twin of one site's domain, a subdomain of another's.
    "https://www.example.com": {"shop", "blog"},
    "https://a.b.example.com": {"blog"},
    "http://localhost:3000": {"shop"},
    "http://localhost": set(),
    "https://example.org": {"secure"},
    "http://example.org": set(),
    "https://example.net": {"twin"},
    "https://www.example.net": {"twin"},
    "https://xn--mnchen-3ya.de": {"münchen"},
    "http://[::1]:5000": {"six"},
    "capacitor://localhost": {"app", "twins"},
    "Capacitor://LOCALHOST": {"app", "twins"},
    "capacitor://localhost:8080": set(),
    "capacitor://www.localhost": set(),
    "capacitor://localhost/": set(),
    "tauri://localhost:1420": {"app"},
    "tauri://localhost": set(),
    "ionic://www.example.com": {"twins"},
    "ionic://example.com": set(),
    "other://localhost": set(),
    "http://localhost:1420": set(),
    "https://example.com.evil.org": set(),
    "https://evilexample.com": set(),
    "https://com": set(),
    "null": set(),
    "": set(),
    "*": set(),
}
# fmt: on


@pytest.fixture(name="config")
def _config():
    return config_from_mapping({"sites": SITES})


@pytest.mark.parametrize(("header", "origin"), PARSED.values(), ids=PARSED.keys())
def test_origins(header, origin):
    assert parse_origin(header) == origin


@pytest.mark.parametrize("header", NO_ORIGIN.values(), ids=NO_ORIGIN.keys())
def test_what_is_no_web_origin_is_none(header):
    assert parse_origin(header) is None


@pytest.mark.parametrize(("header", "sites"), SITES_OF.items())
def test_the_sites_of_an_origin(config, header, sites):
    origins = Origins(config.sites)
    assert origins.sites_of(header) == sites
    assert origins.sites_of(header) == sites, "the remembered answer differs"


def test_the_usual_origins_are_remembered(config):
    origins = Origins(config.sites)
    assert origins.sites_of("https://example.com") is origins.sites_of("https://example.com")


def test_a_flood_of_origins_is_not_remembered(config):
    origins = Origins(config.sites)
    for number in range(5000):
        origins.sites_of(f"https://host{number}.example.com")
    assert len(origins._remembered) <= 1024


def test_an_endless_header_is_not_remembered(config):
    origins = Origins(config.sites)
    assert origins.sites_of("https://example.com" + "m" * 1_000_000) == frozenset()
    assert origins._remembered == {}


def test_the_memory_goes_with_its_configuration(config):
    origins = Origins(config.sites)
    origins.sites_of("https://example.com")
    gone = weakref.ref(origins)
    del origins
    gc.collect()
    assert gone() is None


@pytest.mark.parametrize(
    ("site", "host", "expected"),
    [
        ("shop", "example.com", True),
        ("shop", "www.example.com", True),
        ("shop", "localhost", True),
        ("shop", "blog.example.com", False),
        ("blog", "blog.example.com", True),
        ("blog", "example.com", False),
        ("secure", "www.example.org", True),
        ("münchen", "xn--mnchen-3ya.de", True),
        ("six", "::1", True),
        ("app", "localhost", False),
        ("app", "capacitor://localhost", True),
        ("app", "tauri://localhost", False),
        ("shop", "", False),
        ("shop", "exa mple.com", False),
    ],
)
def test_a_site_knows_its_own_hosts(config, site, host, expected):
    assert is_own_host(config.sites[site], host) is expected


@given(
    st.text(max_size=60)
    | st.text("htps:/.[]@0189aä%\\ ", max_size=40).map("https://".__add__)
    | st.binary(max_size=60).map(lambda raw: "http://" + raw.decode("latin-1"))
)
def test_any_header_is_an_origin_or_none(header):
    origin = parse_origin(header)
    if origin is not None:
        assert origin.scheme in ("http", "https")
        assert origin.host.isascii()
        assert 1 <= origin.port <= 65_535
        host = f"[{origin.host}]" if ":" in origin.host else origin.host
        assert parse_origin(f"{origin.scheme}://{host}:{origin.port}") == origin


LABEL = st.from_regex(r"[a-z][a-z0-9-]{0,8}[a-z]", fullmatch=True) | st.sampled_from(
    ["münchen", "straße", "例え", "xn--mnchen-3ya", "www", "φαρος"]
)
SCHEMES = {"http": 80, "https": 443}


@given(
    labels=st.lists(LABEL, min_size=1, max_size=4),
    scheme=st.sampled_from(["http", "https"]),
    port=st.none() | st.integers(1, 65_535),
    with_scheme=st.booleans(),
    wildcard=st.booleans(),
    respell=st.sets(st.sampled_from(["upper", "dot", "port", "www"])),
)
def test_an_entry_matches_its_own_origins_in_every_spelling(
    *, labels, scheme, port, with_scheme, wildcard, respell
):
    host = ".".join(labels)
    entry = ("*." if wildcard else "") + host + (f":{port}" if port else "")
    entry = f"{scheme}://{entry}" if with_scheme else entry
    origins = Origins(config_from_mapping({"sites": {"a": {"domain": entry}}}).sites)

    spelt = f"sub.{host}" if wildcard else host
    if "www" in respell and not wildcard:
        spelt = spelt.removeprefix("www.") if spelt.startswith("www.") else f"www.{spelt}"
    # Not Unicode: the capital of ß is SS, another name.
    spelt = spelt.upper() if "upper" in respell and spelt.isascii() else spelt
    spelt = spelt + "." if "dot" in respell else spelt
    shown = port or (SCHEMES[scheme] if "port" in respell else None)
    header = f"{scheme}://{spelt}" + (f":{shown}" if shown else "")

    assert origins.sites_of(header) == {"a"}
    assert origins.sites_of(header.encode().decode("latin-1")) == {"a"}
    assert origins.sites_of(f"{scheme}://evil.{spelt}.invalid") == frozenset()
