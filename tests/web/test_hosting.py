from __future__ import annotations

import pytest

from ztas_middleware.config import load_config
from ztas_middleware.web.hosting import SitesByHost

YAML = """
sites:
  main: {domain: example.com}
  twin: {domain: [example.com, example.org]}
  wild: {domain: "*.example.net"}
  port: {domain: "localhost:3000"}
  tls: {domain: "https://secure.example"}
  tls_port: {domain: "https://odd.example:8443"}
  idn: {domain: münchen.de}
  v6: {domain: "[::1]:8000"}
"""


@pytest.fixture(scope="module")
def sites(tmp_path_factory):
    file = tmp_path_factory.mktemp("hosting") / "ztas.yaml"
    file.write_text(YAML, "utf-8")
    return SitesByHost(load_config(file).sites.values())


@pytest.mark.parametrize(
    ("host", "site"),
    [
        ("example.com", "main"),
        ("EXAMPLE.com.", "main"),
        ("www.example.com:8080", "main"),
        ("example.org", "twin"),
        ("a.b.example.net", "wild"),
        ("example.net", None),
        ("localhost:3000", "port"),
        ("localhost:3001", None),
        ("localhost", None),
        # A proxy has ended TLS, and the port with it.
        ("secure.example", "tls"),
        ("secure.example:443", "tls"),
        ("secure.example:80", None),
        ("odd.example:8443", "tls_port"),
        ("odd.example", None),
        ("xn--mnchen-3ya.de", "idn"),
        ("m\xc3\xbcnchen.de", "idn"),
        ("[::1]:8000", "v6"),
        ("[::1]", None),
        ("other.example", None),
        ("example.com/evil", None),
        ("user@example.com", None),
        ("", None),
        ("x" * 100_000, None),
    ],
)
def test_site_of_a_host(sites, host, site):
    for _ in range(2):  # looked up, then remembered
        found = sites.of({"HTTP_HOST": host, "SERVER_NAME": "x", "SERVER_PORT": "1"})
        assert (found.id if found else None) == site


def test_without_a_host_the_server_says_where_it_is(sites):
    assert sites.of({"SERVER_NAME": "localhost", "SERVER_PORT": "3000"}).id == "port"


def test_a_flood_of_hosts_is_not_remembered(sites):
    for number in range(5000):
        sites.of({"HTTP_HOST": f"{number}.example.net"})
    sites.of({"HTTP_HOST": "x" * 100_000})
    assert len(sites._remembered) <= 1024
    assert max(map(len, sites._remembered)) < 1000
