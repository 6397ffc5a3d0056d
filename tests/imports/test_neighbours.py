"""Rows of Umami and Matomo, GoatCounter's JSON, and exports that have no page views in them."""

from __future__ import annotations

import csv
import io
import json
import sqlite3
import zipfile
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ztas_middleware.errors import ZtasError
from ztas_middleware.imports import goatcounter_json, matomo
from ztas_middleware.imports.visits import width_of

TIME = 1_760_097_336_000  # 2025-10-10T11:55:36Z

UMAMI = {
    "website_id": "7c1a",
    "session_id": "5f0e",
    "visit_id": "9d21",
    "event_id": "1",
    "hostname": "example.com",
    "browser": "edge-chromium",
    "os": "Windows 10",
    "device": "laptop",
    "screen": "1920x1080",
    "language": "de-AT",
    "country": "DE",
    "region": "DE-BE",
    "city": "Berlin",
    "url_path": "/pricing",
    "url_query": "utm_source=news&utm_term=tea&x=1",
    "referrer_path": "/search",
    "referrer_query": "q=private",
    "referrer_domain": "www.google.com",
    "page_title": "Pricing",
    "event_type": "1",
    "event_name": "",
    "created_at": "2025-10-10 11:55:36",
}
MATOMO = {
    "server_time": "2025-10-10 11:55:36",
    "idvisit": 17,
    "idvisitor": "0F1E2D3C4B5A6978",
    "type": 1,
    "url": "https://example.com/pricing?mtm_campaign=summer&x=1#top",
    "referer_type": 2,
    "referer_name": "Google",
    "referer_url": "https://www.google.com/search?q=private",
    "config_browser_name": "FF",
    "config_browser_version": "143.0",
    "config_os": "LIN",
    "config_device_type": 0,
    "config_resolution": "1366x768",
    "location_country": "us",
    "location_region": "TX",
    "location_city": "Austin",
    "location_browser_lang": "en-us,en",
    "event_category": None,
    "event_action": None,
    "event_name": None,
    "event_value": None,
}


@pytest.fixture
def umami(desk, tmp_path):
    def make(*rows, columns=tuple(UMAMI), **settings):
        text = io.StringIO()
        writer = csv.DictWriter(text, columns, extrasaction="ignore")
        writer.writeheader()
        writer.writerows([UMAMI | row for row in rows])
        path = tmp_path / "website_event.csv"
        path.write_text(text.getvalue())
        one = desk(**settings)
        (imported,) = one.job().run(str(path))
        assert imported.format == "umami"
        return one, imported.result

    return make


@pytest.fixture
def from_matomo(desk, tmp_path):
    def make(*rows, **settings):
        path = tmp_path / "actions.ndjson"
        path.write_text("".join(json.dumps(MATOMO | row) + "\n" for row in rows))
        one = desk(**settings)
        (imported,) = one.job().run(str(path))
        assert imported.format == "matomo"
        return one, imported.result

    return make


def some(row, expected):
    return {name: row[name] for name in expected}


def test_a_page_view_of_umami(umami):
    one, _ = umami({})
    (row,) = one.rows()
    expected = {
        "time": TIME,
        "type": "pageview",
        "path": "/pricing",
        "referrer": "https://www.google.com/search",
        "utm_source": "news",
        "utm_term": "tea",
        "action": None,
        "browser": "Edge",
        "browser_version": None,
        "os": "Windows",
        "device": "desktop",
        "screen": 1920,
        "language": "de",
        "country": "DE",
        "region": "DE-BE",
        "city": "Berlin",
    }
    assert some(row, expected) == expected
    assert len(row["visitor"]) == len(row["session_id"]) == 8


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ({"event_type": "2", "event_name": "signup"}, {"type": "event", "action": "signup"}),
        ({"utm_source": "mail", "utm_content": "b"}, {"utm_source": "mail", "utm_content": "b"}),
        ({"browser": "ios", "device": "mobile"}, {"browser": "Safari", "device": "mobile"}),
        ({"region": "", "subdivision1": "US-TX", "country": "US"}, {"region": "US-TX"}),
        ({"region": "BE"}, {"region": "DE-BE"}),
        ({"region": "Berlin", "city": "\\N"}, {"region": None, "city": None}),
        ({"referrer_domain": ""}, {"referrer": None}),
        ({"created_at": "2025-10-10 13:55:36.25+02"}, {"time": TIME + 250}),
        ({"created_at": "2025-10-10T11:55:36.000Z"}, {"time": TIME}),
    ],
    ids=str,
)  # fmt: skip
def test_cells_of_umami(umami, cells, expected):
    columns = (*UMAMI, "subdivision1", "utm_source", "utm_content")
    one, _ = umami(cells, columns=columns)
    (row,) = one.rows()
    assert some(row, expected) == expected


