"""What is replaced, what is left alone, and that neither costs more than reading the text."""

from __future__ import annotations

import importlib
import re
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ztas_middleware.intake import redaction
from ztas_middleware.intake.redaction import LONGEST, redact

REPLACED = [
    # e-mail
    ("alice@example.com", "[email]"),
    ("write to alice.b+news@mail.example.co.uk now", "write to [email] now"),
    ("alice@example.com.", "[email]."),
    ("<alice@example.com>", "<[email]>"),
    ("mailto:alice@example.com?subject=x", "mailto:[email]?subject=x"),
    ("/u/alice@example.com/edit", "/u/[email]/edit"),
    ("?email=alice@example.com&x=1", "?email=[email]&x=1"),
    ("alice%40example.com", "[email]"),
    ("alice%2540example.com", "[email]"),
    ("alice%2Bnews@example.com", "[email]"),
    ("a@b.de,c@d.fr", "[email],[email]"),
    ("josé@münchen.de", "[email]"),
    ("用户@例子.中国", "[email]"),
    ("我的邮箱是me@example.com谢谢", "我的邮箱是[email]谢谢"),
    ("メールはa.b@example.co.jpです", "メールは[email]です"),
    ("ติดต่อme@example.comครับ", "ติดต่อ[email]ครับ"),
    ("почта: ivan@пример.рф", "почта: [email]"),
    ("jürgen@example.com", "[email]"),
    ("me@foo.hamburgär.de", "[email]"),
    ("o'brien@example.ie", "[email]"),
    ("a@xn--e1afmkfd.xn--p1ai", "[email]"),
    ("x@123.com", "[email]"),
    (f"{'a' * 100}@example.com", f"{'a' * 36}[email]"),
    ("@alice@mastodon.social", "@[email]"),
    # in other scripts
    ("２０３．０．１１３．７", "[ip]"),
    ("私は２０３.０.１１３.７から２０２６年に", "私は[ip]から２０２６年に"),
    ("٢٠٣.٠.١١٣.٧", "[ip]"),
    ("\U0001d7d02\U0001d7d1.0.113.\U0001d7d5", "[ip]"),
    ("२००१:db8::१", "[ip]"),
    ("電話＋８１　３　１２３４　５６７８です", "電話[phone]です"),
    ("（５５５）１２３－４５６７", "[phone]"),
    ("۵۵۵-۱۲۳-۴۵۶۷", "[phone]"),
    ("ａｌｉｃｅ＠ｅｘａｍｐｌｅ．ｃｏｍ", "[email]"),
    # IPv4
    ("192.168.1.1", "[ip]"),
    ("from 10.0.0.1, 10.0.0.2.", "from [ip], [ip]."),
    ("10.0.0.1:8080", "[ip]:8080"),
    ("10.0.0.0/8", "[ip]/8"),
    ("10.0.0.1-10.0.0.9", "[ip]-[ip]"),
    ("/whois/203.0.113.7", "/whois/[ip]"),
    ("ip=203.0.113.7&x", "ip=[ip]&x"),
    ("q=ip%3D203.0.113.7", "q=ip%3D[ip]"),
    ("root@203.0.113.7", "root@[ip]"),
    ("我的IP是203.0.113.7", "我的IP是[ip]"),
    ("203.0.113.7です", "[ip]です"),
    ("адрес203.0.113.7", "адрес[ip]"),
    ("주소는203.0.113.7입니다", "주소는[ip]입니다"),
    ("/x/0.0.0.0", "/x/[ip]"),
    # IPv6
    ("2001:db8::1", "[ip]"),
    ("2001:0db8:0000:0000:0000:0000:0000:0001", "[ip]"),
    ("1:2:3:4:5:6:7:8", "[ip]"),
    ("::1", "[ip]"),
    ("::ffff:192.168.1.1", "[ip]"),
    ("fe80::1%eth0", "[ip]%eth0"),
    ("http://[2001:db8::1]:80/x", "http://[ip]:80/x"),
    ("ip:2001:db8::1", "ip:[ip]"),
    ("IPv6:2001:db8::1", "IPv6:[ip]"),
    ("[ip:2001:db8::1]", "[ip:[ip]]"),
    ("from 2001:db8::1: 3 hits", "from [ip]: 3 hits"),
    ("2001:DB8::A, FE80::1.", "[ip], [ip]."),
    ("地址2001:db8::1是", "地址[ip]是"),
    ("адрес:2001:db8::1", "адрес:[ip]"),
    # telephone
    ("+491701234567", "[phone]"),
    ("電話番号+81 3 1234 5678", "電話番号[phone]"),
    ("電話555-123-4567です", "電話[phone]です"),
    ("โทร+66 2 123 4567นะ", "โทร[phone]นะ"),
    ("call +49 (0)170 123 45 67 now", "call [phone] now"),
    ("+1 (555) 123-4567", "[phone]"),
    ("+1-555-123-4567", "[phone]"),
    ("+44 20 7946 0958", "[phone]"),
    ("+33.1.23.45.67.89", "[phone]"),
    ("+1234567", "[phone]"),
    ("+123456789012345", "[phone]"),
    ("+49\u00a0170\u00a01234567", "[phone]"),
    ("+49\u2011170\u20111234567", "[phone]"),
    ("tel=%2B49+170+1234567", "tel=[phone]"),
    ("q=tel%3D%2B491701234567", "q=tel%3D[phone]"),
    ("555-123-4567", "[phone]"),
    ("(555) 123-4567", "[phone]"),
    ("(555)123-4567", "[phone]"),
    ("555.123.4567", "[phone]"),
    ("555 123 4567", "[phone]"),
    ("555 - 123 - 4567", "[phone]"),
    ("tel(555) 123-4567", "tel[phone]"),
    ("1-800-555-1234", "[phone]"),
    ("1 (800) 555-1234", "[phone]"),
    ("555-123-4567 x12", "[phone] x12"),
    ("555-123-4567x12", "[phone]x12"),
    ("/call-555-123-4567", "/call-[phone]"),
]

