"""The JSON API: who may ask, what is a question, and what the answers look like."""

from __future__ import annotations

import csv
import io
import json
from datetime import datetime, timedelta, timezone
from hashlib import sha256
from wsgiref.util import setup_testing_defaults

import pytest

FRONT_DOORS = ("wsgi", "asgi")

TOKEN = "correct horse battery staple é"
BEARER = {"Authorization": f"Bearer {TOKEN}".encode().decode("latin-1")}
SETTINGS = {
    "sites": {
        "site_abc123": {
            "domain": "example.com",
            "goals": {"Signups": {"action": "signup"}},
            "funnels": {"Path": [{"page": "/a"}, {"action": "signup"}]},
        },
        "open": {"domain": "open.example", "public": True},
    },
    "api": {
        "path": "/api",
        "tokens": [
            "sha256:" + sha256(b"another").hexdigest(),
            "sha256:" + sha256(TOKEN.encode()).hexdigest(),
        ],
    },
}
SUMMARY = {
    "pageviews",
    "uniqueVisitors",
    "sessions",
    "bounceRate",
    "avgSessionDuration",
    "avgTimeOnPage",
}


@pytest.fixture
def api(wrap):
    wrapped = wrap(SETTINGS)

    def ask(path="stats", query="siteId=site_abc123", headers=BEARER, **keywords):
        return wrapped.app.get(
            f"/api/{path}?{query}", headers=headers, expect_errors=True, **keywords
        )

    ask.wrapped = wrapped
    return ask


@pytest.mark.parametrize("page", ["/%C3%A4", "/ä".encode().decode("latin-1")])
def test_a_filter_is_utf_8_whether_it_is_percent_encoded_or_not(api, page):
    api.wrapped.track(path="/ä")
    api.wrapped.track(path="/a")
    environ = {
        "PATH_INFO": "/api/stats",
        "QUERY_STRING": f"siteId=site_abc123&page={page}",
        "HTTP_AUTHORIZATION": BEARER["Authorization"],
    }
    setup_testing_defaults(environ)
    body = b"".join(api.wrapped.middleware(environ, lambda _status, _headers: None))
    expected = [{"path": "/ä", "pageviews": 1, "uniqueVisitors": 1}]
    assert json.loads(body)["pages"] == expected


def test_an_answer_has_everything(api):
    api.wrapped.track(path="/a", referrer="https://www.google.com/", utm={"source": "n"})
    api.wrapped.track("event", path="/a", action="signup", value=2.5)
    answer = api()
    assert answer.status_int == 200
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Content-Type"] == "application/json"
    report = answer.json
    assert report["site"] == {"id": "site_abc123", "domain": "example.com"}
    today = datetime.now(timezone.utc).date()
    assert report["period"] == {
        "start": (today - timedelta(days=6)).isoformat(),
        "end": today.isoformat(),
        "timezone": "UTC",
    }
    assert set(report["summary"]) == set(report["previous"]) == SUMMARY
    assert report["summary"]["pageviews"] == 1
    assert len(report["timeseries"]) == 7
    one = {"pageviews": 1, "uniqueVisitors": 1}
    assert report["timeseries"][-1] == {"date": today.isoformat(), **one}
    assert report["pages"] == [{"path": "/a", **one}]
    assert report["entryPages"] == report["exitPages"] == [{"path": "/a", "sessions": 1}]
    assert report["referrers"] == [{"referrer": "google.com", **one, "sessions": 1}]
    assert report["sources"] == [{"source": "n", **one, "sessions": 1}]
    assert report["browsers"] == [{"browser": "Chrome", **one}]
    assert report["systems"] == [{"os": "Windows", **one}]
    assert report["devices"] == [{"device": "desktop", **one}]
    assert report["countries"] == []
    (event,) = report["events"]
    assert (event["action"], event["events"], event["value"]) == ("signup", 1, 2.5)
    (goal,) = report["goals"]
    assert goal == {
        "name": "Signups",
        "conversions": 1,
        "uniqueVisitors": 1,
        "conversionRate": 100.0,
        "value": 2.5,
    }
    (funnel,) = report["funnels"]
    assert [step["sessions"] for step in funnel["steps"]] == [1, 1]