def test_rows_of_umami_that_do_not_come_in(umami):
    _, result = umami({}, {"created_at": "now"}, {"event_type": "5"}, {"url_path": "/admin/x"},
                      site={"exclude_paths": ["/admin/*"]})  # fmt: skip
    assert (result.stored, result.refused) == (1, {"the date can't be read": 1})
    assert result.left_out == {"neither page view nor event": 1, "excluded": 1}


@pytest.mark.parametrize("make", ["umami", "from_matomo"])
def test_visitors_are_those_of_one_day(request, make):
    names = {"umami": ("session_id", "created_at"), "from_matomo": ("idvisitor", "server_time")}
    person, date = names[make]
    one, _ = request.getfixturevalue(make)(
        {person: "a"}, {person: "a"}, {person: "b"}, {person: "a", date: "2025-10-11 11:55:36"}
    )
    first, second, third, fourth = one.column("visitor")
    assert first == second
    assert len({first, third, fourth}) == 3
    assert len(set(one.column("session_id"))) == 2  # hashed anew each day


def test_a_page_view_of_matomo(from_matomo):
    one, _ = from_matomo({})
    (row,) = one.rows()
    expected = {
        "time": TIME,
        "type": "pageview",
        "path": "/pricing",
        "referrer": "https://www.google.com/search",
        "utm_campaign": "summer",
        "browser": "Firefox",
        "browser_version": 143,
        "os": "Linux",
        "device": "desktop",
        "screen": 1440,
        "language": "en",
        "country": "US",
        "region": "US-TX",
        "city": "Austin",
    }
    assert some(row, expected) == expected


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (
            {"event_action": "play", "event_category": "v", "event_name": "x", "event_value": 2},
            {"type": "event", "action": "play", "category": "v", "label": "x", "value": 2.0},
        ),
        ({"type": 2, "url": "https://other.example/x"},
         {"type": "event", "action": "outbound", "label": "https://other.example/x"}),
        ({"type": 3, "url": "https://example.com/a.zip"}, {"type": "event", "action": "download"}),
        ({"referer_type": 6, "referer_name": "spring", "url": "https://example.com/"},
         {"utm_campaign": "spring"}),
        ({"url": "example.com/b"}, {"path": "/example.com/b"}),
        ({"config_browser_name": "XX", "config_os": "UNK"}, {"browser": "XX", "os": "Other"}),
    ],
    ids=str,
)  # fmt: skip
def test_fields_of_matomo(from_matomo, fields, expected):
    one, _ = from_matomo(fields)
    (row,) = one.rows()
    assert some(row, expected) == expected


@given(
    st.dictionaries(
        st.sampled_from(list(MATOMO)),
        st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.just([]),
    )
)
def test_any_object_is_an_action_or_none(entry):
    class Nowhere:
        config = type("Config", (), {"keep_query": ()})
        site = type("Site", (), {"exclude_paths": (), "id": "a", "domains": ()})

        def day_at(self, _):
            return "nothing"

    matomo.reader(Nowhere())(json.dumps(entry))
    matomo.reader(Nowhere())(json.dumps(MATOMO | entry))


@pytest.mark.parametrize(
    ("size", "width"),
    [("1920x1080", 1920), ("412,915,2.6", 412), ("1280", 1280), ("0,0,0", None), ("", None),
     ("x", None), ("1e9", None)],
)  # fmt: skip
def test_widths(size, width):
    assert width_of(size) == width


# --- archives --------------------------------------------------------------------------------


@pytest.fixture
def archive(tmp_path):
    def make(**members):
        path = tmp_path / "export.zip"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
            for name, text in members.items():
                file.writestr(name.replace("__", "."), text)
        return path

    return make


def jsonl(*rows):
    return "".join(json.dumps(row) + "\n" for row in rows)


