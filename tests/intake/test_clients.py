"""Whose address a request is counted under, whoever claims what."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ztas_middleware.config.proxies import PRIVATE_NETWORKS
from ztas_middleware.intake.clients import LONGEST_ADDRESS, Clients, parse_address

TRUSTED = tuple(ipaddress.ip_network(text) for text in ("127.0.0.1", "::1", "10.0.0.0/8"))
EXCLUDED = (ipaddress.ip_network("198.51.100.0/24"),)
CLIENTS = Clients(TRUSTED, EXCLUDED)


def client(remote, forwarded=None):
    environ = {"REMOTE_ADDR": remote} if remote is not None else {}
    if forwarded is not None:
        environ["HTTP_X_FORWARDED_FOR"] = forwarded
    return CLIENTS.client(environ, CLIENTS.peer(environ))


@pytest.mark.parametrize(
    ("remote", "forwarded", "expected"),
    [
        pytest.param("203.0.113.9", None, "203.0.113.9", id="direct"),
        pytest.param("203.0.113.9", "192.0.2.1", "203.0.113.9", id="a stranger's claim"),
        pytest.param("127.0.0.1", "192.0.2.1", "192.0.2.1", id="one proxy"),
        pytest.param("10.1.2.3", "192.0.2.1, 10.9.9.9", "192.0.2.1", id="two proxies"),
        pytest.param("127.0.0.1", "6.6.6.6, 192.0.2.1", "192.0.2.1", id="a forged left end"),
        pytest.param("127.0.0.1", "6.6.6.6,192.0.2.1,10.0.0.1", "192.0.2.1", id="no spaces"),
        pytest.param("127.0.0.1", "10.0.0.5, 10.0.0.6", "10.0.0.5", id="proxies all the way"),
        pytest.param("127.0.0.1", "192.0.2.1, unknown", "127.0.0.1", id="garbage at the right"),
        pytest.param("127.0.0.1", "unknown, 10.0.0.1", "10.0.0.1", id="garbage at the left"),
        pytest.param("127.0.0.1", "0.0.0.0", "0.0.0.0", id="a made-up Unix socket"),
        pytest.param("127.0.0.1", "", "127.0.0.1", id="an empty header"),
        pytest.param("127.0.0.1", " , ", "127.0.0.1", id="only separators"),
        pytest.param("127.0.0.1", "192.0.2.1:5678", "192.0.2.1", id="with a port"),
        pytest.param("127.0.0.1", "[2001:db8::1]:443", "2001:db8::1", id="v6 with a port"),
        pytest.param("127.0.0.1", "[2001:db8::1]", "2001:db8::1", id="v6 in brackets"),
        pytest.param("127.0.0.1", "2001:DB8:0::1", "2001:db8::1", id="v6 in another spelling"),
        pytest.param("::ffff:127.0.0.1", "192.0.2.1", "192.0.2.1", id="a mapped proxy"),
        pytest.param("::ffff:203.0.113.9", None, "203.0.113.9", id="a mapped client"),
        pytest.param("", "192.0.2.1", "192.0.2.1", id="a Unix socket"),
        pytest.param(None, "192.0.2.1", "192.0.2.1", id="no address at all"),
        pytest.param("localhost", "192.0.2.1", "192.0.2.1", id="waitress on a Unix socket"),
        pytest.param("0.0.0.0", "192.0.2.1", "192.0.2.1", id="uWSGI on a Unix socket"),
        pytest.param("unix:", "192.0.2.1", "192.0.2.1", id="nginx on a Unix socket"),
        pytest.param("somewhere", "192.0.2.1", "somewhere", id="a name is not believed"),
        pytest.param("127.0.0.1", "1.2.3.4," * 500 + "192.0.2.1", "192.0.2.1", id="a long list"),
        pytest.param("127.0.0.1", "10.0.0.1," * 500, "10.0.0.1", id="a long list of proxies"),
        pytest.param("127.0.0.1", "192.0.2.1, ", "192.0.2.1", id="an empty element at the end"),
        pytest.param("127.0.0.1", "192.0.2.1" + " ,\t" * 99, "192.0.2.1", id="many of them"),
        pytest.param("127.0.0.1", "192.0.2.1,, ,10.0.0.1", "192.0.2.1", id="and in between"),
        pytest.param("127.0.0.1", ",192.0.2.1", "192.0.2.1", id="and in front"),
        pytest.param("127.0.0.1", ",10.0.0.1", "10.0.0.1", id="nobody in front"),
        pytest.param("127.0.0.1", "unknown,", "127.0.0.1", id="garbage and nothing"),
    ],
)
def test_the_client_of_a_request(remote, forwarded, expected):
    assert client(remote, forwarded).address == expected


@pytest.mark.parametrize(
    ("peer", "trusted"),
    [
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("", True),
        ("10.255.0.1", True),
        ("172.16.0.1", True),
        ("172.31.255.255", True),
        ("192.168.1.1", True),
        ("::ffff:192.168.1.1", True),
        ("100.64.0.1", True),
        ("169.254.1.1", True),
        ("fd00::1", True),
        ("fe80::1", True),
        ("fe80::1%eth0", True),
        ("172.32.0.1", False),
        ("100.128.0.1", False),
        ("192.0.2.1", False),
        ("203.0.113.9", False),
        ("2001:db8::1", False),
        ("ff02::1", False),
        ("somewhere", False),
    ],
)
def test_private_proxies(peer, trusted):
    clients = Clients(PRIVATE_NETWORKS, ())
    environ = {"REMOTE_ADDR": peer, "HTTP_X_FORWARDED_FOR": "198.51.100.1"}
    found = clients.client(environ, clients.peer(environ))
    assert (found.address == "198.51.100.1") is trusted


def test_what_the_configuration_says_of_an_address():
    assert client("198.51.100.7").excluded
    assert client("127.0.0.1", "198.51.100.7").excluded
    assert not client("203.0.113.9", "198.51.100.7").excluded
    assert client("127.5.5.5").loopback
    assert client("").loopback
    assert not client("127.0.0.1", "192.0.2.1").loopback


def test_a_loopback_address_from_outside_is_no_loopback():
    assert not client("203.0.113.9", "127.0.0.1").loopback


@given(st.text() | st.text(alphabet="0123456789abcdef.:[]%, "))
def test_no_header_raises(text):
    found = client("127.0.0.1", text)
    assert len(found.address) <= LONGEST_ADDRESS
    assert parse_address(found.address) is not None


@given(st.text())
def test_no_peer_raises(text):
    assert len(client(text).address) <= LONGEST_ADDRESS


@given(st.ip_addresses())
def test_an_address_is_read_in_every_spelling(address):
    canonical = parse_address(str(address))
    spellings = [address.exploded, f"[{address}]" if address.version == 6 else f"{address}:80"]
    assert [parse_address(text) for text in spellings] == [canonical, canonical]