def test_24_hours_have_a_point_each(api):
    points = api(query="siteId=site_abc123&period=24h").json["timeseries"]
    assert len(points) == 24
    assert points[-1]["date"] == f"{datetime.now(timezone.utc):%Y-%m-%dT%H:00+00:00}"


def test_a_filter_and_a_limit(api):
    for path in ("/a", "/a", "/b", "/c"):
        api.wrapped.track(path=path)
    assert len(api(query="siteId=site_abc123&limit=2").json["pages"]) == 2
    filtered = api(query="siteId=site_abc123&page=/a").json
    assert filtered["summary"]["pageviews"] == 2
    assert [page["path"] for page in filtered["pages"]] == ["/a"]


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({}, id="none"),
        pytest.param({"Authorization": "Bearer wrong"}, id="wrong"),
        pytest.param({"Authorization": "Bearer "}, id="empty"),
        pytest.param({"Authorization": "Basic " + TOKEN[:10]}, id="another scheme"),
        pytest.param(
            {"Authorization": "Bearer " + sha256(TOKEN.encode()).hexdigest()}, id="the hash"
        ),
    ],
)
@pytest.mark.parametrize("path", ["stats", "realtime", "export"])
def test_no_answer_without_a_token(api, path, headers):
    answer = api(path, headers=headers)
    assert (answer.status_int, answer.json) == (401, {"error": "Invalid token"})
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    unknown = api(path, query="siteId=other", headers=headers)
    assert (unknown.status_int, unknown.json) == (401, {"error": "Invalid token"})


def test_a_public_site_needs_none(api):
    for path in ("stats", "realtime", "export"):
        assert api(path, query="siteId=open", headers={}).status_int == 200


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_the_scheme_has_no_case(api, scheme):
    headers = {"Authorization": BEARER["Authorization"].replace("Bearer", scheme)}
    assert api(headers=headers).status_int == 200


@pytest.mark.parametrize(
    ("path", "query", "status", "error"),
    [
        ("stats", "", 400, "siteId is required"),
        ("stats", "siteId=", 400, "siteId is required"),
        ("stats", "siteId=other", 404, "Invalid site ID"),
        ("stats", "siteId=site_abc123&period=8d", 400, "period must be one of"),
        ("stats", "siteId=site_abc123&period=", 400, "period must be one of"),
        ("stats", "siteId=site_abc123&startDate=2026-01-01", 400, "endDate is required"),
        (
            "stats",
            "siteId=site_abc123&startDate=2026-02-30&endDate=2026-03-01",
            400,
            "startDate must be a date",
        ),
        (
            "stats",
            "siteId=site_abc123&startDate=2026-03-02&endDate=2026-03-01",
            400,
            "endDate must not be before startDate",
        ),
        (
            "stats",
            "siteId=site_abc123&startDate=1900-01-01&endDate=2026-03-01",
            400,
            "startDate must be from",
        ),
        (
            "stats",
            "siteId=site_abc123&period=7d&startDate=2026-03-02&endDate=2026-03-03",
            400,
            "period can't be combined with startDate",
        ),
        ("stats", "siteId=site_abc123&limit=0", 400, "limit must be"),
        ("stats", "siteId=site_abc123&limit=1001", 400, "limit must be"),
        ("stats", "siteId=site_abc123&limit=ten", 400, "limit must be"),
        ("stats", "siteId=site_abc123&goal=Signup", 400, "goal must be one of Signups"),
        ("stats", "siteId=site_abc123&segment!=x", 400, "segment! names no segment"),
        ("stats", "siteId=site_abc123&goal~=x", 400, "goal~ is not possible"),
        ("stats", "siteId=site_abc123&prop:=x", 400, "prop: names no property"),
        ("stats", "siteId=site_abc123&page~!=x", 400, "page~! is not a parameter"),
        ("stats", "siteId=site_abc123" + "&page=/" * 101, 400, "page has too many values"),
        ("stats", "siteId=site_abc123&compare=month", 400, "compare must be one of"),
        ("stats", "siteId=site_abc123&compareStart=2026-01-01", 400, "compareEnd is required"),
        ("stats", "siteId=site_abc123&interval=minute", 400, "interval must be one of"),
        ("stats", "siteId=site_abc123&period=24h&interval=day", 400, "interval must be hour"),
        ("stats", "siteId=site_abc123&offset=-1", 400, "offset must be a whole number"),
        ("stats", "siteId=site_abc123&siteId=open", 400, "siteId is given twice"),
        ("stats", "siteId=site_abc123&by=page", 400, "by is not a parameter"),
        ("breakdown", "siteId=site_abc123", 400, "by is required"),
        ("breakdown", "siteId=site_abc123&by=colour", 400, "by must be one of page, route"),
        ("breakdown", "siteId=site_abc123&by=prop:", 400, "by must be one of page, route"),
        ("breakdown", "siteId=site_abc123&by=os&by=os", 400, "by has a key twice"),
        (
            "breakdown",
            "siteId=site_abc123&by=os&by=page&by=day&by=hour",
            400,
            "by has too many keys",
        ),
        ("breakdown", "siteId=site_abc123&by=os&metrics=visits", 400, "metrics must be one of"),
        ("breakdown", "siteId=site_abc123&by=os&order=os", 400, "order must be one of"),
        ("breakdown", "siteId=site_abc123&by=os&format=xml", 400, "format must be one of"),
        ("breakdown", "siteId=site_abc123&by=os&compare=none", 400, "compare is not a parameter"),
        ("journeys", "siteId=site_abc123", 400, "page or action is required"),
        ("journeys", "siteId=site_abc123&page=/&action=x", 400, "action can't be combined"),
        ("stats", "siteId=site_abc123&colour=red", 400, "colour is not a parameter"),
        ("stats", "siteId=site_abc123&limit=1&limit=2", 400, "limit is given twice"),
        ("realtime", "siteId=site_abc123&period=7d", 400, "period is not a parameter"),
        ("export", "siteId=site_abc123&type=visits", 400, "type must be one of hits"),
        ("export", "siteId=site_abc123&format=xlsx", 400, "format must be one of csv"),
        ("export", "siteId=site_abc123&startDate=today", 400, "startDate must be a date"),
        (
            "export",
            "siteId=site_abc123&startDate=2026-03-02&endDate=2026-03-01",
            400,
            "endDate must not be before startDate",
        ),
        ("stats", "&".join(f"x{n}=1" for n in range(300)), 400, "Too many parameters"),
        ("stats", "siteId=%ff%00", 404, "Invalid site ID"),
    ],
)
def test_bad_questions(api, path, query, status, error):
    answer = api(path, query=query)
    assert answer.status_int == status
    assert answer.json["error"].startswith(error)
    assert answer.headers["Cache-Control"] == "no-store"


