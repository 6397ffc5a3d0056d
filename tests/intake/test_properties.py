"""Properties: flat, sorted, bounded, clean."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ztas_middleware.intake.properties import clean_properties

LONG = "x" * 5_000


@pytest.mark.parametrize(
    ("properties", "expected"),
    [
        pytest.param({"b": "x", "a": 1}, '{"a":1,"b":"x"}', id="sorted"),
        pytest.param({"a": 1.5, "b": True, "c": -0.25}, '{"a":1.5,"b":true,"c":-0.25}', id="kinds"),
        pytest.param({"ü": "日本"}, '{"ü":"日本"}', id="unicode"),
        pytest.param({"a": {"b": 1}, "c": [1], "d": None}, None, id="nested"),
        pytest.param({}, None, id="nothing"),
        pytest.param({"": 1, " ": 2, "\0": 3, "a": ""}, None, id="empty"),
        pytest.param({"__proto__": "x"}, '{"__proto__":"x"}', id="a name like any other"),
        pytest.param({"__proto__": {"admin": True}}, None, id="a prototype"),
        pytest.param({"a\0b": "c\0d\ud800"}, '{"ab":"cd"}', id="harmful characters"),
        pytest.param({"\ud800": "\udfff"}, None, id="surrogates"),
        pytest.param({"mail": "me@example.com"}, '{"mail":"[email]"}', id="email"),
        pytest.param({"203.0.113.7": 1}, '{"[ip]":1}', id="an address as a name"),
        pytest.param({"a": float("inf"), "b": float("nan")}, None, id="not finite"),
        pytest.param({"a": 2**63 - 1}, f'{{"a":{2**63 - 1}}}', id="64 bits"),
        pytest.param({"a": 2**63, "b": 10**300}, None, id="more than 64 bits"),
        pytest.param({"a": 1, "a ": 2}, '{"a":1}', id="one name twice"),
        pytest.param({LONG: LONG}, f'{{"{"x" * 64}":"{"x" * 256}"}}', id="long"),
        pytest.param({"a": "b\nc"}, '{"a":"b c"}', id="a line break"),
    ],
)  # fmt: skip
def test_what_is_stored(properties, expected):
    assert clean_properties(properties) == expected


def test_the_first_twenty_that_can_be_kept():
    properties = {"nested": {}} | {f"p{number:02}": number for number in range(5_000)}
    found = json.loads(clean_properties(properties))
    assert found == {f"p{number:02}": number for number in range(20)}


SCALAR = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
# What is nested is left out, however deep it goes.
JSON = SCALAR | st.lists(SCALAR, max_size=2) | st.dictionaries(st.text(), SCALAR, max_size=2)


@given(st.dictionaries(st.text(), JSON))
def test_any_object_becomes_a_canonical_one(properties):
    clean = clean_properties(properties)
    if clean is not None:
        assert "\0" not in clean
        clean.encode()
        found = json.loads(clean)
        assert 0 < len(found) <= 20
        assert list(found) == sorted(found)
        assert clean_properties(found) == clean
