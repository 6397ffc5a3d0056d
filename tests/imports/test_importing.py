"""Imports: nothing twice, nothing lost, whatever happens to the file or to the import."""

from __future__ import annotations

import gzip
import json
import multiprocessing
import sqlite3
import time
from collections import Counter
from contextlib import closing
from dataclasses import replace
from datetime import timezone

import pytest

from ztas_middleware.errors import ZtasError
from ztas_middleware.imports import importer
from ztas_middleware.imports.terms import Terms
from ztas_middleware.reports.export import Selection, export
from ztas_middleware.store.hits import INSERT, Hit

FORK = multiprocessing.get_context("fork")
AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0"


def line(number=0, path="/", address="203.0.113.9"):
    hour, minute, second = 10 + number // 3600, number // 60 % 60, number % 60
    return (
        f"{address} - - [10/Oct/2025:{hour:02}:{minute:02}:{second:02} +0000] "
        f'"GET {path} HTTP/2.0" 200 1 "-" "{AGENT}"\n'
    )


def log(numbers):
    return "".join(line(number, f"/{number}") for number in numbers)


def paths(desk):
    return desk.column("path")


def expected(numbers):
    return [f"/{number}" for number in numbers]


@pytest.fixture
def one(desk):
    return desk()


@pytest.fixture
def put(tmp_path):
    def make(text, name="access.log"):
        path = tmp_path / name
        content = text if isinstance(text, bytes) else text.encode()
        path.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
        return path

    return make


def test_running_again_adds_nothing(one, put):
    path = put(log(range(50)))
    assert one.run(path).stored == 50
    again = one.run(path)
    assert (again.stored, again.lines, len(paths(one))) == (0, 0, 50)


@pytest.mark.parametrize("first", [1, 30, 700])
def test_a_log_that_has_grown_is_read_from_where_it_ended(one, put, first):
    one.run(put(log(range(first))))
    result = one.run(put(log(range(1000))))
    assert (result.stored, result.lines) == (1000 - first, 1000 - first)
    assert paths(one) == expected(range(1000))


@pytest.mark.parametrize("size", [1, 1000])
def test_a_file_is_known_again_when_renamed_copied_and_packed(one, put, size):
    content = log(range(size))
    one.run(put(content))
    assert one.run(put(content, "access.log.1")).stored == 0
    assert one.run(put(content, "access.log.2.gz")).stored == 0
    more = log(range(size, size + 5))
    assert one.run(put(content + more, "access.log.3.gz")).stored == 5
    assert one.run(put(content + more)).stored == 0


def test_a_rotated_log_and_its_successor(one, put, tmp_path):
    one.run(put(log(range(100))))
    put(log(range(150)), "access.log.1")
    put(log(range(150, 180)))
    for name in ("access.log.1", "access.log"):
        one.run(tmp_path / name)
    assert paths(one) == expected(range(180))


REWRITTEN = "begins like a file that has been imported, and goes on differently"


@pytest.mark.parametrize("size", [30, 300, 3000])
@pytest.mark.parametrize("rest", [[], range(9000, 9050)], ids=["cut", "cut and grown"])
@pytest.mark.parametrize("form", ["log", "gz"])
def test_a_log_that_was_cut_is_told(one, put, size, rest, form):
    one.run(put(log(range(size))))
    changed = log(range(size - 10)) + log(rest)
    with pytest.raises(ZtasError, match=REWRITTEN):
        one.run(put(changed, f"changed.{form}"))
    with pytest.raises(ZtasError, match=REWRITTEN):
        one.run(put(changed + log(range(size)), f"longer.{form}"))
    assert len(paths(one)) == size


def test_a_log_that_was_rewritten_is_read_from_its_beginning_by_order(one, put):
    one.run(put(log(range(300))))
    changed = log(range(290)) + log(range(9000, 9050))
    assert one.run(put(changed), terms=Terms(overlap=True)).stored == 340
    assert one.run(put(changed)).stored == 0
    assert len(paths(one)) == 640


def test_files_that_begin_with_the_same_line_are_told_apart(one, put):
    one.run(put(line(0, "/same")))
    one.run(put(line(0, "/same") + line(1, "/b"), "b.log"))
    assert paths(one) == ["/same", "/b"]
    one.run(put(line(0, "/other") + line(1, "/b"), "c.log"))
    assert paths(one) == ["/same", "/other", "/b", "/b"]


def test_sites_have_their_own_memory(one, put):
    path = put(log(range(10)))
    one.run(path)
    assert one.run(path, site_id="b").stored == 10


def test_visitors_of_one_day_are_the_same_and_hashes_hide_them(one, put):
    text = "".join(line(number, "/", f"203.0.113.{number % 3}") for number in range(9))
    one.run(put(text))
    assert sorted(Counter(one.column("visitor")).values()) == [3, 3, 3]