def test_realtime(api):
    api.wrapped.track(path="/a")
    api.wrapped.track("heartbeat", path="/a", address="203.0.113.10")
    answer = api("realtime").json
    assert answer["activeVisitors"] == 2
    assert answer["pageviewsLast5Min"] == 1
    assert len(answer["visitorsPerMinute"]) == 30
    assert [view["path"] for view in answer["recent"]] == ["/a"]


@pytest.mark.parametrize("kind", ["hits", "pageviews", "events"])
def test_exports(api, kind):
    api.wrapped.track(path="/=1+1", utm={"source": "=cmd()"})
    api.wrapped.track("event", path="/b", action="@sum", value=-1)
    number = 2 if kind == "hits" else 1
    answer = api("export", query=f"siteId=site_abc123&type={kind}")
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    name = f'attachment; filename="site_abc123-{kind}.csv"'
    assert answer.headers["Content-Disposition"] == name
    rows = list(csv.DictReader(io.StringIO(answer.body.decode())))
    assert len(rows) == number
    for row in rows:
        texts = {name: cell for name, cell in row.items() if name != "value"}
        assert not [cell for cell in texts.values() if cell[:1] in ("=", "+", "-", "@")]
    lines = api("export", query=f"siteId=site_abc123&type={kind}&format=ndjson")
    assert lines.headers["Content-Type"] == "application/x-ndjson"
    assert [json.loads(line)["path"] for line in lines.body.splitlines()] == [
        row["path"].removeprefix("'") for row in rows
    ]


def test_an_export_of_days_without_hits_is_only_a_header(api):
    query = "siteId=site_abc123&startDate=2020-01-01&endDate=2020-01-31"
    assert len(api("export", query=query).body.splitlines()) == 1


