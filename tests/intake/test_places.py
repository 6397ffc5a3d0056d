"""Places of addresses, from files that are made here."""

from __future__ import annotations

import os
import sys

import maxminddb
import netaddr
import pytest
from mmdb_writer import MMDBWriter

from ztas_middleware import ConfigError
from ztas_middleware.intake import places as places_module
from ztas_middleware.intake.places import NOWHERE, Place

BERLIN = {
    "city": {"geoname_id": 2950159, "names": {"de": "Berlin", "en": "Berlin"}},
    "country": {"iso_code": "DE", "names": {"en": "Germany"}},
    "subdivisions": [{"iso_code": "BE", "names": {"en": "Land Berlin"}}],
}
OXFORD = {
    "city": {"names": {"en": "Oxford"}},
    "country": {"iso_code": "GB"},
    "subdivisions": [{"iso_code": "ENG"}, {"iso_code": "OXF"}],
}
DB_IP = {  # its free file names subdivisions without their codes
    "city": {"names": {"en": "Mountain View"}},
    "country": {"iso_code": "US"},
    "subdivisions": [{"names": {"en": "California"}}],
}
RECORDS = {
    "203.0.113.0/24": BERLIN,
    "198.51.100.0/25": OXFORD,
    "198.51.100.128/25": DB_IP,
    "192.0.2.0/28": {"country": {"iso_code": "FR"}},
    "192.0.2.16/28": {"city": "Paris", "country": "FR", "subdivisions": {"iso_code": 7}},
    "192.0.2.32/28": {"country": {"iso_code": "XX"}, "subdivisions": [{"iso_code": "BE"}]},
    "192.0.2.48/28": {"city": {"names": {"en": "a\nb\u202e" + "c" * 300}}, "subdivisions": []},
    "2001:db8:1::/48": BERLIN,
}


def write(file, records, version=6):
    writer = MMDBWriter(version, "Test-City", languages=["en"], ipv4_compatible=version == 6)
    for network, record in records.items():
        writer.insert_network(netaddr.IPSet([network]), record)
    writer.to_db_file(str(file))
    return file


@pytest.fixture
def geo(tmp_path):
    return write(tmp_path / "city.mmdb", RECORDS)


def places_of(wrapped):
    return [(hit["country"], hit["region"], hit["city"]) for hit in wrapped.hits()]


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("203.0.113.9", ("DE", "DE-BE", "Berlin")),
        ("::ffff:203.0.113.9", ("DE", "DE-BE", "Berlin")),
        ("2001:db8:1::7", ("DE", "DE-BE", "Berlin")),
        ("198.51.100.1", ("GB", "GB-ENG", "Oxford")),
        ("198.51.100.200", ("US", None, "Mountain View")),
        ("192.0.2.1", ("FR", None, None)),
        ("192.0.2.17", (None, None, None)),
        ("192.0.2.33", (None, None, None)),
        ("192.0.2.49", (None, None, "a b" + "c" * 253)),
        ("192.0.2.200", (None, None, None)),
        ("10.0.0.1", (None, None, None)),
        ("somewhere", (None, None, None)),
    ],
)
def test_the_place_of_an_address(wrap, geo, address, expected):
    wrapped = wrap({"geo": str(geo)})
    wrapped.track(address=address)
    assert places_of(wrapped) == [expected]


@pytest.mark.parametrize(
    ("headers", "zone", "country"),
    [
        ({"CF-IPCountry": "CH"}, "Asia/Tokyo", "CH"),
        ({"CF-IPCountry": "XX"}, "Asia/Tokyo", "DE"),
        ({}, "Asia/Tokyo", "DE"),
    ],
)
def test_the_header_knows_better_and_the_time_zone_does_not(wrap, geo, headers, zone, country):
    wrapped = wrap({"geo": str(geo), "country_header": "CF-IPCountry"})
    headers["X-Forwarded-For"] = "203.0.113.9"
    wrapped.track(address="127.0.0.1", headers=headers, timeZone=zone)
    assert places_of(wrapped) == [(country, "DE-BE", "Berlin")]


def test_the_time_zone_tells_where_the_file_does_not(wrap, geo):
    wrapped = wrap({"geo": str(geo)})
    wrapped.track(address="192.0.2.200", timeZone="Asia/Tokyo")
    assert places_of(wrapped) == [("JP", None, None)]