LEFT_ALONE = [
    "",
    "signup",
    "/blog/2024/01/15/ten-tips",
    "1700000000",
    "1700000000123",
    "created+1700000000",
    "12345678901234567890",
    "+123456",
    "+1234567890123456",
    "+4 items",
    "UTC+10:30",
    "1.2.3",
    "１７０００００００００",
    "バージョン：１．２．３．４",
    "２０２４－０１－１５　１２：３０：４５",
    "١٫٢",
    "v1.2.3.4",
    "version 1.2.3.4",
    "versión 1.2.3.4",
    "版本1.2.3.4",
    "版本号：1.2.3.4",
    "バージョン：1.2.3.4",
    "注文1700000000",
    "在2024年01月15日12:30:45",
    "图标@2x.png图",
    "/releases/1.2.3.4",
    "app-1.2.3.4.zip",
    "1.2.3.4-beta",
    "1.2.3.4.5",
    "10.0.19045.1",
    "120.0.6099.109",
    "Chrome/120.0.0.0",
    "Mozilla/5.0 Chrome/120.0.0.0 Safari/537.36",
    "256.1.1.1",
    "3.141.592.6535",
    "2024-01-15",
    "2024-01-15-12",
    "2024-01-15T12:30:45+02:00",
    "15.01.2024 12:30",
    "12:30:45",
    "00:1A:2B:3C:4D:5E",
    ":".join(["ab"] * 20),
    "std::string",
    "a::b",
    "Foo::Bar::Baz",
    "A::B::C::D",
    "::",
    "::before",
    "a::after",
    "x[::2]",
    "x[1::2]",
    "978-3-16-148410-0",
    "112-1234567-1234567",
    "4111 1111 1111 1111",
    "4111-1111-1111-1111",
    "978-316-1484-100",
    "#ff00aa",
    "550e8400-e29b-41d4-a716-446655440000",
    "/100/200/3000",
    "1,234,567.89",
    "52.520008, 13.404954",
    "logo@2x.png",
    "react@18.2.0/umd/react.js",
    "jquery@3.6.0.min.js",
    "@john.doe",
    "/@john.doe/post",
    "me @ home.",
    "C++ 1234567",
    "%40",
    "100%",
    "\ud800@\udfff.com",
]


