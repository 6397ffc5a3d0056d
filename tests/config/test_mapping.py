"""config_from_mapping and coerce: the same shape, from Python."""

from __future__ import annotations

import datetime as dt
import pickle
from collections import UserDict
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ztas_middleware.config import coerce, config_from_mapping
from ztas_middleware.errors import ConfigError

SITES = {"blog": {"domain": "example.com"}}

MISTAKES = {
    "nothing": ({}, "sites: is missing"),
    "no site": ({"sites": {}}, "sites: must have at least one site"),
    "no domain": ({"sites": {"blog": {}}}, "sites.blog.domain: is missing"),
    "misspelt": (
        {"sites": {"blog": {"domian": "a.b"}}},
        'sites.blog.domian: unknown key (did you mean "domain"?)',
    ),
    "unknown": ({"sites": SITES, "wallpaper": 1}, "wallpaper: unknown key"),
    "id a number": (
        {"sites": {1: {"domain": "a.b"}}},
        'sites.1: a site id must be text, not a number; write it in quotes: "1"',
    ),
    "id a boolean": (
        {"sites": {True: {"domain": "a.b"}}},
        'sites.true: a site id must be text, not a boolean; write it in quotes: "true"',
    ),
    "id None": (
        {"sites": {None: {"domain": "a.b"}}},
        'sites."": a site id must be text, not nothing',
    ),
    "id a tuple": ({"sites": {(1,): {}}}, "sites: a list cannot be a key"),
    "id an object": ({"sites": {b"blog": {}}}, "sites: a bytes cannot be a key"),
    "domain a number": (
        {"sites": {"blog": {"domain": 123}}},
        'sites.blog.domain: must be text, not a number; write it in quotes: "123"',
    ),
    "domain bytes": (
        {"sites": {"blog": {"domain": b"a.b"}}},
        "sites.blog.domain: must be text, not a bytes",
    ),
    "boolean for a number": (
        {"sites": SITES, "rate_limit": True},
        "rate_limit: must be a whole number, not a boolean",
    ),
    "float": (
        {"sites": SITES, "rate_limit": 5.0},
        "rate_limit: must be a whole number in plain digits, not 5.0",
    ),
    "NaN": (
        {"sites": SITES, "rate_limit": float("nan")},
        "rate_limit: must be a whole number in plain digits, not nan",
    ),
    "endless number": (
        {"sites": SITES, "rate_limit": 10**5000},
        "rate_limit: must be a whole number in plain digits, not beyond 64 bits",
    ),
    "date": (
        {"sites": SITES, "keep_query": [dt.date(2026, 1, 1)]},
        'keep_query: must be text, not a date; write it in quotes: "2026-01-01"',
    ),
    "set": (
        {"sites": SITES, "keep_query": {"a"}},
        "keep_query: must be a list, not a set",
    ),
    "lone surrogate": (
        {"sites": {"\ud800": {"domain": "a.b"}}},
        'sites.\\ud800: a site id must not have control characters: "\\ud800"',
    ),
}


@pytest.mark.parametrize(("mapping", "expected"), MISTAKES.values(), ids=MISTAKES.keys())
def test_mistakes_have_the_same_words_without_a_place(mapping, expected):
    with pytest.raises(ConfigError) as caught:
        config_from_mapping(mapping)
    assert str(caught.value) == expected
    assert caught.value.source is None
    assert caught.value.line is None


def test_a_mapping_says_what_a_file_says(load):
    config = load("""
sites:
  blog: {domain: [example.com, localhost:3000], timezone: Asia/Tokyo, retention_days: 30}
bots: {deny: [BadThing]}
exclude_addresses: [10.0.0.0/8]
rate_limit: 5
honor_dnt: true
country_header: null
database: /srv/ztas.db
""")
    mapping = {
        "sites": {
            "blog": MappingProxyType(
                {
                    "domain": ("example.com", "localhost:3000"),
                    "timezone": "Asia/Tokyo",
                    "retention_days": 30,
                }
            )
        },
        "bots": UserDict(deny=["BadThing"]),
        "exclude_addresses": ["10.0.0.0/8"],
        "rate_limit": 5,
        "honor_dnt": True,
        "country_header": None,
        "database": Path("/srv/ztas.db"),
    }
    assert config_from_mapping(mapping) == replace(config, source=None)


def test_relative_paths_start_at_the_working_directory(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert config_from_mapping({"sites": SITES}).database == tmp_path / "ztas.db"
    assert config_from_mapping({"sites": SITES, "database": "x/y.db"}).database == (
        tmp_path / "x/y.db"
    )


def test_a_config_can_be_sent_to_another_process():
    config = config_from_mapping(
        {"sites": {"blog": {"domain": "example.com", "timezone": "Europe/Berlin"}}}
    )
    assert pickle.loads(pickle.dumps(config)) == config


def test_a_mapping_that_contains_itself_is_an_error():
    endless = {}
    endless["sites"] = endless
    with pytest.raises(ConfigError, match=r"^nested too deeply$"):
        config_from_mapping(endless)


def test_a_bomb_of_lists_goes_off_as_one_message():
    bomb = ["x"]
    for _ in range(25):
        bomb = [bomb] * 10
    with pytest.raises(ConfigError, match=r"^keep_query: must be text, not a list$"):
        config_from_mapping({"sites": SITES, "keep_query": bomb})


def test_the_second_argument_of_the_middleware(load, tmp_path):
    config = load("sites:\n  blog:\n    domain: example.com\n")
    assert coerce(config) is config
    assert coerce("conf/ztas.yaml") == config
    assert coerce(tmp_path / "conf" / "ztas.yaml") == config
    assert coerce({"sites": SITES}).sites == config.sites


@pytest.mark.parametrize("nonsense", [None, 5, ["conf/ztas.yaml"]], ids=repr)
def test_anything_else_is_a_config_error(nonsense):
    with pytest.raises(ConfigError, match="must be a path, a mapping or a Config, not "):
        coerce(nonsense)


KEYS = st.sampled_from(["sites", "domain", "bots", "allow", "rate_limit", "timezone", "x"])
TREES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9) | st.binary(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(KEYS | st.integers() | st.text(max_size=5), inner, max_size=4)
    ),
    max_leaves=15,
)


@given(st.dictionaries(KEYS, TREES, max_size=4))
def test_any_mapping_is_a_config_or_a_config_error(mapping):
    try:
        config = config_from_mapping(mapping)
    except ConfigError:
        return
    assert config.sites
