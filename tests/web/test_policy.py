from __future__ import annotations

import pytest

from ztas_middleware.config.domains import Origin
from ztas_middleware.web.policy import Requests, nonce_under, parse_policies

HTTPS = Origin("https", "example.com", 443)
LOCAL = Origin("http", "127.0.0.1", 8000)


def nonce(*headers, origin=HTTPS, script="/js/ztas.js"):
    return nonce_under(parse_policies(headers), Requests(origin, script, "/api/track"))


ALLOWED = {
    "no policy": "",
    "nothing about scripts": "img-src 'none'; report-uri /x",
    "self": "script-src 'self'; connect-src 'self'",
    "self by default": "default-src 'self'",
    "in any case": "DEFAULT-SRC 'NONE'; Script-Src 'SELF'; connect-src 'Self'",
    "the first of two directives": "script-src 'self'; script-src 'none'",
    "elements before scripts": "script-src 'none'; script-src-elem 'self'",
    "scripts before all": "default-src 'none'; script-src *; connect-src *",
    "a scheme": "script-src https:; connect-src https:",
    "a scheme that was upgraded": "script-src http:; connect-src ws:",
    "a host": "script-src example.com; connect-src EXAMPLE.com",
    "a host and its scheme": "default-src https://example.com",
    "a host and its port": "default-src https://example.com:443",
    "a host and the port of http": "default-src http://example.com:80",
    "any port": "default-src example.com:*",
    "any host of a scheme": "default-src https://*",
    "a folder": "script-src example.com/js/; connect-src example.com/api/",
    "the very file": "script-src https://example.com/js/ztas.js",
    "a path in other letters": "script-src example.com/%6as/ztas.js",
    "one of many": "default-src https://cdn.example 'unsafe-inline' 'self' data:",
    "hashes beside it": "script-src 'sha256-AAAA' 'self'",
    "a sandbox that scripts may play in": "sandbox allow-forms allow-scripts allow-same-origin",
    "two headers in one": "script-src 'self', default-src https:",
}


@pytest.mark.parametrize("policy", ALLOWED.values(), ids=ALLOWED)
def test_policies_that_need_no_nonce(policy):
    assert nonce(policy) == ""


FORBIDDEN = {
    "nothing": "default-src 'none'",
    "no scripts": "script-src 'none'; connect-src 'self'",
    "an empty list": "script-src",
    "no script elements": "script-src 'self'; script-src-elem 'none'",
    "no connections": "script-src 'self'; connect-src 'none'",
    "no connections by default": "script-src 'self'; default-src 'none'",
    "connections elsewhere": "default-src 'self'; connect-src https://api.example",
    "another host": "script-src https://cdn.example",
    "its subdomains": "script-src *.example.com",
    "another scheme": "script-src ftp://example.com",
    "another port": "script-src example.com:8443",
    "another folder": "script-src example.com/static/",
    "another file": "script-src example.com/js/ztas",
    "hashes alone": "script-src 'sha256-AAAA' 'unsafe-inline'",
    "what is trusted alone": "script-src 'strict-dynamic' 'self' https: 'sha256-AAAA'",
    "a nonce of the wrong kind": "script-src 'nonce-a b' 'nonce-' 'nonce-ü'",
    "a sandbox": "sandbox",
    "a sandbox without scripts": "sandbox allow-same-origin",
    "a sandbox without an origin": "sandbox allow-scripts",
    "no source at all": "script-src self example",
    "the second of two headers": "script-src 'self', script-src 'none'",
    "the nonce of one of two": "script-src 'nonce-abc', script-src https://cdn.example",
    "nonces that differ": "script-src 'nonce-abc', script-src 'nonce-def'",
    "the nonce, but no connection": "script-src 'nonce-abc'; connect-src 'none'",
}


@pytest.mark.parametrize("policy", FORBIDDEN.values(), ids=FORBIDDEN)
def test_policies_that_forbid_it(policy):
    assert nonce(policy) is None


NONCES = {
    "strict": ("script-src 'nonce-abc123' 'strict-dynamic'", "abc123"),
    "strict by default": ("default-src 'nonce-abc123' 'strict-dynamic'; connect-src *", "abc123"),
    "strict, and old browsers": (
        "script-src 'strict-dynamic' 'nonce-r4nd0m==' 'unsafe-inline' http: https:",
        "r4nd0m==",
    ),
    "where an address would do": ("script-src 'self' 'nonce-a+/_-'", "a+/_-"),
    "of two policies": ("script-src 'nonce-a' 'nonce-b', script-src 'nonce-b'", "b"),
    "beside an address": ("script-src 'nonce-a', default-src 'self'", "a"),
    "keyword in any case": ("script-src 'Nonce-aB'", "aB"),
}


@pytest.mark.parametrize(("policy", "expected"), NONCES.values(), ids=NONCES)
def test_policies_that_name_a_nonce(policy, expected):
    assert nonce(policy) == expected


def test_all_headers_hold_together():
    assert nonce("script-src 'self'", "script-src 'nonce-a' 'self'") == "a"
    assert nonce("script-src 'self'", "script-src 'none'") is None


@pytest.mark.parametrize(
    ("policy", "allowed"),
    [
        ("default-src 127.0.0.1:8000", True),
        ("default-src http://127.0.0.1:8000", True),
        ("default-src 127.0.0.1:*", True),
        ("default-src http:", True),
        ("default-src 127.0.0.1", False),
        ("default-src https:", False),
        ("default-src https://127.0.0.1:8000", False),
        ("default-src localhost:8000", False),
    ],
)
def test_pages_without_tls(policy, allowed):
    assert nonce(policy, origin=LOCAL) == ("" if allowed else None)


def test_wildcards_cover_subdomains():
    blog = Origin("https", "a.blog.example.com", 443)
    assert nonce("default-src *.example.com", origin=blog) == ""
    assert nonce("default-src *.blog.example", origin=blog) is None


def test_script_below_a_mount():
    assert nonce("script-src example.com/a%20b/", script="/a%20b/z.js") == ""
    assert nonce("script-src example.com/js/", script="/blog/js/z.js") is None
