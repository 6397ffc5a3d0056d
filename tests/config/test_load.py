"""load_config: what a file may say, and what each mistake is answered with."""

from __future__ import annotations

import pickle
import subprocess
import sys
import zoneinfo
from datetime import datetime, timedelta, timezone
from ipaddress import ip_network
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from processes import UNPRIVILEGED

from ztas_middleware.config import Bots, Config, Site, load_config
from ztas_middleware.config.domains import Domain
from ztas_middleware.config.proxies import PRIVATE_NETWORKS
from ztas_middleware.errors import ConfigError, ZtasError

SITES = "sites:\n  blog:\n    domain: example.com\n"
"""Three lines that are enough; what a case adds begins in line 4."""


def test_the_smallest_file_has_every_default(load, tmp_path):
    site = Site(id="blog", domains=(Domain("example.com"),))
    assert load(SITES) == Config(
        sites={"blog": site},
        database=tmp_path / "conf/ztas.db",
        source=tmp_path / "conf/ztas.yaml",
    )


def test_every_key_reaches_its_field(load, tmp_path):
    config = load("""
database: ../data/hits.db
endpoint: /hit
sites:
  shop:
    domain: [example.com, "*.example.org"]
    timezone: Europe/Berlin
    server_side: no
    exclude_paths: [/admin/*, "*.json"]
    retention_days: 90
  "42":
    domain: localhost:3000
    retention_days: null
bots:
  allow: [MyMonitor]
  deny: [BadThing/1.0]
honor_dnt: on
exclude_addresses: [203.0.113.7, 10.1.2.3/8, "2001:db8::1/32", "::ffff:192.0.2.0/120"]
exclude_cookies: [staff, __Host-me]
trusted_proxies: []
country_header: CF-IPCountry
keep_query: [id, page]
rate_limit: 0
max_body: 1000
max_batch: 7
durability: full
""")
    assert config == Config(
        sites={
            "shop": Site(
                id="shop",
                domains=(Domain("example.com"), Domain("example.org", wildcard=True)),
                timezone=zoneinfo.ZoneInfo("Europe/Berlin"),
                server_side=False,
                exclude_paths=("/admin/*", "*.json"),
                retention_days=90,
            ),
            "42": Site(id="42", domains=(Domain("localhost", port=3000),)),
        },
        database=tmp_path / "conf/../data/hits.db",
        endpoint="/hit",
        bots=Bots(allow=("MyMonitor",), deny=("BadThing/1.0",)),
        honor_dnt=True,
        exclude_addresses=(
            ip_network("203.0.113.7"),
            ip_network("10.0.0.0/8"),
            ip_network("2001:db8::/32"),
            ip_network("192.0.2.0/24"),
        ),
        exclude_cookies=("staff", "__Host-me"),
        trusted_proxies=(),
        country_header="CF-IPCountry",
        keep_query=("id", "page"),
        rate_limit=0,
        max_body=1000,
        max_batch=7,
        durability="full",
        source=tmp_path / "conf/ztas.yaml",
    )
    assert list(config.sites) == ["shop", "42"]


@pytest.mark.parametrize(
    ("value", "networks"),
    [
        ("private", PRIVATE_NETWORKS),
        ("${PROXIES:-private}", PRIVATE_NETWORKS),
        ("[private]", PRIVATE_NETWORKS),
        ("[203.0.113.5, private]", (ip_network("203.0.113.5"), *PRIVATE_NETWORKS)),
    ],
)
def test_private_proxies(load, value, networks):
    assert load(SITES + f"trusted_proxies: {value}").trusted_proxies == networks


def test_an_absolute_database_stays_and_a_tilde_is_home(load, monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert load(SITES + "database: /srv/ztas.db").database == Path("/srv/ztas.db")
    assert load(SITES + "database: ~/ztas.db").database == tmp_path / "home/ztas.db"


def test_a_database_that_is_a_folder_is_refused(message, tmp_path):
    (tmp_path / "conf/data").mkdir()
    assert message(SITES + "database: data") == (
        f"conf/ztas.yaml:4:11: database: is a directory, not a file: {tmp_path}/conf/data"
    )


def test_a_history_that_is_a_file_is_refused(message, tmp_path):
    (tmp_path / "conf/kept").touch()
    assert message(SITES + "history: kept") == (
        f"conf/ztas.yaml:4:10: history: is a file, not a folder: {tmp_path}/conf/kept; "
        "choose a name that is free, or leave it out"
    )


def test_a_path_object_is_as_good_as_text(load, tmp_path):
    expected = load(SITES)
    assert load_config(tmp_path / "conf" / "ztas.yaml") == expected


def test_an_empty_section_is_as_good_as_none(load):
    assert load(SITES + "bots:\n").bots == Bots()


def test_a_byte_order_mark_moves_nothing(load, message):
    bom = b"\xef\xbb\xbf"
    assert load(bom + SITES.encode()).sites
    assert message(bom + b"foo: 1").startswith("conf/ztas.yaml:1:1: foo: ")


def test_windows_line_ends_do_not_matter(message):
    text = (SITES + "rate_limit: no").replace("\n", "\r\n")
    assert message(text).startswith("conf/ztas.yaml:4:13: rate_limit: ")


def test_columns_count_characters_not_bytes(message):
    assert message('sites: {"münchen": {domian: münchen.de}}').startswith(
        "conf/ztas.yaml:1:21: sites.münchen.domian: "
    )


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("missing.yaml", "missing.yaml: no such file ({cwd}/missing.yaml)"),
        ("{cwd}/missing.yaml", "{cwd}/missing.yaml: no such file"),
        ("conf", "conf: cannot be read: Is a directory"),
        ("conf/ztas.yaml/x", "conf/ztas.yaml/x: cannot be read: Not a directory"),
    ],
    ids=["missing", "missing, absolute", "directory", "below a file"],
)
def test_files_that_cannot_be_read(load, tmp_path, name, problem):
    load(SITES)
    with pytest.raises(ConfigError) as caught:
        load_config(name.format(cwd=tmp_path))
    assert str(caught.value) == problem.format(cwd=tmp_path)