def goatcounters(*stats):
    return {
        "info__json": '{"export_version": "1.0"}',
        "paths__jsonl": jsonl(
            {"id": 1, "event": False, "path": "/", "title": "Home"},
            {"id": 2, "event": True, "path": "click", "title": ""},
        ),
        "refs__jsonl": jsonl(
            {"id": 1, "ref": "", "ref_scheme": "o"},
            {"id": 2, "ref": "Google", "ref_scheme": "g"},
            {"id": 3, "ref": "spring", "ref_scheme": "c"},
        ),
        "browser_stats__jsonl": jsonl(
            {"day": "2025-10-10", "path_id": 1, "browser_id": 1, "count": 4}
        ),
        "hit_stats__jsonl": jsonl(*stats),
    }


def test_goatcounters_json(desk, archive):
    path = archive(
        **goatcounters(
            {"hour": "2025-10-10T11:00:00Z", "path_id": 1, "ref_id": 2, "count": 3},
            {"hour": "2025-10-10T12:00:00Z", "path_id": 1, "ref_id": 1, "count": 1},
            {"hour": "2025-10-10T12:00:00Z", "path_id": 2, "ref_id": 3, "count": 2},
            {"hour": "2025-10-10T12:00:00Z", "path_id": 9, "ref_id": 1, "count": 2},
            {"hour": "now", "path_id": 1, "ref_id": 1, "count": 2},
            {"hour": "2025-10-10T12:00:00Z", "path_id": 1, "ref_id": 1, "count": -2},
        )
    )
    one = desk()
    (imported,) = one.job().run(str(path))
    assert (imported.format, imported.result.stored) == ("goatcounter-json", 6)
    assert imported.result.refused == {
        goatcounter_json.NO_PATH.reason: 1,
        goatcounter_json.NO_DATE.reason: 1,
        goatcounter_json.INCOMPLETE.reason: 1,
    }
    rows = one.rows()
    assert len({row["visitor"] for row in rows}) == 6
    assert [(row["type"], row["path"], row["action"]) for row in rows if row["action"]] == [
        ("event", "/", "click")
    ] * 2
    assert [row["referrer"] for row in rows[:3]] == ["https://google.com/"] * 3
    assert {row["utm_source"] for row in rows if row["type"] == "event"} == {"spring"}
    (again,) = one.job().run(str(path))
    assert again.result.stored == 0


def test_goatcounters_json_beside_its_csv_is_refused(desk, archive, tmp_path):
    one = desk()
    path = tmp_path / "goatcounter.csv"
    path.write_text(
        "2Path,Event,Session,Date\n/,false,a,2025-10-10T11:55:36Z\n/,false,a,2025-10-11T11:55:36Z\n"
    )
    one.run(path)
    stats = {"hour": "2025-10-10T11:00:00Z", "path_id": 1, "ref_id": 2, "count": 3}
    result = one.run(archive(**goatcounters(stats)))
    assert (result.stored, dict(result.overlapping)) == (0, {"2025-10-10": 1})


GA4 = (
    "# ----------------------------------------\n# Pages and screens\n# Account: x\n\nPage,Views\n"
)


@pytest.mark.parametrize(
    ("text", "program", "way"),
    [
        (GA4, "Google Analytics", "BigQuery"),
        ('[{"idSite":"1","idVisit":"5"}]', "Matomo's API", "docs/migrating.md"),
        ("label,nb_visits,nb_hits\n/,1,2\n", "Matomo", "docs/migrating.md"),
        ("Page URL,Pageviews,Unique Pageviews\n/,1,2\n", "Matomo", "docs/migrating.md"),
    ],
)
def test_reports_are_refused_with_the_export_to_take(desk, tmp_path, text, program, way):
    path = tmp_path / "report.csv"
    path.write_text(text)
    with pytest.raises(ZtasError, match=f"{program}.*{way}"):
        desk().run(path)


@pytest.mark.parametrize(
    ("names", "way"),
    [
        (["visitors.csv", "pages.csv", "sources.csv", "entry_pages.csv"], "Imports & Exports"),
        (["events.csv", "pages.csv", "referrers.csv", "os.csv"], "Umami's dashboard.*statement"),
        (["a.txt"], "only the exports of Plausible and GoatCounter"),
    ],
)
def test_dashboards_are_refused_with_the_export_to_take(desk, archive, names, way):
    path = archive(**{name.replace(".", "__"): "name,visitors\n/,1\n" for name in names})
    with pytest.raises(ZtasError, match=way):
        desk().run(path)


# --- the statements of docs/migrating.md, in a database with the tables that they ask ---------

