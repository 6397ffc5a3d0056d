"""Countries of time zones, and of a proxy's header."""

from __future__ import annotations

from pathlib import Path

import pytest
import tzdata
from hypothesis import given
from hypothesis import strategies as st

from ztas_middleware.intake import countries
from ztas_middleware.intake.countries import country_from_header, country_of

ZONES = [
    ("Europe/Berlin", "DE"),
    ("Europe/Busingen", "DE"),
    ("Europe/Stockholm", "SE"),
    ("Europe/Kiev", "UA"),
    ("Europe/Kyiv", "UA"),
    ("Europe/Belfast", "GB"),
    ("America/New_York", "US"),
    ("America/Indianapolis", "US"),
    ("America/Argentina/Ushuaia", "AR"),
    ("America/Buenos_Aires", "AR"),
    ("America/Virgin", "VI"),
    ("America/Coral_Harbour", "CA"),
    ("Asia/Calcutta", "IN"),
    ("Asia/Kolkata", "IN"),
    ("Asia/Saigon", "VN"),
    ("Asia/Istanbul", "TR"),
    ("Africa/Asmera", "ER"),
    ("Antarctica/McMurdo", "AQ"),
    ("Arctic/Longyearbyen", "SJ"),
    ("Iceland", "IS"),
    ("Pacific/Ponape", "FM"),
    ("Japan", "JP"),
    ("Singapore", "SG"),
    ("Cuba", "CU"),
    ("GB", "GB"),
    ("NZ", "NZ"),
    ("PRC", "CN"),
    ("W-SU", "RU"),
    ("US/Pacific", "US"),
    ("Canada/Eastern", "CA"),
    ("Brazil/East", "BR"),
    ("UTC", None),
    ("GMT", None),
    ("Etc/UTC", None),
    ("Etc/GMT+5", None),
    ("EST", None),
    ("MST", None),
    ("HST", None),
    ("EST5EDT", None),
    ("PST8PDT", None),
    ("CET", None),
    ("MET", None),
    ("EET", None),
    ("WET", None),
    ("Zulu", None),
    ("Factory", None),
    ("", None),
    ("europe/berlin", None),
    ("Europe/Atlantis", None),
    ("\ud800", None),
]


@pytest.mark.parametrize(("zone", "country"), ZONES, ids=[ascii(zone) for zone, _ in ZONES])
def test_a_zone_lies_in_one_country(zone, country):
    assert country_of(zone) == country


HEADERS = [
    ("DE", "DE"),
    ("de", "DE"),
    (" gb ", "GB"),
    ("BV", "BV"),
    ("XK", "XK"),
    ("XX", None),
    ("ZZ", None),
    ("T1", None),
    ("A1", None),
    ("EU", None),
    ("AP", None),
    ("UK", None),
    ("", None),
    ("D", None),
    ("DEU", None),
    ("D E", None),
    ("ß", None),
    ("ﬁ", None),
    ("\x00DE", None),
    ("\ud800", None),
]


@pytest.mark.parametrize(("value", "country"), HEADERS, ids=[ascii(v) for v, _ in HEADERS])
def test_a_header_names_a_country_or_none(value, country):
    assert country_from_header(value) == country


@given(st.text(alphabet=st.characters()))
def test_no_text_is_more_than_a_country_or_none(text):
    for country in (country_of(text), country_from_header(text)):
        assert country is None or (len(country) == 2 and country.isascii() and country.isupper())


# Whole time zones with the names of countries' clocks; see the comment above the table.
ABBREVIATIONS = {"CET", "EET", "EST", "HST", "MET", "MST", "WET"} | {
    "CST6CDT",
    "EST5EDT",
    "MST7MDT",
    "PST8PDT",
}
INSTALLED = Path(tzdata.__file__).parent / "zoneinfo"


def read_tzdata():
    """The country of each zone and link in the tz database that is installed."""
    rows = (line.split("\t") for line in (INSTALLED / "zone.tab").read_text().splitlines())
    found = {row[2]: row[0] for row in rows if not row[0].startswith("#")}
    rules = (line.split() for line in (INSTALLED / "tzdata.zi").read_text().splitlines())
    links = {rule[2]: rule[1] for rule in rules if rule[0] == "L"}
    for name in links:
        target = name
        while target not in found and target in links:
            target = links[target]
        if target in found and name not in ABBREVIATIONS:
            found[name] = found[target]
    return found


def as_table(found):
    """The literal of the package, one line a country."""
    zones = {}
    for zone, country in sorted(found.items()):
        if zone not in countries._LINKED_ABROAD:
            zones.setdefault(country, []).append(zone)
    return [f"{country} {' '.join(names)}" for country, names in sorted(zones.items())]


def test_the_table_is_what_the_tz_database_says():
    # A newer tz database renames zones and splits them, but keeps old names as links and leaves
    # them in their countries. So all that the table says must hold in any later release ...
    found = read_tzdata()
    ours = {z: c for z, c in countries._COUNTRIES.items() if z not in countries._LINKED_ABROAD}
    assert {zone: found.get(zone) for zone in ours} == ours


def test_the_table_lacks_nothing():
    # ... and that it is complete, in the release that it was made from, which pyproject.toml
    # installs. To go on to another one, change it there: what this fails with is the new table.
    assert tzdata.IANA_VERSION == countries.TZDATA
    assert countries._ZONES.splitlines() == as_table(read_tzdata())
    # Once a link leads home again, its entry among the odd ones can go.
    assert {z: read_tzdata()[z] for z in countries._LINKED_ABROAD}.items().isdisjoint(
        countries._LINKED_ABROAD.items()
    )
