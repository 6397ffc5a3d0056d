"""The combined log format: what its lines say, in all the spellings there are."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ztas_middleware.imports import combined
from ztas_middleware.imports.combined import NO_LOG_LINE, NO_TIME, unescaped

PLAIN = (
    '203.0.113.7 - - [10/Oct/2025:13:55:36 +0200] "GET /a?b=c HTTP/2.0" 200 2326 '
    '"https://www.google.com/" "Mozilla/5.0 (X11; Linux x86_64)"'
)


class Spy:
    """Stands where page views are told apart: shows what a line said."""

    def outcome(self, request):
        return request


def read(line):
    return combined.reader(Spy())(line)


def test_a_line():
    request = read(PLAIN)
    assert request._asdict() == {
        "time": 1_760_097_336_000,
        "address": "203.0.113.7",
        "method": "GET",
        "target": "/a?b=c",
        "status": 200,
        "referrer": "https://www.google.com/",
        "user_agent": "Mozilla/5.0 (X11; Linux x86_64)",
        "host": "",
        "content_type": "",
        "headers": {},
    }


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        pytest.param(
            PLAIN.replace("203.0.113.7 -", "example.com:443 203.0.113.7 -"),
            {"address": "203.0.113.7", "host": "example.com:443"},
            id="a virtual host in front",
        ),
        pytest.param(
            PLAIN.replace("- -", "- Ada Lovelace"),
            {"address": "203.0.113.7", "host": ""},
            id="a user with a space",
        ),
        pytest.param(
            PLAIN.replace("203.0.113.7", "2001:db8::1"), {"address": "2001:db8::1"}, id="IPv6"
        ),
        pytest.param(
            PLAIN.partition(' "https')[0],
            {"referrer": "", "user_agent": ""},
            id="the common format",
        ),
        pytest.param(
            PLAIN + ' "198.51.100.1, 10.0.0.1"',
            {"headers": {"HTTP_X_FORWARDED_FOR": "198.51.100.1, 10.0.0.1"}},
            id="nginx's main",
        ),
        pytest.param(PLAIN + ' "-"', {"headers": {}}, id="nginx's main without a proxy"),
        pytest.param(PLAIN + " 0.005 upstream=1", {"status": 200}, id="more behind"),
        pytest.param(
            PLAIN.replace('"Mozilla/5.0 (X11; Linux x86_64)"', '"-"'),
            {"user_agent": ""},
            id="no User-Agent",
        ),
        pytest.param(
            PLAIN.replace("Mozilla/5.0", r"\"quoted\" \x22hex\x22 \\back"),
            {"user_agent": '"quoted" "hex" \\back (X11; Linux x86_64)'},
            id="escapes",
        ),
        pytest.param(
            PLAIN.replace("/a?b=c", r"/caf\xC3\xA9"), {"target": "/café"}, id="escaped UTF-8"
        ),
        pytest.param(
            PLAIN.replace("GET /a?b=c HTTP/2.0", r"\x16\x03\x01"),
            {"target": ""},
            id="TLS to the wrong port",
        ),
        pytest.param(PLAIN.replace("GET /a?b=c HTTP/2.0", "-"), {"method": "-"}, id="no request"),
        pytest.param(
            PLAIN.replace("/a?b=c HTTP", "/a b HTTP"), {"target": "/a b"}, id="a space in the path"
        ),
        pytest.param(PLAIN.replace(" HTTP/2.0", ""), {"target": "/a?b=c"}, id="HTTP/0.9"),
        pytest.param(PLAIN.replace(" 2326 ", " - "), {"status": 200}, id="no size"),
        pytest.param(
            PLAIN.replace("+0200", "-0330"), {"time": 1_760_097_336_000 + 330 * 60_000}, id="west"
        ),
        pytest.param(
            PLAIN.replace("10/Oct/2025:13:55:36 +0200", "2025-10-10T13:55:36+02:00"),
            {"time": 1_760_097_336_000},
            id="ISO time",
        ),
        pytest.param(
            PLAIN.replace("- -", "- a[b]"), {"address": "203.0.113.7"}, id="a user with brackets"
        ),
        pytest.param(
            PLAIN + ' "gzip" 0.005 "198.51.100.1" "x"',
            {"headers": {"HTTP_X_FORWARDED_FOR": "198.51.100.1"}},
            id="more before X-Forwarded-For",
        ),
        pytest.param(PLAIN + ' "0.005" "MISS"', {"headers": {}}, id="no X-Forwarded-For"),
        pytest.param(
            PLAIN.replace("13:55:36", "23:59:60"), {"time": 1_760_133_600_000}, id="a leap second"
        ),
    ],
)
def test_spellings(line, expected):
    request = read(line)._asdict()
    assert {name: request[name] for name in expected} == expected


@pytest.mark.parametrize(
    "line",
    [
        "",
        "nonsense",
        "time,site_id,type",
        PLAIN[:-1],
        PLAIN.replace('"GET', "GET"),
        PLAIN.replace(" 200 ", " 20 "),
        PLAIN.replace(" 200 ", " two "),
        PLAIN.replace("[10", "[1"),
        PLAIN.replace("+0200", "CEST"),
        PLAIN.replace("200", "٢٠٠"),
        '{"ts": 1}',
    ],
)
def test_what_is_no_line_of_a_log_is_refused(line):
    assert read(line) == NO_LOG_LINE
    assert not combined.recognise(line)


@pytest.mark.parametrize("behind", ["", ' "-"', " 0.005"])
def test_a_line_that_is_cut_anywhere_is_not_whole(behind):
    line = PLAIN + behind
    assert combined.is_whole(line)
    assert not any(combined.is_whole(line[:size]) for size in range(len(PLAIN)))


@pytest.mark.parametrize("date", ["31/Feb/2025", "00/Oct/2025", "10/Okt/2025", "10/Oct/0000"])
def test_a_date_that_is_none_is_refused(date):
    assert read(PLAIN.replace("10/Oct/2025", date)) == NO_TIME


def test_lines_of_one_reader_may_come_in_any_order():
    reader = combined.reader(Spy())
    lines = [PLAIN, PLAIN.replace("13:55", "13:54"), PLAIN, PLAIN.replace("+0200", "+0000")]
    times = [reader(line).time - 1_760_097_336_000 for line in lines]
    assert times == [0, -60_000, 0, 7_200_000]


@given(st.text(max_size=60))
def test_no_text_can_break_out_of_its_quotes(text):
    escaped = "".join(
        character if " " <= character <= "~" and character not in '"\\' else f"\\x{byte:02X}"
        for character in text
        for byte in (
            character.encode("utf-8", "surrogatepass")
            if not " " <= character <= "~" or character in '"\\'
            else b"\0"
        )
    )
    request = read(PLAIN.replace("Mozilla/5.0 (X11; Linux x86_64)", escaped))
    if text in ("", "-"):
        assert request.user_agent == text.replace("-", "")
    else:
        assert request.user_agent == text or not text.isprintable()


@given(st.text())
def test_unescaping_takes_any_text(text):
    unescaped(text)


@given(st.text())
def test_reading_takes_any_line(text):
    read(text)
    read(f'{text} [10/Oct/2025:13:55:36 +0200] "{text}" 200 1 "{text}" "{text}"')


def test_a_hostile_line_is_read_in_no_time():
    line = "1.1.1.1 - - " + '[10/Oct/2025:13:55:36 +0200] "' * 30_000
    assert read(line) == NO_LOG_LINE
