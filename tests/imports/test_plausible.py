"""Plausible's export: totals that become as many rows, by as many visitors."""

from __future__ import annotations

import contextlib
import tracemalloc
import zipfile
from collections import Counter
from dataclasses import replace

import pytest

from ztas_middleware.errors import ZtasError
from ztas_middleware.imports import importer
from ztas_middleware.imports.plausible import kind_of

PAGES = '"date","hostname","page","visits","visitors","pageviews"\n'
EVENTS = '"date","name","link_url","path","visitors","events"\n'
VISITORS = '"date","visitors","pageviews","bounces","visits","visit_duration"\n'
NOON = 1_760_097_600_000  # 2025-10-10T12:00:00Z


@pytest.fixture
def put(tmp_path):
    def make(text, name="imported_pages_20250101_20251231.csv"):
        path = tmp_path / name
        path.write_text(text)
        return path

    return make


@pytest.fixture
def archive(tmp_path):
    def make(**members):
        path = tmp_path / "export.zip"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
            for name, text in members.items():
                file.writestr(f"imported_{name}_20250101_20251231.csv", text)
        return path

    return make


def people(rows, path=None):
    return len({row["visitor"] for row in rows if path in (None, row["path"])})


def test_pages_become_page_views_by_as_many_visitors(desk, put):
    one = desk()
    result = one.run(
        put(PAGES + "2025-10-10,example.com,/,3,2,5\n2025-10-10,example.com,/b,1,1,1\n")
    )
    rows = one.rows()
    assert result.stored == 6
    assert Counter(row["path"] for row in rows) == {"/": 5, "/b": 1}
    assert (people(rows, "/"), people(rows, "/b")) == (2, 1)
    assert {row["type"] for row in rows} == {"pageview"}
    assert {(row["browser"], row["os"], row["device"], row["country"]) for row in rows} == {
        ("Other", "Other", "Other", None)
    }
    assert {row["time"] - NOON for row in rows} <= {0, 1}


def test_without_a_count_of_the_day_it_has_as_many_visitors_as_its_busiest_page(desk, put):
    one = desk()
    one.run(put(PAGES + "2025-10-10,,/,1,3,3\n2025-10-10,,/b,1,2,2\n2025-10-10,,/c,1,5,5\n"))
    assert people(one.rows()) == 5


def test_an_archive_has_pages_events_and_the_visitors_of_the_day(desk, archive):
    one = desk()
    path = archive(
        pages=PAGES + "2025-10-10,,/,1,3,3\n2025-10-10,,/b,1,2,4\n2025-10-11,,/,1,1,1\n",
        custom_events=EVENTS + "2025-10-10,Signup,,/join,2,3\n",
        visitors=VISITORS + "2025-10-10,4,7,0,5,100\n2025-10-11,1,1,1,1,0\n",
        browsers='"date","browser","visitors"\n2025-10-10,Chrome,4\n',
    )
    results = {
        imported.name.rsplit("_", 2)[0].rsplit("/", 1)[1]: imported.result
        for imported in one.job().run(str(path))
    }
    assert {name: result.stored for name, result in results.items()} == {
        "imported_pages": 8,
        "imported_custom_events": 3,
    }
    rows = one.rows()
    first_day = [row for row in rows if row["time"] < NOON + 80_000_000]
    assert people(first_day) == 4
    assert (people(first_day, "/"), people(first_day, "/b")) == (3, 2)
    events = [row for row in rows if row["type"] == "event"]
    assert {(row["action"], row["path"]) for row in events} == {("Signup", "/join")}
    assert people(events) == 2
    assert not {row["visitor"] for row in first_day} & {
        row["visitor"] for row in rows if row not in first_day
    }


def test_the_day_is_the_sites_own(desk, put):
    one = desk(site={"timezone": "America/New_York"})
    one.run(put(PAGES + "2025-10-10,,/,1,1,1\n"))
    assert one.column("time") == [NOON + 4 * 3_600_000]


