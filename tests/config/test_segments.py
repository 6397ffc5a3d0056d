"""`segments` and `annotations`: filters by a name, and what happened when."""

from __future__ import annotations

from datetime import date

import pytest

from ztas_middleware.config import load_config
from ztas_middleware.errors import ConfigError

HEAD = """\
sites:
  blog:
    domain: example.com
    goals:
      Signups: {action: signup}
"""


@pytest.fixture(name="load")
def _load(tmp_path):
    def load(text):
        path = tmp_path / "ztas.yaml"
        path.write_text(HEAD + text)
        return load_config(path).sites["blog"]

    return load


SEGMENTS = {
    "a value": ("{page: /blog/*}", [("page", "/blog/*")]),
    "several": ("{page: [/a, /b]}", [("page", "/a"), ("page", "/b")]),
    "operators": (
        "{country!: US, browser~: fire, os!~: [win, mac]}",
        [("country!", "US"), ("browser~", "fire"), ("os!~", "win"), ("os!~", "mac")],
    ),
    "what YAML takes for something else": (
        "{country: NO, screen: 1024, language!: on}",
        [("country", "NO"), ("screen", "1024"), ("language!", "on")],
    ),
    "has none": ('{utm_source: ""}', [("utm_source", "")]),
    "a property and a goal": (
        "{'prop:plan': pro, goal!: Signups}",
        [("prop:plan", "pro"), ("goal!", "Signups")],
    ),
}


@pytest.mark.parametrize(("text", "pairs"), SEGMENTS.values(), ids=SEGMENTS)
def test_a_segment_is_filters_by_a_name(load, text, pairs):
    site = load(f"    segments:\n      Readers: {text}\n")
    assert site.segments["Readers"].pairs() == pairs


REFUSALS = {
    "unknown": ("{pgae: /a}", 'segments.Readers.pgae: is no filter (did you mean "page"?)'),
    "no filter": ("{}", "segments.Readers: needs at least one filter"),
    "no value": ("{page: []}", "segments.Readers.page: needs at least one value"),
    "nothing": ("{page: }", "segments.Readers.page: must be text, not nothing"),
    "a mapping": ("{page: {a: b}}", "segments.Readers.page: must be text, not a mapping"),
    "another segment": ("{segment: x}", "segments.Readers.segment: can't be in a segment"),
    "no property": ("{'prop:': x}", "segments.Readers.prop:: names no property"),
    "an operator that a goal has not": ("{goal~: x}", "segments.Readers.goal~: is not possible"),
    "no such goal": ("{goal: Sales}", "segments.Readers: goal must be one of Signups"),
    "too many": (
        "{page: [" + ", ".join(f"/{n}" for n in range(101)) + "]}",
        "segments.Readers.page: has too many values: 100 are the most",
    ),
}


@pytest.mark.parametrize(("text", "problem"), REFUSALS.values(), ids=REFUSALS)
def test_what_is_none_is_named(load, text, problem):
    with pytest.raises(ConfigError) as caught:
        load(f"    segments:\n      Readers: {text}\n")
    assert f"sites.blog.{problem}" in str(caught.value)
    assert caught.value.line == 7


def test_annotations_have_a_date_and_a_text(load):
    site = load("    annotations:\n      - {date: 2026-11-01, text: New design}\n")
    (note,) = site.annotations
    assert (note.date, note.text) == (date(2026, 11, 1), "New design")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{date: 2026-11-31, text: x}", "date: must be a date as in 2026-11-07"),
        ("{date: 20261101, text: x}", "date: must be a date as in 2026-11-07"),
        ("{date: 2026-11-01}", "text: is missing"),
        ("{date: 2026-11-01, text: x, colour: red}", "colour: unknown key"),
    ],
)
def test_an_annotation_that_is_none_is_named(load, text, problem):
    with pytest.raises(ConfigError) as caught:
        load(f"    annotations:\n      - {text}\n")
    assert problem in str(caught.value)


@pytest.mark.parametrize("origin", ["https://example.org", "http://localhost:3000", '"*"'])
def test_origins_that_may_read(tmp_path, origin):
    path = tmp_path / "ztas.yaml"
    path.write_text(HEAD + f"api:\n  allow_origins: [{origin}]\n")
    assert load_config(path).api.allow_origins == (origin.strip('"'),)


@pytest.mark.parametrize("origin", ["example.org", '"https://*.example.org"', "app://x"])
def test_what_is_no_origin_is_refused(tmp_path, origin):
    path = tmp_path / "ztas.yaml"
    path.write_text(HEAD + f"api:\n  allow_origins: [{origin}]\n")
    with pytest.raises(ConfigError, match="allow_origins"):
        load_config(path)
