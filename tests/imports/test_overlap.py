"""Days that others have brought, days that were not asked for, and what is not counted twice."""

from __future__ import annotations

from collections import Counter
from datetime import date

import pytest

from ztas_middleware.errors import ZtasError
from ztas_middleware.history.asking import History
from ztas_middleware.imports.known import Known
from ztas_middleware.imports.terms import Terms
from ztas_middleware.store.hits import INSERT

from .conftest import NOW
from .test_importing import AGENT, ROW

GOATCOUNTER = "2Path,Title,Event,UserAgent,Browser,System,Session,Bot,Referrer,Referrer scheme,"
GOATCOUNTER += "Screen size,Location,FirstVisit,Date\n"
PLAUSIBLE = "date,hostname,page,visits,visitors,pageviews\n"


def goatcounter(days, *, views=4):
    return GOATCOUNTER + "".join(
        f"/{day}/{view},,false,,Firefox 143,Linux,s{view},0,,,,,true,"
        f"2025-10-{day:02}T10:{view // 60:02}:{view % 60:02}Z\n"
        for day in days
        for view in range(views)
    )


def plausible(days):
    return PLAUSIBLE + "".join(f"2025-10-{day:02},,/{day},4,4,4\n" for day in days)


def log(days, path="/", views=4):
    return "".join(
        f"203.0.113.{view} - - [{day:02}/Oct/2025:10:00:{view:02} +0000] "
        f'"GET {path} HTTP/2.0" 200 1 "-" "{AGENT}"\n'
        for day in days
        for view in range(views)
    )


def own(days):
    time = 1_759_312_800_000  # 2025-10-01T10:00:00Z
    rows = "".join(f"{time + (day - 1) * 86_400_000},pageview,/,v{day}\n" for day in days)
    return "time,type,path,visitor\n" + rows