@pytest.mark.parametrize(("text", "expected"), REPLACED, ids=[text[:40] for text, _ in REPLACED])
def test_personal_data_is_replaced(text, expected):
    assert redact(text) == expected


@pytest.mark.parametrize("text", LEFT_ALONE, ids=[ascii(text)[:40] for text in LEFT_ALONE])
def test_what_only_looks_like_it_is_left_alone(text):
    assert redact(text) == text


@pytest.mark.parametrize("text", [text for text in LEFT_ALONE if text], ids=ascii)
def test_what_is_left_alone_stays_so_among_words(text):
    assert redact(f"see {text} there") == f"see {text} there"


@pytest.mark.parametrize(("text", "expected"), REPLACED, ids=[text[:40] for text, _ in REPLACED])
def test_personal_data_is_replaced_among_words(text, expected):
    assert redact(f"see {text} there, {text}") == f"see {expected} there, {expected}"


PIECES = ["10.0.0.1", "2001:db8::1", "+49", "(555)", "555", "123-4567", "a@b.de", "%40", "%2B"]
TRICKY = st.one_of(
    st.text(alphabet="0123456789.:-+()[] @%abx/=é\u00a0\u2011\ud800", max_size=60),
    st.lists(st.sampled_from([*PIECES, *"0159.:-+ []@%ax/="]), max_size=12).map("".join),
)


@given(st.emails(domains=st.just("mail.example.com")))
def test_no_address_in_its_plain_form_is_left(address):
    # RFC 5322 allows what separates things in URLs as well; what follows it must go.
    name = address.partition("@")[0]
    separated = max(name.rfind(character) for character in "/=?&") + 1
    expected = f"{name[:separated]}[email]" if name[separated:] else address
    assert redact(address) == expected


@given(st.ip_addresses())
def test_every_full_address_standing_alone_is_replaced(address):
    text = getattr(address, "exploded", str(address))
    assert redact(f"/from/{text}/x") == "/from/[ip]/x"


@given(st.one_of(TRICKY, st.text(alphabet=st.characters(), max_size=60)))
def test_no_plain_form_is_left_in_any_text(text):
    clean = redact(text)
    assert not re.search(r"[A-Za-z0-9_+-]@[A-Za-z][A-Za-z0-9]*\.[A-Za-z]{2,}", clean)
    for found in re.finditer(r"(?<![\w.-])[0-9]{1,3}(?:\.[0-9]{1,3}){3}(?![\w.-])", clean):
        assert any(int(octet) > 255 for octet in found[0].split("."))


@given(TRICKY)
def test_the_gate_hides_nothing_from_the_patterns(text):
    assert redact(f"@ {text}") == f"@ {redact(text)}"


def repeats(pattern):
    """The upper bounds of all repetitions in a parsed pattern."""
    for item in pattern:
        if isinstance(item, tuple) and item and str(item[0]) in {"MAX_REPEAT", "MIN_REPEAT"}:
            yield item[1][1]
        if isinstance(item, (tuple, list)) or hasattr(item, "data"):
            yield from repeats(item)


def test_every_repetition_in_every_pattern_is_bounded():
    parser = importlib.import_module("re._parser" if sys.version_info >= (3, 11) else "sre_parse")
    patterns = [value for value in vars(redaction).values() if isinstance(value, re.Pattern)]
    bounds = [b for p in patterns for b in repeats(parser.parse(p.pattern, p.flags))]
    assert len(patterns) == 10
    assert len(bounds) > 20
    assert max(bounds) <= LONGEST


# Backtracking over the ways to split such text would take longer than a test run.
@pytest.mark.parametrize(
    "unit",
    ["a", "1", "a@", "a.", "1.", "a:", "::", "+1", "1-1.", "555-123-", "%40", "@.a", "[a:1:", "(("],
)
def test_long_hostile_text_without_a_datum_comes_back_as_it_was(unit):
    text = f"_{unit * (8192 // len(unit))}_"
    assert redact(text) == text


def test_the_longest_datum_is_found_whole_and_none_is_longer():
    address = f"{'a' * 64}%252540{'b' * 254}.{'c' * 24}"
    assert redact(address) == "[email]"
    assert len(address) == LONGEST
