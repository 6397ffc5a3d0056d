"""Paths in one form for one page."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ztas_middleware.intake.paths import PATH_LIMIT, RAW_LIMIT, clean_path
from ztas_middleware.intake.redaction import LONGEST

NONE = frozenset()
KEEP = frozenset({"id", "page", "q", "näme"})

PAGES = [
    (None, "/"),
    ("", "/"),
    ("  ", "/"),
    ("/", "/"),
    ("/pricing", "/pricing"),
    ("pricing", "/pricing"),
    (" /pricing\n", "/pricing"),
    ("/a/b/", "/a/b/"),
    ("//a//b", "/a/b"),
    ("//page/", "/page/"),
    ("///", "/"),
    ("https://example.com//page/", "/page/"),
    ("/%2F/page", "/page"),
    ("//www.example.com/a", "/www.example.com/a"),
    ("//é/", "/é/"),
    ("/a//b#//c", "/a/b#//c"),
    ("/a\\b", "/a\\b"),
    # whole URLs
    ("https://example.com/pricing", "/pricing"),
    ("HTTP://user:pw@Example.com:8080/pricing/", "/pricing/"),
    ("https://example.com", "/"),
    ("https://example.com?x=1", "/"),
    ("https://example.com#top", "/"),
    ("app://host/screen", "/screen"),
    ("file:///C:/x", "/C:/x"),
    ("\x00https://example.com/a", "/a"),
    ("https://example.com\\a", "/\\a"),
    ("/go/https://example.com/a", "/go/https://example.com/a"),
    ("example.com/a", "/example.com/a"),
    # percent-encoding
    ("/caf%C3%A9", "/café"),
    ("/caf%c3%a9", "/café"),
    ("/café", "/café"),
    ("/%E6%97%A5%E6%9C%AC", "/日本"),
    ("/%F0%9F%98%80", "/\U0001f600"),
    ("/a%20b", "/a b"),
    ("/a%20", "/a"),
    ("/%7Euser", "/~user"),
    ("/a%2Fb", "/a/b"),
    ("/100%25", "/100%"),
    ("/%2525", "/%25"),
    ("/%2541", "/%41"),
    ("/caf%e9", "/caf%E9"),
    ("/caf%E9", "/caf%E9"),
    ("/%C3%28", "/%C3("),
    ("/%c3%a9%ff%C3%A9", "/é%FFé"),
    ("/%ed%a0%80", "/%ED%A0%80"),
    ("/%c0%af", "/%C0%AF"),
    ("/%", "/%"),
    ("/%4", "/%4"),
    ("/%zz", "/%zz"),
    # query and fragment
    ("/a?x=1&y=2", "/a"),
    ("/a?", "/a"),
    ("?x=1", "/"),
    ("/a#top", "/a"),
    ("/a?x#y?z", "/a"),
    ("/a#:~:text=b", "/a"),
    ("/a?u=https://b.c/#d", "/a"),
    ("#/users/7", "/#/users/7"),
    ("/app#/users/7?tab=2", "/app#/users/7"),
    ("/app?x=1#!/inbox", "/app#!/inbox"),
    ("/app#/a%20b#anchor", "/app#/a b"),
    ("https://example.com/app#/", "/app#/"),
    # what breaks rows and terminals
    ("/a\x00b", "/ab"),
    ("/a%00b", "/ab"),
    ("/a%0Ab", "/a b"),
    ("/a%1B[31m", "/a[31m"),
    ("/\ud800x", "/x"),
    ("/%E2%80%AEx", "/x"),
    # personal data
    ("/u/alice@example.com/edit", "/u/[email]/edit"),
    ("/u/alice%40example.com", "/u/[email]"),
    ("/u/alice%2540example.com", "/u/[email]"),
    ("mailto:alice@example.com", "/mailto:[email]"),
    ("/ip/203.0.113.7", "/ip/[ip]"),
    ("/ip/2001:db8::1", "/ip/[ip]"),
    ("/call/%2B49%20170%201234567", "/call/[phone]"),
    ("/app#/u/alice@example.com", "/app#/u/[email]"),
    ("/v1.2.3/1700000000", "/v1.2.3/1700000000"),
]


@pytest.mark.parametrize(("raw", "expected"), PAGES, ids=[ascii(raw) for raw, _ in PAGES])
def test_a_page_has_one_form(raw, expected):
    assert clean_path(raw, NONE) == expected


KEPT = [
    ("/a?id=7", "/a?id=7"),
    ("/a?x=1&page=2&y&id=7", "/a?page=2&id=7"),
    ("/a?id", "/a?id"),
    ("/a?id=", "/a?id="),
    ("/a?id=1&id=2", "/a?id=1&id=2"),
    ("/a?ID=1", "/a"),
    ("/a?idx=1", "/a"),
    ("/a?%69d=1", "/a?id=1"),
    ("/a?n%C3%A4me=%C3%BC", "/a?näme=ü"),
    ("/a?q=%26%3d%23%2b%25", "/a?q=%26%3D%23%2B%25"),
    ("/a?q=%2526", "/a?q=%2526"),
    ("/a?q=a=b", "/a?q=a=b"),
    ("/a?q=a+b%20c", "/a?q=a+b c"),
    ("/a?q=%ff", "/a?q=%FF"),
    ("/a?q=a%00b%0a", "/a?q=ab"),
    ("/a?q=x%3Fy", "/a?q=x?y"),
    ("/a?q=alice%40example.com&id=1", "/a?q=[email]&id=1"),
    ("/a?q=alice%2540example.com", "/a?q=[email]"),
    ("/a?q=%2B49+170+1234567", "/a?q=[phone]"),
    ("/a?q=ip%3D203.0.113.7", "/a?q=ip%3D[ip]"),
    ("https://example.com?id=1#top", "/?id=1"),
    ("/a?id=1#/r?x=2&id=3", "/a?id=1#/r?id=3"),
    ("/a?x=1#!/r?page=3#s", "/a#!/r?page=3"),
    ("/a?&&id=1&", "/a?id=1"),
]


@pytest.mark.parametrize(("raw", "expected"), KEPT, ids=[raw for raw, _ in KEPT])
def test_named_parameters_stay(raw, expected):
    assert clean_path(raw, KEEP) == expected


def test_the_same_page_is_remembered_for_each_set_of_parameters():
    assert clean_path("/a?id=1", KEEP) == "/a?id=1"
    assert clean_path("/a?id=1", NONE) == "/a"


LONG = [
    ("plain", "/" + "a" * 5000, "/" + "a" * 2047),
    ("encoded", "/" + "%F0%9F%98%80" * 3000, "/" + "\U0001f600" * 2047),
    ("query", "/a?" + "x" * 100_000, "/a"),
    ("kept query", "/a?id=" + "x" * 5000, "/a?id=" + "x" * 2042),
    ("anchor", "/a#" + "x" * 100_000, "/a"),
    ("route", "/a#/" + "x" * 5000, "/a#/" + "x" * 2044),
    ("host", "https://" + "x" * 5000 + "/a", "/a"),
    ("space at the cut", "/" + "a" * 2046 + " b", "/" + "a" * 2046),
]


@pytest.mark.parametrize(("raw", "expected"), [c[1:] for c in LONG], ids=[c[0] for c in LONG])
def test_a_long_path_is_cut(raw, expected):
    assert clean_path(raw, KEEP) == expected


@pytest.mark.parametrize("prefix", ["/", "/a#/", "/a?id=1&q=", "https://example.com/"])
@pytest.mark.parametrize("padding", ["%00", "\u200b", "a@b.cc ", "%F0%9F%98%80"])
def test_no_cut_leaves_half_a_datum(prefix, padding):
    datum = "%61lice.cooper%40example.com"
    for stop in (2048, 2 * PATH_LIMIT + LONGEST, RAW_LIMIT):
        for shift in range(-10, 60, 3):
            raw = padding * ((stop - shift) // len(padding)) + datum + "z" * RAW_LIMIT
            assert "lice" not in clean_path(prefix + raw, KEEP)


PATHS = st.one_of(
    st.text(alphabet=st.characters(), max_size=300),
    st.text(alphabet="/%?#&=+.:@!aAeEdDcC3910 é\\\x00\ud800", max_size=80),
    st.builds("https://{}".format, st.text(max_size=80)),
)


@given(st.none() | PATHS, st.sampled_from([NONE, KEEP]))
def test_any_path_comes_out_fit_to_keep(raw, keep):
    clean = clean_path(raw, keep)
    assert clean.startswith("/")
    assert len(clean) <= 2048
    assert clean.encode().decode() == clean
    assert not any(ord(c) < 0x20 or 0x7F <= ord(c) < 0xA0 for c in clean)
    assert clean == clean.rstrip()


@given(PATHS.filter(lambda raw: "%" not in raw), st.sampled_from([NONE, KEEP]))
def test_cleaning_twice_is_cleaning_once_where_nothing_is_encoded(raw, keep):
    clean = clean_path(raw, keep)
    assert clean_path(clean, keep) == clean


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=60))
def test_encoded_and_plain_are_one_page(page):
    kept = "".join(character for character in page if character not in "%?#")
    encoded = "".join(f"%{octet:02x}" for octet in kept.encode())
    assert clean_path(f"/{encoded}", NONE) == clean_path(f"/{kept}", NONE)