def test_a_file_of_ipv4_alone(wrap, tmp_path):
    records = {"203.0.113.0/24": BERLIN}
    wrapped = wrap({"geo": str(write(tmp_path / "four.mmdb", records, version=4))})
    wrapped.track(address="203.0.113.9")
    wrapped.track(address="2001:db8::1")
    assert places_of(wrapped) == [("DE", "DE-BE", "Berlin"), (None, None, None)]


def test_the_reader_without_c(wrap, geo, monkeypatch):
    monkeypatch.delattr(os, "memfd_create", raising=False)
    wrapped = wrap({"geo": str(geo)})
    wrapped.track(address="203.0.113.9")
    assert places_of(wrapped) == [("DE", "DE-BE", "Berlin")]


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def watched(wrap, geo, monkeypatch):
    """Places of one file, a clock in hand, and the looks at the file."""
    config = wrap({"geo": str(geo)}).middleware.config
    clock, looks = Clock(), []
    places = places_module.Places(config, clock)
    revision = places_module._revision
    monkeypatch.setattr(places_module, "_revision", lambda path: looks.append(1) or revision(path))
    return places, clock, looks


def test_a_file_that_is_replaced_is_read_anew(watched, geo, tmp_path):
    places, clock, _ = watched
    assert places.of("203.0.113.9").city == "Berlin"
    write(tmp_path / "new.mmdb", {"203.0.113.0/24": OXFORD}).rename(geo)
    clock.now = 1.0
    assert places.of("203.0.113.9") == Place("GB", "GB-ENG", "Oxford")


def test_it_is_looked_at_once_a_second(watched):
    places, clock, looks = watched
    for clock.now in (0.5, 0.9, 1.0, 1.1, 1.9, 2.0, 2.5):
        places.of("203.0.113.9")
    assert len(looks) == 2


def empty(file):
    file.write_bytes(b"")


def cut(file):
    file.write_bytes(file.read_bytes()[:-50])


def remove(file):
    file.unlink()


def make_fifo(file):
    file.unlink()
    os.mkfifo(file)


@pytest.mark.parametrize("spoil", [empty, cut, remove, make_fifo])
def test_a_file_that_is_spoilt_leaves_the_old_one(watched, geo, caplog, spoil):
    places, clock, _ = watched
    spoil(geo)
    clock.now = 1.0
    assert places.of("203.0.113.9").city == "Berlin"
    assert "is not used as it is now" in caplog.text
    if geo.exists():
        geo.unlink()
    write(geo, {"203.0.113.0/24": OXFORD})
    clock.now = 2.0
    assert places.of("203.0.113.9").city == "Oxford"


def test_a_file_that_is_written_over_takes_nothing_away(watched, geo):
    """A reader that maps the file dies with SIGBUS where this one goes on."""
    places, _, _ = watched
    geo.write_bytes(b"")
    assert places.of("203.0.113.9").city == "Berlin"


@pytest.mark.parametrize("spoil", [empty, cut, remove, make_fifo])
def test_what_can_not_be_used_is_refused_when_wrapping(wrap, geo, spoil):
    spoil(geo)
    with pytest.raises(ConfigError, match=r"^geo: (is no.* file|No such file.*): .*city.mmdb$"):
        wrap({"geo": str(geo)})


def test_without_the_package(wrap, geo, monkeypatch):
    monkeypatch.setitem(sys.modules, "maxminddb", None)
    with pytest.raises(ConfigError, match=r"geo: needs the package maxminddb: pip install"):
        wrap({"geo": str(geo)})


def test_a_relative_path_starts_at_the_config(wrap, tmp_path, monkeypatch):
    from ztas_middleware import load_config

    folder = tmp_path / "conf"
    folder.mkdir()
    (folder / "ztas.yaml").write_text("sites: {a: {domain: a.example}}\ngeo: city.mmdb\n")
    assert load_config(folder / "ztas.yaml").geo == folder / "city.mmdb"


def test_a_damaged_record_is_nowhere(watched, monkeypatch):
    places, _, _ = watched
    monkeypatch.setattr(maxminddb, "open_database", lambda *_: Damaged())
    places._find = places_module._finder(places._path)
    assert places.of("203.0.113.9") == NOWHERE


class Damaged:
    def get(self, address):
        raise maxminddb.InvalidDatabaseError("damaged")