def test_nothing_of_a_visitor_is_in_the_database(one, put):
    one.run(put(log(range(3000))))
    one.database.close()
    content = one.database.path.read_bytes()
    assert b"203.0.113.9" not in content
    assert b"Gecko" not in content
    assert b"/2999" in content


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("rubbish\n" + log([1]) + "\nmore rubbish\n" + log([2]), [1, 4]),
        ("rubbish\n" * 3000 + log([1, 2]), list(range(1, 3001))),
        (b"\xe9\xff\n" + log([1]).encode() + b"caf\xe9\n" + log([2]).encode(), [1, 3]),
        (log([1]) + "x" * (1 << 20) + "\n" + log([2]), [2]),
    ],
    ids=["no lines of a log", "many in front", "no UTF-8", "too long"],
)
def test_bad_lines_are_refused_by_number_and_the_others_stored(one, put, text, numbers):
    result = one.run(put(text), format="combined")
    assert paths(one) == ["/1", "/2"]
    assert [number for number, _ in one.refused] == numbers
    assert sum(result.refused.values()) == len(numbers)
    assert one.run(put(text)).refused == {}


def test_the_last_line_counts_without_a_line_end_if_it_is_whole(one, put):
    text = log(range(3))
    assert one.run(put(text[:-1])).stored == 3
    assert one.run(put(text + log([3]))).stored == 1
    assert paths(one) == expected(range(4))


@pytest.mark.parametrize("cut", [2, 10, 40, 60, 100])
def test_a_last_line_that_is_cut_is_read_when_it_is_whole(one, put, cut):
    text = log(range(3))
    assert one.run(put(text[:-cut])).stored == 2
    assert [number for number, _ in one.refused] == [3]
    assert one.run(put(text)).stored == 1
    assert paths(one) == expected(range(3))


def test_an_empty_file_is_nothing(one, put):
    assert one.run(put("")).lines == 0
    assert one.run(put("\n\n")).lines == 0


@pytest.mark.parametrize("text", ["hello\nworld\n", "a,b,c\n1,2,3\n", '{"a": 1}\n', "<html>\n"])
def test_a_foreign_file_is_refused_as_a_whole(one, put, text):
    with pytest.raises(ZtasError, match="in none of the formats"):
        one.run(put(text))
    for form in ("combined", "caddy", "csv", "ndjson", "goatcounter", "plausible"):
        with pytest.raises(ZtasError, match=f"format {form}"):
            one.run(put(text), format=form)
    assert not one.database.path.exists() or paths(one) == []


def test_packed_data_that_ends_early_leaves_what_came_before_and_goes_on_from_there(one, put):
    content = log(range(3000))
    whole = gzip.compress(content.encode())
    path = put(b"")
    path = path.with_name("access.log.gz")
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ZtasError, match="the packed data ends too early, behind line"):
        one.run(path)
    stored = len(paths(one))
    assert 0 < stored < 3000
    path.write_bytes(whole)
    assert one.run(path).stored == 3000 - stored
    assert paths(one) == expected(range(3000))


def run_in_child(desk, path):
    process = FORK.Process(target=lambda: list(desk.job().run(str(path))))
    process.start()
    return process


def stored(file):
    try:
        with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as connection:
            return connection.execute("select count(*) from hits").fetchone()[0]
    except sqlite3.Error:
        return 0


def test_an_import_that_is_killed_goes_on_where_it_was(one, put):
    number = 15_000
    path = put(log(range(number)))
    kills = 0
    seen = 0
    while seen < number:
        process = run_in_child(one, path)
        deadline = time.monotonic() + 30
        while process.is_alive() and stored(one.database.path) < seen + 1500:
            assert time.monotonic() < deadline
        process.kill()
        process.join()
        kills += process.exitcode != 0
        now = stored(one.database.path)
        assert now % importer.BATCH == 0
        assert now > seen
        seen = now
    assert kills > 3
    assert paths(one) == expected(range(number))
    assert one.run(path).stored == 0


def test_two_imports_of_one_file_at_once_add_each_row_once(one, put):
    path = put(log(range(8000)))
    processes = [run_in_child(one, path) for _ in range(4)]
    for process in processes:
        process.join()
    # Whoever was too late has stopped; a last run finishes the work.
    one.run(path)
    assert paths(one) == expected(range(8000))


def test_hits_come_in_while_an_import_runs(one, put):
    path = put(log(range(10_000)))
    process = run_in_child(one, path)
    hit = Hit(
        1, "b", "pageview", "/live", *(None,) * 11, "abcdefgh", "Other", "Other", "Other", None
    )
    live = 0
    while process.is_alive() or not live:
        one.database.append([hit])
        live += 1
    process.join()
    assert process.exitcode == 0
    assert len(one.rows()) == 10_000 + live


# --- our own exports -------------------------------------------------------------------------

ROW = Hit(
    1_760_000_000_000, "a", "pageview", "/", *(None,) * 11,
    "abcdefgh", "Chrome", "Linux", "desktop", None,
)  # fmt: skip


def fill(desk, rows):
    desk.database.transact(lambda connection: connection.executemany(INSERT, rows) and None)