UMAMI_TABLES = """
create table website_event (
    event_id, website_id, session_id, visit_id, created_at, url_path, url_query, referrer_path,
    referrer_query, referrer_domain, page_title, event_type, event_name, tag, hostname
);
create table session (
    session_id, website_id, browser, os, device, screen, language, country, region, city
);
insert into session values
    ('s1', '{site}', 'firefox', 'Linux', 'desktop', '1920x1080', 'de-DE', 'DE', 'DE-BE', 'Berlin');
insert into website_event values
    ('e1', '{site}', 's1', 'v1', '2025-10-10 11:55:36.000+00', '/a', '', '/x', '', 'g.example',
        'A', 1, null, null, 'example.com'),
    ('e2', '{site}', 's1', 'v1', '2025-10-10 11:56:36.000+00', '/a', '', '', '', '', 'A', 2,
        'signup', null, 'example.com'),
    ('e3', 'other', 's1', 'v1', '2025-10-10 11:56:36.000+00', '/b', '', '', '', '', 'B', 1, null,
        null, 'example.com');
"""
MATOMO_TABLES = """
create table matomo_log_action (idaction, name, type, url_prefix);
create table matomo_log_visit (
    idvisit, referer_type, referer_name, referer_url, config_browser_name, config_browser_version,
    config_os, config_device_type, config_resolution, location_country, location_region,
    location_city, location_browser_lang
);
create table matomo_log_link_visit_action (
    idlink_va, idsite, idvisit, idvisitor, server_time, idaction_url, idaction_name,
    idaction_event_category, idaction_event_action, custom_float
);
insert into matomo_log_action values
    (1, 'example.com/a', 1, 2), (2, 'A title', 4, null), (3, 'video', 10, null),
    (4, 'play', 11, null), (5, 'intro', 12, null);
insert into matomo_log_visit values
    (7, 3, 'g.example', 'https://g.example/x', 'CH', '141.0', 'WIN', 0, '1280x720', 'de', 'BE',
        'Berlin', 'de');
insert into matomo_log_link_visit_action values
    (1, 1, 7, x'0f1e', '2025-10-10 11:55:36', 1, 2, null, null, null),
    (2, 1, 7, x'0f1e', '2025-10-10 11:56:36', 1, 5, 3, 4, 2.5),
    (3, 2, 7, x'0f1e', '2025-10-10 11:56:36', 1, 2, null, null, null);
"""
ROOT = Path(__file__).parents[2]


def statement(program):
    """The statement in the chapter on a program."""
    page = (ROOT / "docs" / "migrating.md").read_text("utf-8")
    chapter = page.partition(f"### {program}\n")[2].partition("\n### ")[0]
    return chapter.partition("```sql\n")[2].partition("```")[0]


@pytest.fixture
def ask():
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.create_function("concat", -1, lambda *parts: "".join(parts))

        def run(tables, sql):
            connection.executescript(tables)
            return connection.execute(sql)

        yield run


def test_the_statement_for_umami(ask, desk, tmp_path):
    sql = statement("Umami").removeprefix("\\copy (").rpartition(") to 'umami.csv'")[0]
    site = sql.partition("website_id = '")[2].partition("'")[0]
    found = ask(UMAMI_TABLES.replace("{site}", site), sql)
    with (tmp_path / "umami.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([name for name, *_ in found.description])
        writer.writerows(found)
    one = desk()
    assert one.run(tmp_path / "umami.csv").stored == 2
    view, event = one.rows()
    expected = {"referrer": "https://g.example/x", "browser": "Firefox", "region": "DE-BE"}
    assert some(view, expected) == expected
    assert (event["action"], event["session_id"]) == ("signup", view["session_id"])


def test_the_statement_for_matomo(ask, desk, tmp_path):
    lines = [line for (line,) in ask(MATOMO_TABLES, statement("Matomo"))]
    assert all(json.loads(line).keys() == MATOMO.keys() for line in lines)
    path = tmp_path / "actions.ndjson"
    path.write_text("".join(f"{line}\n" for line in lines))
    one = desk()
    assert one.run(path).stored == 2
    view, event = one.rows()
    expected = {
        "path": "/a",
        "referrer": "https://g.example/x",
        "browser": "Chrome",
        "screen": 1440,
    }
    assert some(view, expected) == expected
    expected = {"action": "play", "category": "video", "label": "intro", "value": 2.5}
    assert some(event, expected) == expected
