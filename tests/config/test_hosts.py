"""ascii_host: one form for every spelling of a host."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ztas_middleware.config.hosts import MAX_HOST, ascii_host, is_name

# The right-hand sides are what browsers show in `new URL("https://" + host).hostname`.
EQUAL = {
    "plain": ("example.com", "example.com"),
    "upper case": ("EXAMPLE.Com", "example.com"),
    "trailing dot": ("example.com.", "example.com"),
    "single label": ("localhost", "localhost"),
    "underscore": ("my_app.example.com", "my_app.example.com"),
    "umlaut": ("münchen.de", "xn--mnchen-3ya.de"),
    "umlaut, upper case": ("MÜNCHEN.DE", "xn--mnchen-3ya.de"),
    "umlaut, decomposed": ("mu\u0308nchen.de", "xn--mnchen-3ya.de"),
    "punycode, upper case": ("XN--MNCHEN-3YA.de", "xn--mnchen-3ya.de"),
    "sharp s is a letter": ("straße.de", "xn--strae-oqa.de"),
    # Since UTS #46 of Unicode 15.1; it was `ss` before.
    "capital sharp s": ("STRAẞE.de", "xn--strae-oqa.de"),
    "double s is another name": ("strasse.de", "strasse.de"),
    "final sigma is a letter": ("φαρος.gr", "xn--mxa2affq.gr"),
    "no final sigma is made up": ("ΦΑΡΟΣ.gr", "xn--mxa2afjl.gr"),
    "ideographic dots": ("例え。テスト", "xn--r8jz45g.xn--zckzah"),
    "full width": ("ＥＸＡＭＰＬＥ．ｃｏｍ", "example.com"),
    "soft hyphen": ("exam\u00adple.com", "example.com"),
    "emoji": ("i❤️.ws", "xn--i-7iq.ws"),
    "joiner in Persian": ("نامه‌ای.com", "xn--mgba3gch31f060k.com"),
    "middle dot in Catalan": ("paral·lel.cat", "xn--parallel-koa.cat"),
    "IPv4": ("127.0.0.1", "127.0.0.1"),
    "IPv4, full width": ("１２７.0.0.1", "127.0.0.1"),
    "IPv6": ("[2001:DB8:0::1]", "2001:db8::1"),
    "IPv6 without brackets": ("::1", "::1"),
}

REFUSED = {
    "nothing": "",
    "only a dot": ".",
    "two dots": "a..b",
    "leading dot": ".example.com",
    "two trailing dots": "example.com..",
    "space": "exam ple.com",
    "no-break space": "exam\u00a0ple.com",
    "star": "*.example.com",
    "slash": "example.com/x",
    "slash in disguise": "example℀.com",
    "at": "user@example.com",
    "percent": "ex%41mple.com",
    "NUL": "a\x00b",
    "right-to-left override": "\u202eabc.de",
    "lone surrogate": "\ud800.de",
    "combining mark first": "\u0301a.de",
    "long label": "a" * 64,
    "long Unicode label": "é" * 60,
    "long name": "a." * 127 + "com",
    "a megabyte": "é" * 1_000_000,
    "punycode of nothing": "xn--.de",
    "punycode of ASCII": "xn--abc-.de",
    "punycode that does not decode": "xn--a-ä.de",
    "punycode of an unfolded name": "xn--mnchen-psa.de",
    "punycode of a control character": "xn--a.de",
    "short IPv4": "127.1",
    "long IPv4": "1.2.3.4.5",
    "IPv4 out of range": "256.0.0.1",
    "number": "123",
    "hexadecimal IPv4": "0x7f.0.0.0x1",
    "name that ends in a number": "example.1",
    "IPv6 with a zone": "[fe80::1%eth0]",
    "IPv6 left open": "[::1",
    "IPv6 with too much": "[1:2:3:4:5:6:7:8:9]",
}


@pytest.mark.parametrize(("host", "expected"), EQUAL.values(), ids=EQUAL.keys())
def test_every_spelling_has_one_form(host, expected):
    assert ascii_host(host) == expected
    assert ascii_host(expected) == expected


@pytest.mark.parametrize("host", REFUSED.values(), ids=REFUSED.keys())
def test_what_is_no_host_is_refused_with_a_reason(host):
    with pytest.raises(ValueError, match=r"[a-z]{2}"):
        ascii_host(host)


@pytest.mark.parametrize(
    ("host", "expected"),
    [("example.com", True), ("a1.b2", True), ("127.0.0.1", False), ("::1", False)],
)
def test_names_are_told_from_addresses(host, expected):
    assert is_name(host) is expected


@given(st.text(max_size=80) | st.text("aä.-xn☃ß1[]:*", max_size=30))
def test_any_text_is_a_canonical_host_or_a_value_error(text):
    try:
        host = ascii_host(text)
    except ValueError:
        return
    assert host.isascii()
    assert len(host) <= MAX_HOST
    assert host == host.lower()
    assert ascii_host(host) == host
    assert ascii_host(host.upper()) == host


LABEL = st.text(st.characters(categories=("Ll", "Lo", "Nd")), min_size=1, max_size=12)


@given(LABEL)
def test_case_normal_form_and_punycode_make_no_difference(label):
    try:
        host = ascii_host(f"{label}.example")
    except ValueError:
        return
    decoded = host.split(".")[0]
    if decoded.startswith("xn--"):
        decoded = decoded[4:].encode("ascii").decode("punycode")
    assert ascii_host(f"{decoded}.example.") == host
