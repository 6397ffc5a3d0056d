"""Referrers as scheme, host and path."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ztas_middleware.intake.paths import PATH_LIMIT, RAW_LIMIT
from ztas_middleware.intake.redaction import LONGEST
from ztas_middleware.intake.referrers import clean_referrer


def nobody(host):
    return False


KEPT = [
    ("https://google.com", "https://google.com"),
    ("https://www.google.com/", "https://www.google.com/"),
    ("HTTPS://WWW.Google.COM/Search", "https://www.google.com/Search"),
    ("https://example.com/a?q=secret#top", "https://example.com/a"),
    ("https://example.com?q=secret", "https://example.com"),
    ("https://example.com#top", "https://example.com"),
    ("https://alice:pw@example.com/a", "https://example.com/a"),
    ("https://a@b@example.com/a@b", "https://example.com/a@b"),
    ("https://example.com:443/a", "https://example.com/a"),
    ("http://example.com:80/a", "http://example.com/a"),
    ("http://example.com:0080", "http://example.com"),
    ("http://example.com:443/a", "http://example.com:443/a"),
    ("https://example.com:/a", "https://example.com/a"),
    ("https://example.com./a", "https://example.com/a"),
    ("http://localhost:3000/x", "http://localhost:3000/x"),
    ("android-app://com.google.android.gm/", "android-app://com.google.android.gm/"),
    ("android-app://com.slack", "android-app://com.slack"),
    ("https://my_host.example.com/", "https://my_host.example.com/"),
    # paths
    ("https://example.com/caf%C3%A9", "https://example.com/café"),
    ("https://example.com/%ff%2541", "https://example.com/%FF%41"),
    ("https://example.com/a%00b%1Bc", "https://example.com/abc"),
    ("https://example.com/\ud800a", "https://example.com/a"),
    ("https://example.com/u/alice@example.org", "https://example.com/u/[email]"),
    ("https://example.com/u/alice%40example.org", "https://example.com/u/[email]"),
    ("https://example.com/ip/203.0.113.7", "https://example.com/ip/[ip]"),
    ("https://example.com/+491701234567", "https://example.com/[phone]"),
    # as browsers read them
    (" \x00https://example.com/a\n", "https://example.com/a"),
    ("https://exam\tple.com/a\nb", "https://example.com/ab"),
    ("https:\\\\example.com\\a", "https://example.com/a"),
    ("https://münchen.de/x", "https://xn--mnchen-3ya.de/x"),
    ("https://MÜNCHEN.de/x", "https://xn--mnchen-3ya.de/x"),
    # hosts that are addresses
    ("http://192.168.1.10/x", "http://[ip]/x"),
    ("http://192.168.1.10:8080", "http://[ip]:8080"),
    ("http://192.168.1.10./", "http://[ip]/"),
    ("http://[2001:DB8::1]:8080/x", "http://[ip]:8080/x"),
    ("tel://555-123-4567", "tel://[phone]"),
    ("ftp://10.0.0.1/x", "ftp://[ip]/x"),
]

REFUSED = [
    "",
    " ",
    "example.com",
    "example.com/a",
    "/a",
    "//example.com/a",
    "about:blank",
    "javascript:alert(1)",
    "data:text/html,x",
    "mailto:alice@example.com",
    "file:///home/alice/x.html",
    "https://",
    "https:///a",
    "https://?q",
    "https://.",
    "https://alice@/a",
    "https://:8080/a",
    "https:example.com",
    "1http://example.com",
    "https://exa mple.com/",
    "https://exa<mple.com/",
    "https://ex%61mple.com/",
    "https://exam\x00ple.com/",
    "https://exam\ud800ple.com/",
    "https://a\u202eb.com/",
    "https://℀.com/",
    "https://ü..com/",
    "http://3232235777/",
    "http://0x7f.1/",
    "tel://+491701234567",
    "https://example.com:99999/",
    "https://example.com:80a/",
    "https://example.com:8:0/",
    "https://[2001:db8::1/",
    "https://[2001:db8::g]/",
    "https://[::1]x/",
    "https://[]/",
    "https://2001:db8::1/",
    "https://" + "a" * 254 + "/",
    "\\\\host\\share",
    "android-app:\\\\com.slack",
]


@pytest.mark.parametrize(("raw", "expected"), KEPT, ids=[ascii(raw) for raw, _ in KEPT])
def test_a_referrer_is_scheme_host_and_path(raw, expected):
    assert clean_referrer(raw, nobody) == expected


@pytest.mark.parametrize("raw", REFUSED, ids=[ascii(raw)[:40] for raw in REFUSED])
def test_what_has_no_host_is_no_referrer(raw):
    assert clean_referrer(raw, nobody) is None


@pytest.mark.parametrize(
    ("raw", "host"),
    [
        ("https://Example.COM./a", "example.com"),
        ("https://u:p@example.com:8080/", "example.com"),
        ("http://192.168.1.10/", "192.168.1.10"),
        ("http://[2001:DB8::1]/", "2001:db8::1"),
        ("https://münchen.de/", "xn--mnchen-3ya.de"),
    ],
)
def test_the_site_itself_is_asked_for_by_its_real_host(raw, host):
    asked = []

    def own(name):
        asked.append(name)
        return True

    assert clean_referrer(raw, own) is None
    assert asked == [host]


def test_a_remembered_referrer_is_asked_for_again():
    assert clean_referrer("https://a.example/x", nobody) == "https://a.example/x"
    assert clean_referrer("https://a.example/x", lambda host: host == "a.example") is None


@pytest.mark.parametrize("length", [2000, 2100, 100_000])
def test_a_long_referrer_is_cut(length):
    clean = clean_referrer("https://example.com/" + "a" * length, nobody)
    assert clean == ("https://example.com/" + "a" * length)[:2048]


@pytest.mark.parametrize("padding", ["%00", "\t", f"{'a' * 60}@example.com "])
def test_no_cut_leaves_half_a_datum(padding):
    for stop in (2048, 2 * PATH_LIMIT + LONGEST, RAW_LIMIT):
        for shift in range(-10, 90, 3):
            raw = padding * ((stop - shift) // len(padding)) + "alice.cooper@example.com"
            clean = clean_referrer(f"https://example.com/{raw}{'z' * RAW_LIMIT}", nobody)
            assert "lice" not in clean


URLS = st.one_of(
    st.text(alphabet=st.characters(), max_size=200),
    st.builds("http{}://{}".format, st.sampled_from(["", "s", "\\"]), st.text(max_size=100)),
    st.builds("https://{}".format, st.text(alphabet="a1.:@/\\[]%?#é\x00\ud8000xX-", max_size=40)),
)


@given(URLS)
def test_any_referrer_comes_out_fit_to_keep_or_not_at_all(raw):
    clean = clean_referrer(raw, nobody)
    if clean is not None:
        assert "://" in clean
        assert len(clean) <= 2048
        assert clean.encode().decode() == clean
        assert not any(ord(c) < 0x20 or 0x7F <= ord(c) < 0xA0 for c in clean)
        host = clean.partition("://")[2].partition("/")[0]
        assert host == host.lower()
        assert not set(host) & set("@?# \\")