def exported(desk, form="csv", site_id="a"):
    selection = Selection(site_id, timezone.utc, "hits", form)
    return b"".join(export(desk.database.path, selection)).decode()


ROWS = [
    ROW,
    ROW,
    ROW._replace(time=ROW.time + 1, type="event", action="=cmd()", label="x\"y,'z", value=0.1),
    ROW._replace(
        time=ROW.time + 1, is_bounce=False, time_on_page=12.25, session_id="-abc", country="DE"
    ),
    ROW._replace(time=ROW.time + 2, path="/%25/ü?q=1", referrer="https://g.example/"),
    ROW,
]  # fmt: skip


@pytest.mark.parametrize("form", ["csv", "ndjson"])
def test_an_export_comes_back_whole_and_only_once(desk, put, tmp_path, form):
    source, target = desk(), desk(file=tmp_path / "target.db")
    fill(source, ROWS)
    text = exported(source, form)
    path = put(text, f"export.{form}")
    assert target.run(path).stored == 6
    assert exported(target, form) == text
    assert target.run(path).stored == 0
    other = {"csv": "ndjson", "ndjson": "csv"}[form]
    result = target.run(put(exported(source, other), f"other.{other}"))
    assert (result.stored, result.known) == (0, 6)


def test_an_export_into_its_own_database_adds_nothing(one, put):
    fill(one, ROWS)
    result = one.run(put(exported(one), "export.csv"))
    assert (result.stored, result.known) == (0, 6)


def test_rows_are_as_many_as_the_fuller_of_two_has(desk, put, tmp_path):
    source, target = desk(), desk(file=tmp_path / "target.db")
    fill(source, [ROW] * 5)
    fill(target, [ROW] * 2)
    result = target.run(put(exported(source), "export.csv"))
    assert (result.stored, result.known, len(target.rows())) == (3, 2, 5)


def test_an_overlapping_export_adds_the_rest(desk, put, tmp_path):
    source, target = desk(), desk(file=tmp_path / "target.db")
    fill(source, [ROW._replace(time=ROW.time + number) for number in range(100)])
    target.run(put(exported(source), "one.csv"))
    fill(source, [ROW._replace(time=ROW.time - number) for number in range(1, 50)])
    result = target.run(put(exported(source), "two.csv"))
    assert (result.stored, result.known) == (49, 100)


def test_rows_of_one_instant_stay_together_however_many(desk, put, tmp_path, monkeypatch):
    monkeypatch.setattr(importer, "BATCH", 3)
    source, target = desk(), desk(file=tmp_path / "target.db")
    rows = [ROW] * 10 + [ROW._replace(time=ROW.time + 1)] * 10
    fill(source, rows)
    commits = []
    job = target.job()
    watched = replace(job, on_commit=lambda *_: commits.append(len(target.rows())))
    list(watched.run(str(put(exported(source), "export.csv"))))
    assert commits == [10, 20]


def test_more_rows_of_one_instant_than_fit_into_memory_are_refused(
    desk, put, tmp_path, monkeypatch
):
    monkeypatch.setattr(importer, "MOST_AT_ONCE", 4)
    source, target = desk(), desk(file=tmp_path / "target.db")
    fill(source, [ROW] * 6)
    result = target.run(put(exported(source), "export.csv"))
    assert (result.stored, sum(result.refused.values())) == (4, 2)


def test_an_export_that_is_killed_goes_on_without_a_loss(desk, put, tmp_path):
    source, target = desk(), desk(file=tmp_path / "target.db")
    rows = [ROW._replace(time=ROW.time + number // 3) for number in range(9000)]
    fill(source, rows)
    path = put(exported(source), "export.csv")
    process = run_in_child(target, path)
    while process.is_alive() and stored(target.database.path) < 2000:
        pass
    process.kill()
    process.join()
    assert 2000 <= stored(target.database.path) < 9000
    target.run(path)
    assert exported(target) == exported(source)


def test_progress_is_there_to_be_looked_at(one, put):
    one.run(put("rubbish\n" + log(range(5)) + line(9, "/x.css")), format="combined")
    row = one.database.transact(
        lambda connection: connection.execute(
            "select name, format, lines, stored, left_out, refused from imports"
        ).fetchone()
    )
    assert row[0].endswith("access.log")
    assert row[1:] == ("combined", 7, 5, 1, 1)


def test_caddys_log_comes_in_too(one, put):
    entry = {
        "level": "info",
        "ts": 1760097336.5,
        "logger": "http.log.access",
        "request": {
            "remote_ip": "203.0.113.7", "method": "GET", "host": "example.com", "uri": "/a",
            "headers": {"User-Agent": [AGENT]},
        },
        "status": 200,
    }  # fmt: skip
    one.run(put(json.dumps({"level": "info", "ts": 1, "logger": "tls"}) + "\n" + json.dumps(entry)))
    assert [(row["path"], row["browser"]) for row in one.rows()] == [("/a", "Firefox")]
