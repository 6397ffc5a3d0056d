"""docs/openapi.yaml: valid, complete, and true of the answers."""

from __future__ import annotations

from pathlib import Path

import jsonschema
import pytest
import yaml
from openapi_spec_validator import validate

from ztas_middleware.dimensions import DIMENSIONS
from ztas_middleware.filters import NAMED
from ztas_middleware.reports.export import COLUMNS, FORMATS
from ztas_middleware.reports.periods import NAMES
from ztas_middleware.reports.questions import BREAKDOWN, JOURNEYS, METRICS, REALTIME, STATS

ROOT = Path(__file__).parents[2]
SPEC = yaml.safe_load((ROOT / "docs" / "openapi.yaml").read_text("utf-8"))
SETTINGS = {
    "sites": {
        "site_abc123": {
            "domain": "example.com",
            "public": True,
            "goals": {"Signups": {"action": "signup"}},
            "funnels": {"Path": [{"page": "/a"}, {"action": "signup"}]},
        }
    },
    "api": {"path": "/api"},
}


def schema(name):
    return {"$ref": f"#/components/schemas/{name}", "components": SPEC["components"]}


def parameters(path):
    found = SPEC["paths"][path]["get"]["parameters"]
    names = [entry.get("name") or entry["$ref"].rpartition("/")[2] for entry in found]
    known = SPEC["components"]["parameters"]
    return {name: known.get(name, entry) for name, entry in zip(names, found, strict=True)}


@pytest.fixture
def app(wrap):
    wrapped = wrap(SETTINGS)
    wrapped.track(path="/a", referrer="https://www.google.com/", timeZone="Europe/Berlin")
    wrapped.track(path="/b", utm={"source": "n", "campaign": "c"})
    wrapped.track("event", path="/a", action="signup", category="c", value=2.5)
    wrapped.track("engagement", path="/a", timeOnPage=12.5, isBounce=False)
    return wrapped.app


def test_it_is_an_openapi_document():
    validate(SPEC)


def test_it_has_the_parameters_that_there_are():
    filters = {"siteId", *DIMENSIONS, *NAMED}
    assert set(parameters("/stats")) == STATS | filters
    assert set(parameters("/breakdown")) == BREAKDOWN | {"format"} | filters
    assert set(parameters("/journeys")) == JOURNEYS | filters
    assert set(parameters("/realtime")) == REALTIME | filters
    assert parameters("/stats")["period"]["schema"]["enum"] == list(NAMES)
    assert parameters("/breakdown")["order"]["schema"]["enum"] == list(METRICS)
    assert parameters("/export")["type"]["schema"]["enum"] == list(COLUMNS)
    assert parameters("/export")["format"]["schema"]["enum"] == list(FORMATS)


QUERIES = [
    *(f"period={name}" for name in NAMES),
    "page=/a&compare=none",
    "action=signup&interval=month",
    "source!=n&limit=1&interval=hour",
]


@pytest.mark.parametrize("query", QUERIES)
def test_reports_are_as_described(app, query):
    answer = app.get(f"/api/stats?siteId=site_abc123&{query}").json
    jsonschema.validate(answer, schema("Report"))


def test_breakdowns_and_journeys_are_as_described(app):
    answer = app.get("/api/breakdown?siteId=site_abc123&by=page&by=country&by=day").json
    jsonschema.validate(answer, schema("Breakdown"))
    assert answer["total"] == len(answer["rows"]) == 3
    answer = app.get("/api/journeys?siteId=site_abc123&page=/b").json
    jsonschema.validate(answer, schema("Journeys"))
    assert answer["before"] == [{"path": "/a", "sessions": 1}]


def test_realtime_is_as_described(app):
    answer = app.get("/api/realtime?siteId=site_abc123").json
    jsonschema.validate(answer, schema("Realtime"))


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api/stats?siteId=other", 401),
        ("/api/stats?siteId=site_abc123&limit=x", 400),
        ("/api/export?siteId=site_abc123&type=x", 400),
    ],
)
def test_errors_are_as_described(app, path, status):
    answer = app.get(path, status=status)
    jsonschema.validate(answer.json, schema("Error"))
