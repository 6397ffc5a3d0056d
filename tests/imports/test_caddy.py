"""Caddy's access log: what its lines say."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ztas_middleware.imports import caddy
from ztas_middleware.imports.caddy import INCOMPLETE, NO_JSON, NO_REQUEST, NO_TIME, instant
from ztas_middleware.imports.combined import Clock

# As Caddy 2.6 writes it.
ENTRY = {
    "level": "info",
    "ts": 1760097336.5241024,
    "logger": "http.log.access.log0",
    "msg": "handled request",
    "request": {
        "remote_ip": "203.0.113.7",
        "remote_port": "41342",
        "proto": "HTTP/2.0",
        "method": "GET",
        "host": "example.com",
        "uri": "/a?b=c",
        "headers": {
            "User-Agent": ["Mozilla/5.0"],
            "Referer": ["https://www.google.com/"],
            "Sec-Fetch-Mode": ["navigate"],
            "X-Forwarded-For": ["1.1.1.1", "2.2.2.2"],
        },
    },
    "user_id": "",
    "duration": 0.000929675,
    "size": 10900,
    "status": 200,
    "resp_headers": {"Server": ["Caddy"], "Content-Type": ["text/html; charset=utf-8"]},
}


class Spy:
    """Stands where page views are told apart: shows what a line said."""

    def outcome(self, request):
        return request


def read(entry):
    return caddy.reader(Spy())(entry if isinstance(entry, str) else json.dumps(entry))


def changed(**request):
    return ENTRY | {"request": ENTRY["request"] | request}


def test_a_line():
    assert read(ENTRY)._asdict() == {
        "time": 1_760_097_336_524,
        "address": "203.0.113.7",
        "method": "GET",
        "target": "/a?b=c",
        "status": 200,
        "referrer": "https://www.google.com/",
        "user_agent": "Mozilla/5.0",
        "host": "example.com",
        "content_type": "text/html; charset=utf-8",
        "headers": {
            "HTTP_SEC_FETCH_MODE": "navigate",
            "HTTP_X_FORWARDED_FOR": "1.1.1.1, 2.2.2.2",
        },
    }


def test_the_client_that_caddy_resolved_counts_before_its_peer():
    assert read(changed(client_ip="198.51.100.2")).address == "198.51.100.2"


def test_the_address_of_older_versions():
    entry = changed(remote_addr="203.0.113.7:1234")
    del entry["request"]["remote_ip"]
    assert read(entry).address == "203.0.113.7:1234"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1760097336.5, 1_760_097_336_500),
        (1760097336, 1_760_097_336_000),
        (1760097336500, 1_760_097_336_500),
        (1760097336500.7, 1_760_097_336_500),
        (1760097336500000000, 1_760_097_336_500),
        ("2025-10-10T11:55:36.500Z", 1_760_097_336_500),
        ("2025-10-10T13:55:36.500+0200", 1_760_097_336_500),
        ("2025/10/10 11:55:36", 1_760_097_336_000),
        ("10/Oct/2025", None),
        (None, None),
        (True, None),
        (float("inf"), None),
        (float("nan"), None),
        (10**400, None),
        ([], None),
    ],
)
def test_times_in_all_of_its_formats(value, expected):
    assert instant(value, Clock()) == expected


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ("", NO_JSON),
        ("[]", NO_JSON),
        ("[" * 100_000, NO_JSON),
        ({"level": "info", "ts": 1, "logger": "tls", "msg": "x"}, NO_REQUEST),
        ({name: ENTRY[name] for name in ENTRY if name != "status"}, NO_REQUEST),
        (ENTRY | {"ts": "yesterday"}, NO_TIME),
        (ENTRY | {"request": "GET /"}, INCOMPLETE),
        (ENTRY | {"status": "200"}, INCOMPLETE),
        (changed(uri=None), INCOMPLETE),
        (changed(method=1), INCOMPLETE),
        (changed(remote_ip=None), INCOMPLETE),
    ],
    ids=range(11),
)
def test_lines_that_are_no_requests(entry, expected):
    assert read(entry) == expected


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_any_json_is_read_or_refused(value):
    read(json.dumps(value))
    read(ENTRY | {"request": value})
    read(changed(headers=value))
    read(ENTRY | {"resp_headers": {"Content-Type": value}})
    instant(value, Clock())
