"""What stands in front of a line's time: whose address, of all the words that may be there."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ztas_middleware.imports.fronts import UNIX, Front, front_of, is_address
from ztas_middleware.intake.clients import parse_address

ADDRESSES = [
    "203.0.113.5",
    "203.0.113.5:4711",
    "2001:db8::5",
    "[2001:db8::5]:443",
    "::ffff:1.2.3.4",
]
BEFORE = {
    "nothing": "",
    "syslog": "Nov 28 10:00:00 web1 nginx: ",
    "syslog of RFC 5424": "<190>1 2026-11-28T10:00:00.123Z web1.example nginx 42 - - ",
    "journald": "Nov 28 10:00:00.000001 web1.internal.example nginx[42]: ",
    "Docker": "web_1  | ",
    "Kubernetes": "2026-11-28T10:00:00.000000000Z stdout F ",
    "a word": "web1 ",
    "a quoted name": '"shop" ',
    "a pid": "[42] ",
    "a duration": "0.004 ",
}


@pytest.mark.parametrize("address", ADDRESSES)
@pytest.mark.parametrize("before", BEFORE.values(), ids=BEFORE)
@pytest.mark.parametrize(
    "shape", ["{} - -", "{} - ada", '"{}" - -', "{}, 10.0.0.1 - -", "{} 10.0.0.1 - -"]
)
def test_the_left_most_word_that_is_an_address_is_the_visitors(before, address, shape):
    assert front_of(before + shape.format(address)) == Front(address, "")


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("example.com 203.0.113.5 - -", "example.com"),
        ("example.com:443 203.0.113.5 - ada lovelace", "example.com:443"),
        ("localhost 203.0.113.5 - -", "localhost"),
        ("xn--mnchen-3ya.de 203.0.113.5 - -", "xn--mnchen-3ya.de"),
        ("intern:8080 203.0.113.5 - -", "intern:8080"),
        ("10.0.0.1 203.0.113.5 - -", ""),
        ("web1 203.0.113.5 - -", ""),
        ("- 203.0.113.5 - -", ""),
        ("web1.example nginx: 203.0.113.5 - -", ""),
    ],
)
def test_a_virtual_host_stands_right_before_the_address(text, host):
    assert front_of(text).host == host


@pytest.mark.parametrize(
    ("text", "front"),
    [
        ("client.example.net - -", Front("client.example.net", "")),
        ("Client.Example.net - ada", Front("client.example.net", "")),
        ("example.com:443 client.example.net - -", Front("client.example.net", "example.com:443")),
        ("Nov 28 10:00:00 web1 nginx: client.example.net - -", Front("client.example.net", "")),
        ("localhost - -", Front("localhost", "")),
        ("unix: - -", Front(UNIX, "")),
        ("unix:/run/x.sock - -", Front(UNIX, "")),
        ("web1 - -", None),
        ("- - -", None),
        ("", None),
        ("203.0.113.999 - -", Front("203.0.113.999", "")),
        ("ada lovelace", None),
    ],
)
def test_names_count_where_they_are_the_clients(text, front):
    assert front_of(text) == front


@given(st.lists(st.integers(0, 300).map(str) | st.sampled_from(["01", "", "007"]), max_size=5))
def test_an_address_is_what_the_intake_takes_for_one(parts):
    text = ".".join(parts)
    assert is_address(text) is (parse_address(text) is not None)


@given(st.text(max_size=80))
def test_any_text_is_looked_at(text):
    front_of(text)
