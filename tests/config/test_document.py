"""YAML itself: syntax errors, anchors and merges, bombs, with libyaml and without."""

from __future__ import annotations

import pytest
import yaml

from ztas_middleware.config import document

LOADERS = {"libyaml": getattr(yaml, "CSafeLoader", None), "pure": yaml.SafeLoader}


@pytest.fixture(name="loader", params=LOADERS, autouse=True)
def _loader(request, monkeypatch):
    if LOADERS[request.param] is None:
        pytest.skip("PyYAML was built without libyaml")
    monkeypatch.setattr(document, "_LOADER", LOADERS[request.param])


# The two parsers word things differently; place and way out are the same.
SYNTAX = {
    "open quote": ("sites: 'x", ":1:10: not valid YAML: ", ""),
    "open bracket": ("sites: [a\n", ":1:8: not valid YAML: what begins here is never closed", ""),
    "open bracket before other keys": (
        "sites:\n  a:\n    domain: [a.b, c.d\n    timezone: UTC\nscript: /z.js\nkeep_query: []\n",
        ":3:13: not valid YAML: what begins here is never closed; line 4: ",
        "",
    ),
    "open brace before other sites": (
        "sites:\n  a: {domain: a.b\n  b: {domain: c.d}\n",
        ":2:6: not valid YAML: what begins here is never closed; line 3: ",
        "",
    ),
    "open quote before other keys": (
        'script: /z.js\ndatabase: "ztas.db\nsites: a\n',
        ":2:11: not valid YAML: what begins here is never closed; line 4: ",
        "",
    ),
    "no comma in a list that is closed": (
        "sites: [\n  'a' 'b',\n  'c'\n]\n",
        ":2:7: not valid YAML: ",
        "",
    ),
    "brackets of two kinds": ("sites: [a}\n", ":1:10: not valid YAML: ", ""),
    "two colons": ("sites: a: b", ":1:9: not valid YAML: ", ""),
    "bad indentation": ("sites:\n  a:\n b: 1\n", ":3:2: not valid YAML: ", ""),
    "a tab": ("sites:\n\ta: b", ":2:1: not valid YAML: ", "indent with spaces, not tabs"),
    "wildcard without quotes": (
        "domain: *.example.com",
        ":1:10: not valid YAML: ",
        "a value that begins with * must be in quotes",
    ),
    "at sign": ("a: @b", ":1:4: not valid YAML: ", "a value that begins with @ must be in quotes"),
    "variable between brackets": (
        "keep_query: [${NAME}]",
        ":1:15: not valid YAML: ",
        'between brackets, write "${NAME}" in quotes',
    ),
    "unknown alias": ("sites: *nothing", ":1:8: *nothing stands for nothing before it", ""),
    "anchor inside itself": ("sites: &a {b: *a}", ":1:15: *a stands for nothing before it", ""),
    "merge of itself": ("sites: &a {<<: *a}", ":1:16: *a stands for nothing before it", ""),
    "merge of text": ("<<: sites", ":1:1: << takes a mapping or a list of them, not text", ""),
    "merge of texts": ("<<: [a]", ":1:1: << takes a mapping or a list of them, not text", ""),
    "second document": ("a: b\n---\nc: d", ":2:1: a second document begins here", ""),
    "too deep": ("[" * 100, ":1:33: nested too deeply", ""),
    # libyaml's own composer crashes the process on this one.
    "far too deep": ("[" * 200_000, ":1:", ""),
    "deep mappings": ("{a: " * 20_000, ":1:126: nested too deeply", ""),
    "deep lists in lines": ("- " * 20_000, ":1:65: nested too deeply", ""),
    "a surrogate, escaped": ('sites: {"\\ud800": {domain: a.b}}', ":1:", ""),
}


@pytest.mark.parametrize(("text", "start", "end"), SYNTAX.values(), ids=SYNTAX.keys())
def test_each_syntax_error_has_its_place(message, text, start, end):
    found = message(text)
    assert found.startswith(f"conf/ztas.yaml{start}")
    assert found.endswith(end)


def test_sites_can_share_settings(load):
    sites = load("""
sites:
  base: &base
    domain: example.com
    timezone: &zone Asia/Tokyo
    exclude_paths: &paths [/admin/*]
  other: &other
    server_side: false
    domain: example.org
    exclude_paths: *paths
  same: *base
  one:
    <<: *base
    domain: one.example
  both:
    retention_days: 30
    <<: [*other, *base]
    timezone: *zone
""").sites
    assert [site.domains[0].host for site in sites.values()] == [
        "example.com",
        "example.org",
        "example.com",
        "one.example",
        "example.org",
    ]
    assert sites["same"].id == "same"
    assert str(sites["one"].timezone) == "Asia/Tokyo"
    both = sites["both"]
    assert not both.server_side
    assert both.exclude_paths == ("/admin/*",)
    assert both.retention_days == 30


def test_merged_settings_are_checked_like_any(message):
    assert message("sites:\n  a: {domain: a.b, colour: red}") == (
        "conf/ztas.yaml:2:20: sites.a.colour: unknown key"
    )
    text = "sites:\n  a: &a\n    domain: a.b\n    max: 1\n  b:\n    <<: *a\n"
    assert message(text) == "conf/ztas.yaml:4:5: sites.a.max: unknown key"


BIG = {
    "one list in many sites": (
        f"sites:\n  s: {{domain: &d [{', '.join(f'd{n}.example' for n in range(800))}]}}\n"
        + "".join(f"  s{number}: {{domain: *d}}\n" for number in range(800))
    ),
    "a chain of merges": "x: &a0 {k: v}\n"
    + "".join(f"x{n}: &a{n} {{<<: *a{n - 1}, k{n}: v}}\n" for n in range(1, 4_000)),
}


@pytest.mark.parametrize("text", BIG.values(), ids=BIG)
def test_aliases_repeat_only_so_much(message, text):
    assert message(text).endswith(": aliases repeat more than 200000 values")


@pytest.mark.parametrize("kind", ["lists", "merges"])
def test_a_bomb_of_aliases_goes_off_as_one_message(message, kind):
    lines = ["sites:", "  a0: &a0 {domain: a.b, x: 1}"]
    for number in range(1, 60):
        aliases = ", ".join([f"*a{number - 1}"] * 10)
        inner = f"{{<<: [{aliases}]}}" if kind == "merges" else f"[{aliases}]"
        lines.append(f"  a{number}: &a{number} {inner}")
    assert message("\n".join(lines)).endswith(": aliases repeat more than 200000 values")


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("text", "text"),
        ("12", "number"),
        ("1.5", "number"),
        ("yes", "boolean"),
        ("~", "null"),
        ("", "null"),
        ("2026-01-01", "date"),
        ("=", "text"),
        ("<<", "text"),
        ("1.2.3", "text"),
    ],
)
def test_unquoted_text_is_taken_for_what_yaml_takes_it(text, kind):
    assert document.plain_kind(text) == kind
    assert document.read_yaml(f"- {text}").items[0].kind == kind
    assert document.read_yaml(f"- '{text}'").items[0].kind == "text"
    assert document.read_yaml(f"- !!str {text}").items[0].kind == "text"
