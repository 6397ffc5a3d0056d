"""docs/configuration.md and conf/ztas.yaml against the tables of keys: nothing missing, no lie."""

from __future__ import annotations

import re
from dataclasses import MISSING, fields
from pathlib import Path

import pytest
import yaml

from ztas_middleware.config import Bots, Config, Site, keys, load_config
from ztas_middleware.config.clustered import Cluster
from ztas_middleware.config.document import read_yaml
from ztas_middleware.config.domains import Domain
from ztas_middleware.config.model import ApiAccess, DashboardAccess, ReportLimits
from ztas_middleware.config.notify import MailServer, Notify

ROOT = Path(__file__).parents[2]
REFERENCE = ROOT / "conf" / "ztas.yaml"
DOCS = (ROOT / "docs" / "configuration.md").read_text("utf-8")

# Each table of keys with the way to it and the dataclass it fills.
TABLES = {
    "": (keys.CONFIG, Config),
    "bots.": (keys.BOTS, Bots),
    "api.": (keys.API, ApiAccess),
    "reports.": (keys.REPORTS, ReportLimits),
    "dashboard.": (keys.DASHBOARD, DashboardAccess),
    "sites.<id>.": (keys.SITE, Site),
    "sites.<id>.notify.": (keys.NOTIFY, Notify),
}
# Fields that the loader fills, not the file.
OURS = {"id", "source", "revision"}

KEYS = {
    way + name: (key, build)
    for way, (table, build) in TABLES.items()
    for name, key in table.items()
}
ROWS = dict(re.findall(r"^\| `([a-z_.<>]+)` \| (.+?) \| .+ \|$", DOCS, re.MULTILINE))


def _default(key, name, build):
    """What the dataclass has for a key, or MISSING."""
    field = {field.name: field for field in fields(build)}[key.field or name.rpartition(".")[2]]
    return field.default_factory() if field.default_factory is not MISSING else field.default


def test_the_tables_are_all_there_are():
    tables = [
        value
        for value in vars(keys).values()
        if isinstance(value, dict) and all(isinstance(key, keys.Key) for key in value.values())
    ]
    of_sites = [keys.NOTIFY, keys.SITE]
    of_the_rest = [keys.MAIL, keys.CLUSTER, keys.BOTS, keys.API, keys.REPORTS, keys.DASHBOARD]
    assert tables == [*of_sites, *of_the_rest, keys.CONFIG]


@pytest.mark.parametrize(
    ("table", "build"),
    [*TABLES.values(), (keys.MAIL, MailServer), (keys.CLUSTER, Cluster)],
    ids=[*TABLES, "mail.", "cluster."],
)
def test_each_field_has_a_key_and_each_key_a_field(table, build):
    named = {key.field or name for name, key in table.items()}
    assert named == {field.name for field in fields(build)} - OURS


def test_the_docs_have_each_key():
    assert set(ROWS) == set(KEYS)


@pytest.mark.parametrize("name", KEYS)
def test_the_docs_have_the_right_default(name):
    key, build = KEYS[name]
    if key.required:
        assert ROWS[name] == "required"
        return
    written = read_yaml(ROWS[name].strip("`"))
    assert key.convert(written) == _default(key, name, build)


def test_the_reference_config_works_as_it_is():
    config = load_config(REFERENCE)
    assert config == Config(
        sites={"site_abc123": Site(id="site_abc123", domains=(Domain("example.com"),))},
        database=REFERENCE.parent / "ztas.db",
        source=REFERENCE,
    )


def test_the_reference_config_has_each_key_with_its_default(load):
    text = REFERENCE.read_text("utf-8")
    switched_on = re.sub(r"^( *)#(?=\S|  \S)", r"\1", text, flags=re.MULTILINE)
    assert switched_on != text
    document = read_yaml(switched_on)
    found = set()
    for way, (table, _) in TABLES.items():
        section = _at(document, way)
        found |= {way + entry.key.text for entry in section.entries if entry.key.text in table}
    assert found == set(KEYS)
    assert load(switched_on) == load(text)


def _at(document, way):
    for part in filter(None, way.split(".")):
        entries = document.entries
        document = next(e.value for e in entries if part in ("<id>", e.key.text))
    return document


# The files behind the messages of the docs.
EXAMPLES = [
    "\n" * 9 + "sites:\n  blog:\n    domian: example.com",
    "sites:\n  blog: {}",
    "sites:\n  blog:\n    domain: a.b\nrate_limit: 1\n\n\n\n\nrate_limit: 2",
    "sites:\n  blog:\n    domain: a.b\nrate_limit: many",
    "sites:\n  blog:\n    domain: a.b\nrate_limit: -1",
    "sites:\n  yes:\n    domain: a.b",
    "sites:\n  blog:\n    domain: example.com/blog",
    "sites:\n  blog:\n    domain: a.b\n    timezone: Europe/Berln",
    "sites:\n  blog:\n    domain: a.b\ndatabase: ${DATA}/ztas.db",
    "sites:\n  blog:\n    domain: *.example.com",
]


@pytest.mark.skipif(not yaml.__with_libyaml__, reason="one message has the words of libyaml")
def test_the_docs_show_messages_as_they_are(message, monkeypatch):
    monkeypatch.delenv("DATA", raising=False)
    shown = re.findall(r"^\| [^|`]+ \| `(conf/ztas.yaml:\d.+)` \|$", DOCS, re.MULTILINE)
    assert shown == [message(text) for text in EXAMPLES]


@pytest.mark.parametrize("block", re.findall(r"```yaml\n(.*?)```", DOCS, re.DOTALL))
def test_the_examples_of_the_docs_load(load, monkeypatch, block):
    monkeypatch.setenv("DOMAIN", "example.com")
    monkeypatch.setenv("ZTAS_MAIL_PASSWORD", "secret")
    monkeypatch.setenv("ZTAS_CLUSTER_PASSWORD", "secret")
    monkeypatch.delenv("ZTAS_RATE_LIMIT", raising=False)
    assert load(block).sites["site_abc123"].domains[0].host == "example.com"