def move(one, last):
    """Have the days up to the `last` of October leave the database."""
    History(one.config).move("a", date(2025, 10, last), now=NOW // 1_000_000)


def hits_of(one):
    """How many hits each day has, wherever they are."""

    def question(asked):
        return asked.cursor.execute(f"select day, count(*) from {asked.rows} group by day")

    first, last = date(2025, 10, 1), date(2025, 10, 31)
    found = History(one.config).ask(
        "a",
        first,
        last,
        now=NOW // 1_000_000,
        question=lambda asked: question(asked).fetchall(),
    )
    return {day.day: number for day, number in found}


TEXTS = {"goatcounter": goatcounter, "plausible": plausible, "combined": log, "csv": own}


@pytest.fixture
def one(desk):
    return desk()


@pytest.fixture
def put(tmp_path):
    def make(text, name="file"):
        path = tmp_path / name
        path.write_text(text)
        return path

    return make


def days(desk):
    """How many rows each day of October has."""
    stamps = desk.rows("cast(strftime('%d', time / 1000, 'unixepoch') as integer) as day")
    return dict(sorted(Counter(row["day"] for row in stamps).items()))


def live(desk, *numbers):
    rows = [
        ROW._replace(time=1_759_312_800_000 + (day - 1) * 86_400_000, path="/live")
        for day in numbers
    ]
    desk.database.transact(lambda connection: connection.executemany(INSERT, rows) and None)


@pytest.mark.parametrize("form", ["goatcounter", "plausible", "combined"])
def test_days_that_the_site_counted_itself_are_refused_and_named(one, put, form):
    live(one, 3, 4)
    result = one.run(put(TEXTS[form](range(1, 6))))
    assert days(one) == {1: 4, 2: 4, 3: 1, 4: 1, 5: 4}
    assert result.overlapping.keys() == {"2025-10-03", "2025-10-04"}
    assert one.run(put(TEXTS[form](range(1, 6)))).stored == 0


@pytest.mark.parametrize("form", ["goatcounter", "plausible", "combined"])
def test_overlap_adds_what_was_refused_and_nothing_else(one, put, form):
    live(one, 3, 4)
    path = put(TEXTS[form](range(1, 6)))
    one.run(path)
    assert one.run(path, terms=Terms(overlap=True)).overlapping == {}
    assert days(one) == {1: 4, 2: 4, 3: 5, 4: 5, 5: 4}
    for terms in (Terms(), Terms(overlap=True)):
        assert one.run(path, terms=terms).stored == 0


@pytest.mark.parametrize("form", ["goatcounter", "plausible", "csv"])
@pytest.mark.parametrize("other", ["goatcounter", "plausible", "combined"])
def test_days_that_another_file_brought_are_refused(one, put, form, other):
    one.run(put(TEXTS[form](range(1, 11)), "one"))
    before = days(one)
    result = one.run(put(TEXTS[other](range(5, 21)), "other"))
    assert {day: count for day, count in days(one).items() if day <= 10} == before
    assert set(days(one)) == set(range(1, 21))
    assert result.overlapping.keys() == {f"2025-10-{day:02}" for day in range(5, 11)}


def test_our_own_rows_are_compared_one_by_one(one, put):
    live(one, 3)
    result = one.run(put(own(range(1, 6))))
    assert (result.stored, result.overlapping) == (5, {})


def test_files_of_one_log_share_their_days(one, put):
    one.run(put(log([1, 2]), "access.log.1"))
    result = one.run(put(log([2, 3], "/later"), "access.log"))
    assert (result.stored, result.overlapping) == (8, {})
    assert days(one) == {1: 4, 2: 8, 3: 4}


def test_a_log_that_goes_on_where_the_site_counts_itself_is_refused(one, put):
    path = put(log([1, 2]))
    one.run(path)
    live(one, 2, 3)
    with path.open("a") as file:
        file.write(log([2, 3, 4], "/later"))
    result = one.run(path)
    assert result.overlapping.keys() == {"2025-10-02", "2025-10-03"}
    assert days(one) == {1: 4, 2: 5, 3: 1, 4: 4}


@pytest.mark.parametrize("form", ["goatcounter", "combined"])
def test_days_that_are_in_the_history_alone_are_days_like_others(one, put, form):
    live(one, 3)
    live(one, 20)
    move(one, 5)
    assert days(one) == {20: 1}
    text = TEXTS[form](range(1, 5))
    result = one.run(put(text))
    assert result.overlapping.keys() == {"2025-10-03"}
    result = one.run(put(text), terms=Terms(overlap=True))
    assert set(days(one)) == {1, 2, 3, 4, 20}
    assert hits_of(one)[3] == 5
    move(one, 5)
    assert hits_of(one) == {1: 4, 2: 4, 3: 5, 4: 4, 20: 1}
    assert one.run(put(text)).stored == 0


def test_an_export_is_known_where_its_rows_are_in_the_history_alone(one, put):
    text = own([1, 2, 3, 3, 4])
    assert one.run(put(text)).stored == 5
    live(one, 20)
    move(one, 5)
    assert days(one) == {20: 1}
    result = one.run(put(own([4, 3, 3, 3, 2, 1]), "again"))
    assert (result.stored, result.known) == (1, 5)
    assert hits_of(one) == {1: 1, 2: 1, 3: 3, 4: 1, 20: 1}
    live(one, 21)
    assert one.run(put(own([3, 3, 3]), "late")).stored == 0, "in the database and in the history"
    move(one, 5)
    assert days(one) == {20: 1, 21: 1}
    assert one.run(put(own([2, 3, 3, 3, 4]), "third")).stored == 0


def test_days_that_leave_the_database_during_an_import_are_seen(one, put, monkeypatch):
    assert one.run(put(own([1, 2]))).stored == 2
    live(one, 20)
    look = Known.look_into_history

    def look_and_move(known, rows):
        look(known, rows)
        move(one, 5)

    monkeypatch.setattr(Known, "look_into_history", look_and_move)
    assert one.run(put(own([1, 2, 4]), "again")).stored == 1
    assert hits_of(one) == {1: 1, 2: 1, 4: 1, 20: 1}


@pytest.mark.parametrize("form", ["goatcounter", "combined"])
def test_what_version_0_1_began_goes_on(one, put, form):
    text = TEXTS[form]
    one.run(put(text([1, 2])))
    one.database.transact(
        lambda connection: (
            connection.execute(
                "update imports set days = null, tail = null, tail_at = null, first = null"
            )
            and None
        )
    )
    whole = text([1, 2], views=4) + text([2, 3], views=7).removeprefix(GOATCOUNTER)
    result = one.run(put(whole))
    assert (result.stored, result.overlapping) == (14, {})
    assert days(one) == {1: 4, 2: 11, 3: 7}


def test_days_of_which_nothing_is_left_are_free(one, put):
    one.run(put(goatcounter([1, 2]), "one"))
    one.database.transact(lambda connection: connection.execute("delete from hits") and None)
    assert one.run(put(plausible([1, 2]), "two")).stored == 8


@pytest.mark.parametrize("purged", [20, 100])
def test_an_export_that_was_purged_and_has_grown_brings_its_new_days_or_says_so(one, put, purged):
    one.run(put(goatcounter(range(1, 29), views=107)))
    before = days(one)
    keep = goatcounter(range(1, 29), views=107).splitlines(keepends=True)
    cut = keep[:60] + keep[60 + purged :]  # the same beginning
    again = "".join(cut) + goatcounter([29], views=50).removeprefix(GOATCOUNTER)
    result = one.run(put(again))
    assert days(one) == before | {29: 50}
    assert len(result.overlapping) == 28


@pytest.mark.parametrize("form", ["goatcounter", "plausible", "combined", "csv"])
@pytest.mark.parametrize(
    "windows",
    [
        [("", "2025-10-03"), ("2025-10-04", "2025-10-06"), ("2025-10-07", "")],
        [("2025-10-03", "2025-10-04"), ("", "")],
        [("", "2025-10-05"), ("2025-10-03", ""), ("", "")],
        [("", ""), ("2025-10-03", "2025-10-04")],
    ],
    ids=["one after the other", "some, then all", "that overlap", "all, then some"],
)
def test_a_file_is_imported_by_days_and_each_of_them_once(one, put, form, windows):
    path = put(TEXTS[form](range(1, 10)))
    for first, last in windows:
        result = one.run(path, terms=Terms(first, last))
        assert not result.overlapping
        if (first, last) == ("", "2025-10-03"):
            assert set(days(one)) == {1, 2, 3}
    assert set(days(one).values()) == {1 if form == "csv" else 4}
    assert set(days(one)) == set(range(1, 10))


def test_a_log_that_was_cut_can_be_imported_from_a_day_on(one, put):
    path = put(log(range(1, 10)))
    one.run(path)
    path.write_text(log(range(1, 3)) + log(range(11, 13)))
    with pytest.raises(ZtasError, match="--from DATE takes its days from a date on"):
        one.run(path)
    assert one.run(path, terms=Terms("2025-10-10")).stored == 8
    assert set(days(one).values()) == {4}


def test_hosts_that_were_left_out_can_be_had_later_and_each_once(one, put):
    names = ["example.com", "www.example.com", "shop.example", "", "other.example", "shop.example"]
    path = put(
        "".join(
            f"{f'{name}:443 ' if name else ''}{log([day], f'/{day}', 1)}"
            for day, name in enumerate(names, 1)
        )
    )
    assert one.run(path).stored == 3
    assert one.run(path, terms=Terms(hosts=("shop.example",))).stored == 2
    assert one.run(path, terms=Terms(hosts=("example.com", "other.example"))).stored == 1
    for terms in (Terms(), Terms("2025-10-01"), Terms(hosts=("shop.example", "www.example.com"))):
        assert one.run(path, terms=terms).stored == 0
    assert days(one) == dict.fromkeys(range(1, 7), 1)


def test_terms_are_read_back():
    hosts = ("*.example.net", "[::1]:80", "example.com")
    for terms in (
        Terms(),
        Terms("2025-10-01"),
        Terms("", "2025-10-01"),
        Terms("a", "b", overlap=True),
        Terms(hosts=hosts),
        Terms("a", "", overlap=True, hosts=hosts),
    ):
        assert Terms.parse(terms.text) == terms