def test_a_name_that_is_none(load):
    load(SITES)
    with pytest.raises(ConfigError, match=r"^a\x00b: cannot be read: embedded null"):
        load_config("a\x00b")


def test_a_file_without_permission(load):
    load(SITES)
    Path("conf/ztas.yaml").chmod(0)
    program = "import ztas_middleware; ztas_middleware.load_config('conf/ztas.yaml')"
    command = [*UNPRIVILEGED, sys.executable, "-c", program]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    *_, last = run.stderr.splitlines()
    assert last.endswith("ConfigError: conf/ztas.yaml: cannot be read: Permission denied")


def test_a_file_that_is_no_config_at_all(load, message):
    assert message(b"sites:\n  a\xff: 1") == ("conf/ztas.yaml:2:4: is not UTF-8: byte 0xff")
    assert message("a: \x01") == "conf/ztas.yaml:1:4: the character U+0001 is not allowed"
    with pytest.raises(ConfigError, match="is larger than"):
        load("#" * 9_000_000)


def test_an_error_has_its_parts_as_attributes(load):
    with pytest.raises(ConfigError) as caught:
        load("sites:\n  blog:\n    domian: example.com")
    error = pickle.loads(pickle.dumps(caught.value))
    assert isinstance(error, ZtasError)
    assert (error.source, error.line, error.column) == ("conf/ztas.yaml", 3, 5)
    assert error.key == "sites.blog.domian"
    assert error.problem == 'unknown key (did you mean "domain"?)'
    assert str(error) == str(caught.value)


@pytest.fixture(name="no_zones")
def _no_zones(monkeypatch):
    """A machine without timezone database."""
    for module in ["tzdata", *(name for name in sys.modules if name.startswith("tzdata."))]:
        monkeypatch.setitem(sys.modules, module, None)
    zoneinfo.ZoneInfo.clear_cache()
    zoneinfo.reset_tzpath(to=[])
    yield
    zoneinfo.reset_tzpath()


@pytest.mark.usefixtures("no_zones")
def test_utc_needs_no_timezone_database(load, message):
    site = load(SITES + "    timezone: UTC").sites["blog"]
    assert datetime(2026, 7, 1, tzinfo=site.timezone).utcoffset() == timedelta(0)
    assert site.timezone is timezone.utc
    assert message(SITES + "    timezone: Europe/Berlin") == (
        "conf/ztas.yaml:4:15: sites.blog.timezone: unknown timezone "
        '"Europe/Berlin": this machine has no timezone database (pip install tzdata)'
    )


def test_half_a_timezone_is_none(message):
    # Which of its many zones is proposed depends on the machine's database.
    assert message(SITES + "    timezone: Europe").startswith(
        'conf/ztas.yaml:4:15: sites.blog.timezone: unknown timezone "Europe" (did you mean "Eu'
    )


WORDS = st.sampled_from(
    [
        *("sites", "domain", "timezone", "bots", "allow", "rate_limit", "example.com", "<<"),
        *(": ", "\n", "  ", "    ", "- ", "[", "]", "{", "}", ",", '"', "'", "&a ", "*a ", "!x "),
        *("null", "yes", "12", "1:30", "${HOME}", "${X:-1}", "${", "#", "\t", "---", "|", ">"),
    ]
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=200) | st.lists(WORDS, max_size=40).map("".join) | st.binary(max_size=100))
def test_any_text_is_a_config_or_a_config_error(load_anything, text):
    load_anything(text)


TREES = st.recursive(
    st.none() | st.booleans() | st.integers(0, 99).map(str) | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=4),
    max_leaves=12,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(TREES)
def test_any_tree_is_a_config_or_a_config_error(load_anything, tree):
    # JSON is YAML, near enough.
    import json

    load_anything(json.dumps({"sites": tree, "bots": tree}))


@pytest.fixture(name="load_anything")
def _load_anything(tmp_path):
    path = tmp_path / "ztas.yaml"

    def load_anything(text):
        path.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8", "replace"))
        try:
            result = load_config(path)
        except ConfigError as error:
            result = error
        if isinstance(result, ConfigError):
            assert str(result).startswith(str(path))
            assert "\n" not in str(result)
        else:
            assert result.sites

    return load_anything