def test_head_is_get_without_a_body(api):
    answer = api.wrapped.app.head("/api/stats?siteId=site_abc123", headers=BEARER)
    assert (answer.status_int, answer.body) == (200, b"")
    assert int(answer.headers["Content-Length"]) > 100


def test_other_methods_are_the_apps(api):
    assert api.wrapped.app.post("/api/stats?siteId=site_abc123").body == b"hello"


def test_without_a_path_nothing_is_served(wrapped):
    assert wrapped.app.get("/api/stats?siteId=site_abc123").body == b"hello"


@pytest.mark.parametrize("path", ["stats", "realtime", "export"])
def test_a_broken_database_is_a_503(api, path):
    api.wrapped.file.write_bytes(b"no database at all, whatever its name says" * 100)
    answer = api(path)
    assert (answer.status_int, answer.json) == (503, {"error": "Storage unavailable"})
    assert answer.headers["Retry-After"]
    assert api.wrapped.app.get("/").body == b"hello"


def test_a_breakdown_as_csv(api):
    api.wrapped.track(path="/=1+1")
    api.wrapped.track("event", path="/=1+1", action="=pay", value=2.5)
    query = "siteId=site_abc123&by=action&by=page&metrics=events,value&format=csv"
    answer = api("breakdown", query=query)
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert answer.text.splitlines() == [
        "action,page,events,value",
        "'=pay,/=1+1,1,2.5",
        ",/=1+1,0,0.0",
    ]


class TestOtherOrigins:
    """`api.allow_origins`: which pages may read the answers from a browser."""

    NAMED = {"Origin": "https://stats.example"}
    ASKS = {"Access-Control-Request-Method": "GET"}

    @pytest.fixture
    def app(self, wrap):
        def make(*origins):
            sites = {
                "open": {"domain": "example.com", "public": True},
                "shut": {"domain": "example.org"},
            }
            return wrap(
                {"sites": sites, "api": {"path": "/api", "allow_origins": list(origins)}}
            ).app

        return make

    @pytest.mark.parametrize("site", ["open", "shut", "none"])
    def test_a_named_origin_reads_answers_and_errors(self, app, site):
        answer = app("https://STATS.example").get(
            f"/api/stats?siteId={site}", headers=self.NAMED, expect_errors=True
        )
        assert answer.headers["Access-Control-Allow-Origin"] == "https://stats.example"
        assert answer.headers["Vary"] == "Origin"

    def test_nobody_else_does(self, app):
        for origin in ("https://other.example", "null", "http://stats.example"):
            answer = app("https://stats.example").get(
                "/api/stats?siteId=open", headers={"Origin": origin}
            )
            assert "Access-Control-Allow-Origin" not in answer.headers
            assert answer.headers["Vary"] == "Origin"

    def test_any_origin_reads_public_sites_alone(self, app):
        asked = app("*")
        answer = asked.get("/api/stats?siteId=open", headers=self.NAMED)
        assert answer.headers["Access-Control-Allow-Origin"] == "https://stats.example"
        answer = asked.get("/api/stats?siteId=shut", headers=self.NAMED, status=401)
        assert "Access-Control-Allow-Origin" not in answer.headers

    def test_a_browser_asks_before_it_sends_a_token(self, app):
        headers = {**self.NAMED, **self.ASKS}
        answer = app("https://stats.example").options(
            "/api/breakdown?siteId=shut", headers=headers, status=204
        )
        assert answer.headers["Access-Control-Allow-Origin"] == "https://stats.example"
        assert answer.headers["Access-Control-Allow-Headers"] == "Authorization"
        refused = app("https://other.example").options(
            "/api/breakdown?siteId=shut", headers=headers, status=403
        )
        assert "Access-Control-Allow-Origin" not in refused.headers

    def test_without_it_nothing_is_said_of_origins(self, app):
        answer = app().get("/api/stats?siteId=open", headers=self.NAMED)
        assert "Access-Control-Allow-Origin" not in answer.headers
        assert "Vary" not in answer.headers


@pytest.mark.parametrize("query", ["page=/a", "browser!=Chrome", "prop:plan=pro"])
def test_an_export_takes_no_filter_that_it_would_ignore(api, query):
    answer = api("export", f"siteId=site_abc123&{query}")
    assert answer.status_int == 400
    assert "is not a parameter of this question" in answer.json["error"]