@pytest.mark.parametrize(
    ("line", "left_out", "refused"),
    [
        ("10.10.2025,,/,1,1,1", {}, {"the date can't be read": 1}),
        ("2025-10-10,,/,1,x,1", {}, {"a number can't be read": 1}),
        ("2025-10-10,,/,1,1,-1", {}, {"a number can't be read": 1}),
        ("2025-10-10,,/,1,1,10000001", {}, {"counts too many": 1}),
        ("2025-10-10,,,1,1,1", {}, {"has no page or name": 1}),
        ("2025-10-10,,/,1,1", {}, {"has not 6 cells": 1}),
        ("2999-10-10,,/,1,1,1", {}, {"the time lies in the future": 1}),
        ("2025-10-10,,/admin/,1,1,1", {"excluded": 1}, {}),
        ("2025-10-10,,/,0,0,0", {}, {}),
    ],
)
def test_lines_that_do_not_come_in(desk, put, line, left_out, refused):
    one = desk(site={"exclude_paths": ["/admin/*"]})
    result = one.run(put(PAGES + "2025-10-09,,/,1,1,1\n" + line + "\n"))
    assert (result.stored, result.left_out, result.refused) == (1, left_out, refused)


def test_many_views_of_one_line_are_committed_in_batches_and_resumed_within_it(
    desk, put, monkeypatch
):
    monkeypatch.setattr(importer, "BATCH", 10)
    path = put(PAGES + "2025-10-10,,/,1,7,95\n2025-10-10,,/b,1,3,12\n")
    whole = desk(file=path.with_name("whole.db"))
    whole.run(path)

    stopped = desk(file=path.with_name("stopped.db"))
    commits = 0

    def stop(*_):
        nonlocal commits
        commits += 1
        if commits == 4:
            raise KeyboardInterrupt

    job = stopped.job()
    with pytest.raises(KeyboardInterrupt):
        list(replace(job, on_commit=stop).run(str(path)))
    assert len(stopped.rows()) == 40
    assert stopped.run(path).stored == 107 - 40
    key = "time, path, visitor"
    assert stopped.rows(key) == whole.rows(key)


@pytest.mark.parametrize(
    "text",
    [VISITORS + "2025-10-10,4,7,0,5,100\n", '"date","browser","visitors"\n2025-10-10,Chrome,4\n'],
    ids=["visitors", "browsers"],
)
def test_files_without_pages_or_events_are_refused_with_the_way_out(desk, put, text):
    with pytest.raises(ZtasError, match="import imported_pages_"):
        desk().run(put(text))


@pytest.mark.parametrize(
    ("columns", "kind"),
    [
        (PAGES, "pages"),
        (EVENTS, "events"),
        (VISITORS, "visitors"),
        ("date,source,referrer,pageviews,visitors", "other"),
        ("date,entry_page,visitors,entrances,pageviews", "other"),
        ("date,country,region,city,visitors,pageviews", "other"),
    ],
)
def test_files_are_told_by_their_columns(columns, kind):
    assert kind_of(columns.strip().replace('"', "").split(",")) == kind


def test_an_archive_of_many_files_is_opened_one_after_the_other(desk, tmp_path):
    path = tmp_path / "many.zip"
    day = PAGES + "2025-10-10,,/,1,1,1\n" + "#" * 60_000
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for number in range(40):
            file.writestr(f"imported_pages_{number}.csv", day.replace("/", f"/{number}"))
    one = desk()
    tracemalloc.start()
    try:
        assert sum(imported.result.stored for imported in one.job().run(str(path))) == 40
        (_, most) = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 1_500_000


def test_a_name_in_an_archive_steers_no_terminal(desk, tmp_path):
    path = tmp_path / "evil.zip"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("\x1b[2J\nimported_pages_1.csv", PAGES)
    (imported,) = desk().job().run(str(path))
    assert imported.name == f"{path}/\\x1b[2J\\nimported_pages_1.csv"


def test_another_archive_is_refused(desk, tmp_path):
    path = tmp_path / "photos.zip"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("cat.txt", "meow")
    with pytest.raises(ZtasError, match=r"photos\.zip: is a zip archive without imported_pages"):
        desk().run(path)


def test_a_damaged_archive_is_refused(desk, archive):
    path = archive(pages=PAGES)
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(ZtasError, match=r"export\.zip: "):
        desk().run(path)


@pytest.mark.parametrize("packed", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA])
def test_an_archive_with_a_byte_wrong_anywhere_is_read_or_refused(desk, tmp_path, packed):
    path = tmp_path / "export.zip"
    with zipfile.ZipFile(path, "w", packed) as file:
        file.writestr("imported_pages_1.csv", PAGES + "2025-10-10,,/,1,1,1\n" * 20)
        file.writestr("imported_visitors_1.csv", VISITORS + "2025-10-10,4,7,0,5,100\n")
    content = path.read_bytes()
    one = desk()
    for place in range(0, len(content), 41):
        path.write_bytes(content[:place] + bytes([content[place] ^ 0x55]) + content[place + 1 :])
        with contextlib.suppress(ZtasError):
            list(one.job().run(str(path)))
