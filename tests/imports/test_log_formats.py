"""Logs in formats other than combined and Caddy's: every one says the same three visits."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ztas_middleware.errors import ZtasError
from ztas_middleware.imports import balancers, directives, formats, json_lines, w3c
from ztas_middleware.imports.outcomes import Refused

AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0"
ADDRESSES = ("203.0.113.5", "203.0.113.6", "203.0.113.7")
TIME = 1_760_097_336_000  # 2025-10-10T11:55:36Z
CLF = "10/Oct/2025:13:55:36 +0200"
ISO = "2025-10-10T13:55:36+02:00"
REFERRER = "https://www.google.com/"


def nginx(**changed):
    return lambda address: json.dumps(
        {
            "time_local": CLF,
            "remote_addr": address,
            "request": "GET /a?b=c HTTP/1.1",
            "status": "200",
            "http_referer": REFERRER,
            "http_user_agent": AGENT,
        }
        | changed
    )


def traefik(address):
    return json.dumps(
        {
            "ClientAddr": f"{address}:4711",
            "ClientHost": address,
            "DownstreamStatus": 200,
            "RequestHost": "example.com",
            "RequestMethod": "GET",
            "RequestPath": "/a?b=c",
            "RequestProtocol": "HTTP/2.0",
            "StartLocal": "2025-10-10T13:55:36.5+02:00",
            "StartUTC": "2025-10-10T11:55:36.000000000Z",
            "level": "info",
            "msg": "",
            "request_Referer": REFERRER,
            "request_User-Agent": AGENT,
            "time": "2025-10-10T13:55:37+02:00",
        }
    )


def caddy(address, time=TIME / 1000, key="ts"):
    return {
        "level": "info",
        key: time,
        "logger": "http.log.access.log0",
        "msg": "handled request",
        "request": {
            "client_ip": address,
            "method": "GET",
            "host": "example.com",
            "uri": "/a?b=c",
            "headers": {"User-Agent": [AGENT], "Referer": [REFERRER]},
        },
        "status": 200,
    }


def console(address):
    entry = {key: value for key, value in caddy(address).items() if key in ("request", "status")}
    words = ("2025/10/10 11:55:36.000", "INFO", "http.log.access.log0", "handled request")
    return "\t".join((*words, json.dumps(entry)))


IIS_HEADER = """#Software: Microsoft Internet Information Services 10.0
#Version: 1.0
#Date: 2025-10-10 00:00:00
#Fields: date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) \
cs(Referer) sc-status sc-substatus sc-win32-status time-taken
"""
CLOUDFRONT_HEADER = """#Version: 1.0
#Fields: date time x-edge-location sc-bytes c-ip cs-method cs(Host) cs-uri-stem sc-status \
cs(Referer) cs(User-Agent) cs-uri-query cs(Cookie) x-host-header sc-content-type
"""


def iis(address):
    agent = AGENT.replace(" ", "+")
    return f"2025-10-10 11:55:36 10.0.0.1 GET /a b=c 443 - {address} {agent} {REFERRER} 200 0 0 12"


def cloudfront(address):
    agent = AGENT.replace(" ", "%20")
    return (
        f"2025-10-10\t11:55:36\tFRA56-P4\t1234\t{address}\tGET\td1.cloudfront.net\t/a\t200\t"
        f"{REFERRER}\t{agent}\tb=c\t-\texample.com\ttext/html;%20charset=utf-8"
    )


def balancer(address):
    return (
        f"https 2025-10-10T11:55:36.000000Z app/lb/50dc6c495c0c9188 {address}:2817 10.0.0.1:80 "
        f'0.000 0.001 0.000 200 200 34 366 "GET https://example.com:443/a?b=c HTTP/1.1" "{AGENT}" '
        'ECDHE-RSA-AES128-GCM-SHA256 TLSv1.2 arn:aws:x "Root=1-58337262" "example.com" "arn" 0 '
        '2025-10-10T11:55:35.9Z "forward" "-" "-" "10.0.0.1:80" "200" "-" "-"'
    )


def classic(address):
    return (
        f"2025-10-10T11:55:36.000000Z my-loadbalancer {address}:2817 10.0.0.1:80 0.000073 "
        f'0.001048 0.000057 200 200 0 29 "GET http://www.example.com:80/a?b=c HTTP/1.1" "{AGENT}" '
        "- -"
    )


def docker(address):
    line = f'{address} - - [{CLF}] "GET /a?b=c HTTP/1.1" 200 5 "{REFERRER}" "{AGENT}"\n'
    return json.dumps({"log": line, "stream": "stdout", "time": "2025-10-10T11:55:37.1Z"})


LINES = {
    "nginx JSON": ("json", "", nginx()),
    "nginx JSON, ISO time": ("json", "", nginx(time_local=None, time_iso8601=ISO)),
    "nginx JSON, msec": ("json", "", nginx(time_local=None, msec="1760097336.000")),
    "nginx JSON, own names": (
        "json",
        "",
        lambda address: json.dumps(
            {
                "@timestamp": ISO,
                "clientip": address,
                "method": "GET",
                "uri": "/a",
                "args": "b=c",
                "status": 200,
                "referrer": REFERRER,
                "user_agent": AGENT,
                "host": "www.example.com",
            }
        ),
    ),
    "nginx JSON with ts": ("json", "", nginx(time_local=None, ts=TIME / 1000)),
    "Traefik": ("json", "", traefik),
    "Docker's json-file": ("json", "", docker),
    "Caddy, seconds as text": (
        "caddy", "", lambda address: json.dumps(caddy(address, str(TIME / 1000))),
    ),
    "Caddy, common_log time": ("caddy", "", lambda address: json.dumps(caddy(address, CLF))),
    "Caddy, another time_key": (
        "caddy", "", lambda address: json.dumps(caddy(address, ISO, "timestamp")),
    ),
    "Caddy's console": ("caddy", "", console),
    "IIS": ("w3c", IIS_HEADER, iis),
    "CloudFront": ("w3c", CLOUDFRONT_HEADER, cloudfront),
    "ALB": ("balancer", "", balancer),
    "ELB": ("balancer", "", classic),
}  # fmt: skip
WITHOUT_REFERRER = {"ALB", "ELB"}


@pytest.fixture
def run(desk, tmp_path):
    def make(text, **settings):
        path = tmp_path / "access.log"
        path.write_text(text)
        one = desk()
        (imported,) = one.job(**settings).run(str(path))
        return one, imported

    return make


def check(one, *, has_referrer=True):
    for row in one.rows():
        assert (row["time"], row["path"], row["browser"]) == (TIME, "/a", "Firefox")
        assert row["referrer"] == (REFERRER if has_referrer else None)
    assert len(set(one.column("visitor"))) == len(one.rows()) == 3


@pytest.mark.parametrize("name", LINES)
def test_each_format_is_known_by_its_lines_and_says_the_same(run, name):
    form, header, line = LINES[name]
    one, imported = run(header + "".join(f"{line(address)}\n" for address in ADDRESSES))
    assert (imported.format, imported.result.refused) == (form, {})
    check(one, has_referrer=name not in WITHOUT_REFERRER)


@pytest.mark.parametrize("name", LINES)
@pytest.mark.parametrize("other", [*formats.LOGS, "ndjson"])
def test_no_line_is_in_two_formats(name, other):
    form, header, line = LINES[name]
    text = header.splitlines()[-1] if header else line(ADDRESSES[0])
    assert formats.RECOGNISERS[other](text) is (other == form)


@pytest.mark.parametrize("name", LINES)
def test_a_log_that_has_grown_goes_on(run, name):
    _, header, line = LINES[name]
    text = header + f"{line(ADDRESSES[0])}\n" * 50
    one, _ = run(text)
    (imported,) = one.job().run(str(one.database.path.with_name("access.log")))
    assert imported.result.stored == 0
    with one.database.path.with_name("access.log").open("a") as file:
        file.write(f"{line(ADDRESSES[1])}\n")
    (imported,) = one.job().run(str(one.database.path.with_name("access.log")))
    assert (imported.result.stored, imported.result.refused) == (1, {})


NGINX_MAIN = """log_format main '$remote_addr - $remote_user [$time_local] "$request" '
    '$status $body_bytes_sent "$http_referer" '
    '"$http_user_agent" "$http_x_forwarded_for"';"""
NGINX_COMBINED = (
    '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent '
    '"$http_referer" "$http_user_agent"'
)
PROXIED = (
    '$time_local $http_x_forwarded_for "$uri?$args" $request_method $status "$http_user_agent" '
    "$http_referer"
)
ORDERED = (
    "$status|$time_iso8601|$host|$request_method $request_uri|$http_referer|$remote_addr|"
    "${http_user_agent}"
)
BY_TEXT = {
    "nginx's combined": (
        NGINX_COMBINED,
        "{} - ada lovelace [" + CLF + '] "GET /a?b=c HTTP/1.1" 200 5 "' + REFERRER + '" "{}"',
    ),
    "a whole statement": (
        NGINX_MAIN,
        "{} - - [" + CLF + '] "GET /a?b=c HTTP/1.1" 200 5 "' + REFERRER + '" "{}" "-"',
    ),
    "another order": (
        ORDERED,
        "200|" + ISO + "|example.com|GET /a?b=c|" + REFERRER + "|{}|{}",
    ),
    "behind a proxy": (
        PROXIED,
        CLF + ' {}, 10.0.0.1 "/a?b=c" GET 200 "{}" ' + REFERRER,
    ),
    "JSON": (
        '{{"t":"$time_iso8601","who":"$remote_addr","what":"$request","how":$status,'
        '"from":"$http_referer","by":"$http_user_agent"}}'.replace("{{", "{").replace("}}", "}"),
        '{{"t":"' + ISO + '","who":"{}","what":"GET /a?b=c HTTP/1.1","how":200,"from":"'
        + REFERRER + '","by":"{}"}}',
    ),
    "Apache's combined": (
        r'%h %l %u %t \"%r\" %>s %b \"%{Referer}i\" \"%{User-Agent}i\"'.replace("\\", ""),
        "{} - - [" + CLF + '] "GET /a?b=c HTTP/1.1" 200 5 "' + REFERRER + '" "{}"',
    ),
    "Apache's statement": (
        r'LogFormat "%v:%p %h %l %u %t \"%r\" %>s %O \"%{Referer}i\" \"%{User-Agent}i\"" vhost',
        "example.com:443 {} - - [" + CLF + '] "GET /a?b=c HTTP/1.1" 200 5 "' + REFERRER + '" "{}"',
    ),
    "Apache's parts": (
        '%{sec}t %a %m %U%q %>s %D "%{Referer}i" "%{User-agent}i" 100%%',
        '1760097336 {} GET /a?b=c 200 512 "' + REFERRER + '" "{}" 100%',
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BY_TEXT)
def test_a_format_by_its_text(run, name):
    text, line = BY_TEXT[name]
    content = "".join(f"{line.format(address, AGENT)}\n" for address in ADDRESSES)
    pattern = directives.compiled(text)
    one, imported = run(content, format="log-format", pattern=pattern)
    assert (imported.format, imported.result.refused) == ("log-format", {})
    check(one)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("$remote_addr $status", "it lacks the time, the request"),
        ("%h %t %r", "it lacks the status"),
        ('$time_local "$request" $status', "it lacks the address"),
        ("%h %{%d.%m.%Y}t %r %s", "a time as %{%d.%m.%Y}t is not read; %t is"),
        ("", "it lacks the address, the time, the request, the status"),
        ("combined", "it lacks"),
    ],
)
def test_formats_that_tell_no_page_views(text, problem):
    with pytest.raises(ValueError, match=problem.replace("{", r"\{")):
        directives.compiled(text)


def test_lines_that_are_in_another_format_are_refused(run):
    text, line = BY_TEXT["another order"]
    content = f"nonsense\n{line.format(ADDRESSES[0], AGENT)}\n"
    _, imported = run(content, format="log-format", pattern=directives.compiled(text))
    assert imported.result.refused == {directives.NO_MATCH.reason: 1}
    with pytest.raises(ZtasError, match="not one of its lines"):
        run("nonsense\n", format="log-format", pattern=directives.compiled(text))


def test_every_format_of_a_log_is_in_the_docs():
    page = (Path(__file__).parents[2] / "docs" / "migrating.md").read_text("utf-8")
    rows = page.partition("### Web server's logs")[2].partition("###")[0].splitlines()
    named = [row.partition("`")[2].partition("`")[0] for row in rows if row.startswith("| `")]
    assert named == [*formats.LOGS, "--log-format TEXT"]


def test_a_w3c_header_that_changes(run):
    text = IIS_HEADER + iis(ADDRESSES[0]) + "\n" + CLOUDFRONT_HEADER + cloudfront(ADDRESSES[1])
    one, imported = run(text + "\nshort line\n" + cloudfront(ADDRESSES[2]) + "\n")
    assert imported.result.refused == {w3c.WRONG_LENGTH.reason: 1}
    check(one)


@pytest.mark.parametrize(
    "line",
    [
        "{}",
        '{"time": 1}',
        '{"remote_addr": "203.0.113.5", "time": "yesterday", "request": "GET /", "status": 200}',
        '{"remote_addr": "203.0.113.5", "time": 1, "request": {"a": 1}, "status": 200}',
        '{"remote_addr": "203.0.113.5", "time": 1, "request": "GET /"}',
        '{"level": "info", "msg": "started", "time": "2025-10-10T11:55:36Z"}',
        '{"log": "started\\n", "stream": "stdout", "time": "2025-10-10T11:55:36Z"}',
        "[1, 2]",
    ],
)
def test_other_json_is_no_log(line):
    assert not json_lines.recognise(line)


class Spy:
    """Stands where page views are told apart: shows what a line said."""

    def outcome(self, request):
        return request


@given(st.text())
def test_any_line_is_read_or_refused(line):
    for module in (json_lines, w3c, balancers):
        module.reader(Spy())(line)
        module.recognise(line)


@given(
    st.dictionaries(
        st.sampled_from([name for names in json_lines.NAMES.values() for name in names.split()]),
        st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.just({}),
    )
)
def test_any_object_is_read_or_refused(entry):
    json_lines.reader(Spy())(json.dumps(entry))


@given(st.text("$%{}\"'[] abhtrs>_\\", max_size=40))
def test_any_text_is_a_format_or_none(text):
    try:
        pattern = directives.compiled(f'$remote_addr $time_local "$request" $status {text}')
    except ValueError:
        return
    directives.reader(Spy(), pattern)("x")


WORD = st.text("abc;-_.~/ ", min_size=1, max_size=12).map(str.strip).filter(bool)


@given(WORD, WORD, st.sampled_from(ADDRESSES), st.integers(100, 599))
def test_what_was_written_by_a_format_is_read_by_it(agent, path, address, status):
    pattern = directives.compiled('$remote_addr|$time_local|"$request"|$status|"$http_user_agent"')
    line = f'{address}|{CLF}|"GET /{path} HTTP/1.1"|{status}|"{agent}"'
    request = directives.reader(Spy(), pattern)(line)
    assert not isinstance(request, Refused)
    assert (request.address, request.target, request.status) == (address, f"/{path}", status)
    assert request.user_agent == ("" if agent == "-" else agent)


def test_a_hostile_line_is_read_in_no_time():
    pattern = directives.compiled(BY_TEXT["nginx's combined"][0])
    for line in ("1.1.1.1 - " + "a - [" * 10_000, '"' * 60_000, ", 1" * 20_000):
        assert directives.reader(Spy(), pattern)(line) == directives.NO_MATCH
