"""The host that a visit came from."""

from __future__ import annotations

import pytest

from ztas_middleware.acquisition.hosts import OwnHosts, host_of
from ztas_middleware.config.domains import Domain

SHOP = OwnHosts((Domain(host="www.shop.example"), Domain(host="blog.example", wildcard=True)))

HOSTS = {
    "https://example.org/a": "example.org",
    "https://www.example.org/": "example.org",
    "http://example.org:8080/a:b/c@d": "example.org",
    "https://EXAMPLE.org": "example.org",
    "https://example.org./": "example.org",
    "android-app://com.slack/": "com.slack",
    "https://[ip]/a": "[ip]",
    "https://[ip]:8080/a": "[ip]",
    "https://shop.example/": None,
    "https://www.shop.example:8080/a": None,
    "https://other.shop.example/": "other.shop.example",
    "https://a.b.blog.example/": None,
    "https://www.blog.example/": None,
    "https://blog.example/": "blog.example",
    "https://notblog.example/": "notblog.example",
    "example.org/a": "example.org",
    "http://localhost:4000/": None,
    "https://": None,
    "": None,
}


@pytest.mark.parametrize(("referrer", "host"), HOSTS.items(), ids=HOSTS)
def test_the_host_of_a_referrer(referrer, host):
    assert host_of(referrer, SHOP) == host


def test_no_referrer_has_no_host():
    assert host_of(None, SHOP) is None
